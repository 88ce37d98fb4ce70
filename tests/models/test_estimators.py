"""The registry of estimators."""

from dataclasses import replace

import pytest

from features.data.errors import RegimeError
from models import estimators
from models.classifier import ALGORITHMS, RegimeClassifier


def test_the_registry_by_hand():
    baselines = ("climatology", "persistence", "logit2", "markov", "vix", "simulation")
    assert estimators.NAMES[:5] == baselines[:5]  # the simplest first
    assert set(estimators.BESIDE) == {*baselines, "logit-all"}
    assert set(estimators.ALL_BASELINES) == {*baselines, "jump"}
    assert estimators.TREES == ("lightgbm", "staged")
    assert estimators.estimator("markov").columns == ("vol_regime",)
    assert {one.name for one in estimators.ESTIMATORS if one.columns is None} == {"logit-all", "lightgbm", "staged"}
    assert {one.name for one in estimators.ESTIMATORS if one.weighted} == {"logit-all", "lightgbm", "staged"}


def test_entries_are_whole():
    assert len(estimators.BY_NAME) == len(estimators.ESTIMATORS)
    for one in estimators.ESTIMATORS:
        assert one.settings["algorithm"] in ALGORITHMS
        RegimeClassifier().set_params(**one.settings)
        assert one.baseline in ("always", "optional", "beside", "no")
        assert (one.color is None) == (one.baseline == "no")
    assert len({one.label for one in estimators.ESTIMATORS}) == len(estimators.ESTIMATORS)
    assert len(set(estimators.COLORS.values())) == len(estimators.COLORS)


def test_a_baseline_reads_at_most_five_columns_whatever_it_is_called():
    for name in estimators.ALL_BASELINES:
        assert len(estimators.estimator(name).columns) <= estimators.MOST_COLUMNS == 5
    wide = replace(estimators.estimator("markov"), columns=tuple("abcdef"))
    assert not estimators.is_baseline(wide)
    assert not estimators.is_baseline(estimators.estimator("logit-all"))


def test_simplicity_orders_and_an_unknown_name_is_said():
    assert sorted(["lightgbm", "markov", "climatology"], key=estimators.simplicity) == [
        "climatology",
        "markov",
        "lightgbm",
    ]
    for ask in (estimators.estimator, estimators.simplicity):
        with pytest.raises(RegimeError, match="unknown estimator 'forest'"):
            ask("forest")
