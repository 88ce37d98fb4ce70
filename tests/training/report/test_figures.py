"""Figures of a run: of the right size, for two and three outcomes, and with the right data in them."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from features.dataset import OUTCOMES
from models.figures import gain_curves, reliability, style
from models.fit import fit_at
from models.spec import ModelSpec
from tests.support.predictions import TWO, returns, table
from training.report import figures, importance


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
        reliability.diagram("toy", made),
        gain_curves.diagram("toy", "lightgbm", made, {"lightgbm": made, "logit2": made, "markov": made}),
        importance.diagram("toy", document, data.X),
        figures.confusion("toy", made),
        figures.label_history(data, data.X.index[100]),
    ]
    assert {shape(png) for png in every} == {(style.HEIGHT, style.WIDTH)}


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
    assert importance.diagram("toy", document, toy.X) is None


def test_verdicts_are_counted_once_each():
    made = table()
    found = figures.verdict_counts(made)
    assert found.to_numpy().sum() == made["outcome"].notna().sum()
    lift = made["p_breakdown"] / made["base_breakdown"]
    said = (lift >= 1.1) & (lift >= made["p_rotation"] / made["base_rotation"]) & made["outcome"].notna()
    assert found.loc["breakdown"].sum() == said.sum()
    assert found.loc["breakdown", "neither"] == (said & (made["outcome"] == "neither")).sum()
