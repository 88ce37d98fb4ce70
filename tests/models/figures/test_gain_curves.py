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
    assert curve[-1][2] == pytest.approx(whole.iloc[-1])
    dates = made["lightgbm"]["date"]
    for step, time, value in curve:  # the step counts the test weeks, the time is the week's date
        assert dates[step] == pd.Timestamp(time, unit="ms")
        assert value == pytest.approx(whole.loc[dates[step]])
    steps = [step for step, _, _ in curve]
    assert steps == sorted(set(steps))
    assert steps[-1] == len(whole) - 1


def test_the_last_high_is_where_the_cumulative_gain_was_largest():
    made = table(weeks=300)
    matured = made["outcome"].notna()
    right = made["outcome"].map({name: f"p_{name}" for name in OUTCOMES})
    for place in range(100):  # certain and right: every week gains
        made.loc[place, [f"p_{name}" for name in OUTCOMES]] = 0.05
        made.loc[place, right[place]] = 0.9
    for place in range(100, int(matured.sum())):  # certain and wrong
        made.loc[place, [f"p_{name}" for name in OUTCOMES]] = 0.45
        made.loc[place, right[place]] = 0.1
    assert gain_curves.last_high(made) == made["date"][99]
    assert gain_curves.last_high(made.iloc[100:].reset_index(drop=True)) is None


def test_a_model_gains_nothing_over_itself():
    found = gain_curves.stepped(table(), {"markov": table()})
    assert {value for _, _, value in found["gain_over_markov"]} == {0.0}
