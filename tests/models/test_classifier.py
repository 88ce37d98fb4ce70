"""The classifier under scikit-learn's own checks, and what those do not ask."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.classifier import RegimeClassifier

SMALL = {"min_child_samples": 1, "n_estimators": 60, "learning_rate": 0.2, "reg_lambda": 0.0, "colsample_bytree": 1.0}
SMALL |= {"bagging_fraction": 1.0, "bagging_freq": 0, "extra_trees": 0}
ESTIMATORS = [
    RegimeClassifier("constant"),
    RegimeClassifier("table"),
    RegimeClassifier("logit"),
    RegimeClassifier("lightgbm", params=SMALL),
    RegimeClassifier("staged", params=SMALL),
]
BINNED = "LightGBM bins a feature by counts of rows: a row of weight two is not two rows to it"
REASONS = {
    "constant": {
        "check_classifiers_train": "climatology reads no feature, so it cannot reach the accuracy asked",
    },
    "table": {"check_classifiers_train": "frequencies by one column of small integers know nothing of the others"},
    "logit": {},
    "lightgbm": {"check_sample_weight_equivalence_on_dense_data": BINNED},
    "staged": {"check_sample_weight_equivalence_on_dense_data": BINNED},
}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda one: REASONS[one.algorithm], xfail_strict=True)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def rows(seed=0, n=300):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    return X, np.where(X["a"] > 0.5, "up", np.where(X["b"] > 0.5, "down", "flat"))


@pytest.mark.parametrize("algorithm", ["constant", "table", "logit", "lightgbm", "staged"])
def test_an_outcome_that_never_happened_keeps_its_column(algorithm):
    X, y = rows()
    X["a"] = X["a"].round()
    outcomes = ("up", "crash", "flat", "down")
    model = RegimeClassifier(algorithm, params=SMALL, outcomes=outcomes, pivot="crash").fit(X, y)
    p = model.predict_proba(X)
    assert p.shape == (300, 4)
    assert list(model.classes_) == ["crash", "down", "flat", "up"]
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert p[:, 0].max() < 0.05
    assert (p >= 0.0).all()


def test_monotone_breakdown_only_rises():
    X, y = rows()
    model = RegimeClassifier("staged", params=SMALL, monotone={"a": 1}, outcomes=("flat", "up", "down"), pivot="up")
    model.fit(X, y)
    line = pd.DataFrame({"a": np.linspace(-3, 3, 50), "b": 0.2, "c": -0.1})
    assert (np.diff(model.predict_proba(line)[:, list(model.classes_).index("up")]) >= 0.0).all()


def test_clipping_holds_far_values():
    X, y = rows()
    model = RegimeClassifier("logit", clip=2.0).fit(X, y)
    far, near = pd.DataFrame({"a": [1e9], "b": [0.0], "c": [0.0]}), pd.DataFrame({"a": [2.5], "b": [0.0], "c": [0.0]})
    np.testing.assert_array_equal(model.predict_proba(far), model.predict_proba(near))


def test_what_is_unknown_is_named():
    X, y = rows()
    with pytest.raises(ValueError, match=r"unknown algorithm 'forest'"):
        RegimeClassifier("forest").fit(X, y)
    with pytest.raises(ValueError, match=r"'down' is not among the outcomes"):
        RegimeClassifier(outcomes=("up", "flat")).fit(X, y)
