import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from features.data.errors import RegimeError
from features.dataset import OUTCOMES
from models import fitted
from models.estimators import LOGIT2_COLUMNS, NAMES
from models.evaluation.verdicts import verdict_of
from models.fit import fit_at
from models.predictor import predict
from models.spec import ModelSpec, from_dict, from_json
from models.splits import refit_dates, training_rows

DATE = pd.Timestamp("1996-01-05")


def spec(kind):
    return ModelSpec(estimator=kind, train_start="1980-01-01")


def test_a_training_label_has_ended_before_the_decision(toy):
    rows = training_rows(toy, spec("lightgbm"), DATE)
    assert toy.label_end[rows].max() < DATE
    assert (toy.label_end[~rows] >= DATE).all()


@pytest.mark.parametrize("kind", NAMES)
def test_what_happens_later_changes_nothing(toy, kind):
    later = (toy.label_end >= DATE).to_numpy()
    X, outcome = toy.X.copy(), toy.outcome.copy()
    X[toy.X.index > DATE] = 1e6
    outcome[later] = "breakdown"
    other = dataclasses.replace(toy, X=X, outcome=outcome)
    assert fit_at(toy, spec(kind), DATE).to_json() == fit_at(other, spec(kind), DATE).to_json()


@pytest.mark.parametrize("kind", NAMES)
def test_probabilities_sum_to_one_and_survive_json(toy, kind):
    document = fit_at(toy, spec(kind), DATE)
    frame = toy.X.iloc[-20:].mask(np.eye(20, toy.X.shape[1], dtype=bool))
    p = predict(document, frame)
    assert p.shape == (20, 3)
    assert document.rows == training_rows(toy, spec(kind), DATE).sum()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(p, predict(fitted.from_json(document.to_json()), frame))


@pytest.mark.parametrize("kind", NAMES)
def test_a_row_alone_gets_the_bits_it_gets_among_others(toy, kind):
    wide = toy.X.join(pd.DataFrame(np.random.default_rng(1).normal(size=(500, 150)), toy.X.index).add_prefix("more_"))
    data = dataclasses.replace(toy, X=wide)
    document, rows = fit_at(data, spec(kind), DATE), wide.iloc[-60:]
    alone = np.vstack([predict(document, rows.iloc[[i]]) for i in range(len(rows))])
    np.testing.assert_array_equal(alone, predict(document, rows))


def test_logit_equals_scikit_learn(toy):
    rows = training_rows(toy, spec("logit2"), DATE)
    X = toy.X.loc[rows, list(LOGIT2_COLUMNS)]
    scaled = (X - X.mean()) / X.std(ddof=0)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(scaled, toy.outcome[rows])
    want = pd.DataFrame(model.predict_proba(scaled), columns=model.classes_)[list(OUTCOMES)]
    np.testing.assert_allclose(predict(fit_at(toy, spec("logit2"), DATE), X), want, atol=1e-9)


def test_a_missing_column_is_named(toy):
    with pytest.raises(ValueError, match="broad_vol_21"):
        predict(fit_at(toy, spec("logit2"), DATE), toy.X.drop(columns="broad_vol_21"))


def test_the_first_test_week_is_ten_years_in(toy):
    # 1988-01-01 plus ten years is 1998-01-01, past the toy's end (1997-07): nothing to test.
    with pytest.raises(RegimeError, match="1998-01-01"):
        refit_dates(toy, spec("lightgbm"))


def test_a_dead_feature_is_left_out(toy):
    X = toy.X.copy()
    X.loc[(DATE - pd.Timedelta(weeks=20)) : DATE, "noise"] = np.nan
    document = fit_at(dataclasses.replace(toy, X=X), spec("lightgbm"), DATE)
    assert "noise" not in document.features


def test_spec_round_trip_and_typos():
    one = ModelSpec(params={"max_depth": 2})
    assert from_json(one.to_json()) == one
    with pytest.raises(RegimeError, match=r"'refit_week'.*'refit_weeks'"):
        from_dict({"refit_week": 3})
    with pytest.raises(RegimeError, match=r"max_depht.*max_depth"):
        ModelSpec(params={"max_depht": 3})


def test_verdict_rule():
    base = {"rotation": 0.37, "breakdown": 0.17, "neither": 0.46}
    assert verdict_of({"rotation": 0.5, "breakdown": 0.1, "neither": 0.4}, base, True) == "rotation"
    assert verdict_of({"rotation": 0.2, "breakdown": 0.3, "neither": 0.5}, base, True) == "breakdown"
    assert verdict_of({"rotation": 0.3, "breakdown": 0.1, "neither": 0.6}, base, True) == "neither"
    assert verdict_of(base, base, True) == "no_evidence"
    assert verdict_of({"rotation": 0.40, "breakdown": 0.15, "neither": 0.45}, base, True) == "no_evidence"
    assert verdict_of({"rotation": 0.5, "breakdown": 0.1, "neither": 0.4}, base, False) == "no_evidence"
