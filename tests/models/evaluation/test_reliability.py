"""The reliability curve against pandas, and its band against simulated calibrated models."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from models.evaluation import calibration
from models.evaluation.predictions import is_monthly
from tests.support.predictions import TWO, table


def test_bins_are_deciles_and_count_every_week():
    made = table(weeks=400)
    p, truth = made["p_breakdown"].to_numpy(), (made["outcome"] == "breakdown").to_numpy()
    found = calibration.reliability(p, truth, calibration.latent(400, False))
    ranks = pd.qcut(p, 10, labels=False)
    np.testing.assert_allclose(found.stated, pd.Series(p).groupby(ranks).mean())
    np.testing.assert_allclose(found.observed, pd.Series(truth).groupby(ranks).mean())
    assert found.count.tolist() == [40] * 10


def test_the_null_band_covers_a_calibrated_model_whose_weeks_overlap():
    """Outcomes drawn by an own copula with other draws than the band's: about 95 % of the points lie inside."""
    inside, points, p = 0, 0, table(weeks=600)["p_breakdown"].to_numpy()
    z = calibration.latent(600, False)
    for seed in range(40):
        shocks = np.random.default_rng(1000 + seed).normal(size=5 * 600 + 21)
        sums = np.array([shocks[5 * week : 5 * week + 21].sum() for week in range(600)]) / np.sqrt(21)
        found = calibration.reliability(p, norm.cdf(sums) < p, z)
        inside += ((found.observed >= found.low) & (found.observed <= found.high)).sum()
        points += len(found.observed)
    assert 0.91 < inside / points < 0.985


def test_monthly_horizons_do_not_overlap_and_the_band_is_narrower_for_it():
    p = np.full(400, 0.3)
    width = [
        float(np.ptp([found.low[0], found.high[0]]))
        for found in (calibration.reliability(p, p > 1, calibration.latent(400, monthly)) for monthly in (False, True))
    ]
    assert is_monthly(pd.DatetimeIndex(table(TWO, monthly=True)["date"]))
    assert not is_monthly(pd.DatetimeIndex(table()["date"]))
    assert width[0] > 1.5 * width[1]
