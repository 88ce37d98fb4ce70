"""A range is fitted on the past alone, and its text says all of it."""

from dataclasses import replace

import numpy as np
import pytest

from features import simulated_market
from features.data.errors import RegimeError
from models.range import fit, fitted
from models.range.spec import RangeSpec

SPEC = {"train_start": "1980-01-01", "horizons": (5, 21)}
WEEK = 700

pytestmark = pytest.mark.slow  # GARCH is estimated for three legs every January


@pytest.fixture(scope="module")
def market():
    return simulated_market.dataset(simulated_market.market(1, 900, simulated_market.TURBULENT), 1)


@pytest.fixture(scope="module")
def data(market):
    return fit.prepare(market, (5, 21))


@pytest.mark.parametrize("model", ["constant", "realised", "har", "range-ridge"])
def test_what_comes_after_the_decision_changes_nothing(market, data, model):
    spec = RangeSpec(model=model, families=(), **SPEC)
    date = data.dates[WEEK]
    poisoned = market.returns.copy()
    poisoned.loc[poisoned.index > date] = 0.04
    other = fit.prepare(replace(market, returns=poisoned), (5, 21))
    mine, theirs = (fit.fit_range_at(one, spec, date) for one in (data, other))
    assert mine == theirs
    assert fitted.from_json(mine.to_json()) == mine


def test_a_cache_of_earlier_folds_changes_no_bit(data):
    spec, cache = RangeSpec(model="har", **SPEC), fit.RangeCache()
    for week in (660, 680, WEEK):
        shared = fit.fit_range_at(data, spec, data.dates[week], cache)
    assert shared == fit.fit_range_at(data, spec, data.dates[WEEK])


def test_rows_are_purged_by_each_horizon_s_own_end(data):
    spec = RangeSpec(model="har", **SPEC)
    for horizon in (5, 21):
        rows = fit.training_rows(data, spec, horizon, WEEK)
        ends = data.legs.places + horizon
        assert rows.sum() == (ends < data.legs.places[WEEK]).sum()
    one = fit.fit_range_at(data, spec, data.dates[WEEK])
    assert one.at(5).rows - one.at(21).rows == pytest.approx(16 / 5, abs=1)


def test_members_replace_the_scale_of_the_broad_leg_alone(data):
    own = fit.fit_range_at(data, RangeSpec(model="range-ridge", families=(), **SPEC), data.dates[WEEK])
    other = RangeSpec(model="range-ridge", families=(), members=("har",), **SPEC)
    mixed = fit.fit_range_at(data, other, data.dates[WEEK])
    har = fit.fit_range_at(data, RangeSpec(model="har", **SPEC), data.dates[WEEK])
    for horizon in (5, 21):
        assert mixed.at(horizon).members == har.at(horizon).members
        assert mixed.at(horizon).pool.broad == har.at(horizon).pool.broad
        assert mixed.at(horizon).spread_members == own.at(horizon).spread_members


def test_a_model_s_own_members_by_name_change_no_bit(data):
    spec = RangeSpec(families=(), **SPEC)
    named = spec.replace(members=spec.scale.members)
    assert fit.fit_range_at(data, spec, data.dates[WEEK]) == fit.fit_range_at(data, named, data.dates[WEEK])


def test_inner_refits_come_every_so_many_years(data):
    five, two = (RangeSpec(model="har", inner_years=years, **SPEC) for years in (5, 2))
    places = fit.inner_weeks(data, five)
    assert [data.dates[place].year for place in places] == [1990, 1995]
    assert [data.dates[place].year for place in fit.inner_weeks(data, two)] == [1990, 1992, 1994, 1996]
    assert fit.inner_weeks(data, five)[0] == fit.inner_weeks(data, two)[0]


def test_bad_input_is_one_line(data):
    spec = RangeSpec(model="har", **SPEC)
    with pytest.raises(RegimeError, match="no decision date"):
        fit.fit_range_at(data, spec, data.dates[WEEK] + np.timedelta64(1, "D"))
    with pytest.raises(RegimeError, match="200 needed"):
        fit.fit_range_at(data, spec, data.dates[100])
    with pytest.raises(RegimeError, match="unknown range model 'rnage'"):
        RangeSpec(model="rnage")
    with pytest.raises(RegimeError, match="horizon 0"):
        RangeSpec(horizons=(0,))
