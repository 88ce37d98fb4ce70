"""What followed a decision and how a pool of past paths scores, each against a slow loop."""

import numpy as np
import pandas as pd
import pytest

from features import simulated_market
from features.data.errors import RegimeError
from models.range import paths, pools


@pytest.fixture(scope="module")
def legs():
    drawn = simulated_market.dataset(simulated_market.market(3, 700), 3)
    return paths.read_legs(drawn)


@pytest.mark.parametrize("horizon", [1, 5, 21])
def test_what_followed_by_a_slow_loop(legs, horizon):
    found = paths.ahead(legs, horizon)
    for week in (0, 57, 600):
        start = int(legs.places[week])
        broad, cap = (leg[start + 1 : start + 1 + horizon] for leg in (legs.broad, legs.cap))
        assert found.broad[week] == pytest.approx(sum(broad))
        assert found.spread[week] == pytest.approx(sum(broad) - sum(cap))
        assert found.lowest[week] == pytest.approx(min(sum(broad[: k + 1]) for k in range(horizon)))
        assert found.volatility[week] == pytest.approx(np.sqrt(sum(x**2 for x in broad) / horizon))
    late = legs.places + horizon >= len(legs.sessions)
    assert np.isnan(found.broad[late]).all()
    assert np.isfinite(found.broad[~late]).all()


def test_a_horizon_has_ended_only_after_its_last_session(legs):
    found = paths.ahead(legs, 21)
    place = int(legs.places[300])
    ended = found.ended_before(place)
    assert ended.sum() == (legs.places + 21 < place).sum()
    assert not ended[legs.places + 21 == place].any()


@pytest.mark.parametrize("horizon", [0, -1, 253])
def test_a_horizon_out_of_bounds_is_one_line(legs, horizon):
    with pytest.raises(RegimeError, match=f"horizon {horizon}: a number of sessions from 1 to 252"):
        paths.ahead(legs, horizon)


def test_a_leg_without_two_years_is_one_line():
    drawn = simulated_market.dataset(simulated_market.market(3, 700), 3)
    short = drawn.returns.iloc[:400]
    with pytest.raises(RegimeError, match="two years"):
        paths.read_legs(type(drawn)(**(vars(drawn) | {"returns": short})))


def test_the_crps_of_a_sample_against_all_pairs():
    rng = np.random.default_rng(0)
    draws, happened = np.sort(rng.normal(size=(5, 40)), axis=1), rng.normal(size=5)
    found = pools.crps(draws, happened)
    for row in range(5):
        own = np.abs(draws[row] - happened[row]).mean()
        pairs = np.abs(draws[row][:, None] - draws[row][None, :]).mean()
        assert found[row] == pytest.approx(own - 0.5 * pairs)


def test_the_length_of_the_pool_is_what_did_best_lately():
    ages = np.arange(400.0)[::-1]
    scores = np.ones((400, len(pools.LENGTHS)))
    scores[:200, 0], scores[200:, 1] = 0.5, 0.7  # the first was better long ago, the second is better now
    length, means = pools.best_length(scores, ages, half_life=2.0)
    assert length == pools.LENGTHS[1]
    assert means[pools.name_of(length)] == min(means.values())
    assert pd.Series(means).notna().all()
