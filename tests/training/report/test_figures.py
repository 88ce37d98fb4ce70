"""Pictures and curves: of the right size, for two and three outcomes, and with the right data in them."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from sklearn.metrics import log_loss

from features.dataset import OUTCOMES
from models.evaluation.calibration import latent
from models.fit import fit_at
from models.spec import ModelSpec
from training.report import figures, gain_curves, importance, reliability, style

TWO = ("breakdown", "neither")


def table(outcomes=OUTCOMES, weeks=260, seed=0, monthly=False):
    """A walk-forward's table whose probabilities are exactly right."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2000-01-07", periods=weeks, freq="BME" if monthly else "W-FRI")
    p = rng.dirichlet([3.0] * len(outcomes), size=weeks)
    made = pd.DataFrame(p, columns=[f"p_{name}" for name in outcomes])
    for name in outcomes:
        made[f"base_{name}"] = 1.0 / len(outcomes)
    happened = np.array([rng.choice(len(outcomes), p=row) for row in p])
    made.insert(0, "date", dates)
    made.insert(1, "outcome", pd.Series(np.array(outcomes, dtype=object)[happened]))
    made.loc[made.index[-4:], "outcome"] = None
    made["volatility"] = rng.uniform(0.05, 0.4, weeks)
    made["faltering"] = rng.random(weeks) < 0.5
    return made


def returns(made):
    days = pd.bdate_range(made["date"].iloc[0], made["date"].iloc[-1] + pd.Timedelta(days=60))
    steps = np.random.default_rng(1).normal(0.0004, 0.01, size=(len(days), 3))
    return pd.DataFrame(steps, days, ["ret_broad", "ret_cap", "ret_bill"])


def shape(png):
    return imread(io.BytesIO(png), format="png").shape[:2]


@pytest.mark.parametrize("outcomes", [OUTCOMES, TWO])
def test_every_picture_has_the_size_the_interface_shows(toy, outcomes):
    made = table(outcomes, monthly=len(outcomes) == 2)
    renamed = toy.outcome if len(outcomes) == 3 else toy.outcome.replace("rotation", "neither")
    data = dataclasses.replace(
        toy, outcome=renamed, outcomes=outcomes, label="path" if len(outcomes) == 3 else "stress"
    )
    spec = ModelSpec(estimator="lightgbm", train_start="1980-01-01", params={"min_child_samples": 20})
    document = fit_at(data, spec, pd.Timestamp("1996-01-05"))
    every = [
        figures.probabilities("toy", made, returns(made)),
        reliability.reliability("toy", made),
        figures.gain("toy", {"lightgbm": made, "logit2": made, "markov": made}, "lightgbm"),
        importance.importance("toy", document, data.X),
        figures.confusion("toy", made),
        figures.label_history(data, data.X.index[100]),
    ]
    assert {shape(png) for png in every} == {(style.HEIGHT, style.WIDTH)}


def test_the_gain_is_the_difference_of_the_summed_losses():
    mine, other = table(seed=1), table(seed=1)
    other[["p_rotation", "p_breakdown", "p_neither"]] = [0.3, 0.2, 0.5]
    found = gain_curves.gains({"lightgbm": mine, "markov": other}, "lightgbm")
    ripe = mine[mine["outcome"].notna()]
    codes = [OUTCOMES.index(one) for one in ripe["outcome"]]
    loss = log_loss(codes, ripe[[f"p_{one}" for one in OUTCOMES]], labels=[0, 1, 2], normalize=False)
    want = -np.log([[0.3, 0.2, 0.5][one] for one in codes]).sum() - loss
    assert list(found) == ["climatology", "markov"]  # there is no table of the logit
    assert found["markov"].iloc[-1] == pytest.approx(want)
    assert found["climatology"].iloc[-1] == pytest.approx(len(codes) * np.log(3.0) - loss)


