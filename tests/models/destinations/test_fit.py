"""Fits of the groups' models: the purge, the logit against statsmodels, and what travels as JSON."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from features import group_panel
from features.data.errors import RegimeError
from features.group_panel import FEATURES, happened
from features.groups import GROUPS
from models.destinations import fit, fitted, record
from models.destinations.spec import MODELS, DestinationsSpec

DATE = pd.Timestamp("2008-03-14")


@pytest.fixture(scope="module")
def table(us_snapshot):
    return fit.TrainingTable(group_panel.build(us_snapshot), "1927-01-01")


def test_a_horizon_that_ends_on_the_day_of_the_decision_is_purged(table):
    ends = table.panel.ends[21]
    week = len(ends) - 200
    date = pd.Timestamp(ends.iloc[week])
    rows = table.rows_before(21, date)
    assert table.places[0][:rows].max() == week - 1
    assert (ends.iloc[table.places[0][:rows]] < date).all()


@pytest.mark.parametrize("model", MODELS)
def test_what_comes_after_the_decision_changes_no_bit_of_a_fit(us_snapshot, table, model):
    spec = DestinationsSpec(model=model, params={"n_estimators": 10})
    then = fit.TrainingTable(group_panel.build(us_snapshot.as_of(DATE)), "1927-01-01")
    a, b = (fit.fit_at(one, spec, "beats", 21, DATE) for one in (table, then))
    assert a.model_dump_json() == b.model_dump_json()


@pytest.mark.parametrize("model", MODELS)
def test_a_model_read_back_says_the_same(table, model):
    made = fit.fit_at(table, DestinationsSpec(model=model, params={"n_estimators": 10}), "beats", 21, DATE)
    X = table.panel.rows["joined"].X[-20:]
    p = made.probabilities(X)
    assert ((p > 0.0) & (p < 1.0)).all()
    assert np.array_equal(fitted.FittedGroups.model_validate_json(made.model_dump_json()).probabilities(X), p)
    if model == "base":
        assert np.allclose(p, np.array(made.base))


def test_outcomes_that_share_binned_rows_are_fitted_as_each_alone(us_snapshot):
    panel, spec = group_panel.build(us_snapshot), DestinationsSpec(params={"n_estimators": 10})
    shared = fit.TrainingTable(panel, "1927-01-01")
    wanted = [(outcome, horizon) for horizon in (21, 63) for outcome in ("beats", "moves", "beats")]
    for outcome, horizon in wanted:
        alone = fit.fit_at(fit.TrainingTable(panel, "1927-01-01"), spec, outcome, horizon, DATE)
        assert fit.fit_at(shared, spec, outcome, horizon, DATE).model_dump_json() == alone.model_dump_json()
    other = spec.replace(seed=8)
    assert (
        fit.fit_at(shared, other, "beats", 21, DATE).model_dump_json()
        != fit.fit_at(shared, spec, "beats", 21, DATE).model_dump_json()
    )
    assert {horizon for horizon, *_ in shared.binned} == {21}  # one horizon's rows are kept at a time


def test_the_logit_is_statsmodels_with_an_offset():
    rng = np.random.default_rng(0)
    X = np.full((4000, len(FEATURES)), np.nan)
    X[:, :2] = rng.normal(size=(4000, 2))
    offset = rng.choice([-0.3, 0.0, 0.4], 4000)
    y = (rng.random(4000) < expit(offset + 0.5 * X[:, 0] - 0.2)).astype(float)
    made = fit.offset_logit(X, FEATURES[:2], y, offset)
    clipped = np.clip((X[:, :2] - X[:, :2].mean(axis=0)) / X[:, :2].std(axis=0), -5.0, 5.0)
    want = sm.GLM(y, sm.add_constant(clipped), family=sm.families.Binomial(), offset=offset).fit().params
    np.testing.assert_allclose([made.intercept, *made.coef], want, atol=2e-3)  # the ridge is one row in 4,000


def test_base_rates_are_shares_drawn_to_the_pooled_one():
    group = np.array([0] * 1000 + [1] * 10)
    y = np.array([1.0] * 700 + [0.0] * 300 + [0.0] * 10)
    found = fit.base_rates(y, group)
    assert found[0] == pytest.approx(0.7, abs=0.005)
    pooled = 700.5 / 1011.0
    assert found[1] == pytest.approx(pooled * fit.PRIOR / (10 + fit.PRIOR))
    assert found[2] == pytest.approx(pooled)
    assert len(found) == len(GROUPS)


def test_quadrants_give_the_share_of_each():
    X = np.full((8000, len(FEATURES)), np.nan)
    place = np.arange(8000) % 4
    X[:, FEATURES.index("quadrant")] = place
    y = (np.arange(8000) // 4 % 10 < np.array([3, 4, 5, 6])[place]).astype(float)
    made = fit.quadrants(X, y, np.full(8000, logit(0.45)))
    np.testing.assert_allclose(expit(logit(0.45) + np.array(made.shifts)), [0.3, 0.4, 0.5, 0.6], atol=0.02)
    assert made.shift(np.full((1, len(FEATURES)), np.nan)).tolist() == [0.0]


def test_boosted_trees_find_what_is_there(table):
    panel = table.panel
    rng = np.random.default_rng(3)
    column = panel.rows["joined"].column("relative_21")
    ahead = np.where(np.isfinite(column), np.nan_to_num(column) * 0.5 + 0.02 * rng.normal(size=column.shape), np.nan)
    rows = panel.rows["joined"]
    changed = type(panel)(
        **(vars(panel) | {"rows": panel.rows | {"joined": type(rows)(rows.X, {21: ahead}, rows.on_fund)}})
    )
    one = fit.fit_at(fit.TrainingTable(changed, "1927-01-01"), DestinationsSpec(), "beats", 21, DATE)
    last = int(panel.dates.searchsorted(DATE))
    p, y = one.probabilities(rows.X[last:]), happened(ahead[last:], "beats")
    known = np.isfinite(y)
    assert np.corrcoef(p[known], y[known])[0, 1] > 0.3


def test_too_few_rows_are_one_line(table):
    with pytest.raises(RegimeError, match="rows with 21 sessions ended before 1995"):
        fit.fit_at(table, DestinationsSpec(model="base"), "beats", 21, pd.Timestamp("1995-01-06"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model": "magic"}, "unknown destinations model 'magic'"),
        ({"outcomes": ["wins"]}, "unknown outcome 'wins'"),
        ({"horizons": [0]}, "horizon 0"),
        ({"horizons": []}, "at least one"),
        ({"depth": 3}, "unknown key 'depth'"),
        ({"refit_weeks": "often"}, "refit_weeks is 'often'"),
    ],
)
def test_a_bad_experiment_is_one_line(values, said):
    with pytest.raises(RegimeError, match=said):
        DestinationsSpec(**values)


def test_what_is_no_record_is_one_line():
    with pytest.raises(RegimeError, match="not a record of destinations") as error:
        record.from_json('{"model": "base"}')
    assert len(str(error.value).splitlines()) == 1
