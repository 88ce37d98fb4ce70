"""Quantiles and odds of a range against NumPy, and what must hold of them whatever the pool."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.range import predictor
from tests.support.ranges import pool


def test_quantiles_are_those_of_numpy():
    draws = np.sort(np.random.default_rng(0).normal(size=(4, 137)), axis=1)
    expected = np.quantile(draws, predictor.LEVELS, axis=1).T
    np.testing.assert_allclose(predictor.quantiles(draws), expected, rtol=1e-12)


def test_all_legs_come_from_one_path():
    found = predictor.scaled(pool(1), np.log([0.01, 0.02]), np.log([0.003, 0.004]))
    paths = pool(1)
    for row, (scale, other) in enumerate([(0.01, 0.003), (0.02, 0.004)]):
        broad, spread = scale * paths.broad[7], other * paths.spread[7]
        assert found.broad[row, 7] == pytest.approx(np.exp(broad) - 1.0)
        assert found.cap[row, 7] == pytest.approx(np.exp(broad - spread) - 1.0)
        assert found.spread[row, 7] == pytest.approx(np.exp(broad) - np.exp(broad - spread))
        assert found.lowest[row, 7] == pytest.approx(np.exp(scale * paths.lowest[7]) - 1.0)


@settings(max_examples=50)
@given(st.integers(0, 1000), st.floats(1e-4, 0.2), st.floats(1.01, 5.0))
def test_odds_fall_with_the_fall_and_rise_with_the_scale(seed, scale, factor):
    calm, wild = (
        predictor.scaled(pool(seed), np.log([one]), np.log([0.001])) for one in (scale, min(scale * factor, 0.5))
    )
    odds = [predictor.fall_odds(one.lowest)[0] for one in (calm, wild)]
    assert (np.diff(odds[0]) <= 0.0).all()
    assert (odds[1] >= odds[0]).all()
    assert ((odds[0] > 0.0) & (odds[0] < 1.0)).all()
    assert (np.diff(predictor.quantiles(np.sort(calm.broad, axis=1))) >= 0.0).all()
    assert (calm.lowest <= calm.broad + 1e-12).all()
