"""Contributions against what they must add up to: the log odds of the prediction, term by term."""

import itertools

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from models import explain
from models.fitted import Constant, FittedModel, Logit, Mixture, Staged, Trees
from models.predictor import predict

NAMES = ("vol", "slope")
OUTCOMES = ("rotation", "breakdown", "neither")
LOGIT = Logit(
    features=NAMES,
    mean=(0.5, -1.0),
    scale=(2.0, 0.5),
    coef=((0.3, -0.4), (-0.2, 0.9), (-0.1, -0.5)),
    intercept=(0.1, -0.3, 0.2),
)
ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=list(NAMES))


def model(part, outcomes=OUTCOMES):
    return FittedModel(
        outcomes=outcomes,
        base=(1 / len(outcomes),) * len(outcomes),
        fitted_at="2000-01-03",
        rows=100,
        ranges={},
        part=part,
    )


def log_odds(part, rows, up=0, down=1):
    p = predict(part, rows)
    return np.log(p[:, up] / p[:, down])


def trees(outcomes=3, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(400, 2))
    y = np.digitize(X[:, 0] + 0.5 * X[:, 1] + rng.normal(size=400), [-0.4, 0.5][: outcomes - 1])
    some = {"objective": "multiclass", "num_class": 3} if outcomes > 2 else {"objective": "binary"}
    settings = some | {"num_leaves": 4, "verbosity": -1, "num_threads": 1, "deterministic": True}
    return Trees(features=NAMES, booster=lgb.train(settings, lgb.Dataset(X, y), 10).model_to_string()), X


def test_the_terms_of_a_logit_are_its_log_odds_around_the_training_mean():
    found = explain.contribution_table(model(LOGIT), ROWS)
    at_the_mean = LOGIT.intercept[0] - LOGIT.intercept[1]
    np.testing.assert_allclose(found.sum(axis=1) + at_the_mean, log_odds(LOGIT, ROWS))
    # One term by hand: (0.5 - 0.5) / 2 is nothing, (0 - -1) / 0.5 is two deviations times -0.4 - 0.9.
    by_hand = explain.contributions(model(LOGIT), pd.DataFrame([[0.5, 0.0]], columns=list(NAMES)))
    assert by_hand.tolist() == pytest.approx([0.0, -2.6])


def test_a_missing_value_of_a_logit_contributes_nothing():
    row = pd.DataFrame([[np.nan, 0.0]], columns=list(NAMES))
    assert explain.contributions(model(LOGIT), row)["vol"] == 0.0


def test_tree_values_are_shapley_values():
    part, X = trees()
    row = pd.DataFrame(X[:1], columns=list(NAMES))
    found = explain.contributions(model(part), row)
    # They add up to the log odds less the mean log odds of the training rows, which LightGBM weighs by its counts.
    mean = log_odds(part, pd.DataFrame(X, columns=list(NAMES))).mean()
    assert found.sum() == pytest.approx(log_odds(part, row)[0] - mean, abs=1e-6)


def test_two_outcomes_speak_for_neither():
    part, X = trees(outcomes=2)
    row = pd.DataFrame(X, columns=list(NAMES))
    first = log_odds(part, row)
    for order, sign in ((("breakdown", "neither"), -1.0), (("neither", "breakdown"), 1.0)):
        found = explain.contribution_table(model(part, order), row).sum(axis=1)
        np.testing.assert_allclose(found, sign * (first - first.mean()), atol=1e-6)


def test_a_mixture_weighs_its_members_and_what_has_no_terms_adds_none():
    part, _ = trees()
    constant = Constant(probabilities=(0.2, 0.3, 0.5))
    mixture = Mixture(features=NAMES, members=(LOGIT, part, constant), weights=(0.5, 0.3, 0.2))
    want = 0.5 * explain.contribution_table(model(LOGIT), ROWS) + 0.3 * explain.contribution_table(model(part), ROWS)
    pd.testing.assert_frame_equal(explain.contribution_table(model(mixture), ROWS), want, check_exact=False)
    assert explain.contribution_table(model(constant), ROWS).shape == (len(ROWS), 0)


def test_members_that_read_other_columns_are_added_by_name():
    one = Logit(features=("vol",), mean=(0.0,), scale=(1.0,), coef=((1.0,), (0.0,), (0.0,)), intercept=(0.0,) * 3)
    two = one.model_copy(update={"features": ("slope",)})
    mixture = Mixture(features=NAMES, members=(one, two), weights=(0.25, 0.75))
    found = explain.contribution_table(model(mixture), ROWS)
    np.testing.assert_allclose(found["vol"], 0.25 * ROWS["vol"])
    np.testing.assert_allclose(found["slope"], 0.75 * ROWS["slope"])


def test_a_staged_model_is_expanded_to_the_first_order():
    """Against a numerical derivative: a small step of each column from the training mean moves the log odds so much."""
    flat = {"features": NAMES, "mean": (0.0, 0.0), "scale": (1.0, 1.0)}
    first = Logit(**flat, coef=((0.3, -0.1), (0.0, 0.0)), intercept=(0.0, 0.0))
    second = Logit(**flat, coef=((0.2, 0.5), (0.0, 0.0)), intercept=(0.4, 0.0))
    part = Staged(features=NAMES, breakdown=1, others=(0, 2), first=first, second=second)
    at = pd.DataFrame(np.zeros((1, 2)), columns=list(NAMES))
    for name, sign in itertools.product(NAMES, (-1.0, 1.0)):
        step = at.assign(**{name: sign * 1e-4})
        moved = log_odds(part, step)[0] - log_odds(part, at)[0]
        found = explain.contributions(model(part), step)
        assert found[name] == pytest.approx(moved, rel=1e-3)
        assert found.drop(name).abs().max() == 0.0
