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
