"""The range's gate on one market of each kind, and that the markets are what they are called."""

import numpy as np
import pytest

from features import simulated_market
from training import range_canaries


def test_the_simulated_variance_follows_its_recursion():
    drawn = simulated_market.garch_market(3, 200)
    calm = simulated_market.market(3, 200)
    shocks = (calm.returns["ret_broad"].to_numpy() - simulated_market.DRIFT) / simulated_market.DAILY
    moves = (drawn.returns["ret_broad"].to_numpy() - simulated_market.DRIFT) / simulated_market.DAILY
    variance = (moves / shocks) ** 2
    np.testing.assert_allclose(variance[1:], 0.012 + 0.888 * variance[:-1] + 0.10 * moves[:-1] ** 2, rtol=1e-8)
    constant = simulated_market.garch_market(3, 200, reaction=0.0)
    np.testing.assert_allclose(constant.returns, calm.returns, atol=1e-15)


@pytest.mark.slow
def test_a_market_of_each_kind():
    # One market says that the way through is open, not how often: that is `regime train canary`.
    assert range_canaries.champion("garch_volatility", 1) == "har"
    assert range_canaries.champion("constant_volatility", 1) is None