def test_curves_are_thin_end_on_the_last_week_and_are_dated():
    made = {"lightgbm": table(weeks=1000), "markov": table(weeks=1000)}
    found = gain_curves.stepped(made, "lightgbm")
    whole = gain_curves.gains(made, "lightgbm")["climatology"]
    curve = found["gain_over_climatology"]
    assert set(found) == {"gain_over_climatology", "gain_over_markov"}
    assert 300 < len(curve) <= gain_curves.POINTS
    assert curve[-1] == (int(whole.index[-1].strftime("%Y%m%d")), pytest.approx(whole.iloc[-1]))
    steps = [step for step, _ in curve]
    assert steps == sorted(set(steps))
    assert gain_curves.step(pd.Timestamp("2008-09-05")) == 20080905


def test_a_model_gains_nothing_over_itself():
    found = gain_curves.stepped({"markov": table()}, "markov")
    assert {value for _, value in found["gain_over_markov"]} == {0.0}


def test_bins_are_deciles_and_count_every_week():
    made = table(weeks=400)
    p, truth = made["p_breakdown"].to_numpy(), (made["outcome"] == "breakdown").to_numpy()
    found = reliability.reliability_bins(p, truth, latent(400, False))
    ranks = pd.qcut(p, 10, labels=False)
    np.testing.assert_allclose(found.said, pd.Series(p).groupby(ranks).mean())
    np.testing.assert_allclose(found.came, pd.Series(truth).groupby(ranks).mean())
    assert found.count.tolist() == [40] * 10


def test_the_null_band_covers_a_calibrated_model_whose_weeks_overlap():
    """Outcomes drawn by an own copula with other draws than the band's: about 95 % of the points lie inside."""
    inside, points, p = 0, 0, table(weeks=600)["p_breakdown"].to_numpy()
    z = latent(600, False)
    for seed in range(40):
        shocks = np.random.default_rng(1000 + seed).normal(size=5 * 600 + 21)
        sums = np.array([shocks[5 * week : 5 * week + 21].sum() for week in range(600)]) / np.sqrt(21)
        from scipy.stats import norm

        found = reliability.reliability_bins(p, norm.cdf(sums) < p, z)
        inside += ((found.came >= found.low) & (found.came <= found.high)).sum()
        points += len(found.came)
    assert 0.91 < inside / points < 0.985


def test_monthly_horizons_do_not_overlap_and_the_band_is_narrower_for_it():
    p = np.full(400, 0.3)
    width = [
        float(np.ptp([found.low[0], found.high[0]]))
        for found in (reliability.reliability_bins(p, p > 1, latent(400, monthly)) for monthly in (False, True))
    ]
    assert style.monthly(table(TWO, monthly=True))
    assert not style.monthly(table())
    assert width[0] > 1.5 * width[1]


def test_importance_finds_the_feature_and_its_sign(toy):
    """Breakdown follows high `noise`: that feature comes first and a high value speaks against rotation."""
    X = toy.X.drop(columns=["jump_state", "last_outcome"])
    outcome = pd.Series(np.where(X["noise"] > 0.5, "breakdown", "rotation"), X.index, dtype=object)
    outcome[X["broad_return_21"] > 1.5] = "neither"
    data = dataclasses.replace(toy, X=X, outcome=outcome)
    spec = ModelSpec(
        estimator="lightgbm", train_start="1980-01-01", params={"min_child_samples": 20, "colsample_bytree": 1}
    )
    found = importance.explained(fit_at(data, spec, pd.Timestamp("1996-01-05")), X)
    assert found.index[0] == "noise"
    assert found.loc["noise", "sign"] < -0.7
    assert found["strength"].is_monotonic_decreasing


def test_a_constant_model_has_no_importance(toy):
    document = fit_at(toy, ModelSpec(estimator="climatology", train_start="1980-01-01"), pd.Timestamp("1996-01-05"))
    assert importance.importance("toy", document, toy.X) is None


def test_verdicts_are_counted_once_each():
    made = table()
    found = figures.verdicts(made)
    assert found.to_numpy().sum() == made["outcome"].notna().sum()
    lift = made["p_breakdown"] / made["base_breakdown"]
    said = (lift >= 1.1) & (lift >= made["p_rotation"] / made["base_rotation"]) & made["outcome"].notna()
    assert found.loc["breakdown"].sum() == said.sum()
    assert found.loc["breakdown", "neither"] == (said & (made["outcome"] == "neither")).sum()
