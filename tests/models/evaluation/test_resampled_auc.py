"""The resampled AUC against scikit-learn on repeated rows, its rows against arch."""

import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap
from sklearn.metrics import roc_auc_score

from models.evaluation import resampled_auc
from tests.support.predictions import TWO, table


def test_the_weighted_auc_is_scikit_learns_on_repeated_rows():
    rng = np.random.default_rng(3)
    p, truth = rng.integers(0, 20, 200) / 20.0, rng.random(200) < 0.3
    auc = resampled_auc._weighted_auc(p, truth)
    for seed in range(5):
        rows = np.random.default_rng(seed).integers(200, size=200)
        assert auc(np.bincount(rows, minlength=200)) == pytest.approx(roc_auc_score(truth[rows], p[rows]))
    assert np.isnan(auc(np.bincount(np.flatnonzero(truth), minlength=200)))


def test_the_rows_are_archs():
    rows = resampled_auc._resampled(130, 26)
    theirs = CircularBlockBootstrap(26, np.arange(130), seed=0)
    for mine, (args, _) in zip(rows[:20], theirs.bootstrap(20), strict=True):
        np.testing.assert_array_equal(mine, args[0])


def test_the_auc_s_interval_is_the_widest_reach_of_both_blocks():
    made = table(weeks=400)
    low, high = resampled_auc.auc_interval(made)
    matured = made[made["outcome"].notna()]
    truth, p = matured["outcome"] == "breakdown", matured["p_breakdown"].to_numpy()
    centre, ends = roc_auc_score(truth, p), []
    assert low < centre < high
    for block in (26, 52):
        rows = resampled_auc._resampled(len(matured), block)
        draws = [roc_auc_score(truth.to_numpy()[one], p[one]) for one in rows]
        ends.append(centre + (np.quantile(draws, [0.05, 0.95]) - centre) / np.sqrt(1.0 - block / len(matured)))
    assert low == pytest.approx(min(one[0] for one in ends))
    assert high == pytest.approx(max(one[1] for one in ends))
    assert resampled_auc.auc_interval(made.head(60)) is None


def test_monthly_rows_are_resampled_in_blocks_of_half_a_year_and_a_year():
    """90 months are too few for blocks of weeks."""
    monthly, weekly = table(TWO, weeks=94, monthly=True), table(TWO, weeks=94)
    low, high = resampled_auc.auc_interval(monthly)
    assert low < high
    assert resampled_auc.auc_interval(weekly) is None
