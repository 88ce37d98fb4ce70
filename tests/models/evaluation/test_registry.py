"""The registry knows every metric, every metric is documented, and a name it does not know is an error."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.data.errors import RegimeError
from models.evaluation import metrics, registry
from models.evaluation.metric_types import Direction, Group, Metric, Place
from tests.support.scored_tables import OUTCOMES, market, scored

PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"


@pytest.fixture(scope="module")
def everything():
    """All that `evaluate` and `ahead_of` yield on a table with every column and with returns."""
    table, returns = market(last="2013-12-31")
    rng = np.random.default_rng(1)
    table[[f"trailing_{name}" for name in OUTCOMES]] = 1.0 / 3.0
    table["faltering"], table["volatility"] = rng.random(len(table)) < 0.5, rng.lognormal(size=len(table))
    table["outcome_margin"] = table["outcome"]
    return metrics.evaluate(table, returns) | metrics.ahead_of(table, table, "markov")


def test_every_metric_of_an_evaluation_is_in_the_registry(everything):
    measures = {registry.parse(name).metric.name for name in everything}
    assert len(everything) > 300
    # Nothing in the registry is unused either: only the walk-forward itself adds its time.
    assert set(registry.METRICS) - measures == {"train_seconds"}


def test_every_value_is_within_its_range(everything):
    for name, value in everything.items():
        metric = registry.parse(name).metric
        assert metric.low <= value <= metric.high, name


def test_a_better_forecast_has_better_values():
    """The stated direction against a forecast that is made worse: noise is added to its log odds."""
    table, p, _ = scored(n=1500)
    noisy = p * np.exp(0.8 * np.random.default_rng(1).standard_normal(p.shape))
    columns = [name for name in table if name.startswith("p_")]
    worse = table.assign(**dict(zip(columns, (noisy / noisy.sum(axis=1, keepdims=True)).T, strict=True)))
    good, bad = metrics.evaluate(table), metrics.evaluate(worse)
    for name in (
        "log_loss",
        "log_loss_skill",
        "auc_breakdown",
        "auc_head_to_head",
        "brier_rotation",
        "brier_skill_breakdown",
        "calibration_slope_breakdown",
        "ece_breakdown",
        "cost_ratio_3",
    ):
        metric = registry.METRICS[name]
        if metric.direction is Direction.TARGET:
            assert abs(good[name] - metric.target) < abs(bad[name] - metric.target), name
        else:
            assert (good[name] > bad[name]) is (metric.direction is Direction.HIGHER), name


@pytest.mark.parametrize(
    ("name", "measure", "suffix"),
    [
        ("log_loss_skill", "log_loss_skill", ""),
        ("auc_breakdown_2012_on", "auc_breakdown", "_2012_on"),
        ("calibration_slope_neither_low_1990_1996", "calibration_slope_neither_low", "_1990_1996"),
        ("log_loss_faltering", "log_loss", "_faltering"),
    ],
)
def test_a_name_is_composed_of_measure_outcome_and_period(name, measure, suffix):
    assert registry.parse(name) == registry.Parsed(registry.METRICS[measure], suffix)


@pytest.mark.parametrize("name", ["log_los", "auc_neither", "log_loss_2008", "_2012_on", "", "skill", "log_loss_on"])
def test_an_unknown_name_is_an_error(name):
    with pytest.raises(RegimeError, match="unknown metric"):
        registry.parse(name)


def test_the_error_names_the_nearest():
    with pytest.raises(RegimeError, match="'log_loss_skil': the nearest known one is 'log_loss_skill'"):
        registry.formatted("log_loss_skil", 0.1)


def test_a_value_is_printed_as_the_registry_says():
    assert registry.formatted("log_loss_skill_last_10_years", 0.0361) == "+0.0361"
    assert registry.formatted("log_loss_skill_p", 0.0361) == "0.036"
    assert registry.formatted("effective_months", 421.2) == "421"
    assert registry.formatted("max_drawdown_in_out", -0.335) == "-33.5 %"
    assert registry.formatted("auc_breakdown", None) == registry.formatted("auc_breakdown", float("nan")) == "–"


def test_the_places_show_these_in_this_order():
    shared = ["log_loss_skill", "log_loss_skill_p", "auc_breakdown", "auc_rotation", "auc_head_to_head"]
    shared += ["auc_head_to_head_vol", "brier_skill_breakdown"]
    table = [*shared, "brier_skill_rotation", "calibration_slope_breakdown", "effective_months", "train_seconds"]
    assert list(registry.shown(Place.LEADERBOARD)) == list(registry.shown(Place.VIEW)) == table
    assert list(registry.shown(Place.CARD)) == [
        *shared,
        "calibration_slope_breakdown",
        "auc_onset",
        "auc_deep",
        "episodes_called",
        "tail_bias_breakdown",
    ]
    assert list(registry.shown(Place.CALL)) == ["log_loss_skill", "log_loss_skill_p"]


def test_every_metric_has_a_label_of_its_own_that_says_what_it_is():
    labels = [metric.label for metric in registry.METRICS.values()]
    assert len(set(labels)) == len(labels)
    for name, metric in registry.METRICS.items():
        for word, kind in (("auc_", "AUC"), ("brier_skill_", "Brier skill"), ("log_loss_skill_", "log-loss skill")):
            assert not name.startswith(word) or kind in metric.label or name.endswith("_p"), name


def test_the_protocol_documents_every_metric():
    """`python -m models.evaluation.registry docs/protocol.md` writes the tables."""
    text = PROTOCOL.read_text()
    assert registry.with_tables(text) == text
    with pytest.raises(RegimeError, match="no place for the metrics of forecast"):
        registry.with_tables("nothing")
    assert sum(registry.markdown(group).count("\n| `") for group in Group) == len(registry.FAMILIES)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "auc_{outcome}"},
        {"members": ("a",)},
        {"target": 1.0},
        {"direction": Direction.TARGET},
        {"low": 2.0},
        {"shown": {"rotation": (Place.CARD,)}},
    ],
)
def test_a_contradictory_entry_is_refused(change):
    sound = Metric("a", "a", "share", Direction.HIGHER, "a", "a", high=1.0)
    with pytest.raises(ValueError, match="metric"):
        replace(sound, **change)
