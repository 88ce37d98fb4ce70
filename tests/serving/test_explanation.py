import lightgbm
import numpy as np
import pandas as pd
import pytest

from features.dataset import OUTCOMES
from models.explain import contributions
from models.fit import fit_at
from models.predictor import predict
from models.spec import ModelSpec
from serving.call import Drift
from serving.explanation import family_contributions, feature_drift, reading_in_words, strongest_drivers

DATE = pd.Timestamp("1996-01-05")
ROTATION, BREAKDOWN = OUTCOMES.index("rotation"), OUTCOMES.index("breakdown")


def fitted(toy, kind):
    params = {"min_child_samples": 20} if kind == "lightgbm" else {}
    return fit_at(toy, ModelSpec(estimator=kind, train_start="1980-01-01", params=params), DATE)


def odds(document, row):
    p = predict(document, row)[0]
    return np.log(p[ROTATION] / p[BREAKDOWN])


def test_a_logit_adds_up(toy):
    document, row = fitted(toy, "logit2"), toy.X.iloc[[-1]]
    middle = pd.DataFrame([document.part.mean], columns=document.features)
    assert contributions(document, row).sum() == pytest.approx(odds(document, row) - odds(document, middle))


def test_trees_add_up_with_their_expected_value(toy):
    document, row = fitted(toy, "lightgbm"), toy.X.iloc[[-1]]
    booster = lightgbm.Booster(model_str=document.part.booster)
    raw = booster.predict(row[list(document.features)], pred_contrib=True)[0].reshape(len(OUTCOMES), -1)
    expected = raw[ROTATION, -1] - raw[BREAKDOWN, -1]
    assert contributions(document, row).sum() + expected == pytest.approx(odds(document, row))


def test_sides_families_and_order(toy):
    document, row, past = fitted(toy, "lightgbm"), toy.X.iloc[[-1]], toy.X.iloc[:-1]
    found = strongest_drivers(document, row, past)
    parts = contributions(document, row)
    assert {one.feature for one in found} == set(parts.index[parts != 0.0])
    for one in found:
        assert (one.side == "rotation") == (one.contribution > 0)
    assert sum(family_contributions(document, row).values()) == pytest.approx(parts.sum())
    assert strongest_drivers(fitted(toy, "climatology"), row, past) == ()


def test_drift_names_what_is_outside(toy):
    document = fitted(toy, "logit2")
    row = toy.X.iloc[[-1]].assign(broad_vol_21=99.0, broad_return_21=0.0)
    assert feature_drift(document, row, toy.X) == Drift(share_outside=0.5, features=("broad_vol_21",))


@pytest.mark.parametrize(
    ("name", "meaning", "value", "percentile", "words"),
    [
        ("broad_minus_cap_63", "", -0.02, 0.1, "equal weight is lagging cap weight over 3 months"),
        ("leaders_minus_broad_21", "", 0.02, 0.9, "the largest stocks are leading equal weight over a month"),
        ("hyg_minus_ief_21", "", -0.01, 0.2, "high-yield bonds are lagging Treasuries over a month"),
        ("y10_change_63", "y10 change over 63 sessions", 0.5, 0.9, "y10 has risen over 3 months"),
        ("broad_return_252", "", -0.123, 0.1, "equal weight has lost 12.3% over a year"),
        ("vix", "VIX", 31.0, 0.93, "VIX: high for its history"),
        ("vix", "VIX", float("nan"), float("nan"), "VIX: missing"),
    ],
)
def test_readings_in_words(name, meaning, value, percentile, words):
    assert reading_in_words(name, meaning, value, percentile) == words
