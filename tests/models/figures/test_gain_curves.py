"""Cumulative gains against scikit-learn, and the curves that MLflow shows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from features.dataset import OUTCOMES
from models.figures import gain_curves
from tests.support.predictions import table


def test_the_gain_is_the_difference_of_the_summed_losses():
    mine, other = table(seed=1), table(seed=1)
    other[["p_rotation", "p_breakdown", "p_neither"]] = [0.3, 0.2, 0.5]
    found = gain_curves.cumulative_gains(mine, {"lightgbm": mine, "markov": other})
    matured = mine[mine["outcome"].notna()]
    codes = [OUTCOMES.index(one) for one in matured["outcome"]]
    loss = log_loss(codes, matured[[f"p_{one}" for one in OUTCOMES]], labels=[0, 1, 2], normalize=False)
    want = -np.log([[0.3, 0.2, 0.5][one] for one in codes]).sum() - loss
    assert list(found) == ["climatology", "markov"]  # there is no table of the logit
    assert found["markov"].iloc[-1] == pytest.approx(want)
    assert found["climatology"].iloc[-1] == pytest.approx(len(codes) * np.log(3.0) - loss)


def test_curves_are_thin_end_on_the_last_week_and_are_dated():
    made = {"lightgbm": table(weeks=1000), "markov": table(weeks=1000)}
    found = gain_curves.stepped(made["lightgbm"], made)
    whole = gain_curves.cumulative_gains(made["lightgbm"], made)["climatology"]
    curve = found["gain_over_climatology"]
    assert set(found) == {"gain_over_climatology", "gain_over_markov"}
    assert 300 < len(curve) <= gain_curves.POINTS
    assert curve[-1] == (int(whole.index[-1].strftime("%Y%m%d")), pytest.approx(whole.iloc[-1]))
    steps = [step for step, _ in curve]
    assert steps == sorted(set(steps))
    assert gain_curves.step(pd.Timestamp("2008-09-05")) == 20080905


def test_a_model_gains_nothing_over_itself():
    found = gain_curves.stepped(table(), {"markov": table()})
    assert {value for _, value in found["gain_over_markov"]} == {0.0}
