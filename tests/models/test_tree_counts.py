"""Every number of trees from one fit has the bits of a fit of its own."""

import numpy as np
import pandas as pd
import pytest

from models import fit, splits, tree_counts
from models.predictor import predict
from models.spec import ModelSpec
from models.stacking import FitCache
from tests.support.weekly_noise import made

COUNTS = (1, 4, 9)
SPEC = ModelSpec(train_start="1984-01-01", blend=("logit-all",))
CASES = {
    "blend": {},
    "alone": {"blend": ()},
    "seeds": {"blend": (), "seeds": 2},
    "staged": {"estimator": "staged", "blend": ("climatology",)},
    "weighted": {"weighting": "uniqueness", "half_life_years": 5.0},
    "stack": {"calibration": "stack"},
    "climatology": {"calibration": "climatology", "half_life_years": 10.0},
    "markov": {"calibration": "markov", "blend": ()},
}


@pytest.fixture(scope="module")
def data():
    return made(1300)


@pytest.mark.parametrize("case", CASES)
def test_each_number_of_trees_has_the_bits_of_a_fit_of_its_own(data, case):
    spec, cache = SPEC.replace(**CASES[case]), FitCache(10_000)
    for date in (data.X.index[1200], data.X.index[900]):
        test = np.asarray((data.X.index >= date) & (data.X.index < date + pd.DateOffset(years=1)))
        found = tree_counts.predictions(data, spec, date, test, COUNTS, cache)
        for count, p in zip(COUNTS, found, strict=True):
            model = fit.fit_at(data, spec.replace(params={"n_estimators": count}), date)
            np.testing.assert_array_equal(p, predict(model, data.X[test]))
        assert not np.array_equal(found[0], found[-1])


def test_members_whose_settings_are_left_alone_are_fitted_once(data, monkeypatch):
    fitted, cache, one = [], FitCache(10_000), fit.fit_one
    monkeypatch.setattr(fit, "fit_one", lambda *words: fitted.append(words[1].estimator) or one(*words))
    date = data.X.index[1200]
    test = np.asarray(data.X.index >= date)
    inner = len(splits.inner_dates(data, SPEC, date))
    assert inner == 3
    for depth in (2, 3):
        spec = SPEC.replace(calibration="stack", params={"max_depth": depth})
        tree_counts.predictions(data, spec, date, test, COUNTS, cache)
    counted = {name: fitted.count(name) for name in set(fitted)}
    assert counted == {"lightgbm": 2 * (1 + inner), "logit-all": 1 + inner, "climatology": 1 + inner}
    fitted.clear()
    tree_counts.predictions(data, SPEC.replace(half_life_years=5.0), date, test, COUNTS, cache)
    assert sorted(fitted) == ["lightgbm", "logit-all"]  # the ridge too is weighted: not the same fit


def test_predictions_inside_the_window_are_found_by_later_folds(data, monkeypatch):
    fitted, cache, one = [], FitCache(10_000), fit.fit_one
    monkeypatch.setattr(fit, "fit_one", lambda *words: fitted.append(words[2]) or one(*words))
    spec = SPEC.replace(calibration="climatology", blend=())
    for place in (1150, 1180):
        tree_counts.predictions(data, spec, data.X.index[place], np.arange(len(data.X)) >= place, COUNTS, cache)
    early = [date for date in fitted if date < data.X.index[1150]]
    assert len(early) == 2 * len(set(early)) > 0  # two members, each once
