"""Range scores against scoringrules, scikit-learn and slow counts."""

import numpy as np
import pandas as pd
import pytest
import scoringrules
from scipy.stats import norm
from sklearn.metrics import log_loss, mean_pinball_loss

from models.evaluation import range_scores
from models.range import pools


def table(weeks: int = 300, scale: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """Standard normal returns and a normal forecast of the given scale; the reference is twice as wide."""
    rng = np.random.default_rng(seed)
    happened = rng.normal(size=weeks)
    rows = pd.DataFrame({"date": pd.date_range("1990-01-05", periods=weeks, freq="W-FRI"), "horizon": 5})
    rows["realised"], rows["lowest"] = happened, np.minimum(happened, 0.0)
    for name, level in range_scores.LEVELS.items():
        rows[name], rows[f"base_{name}"] = scale * norm.ppf(level), 2.0 * norm.ppf(level)
    for fall in range_scores.FALLS:
        rows[f"fall_{fall}"], rows[f"base_fall_{fall}"] = norm.cdf(-fall / 100 / scale), 0.3
    rows["crps"] = scoringrules.crps_normal(happened, 0.0, scale)
    rows["base_crps"] = scoringrules.crps_normal(happened, 0.0, 2.0)
    rows["pit"] = norm.cdf(happened / scale)
    return rows


def test_the_crps_of_draws_is_that_of_scoringrules():
    rng = np.random.default_rng(1)
    draws, happened = np.sort(rng.normal(size=(20, 500)), axis=1), rng.normal(size=20)
    np.testing.assert_allclose(
        pools.crps(draws, happened), scoringrules.crps_ensemble(happened, draws, estimator="nrg"), rtol=1e-10
    )


def test_figures_by_scikit_learn_and_by_counting():
    rows = table()
    found = range_scores.evaluate(rows)
    assert found["crps_skill_5"] == pytest.approx(1.0 - rows["crps"].mean() / rows["base_crps"].mean())
    assert found["crps_skill_p_5"] < 0.01
    inside = rows["realised"].between(rows["q10"], rows["q90"]).mean()
    assert found["coverage_80_5"] == pytest.approx(inside)
    fell = rows["lowest"] <= -0.05
    expected = 1.0 - log_loss(fell, rows["fall_5"]) / log_loss(fell, rows["base_fall_5"])
    assert found["fall_5_log_loss_skill_5"] == pytest.approx(expected)
    losses = [mean_pinball_loss(rows["realised"], rows[name], alpha=a) for name, a in range_scores.LEVELS.items()]
    assert range_scores.quantile_loss(rows).mean() == pytest.approx(np.mean(losses))


def test_a_right_forecast_beats_one_too_wide_and_one_too_narrow():
    right, wide, narrow = (range_scores.evaluate(table(scale=scale))["crps_skill_5"] for scale in (1.0, 1.6, 0.5))
    assert right > max(wide, narrow)


def test_weeks_that_have_not_matured_do_not_count():
    rows = table()
    rows.loc[250:, "realised"] = np.nan
    assert range_scores.evaluate(rows) == range_scores.evaluate(rows.iloc[:250])


def test_the_gate_s_loss_is_one_for_the_reference_itself():
    rows = table()
    two = pd.concat([rows, rows.assign(horizon=21)])
    losses = range_scores.gate_losses({"same": two.assign(crps=two["base_crps"]), "own": two})
    assert losses["same"].mean() == pytest.approx(1.0)
    assert losses["own"].mean() == pytest.approx(rows["crps"].mean() / rows["base_crps"].mean())


def test_the_transform_is_the_share_of_draws_below():
    draws = np.array([[1.0, 2.0, 2.0, 4.0]])
    assert range_scores.pit(draws, np.array([2.0]))[0] == 0.5
    assert range_scores.pit(draws, np.array([9.0]))[0] == 1.0
