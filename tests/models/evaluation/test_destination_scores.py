"""Scores of groups against scipy, statsmodels and loops."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from statsmodels.stats.multitest import multipletests

from models.evaluation import destination_scores as scores


def test_the_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    score, ahead = rng.integers(0, 4, (200, 9)).astype(float), rng.normal(size=(200, 9))
    score[rng.random(score.shape) < 0.2] = np.nan
    ahead[rng.random(ahead.shape) < 0.1] = np.nan
    found = scores.rank_correlation(score, ahead)
    for row, a, b in zip(found, score, ahead, strict=True):
        known = np.isfinite(a) & np.isfinite(b)
        if known.sum() < scores.LEAST_GROUPS or len(set(a[known])) == 1:
            assert np.isnan(row)
        else:
            assert row == pytest.approx(spearmanr(a[known], b[known]).statistic)


def test_t_is_newey_wests():
    rng = np.random.default_rng(1)
    values = np.convolve(rng.normal(size=520), np.ones(4), "valid") + 0.3
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="HAC", cov_kwds={"maxlags": 4})
    assert scores.newey_west_t(values, 4) == pytest.approx(float(fit.tvalues[0]))


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_adjusted_p_values_are_holms(values):
    found = scores.holm({str(place): p for place, p in enumerate(values)})
    want = multipletests(values, method="holm")[1]
    np.testing.assert_allclose([found[str(place)] for place in range(len(values))], want, atol=1e-12)


def test_tries_that_are_not_shown_make_a_p_larger():
    assert scores.holm({"a": 0.01, "b": 0.5}, more=3)["a"] == pytest.approx(0.05)


def test_best_less_worst_buys_three_sells_three_and_pays_for_what_it_trades():
    score = np.tile(np.arange(8.0), (10, 1))
    ahead = np.tile(np.arange(8.0) / 100.0, (10, 1))
    found = scores.best_less_worst(score, ahead, 21)
    gross = 0.06 - 0.01
    np.testing.assert_allclose(found[4:], gross)  # nothing is traded once four weeks are in place
    np.testing.assert_allclose(found[:4], gross - 2.0 * scores.COST)
    turned = score.copy()
    turned[5:] = turned[5:, ::-1]
    assert scores.best_less_worst(turned, ahead, 21)[5] == pytest.approx(-gross - 4.0 * scores.COST)


def test_ties_at_the_edge_share_the_place():
    score = np.array([[1.0, 1.0, 1.0, 1.0, 0.0, -1.0, -2.0, -3.0]])
    ahead = np.array([[0.04, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    found = scores.best_less_worst(score, ahead, 21)[0]
    assert found == pytest.approx(0.01 - 2.0 * scores.COST)


def test_five_groups_are_too_few_for_three_against_three():
    assert np.isnan(scores.best_less_worst(np.arange(5.0)[None, :], np.arange(5.0)[None, :], 21)).all()


def weekly(seed: int, edge: float) -> scores.Weekly:
    rng = np.random.default_rng(seed)
    dates = pd.date_range("1990-01-05", periods=700, freq="W-FRI")
    truth = 0.5 + edge * rng.choice([-1.0, 1.0], (700, 10))
    happened = (rng.random((700, 10)) < truth).astype(float)
    base = np.full((700, 10), 0.5)
    return scores.weekly(dates, truth, base, happened, happened - 0.5 + 0.01 * rng.normal(size=(700, 10)), 21)


def test_a_known_edge_has_the_skill_of_its_entropy():
    edge = 0.2
    found = scores.figures(weekly(0, edge), 21)
    entropy = -(0.7 * np.log(0.7) + 0.3 * np.log(0.3))
    assert found["log_loss_skill"] == pytest.approx(1.0 - entropy / np.log(2.0), abs=0.02)
    assert found["log_loss_skill_low"] < found["log_loss_skill"] < found["log_loss_skill_high"]
    assert found["log_loss_skill_p"] < 0.01
    assert found["ic_t"] > 5.0


def test_a_part_of_the_weeks_is_scored_alone():
    found = weekly(1, 0.1)
    part = np.arange(700) % 3 == 0
    own = scores.figures(found, 21, part)
    assert own["weeks"] == part.sum()
    assert own["log_loss_skill"] == pytest.approx(1.0 - found.loss[part].sum() / found.reference[part].sum())
