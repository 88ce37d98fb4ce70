import lightgbm
import numpy as np
import pandas as pd
import pytest

from features.dataset import OUTCOMES
from models.explain import contribution_table, contributions
from models.fit import fit_at
from models.predictor import predict
from models.spec import ModelSpec
from serving import explanation
from serving.explanation import (
    family_contributions,
    feature_drift,
    few_readings,
    reading_in_words,
    strongest_drivers,
)

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
    found = strongest_drivers(document, row, past, toy.outcome.iloc[:-1])
    parts = contributions(document, row)
    assert found
    named = [name for one in found for name in (one.feature, *one.together)]
    assert len(named) == len(set(named))
    for one in found:
        assert (one.side == "rotation") == (one.contribution > 0)
        assert one.contribution == pytest.approx(parts[[one.feature, *one.together]].sum())
        assert one.percentile <= 0.2 or one.percentile >= 0.8
    for side in ("rotation", "breakdown"):
        sizes = [abs(one.contribution) for one in found if one.side == side]
        assert sizes == sorted(sizes, reverse=True)
    assert sum(family_contributions(document, row).values()) == pytest.approx(parts.sum())
    assert strongest_drivers(fitted(toy, "climatology"), row, past, toy.outcome) == ()


def test_what_moves_together_is_one_reason_and_a_usual_reading_is_none(monkeypatch):
    rng = np.random.default_rng(3)
    a, b, quiet = rng.normal(size=(3, 400))
    past = pd.DataFrame({"vix": a, "cap_vol_21": a + 0.3 * rng.normal(size=400), "y10": b, "fed_funds": quiet})
    row = pd.DataFrame({"vix": [3.0], "cap_vol_21": [2.8], "y10": [-2.5], "fed_funds": [0.0]})
    parts = pd.Series({"vix": -0.5, "cap_vol_21": 0.1, "y10": 0.2, "fed_funds": 0.9})
    monkeypatch.setattr(explanation, "contributions", lambda *_: parts)
    outcome = pd.Series(np.where(a > 0.9, "breakdown", "neither"))
    rotation, breakdown = strongest_drivers(None, row, past, outcome)
    assert (rotation.feature, rotation.together, rotation.contribution) == ("y10", (), 0.2)
    assert (breakdown.feature, breakdown.together) == ("vix", ("cap_vol_21",))
    assert breakdown.contribution == pytest.approx(-0.4)
    high = a >= np.quantile(a, 0.8)
    assert breakdown.history.weeks == high.sum()
    assert breakdown.history.share == pytest.approx((a[high] > 0.9).mean())
    assert breakdown.history.usual == pytest.approx((a > 0.9).mean())
    assert breakdown.history.supports
    assert not breakdown.history.opposes
    assert not rotation.history.supports  # it never came


def test_a_short_history_says_nothing(monkeypatch):
    past = pd.DataFrame({"vix": np.arange(100.0)})
    monkeypatch.setattr(explanation, "contributions", lambda *_: pd.Series({"vix": -0.5}))
    (driver,) = strongest_drivers(None, pd.DataFrame({"vix": [200.0]}), past, pd.Series("neither", range(100)))
    assert driver.history is None
    assert driver.words == "VIX is at 200.0, higher than all of its past"


def test_a_reading_that_most_of_its_past_shared_is_no_reason(monkeypatch):
    past = pd.DataFrame({"new_lows_252": [0.0] * 70 + [0.1] * 30})
    monkeypatch.setattr(explanation, "contributions", lambda *_: pd.Series({"new_lows_252": 0.5}))
    assert strongest_drivers(None, pd.DataFrame({"new_lows_252": [0.0]}), past, pd.Series("neither", range(100))) == ()


def test_outcomes_that_have_not_matured_do_not_count(monkeypatch):
    past = pd.DataFrame({"vix": np.arange(1000.0)})
    monkeypatch.setattr(explanation, "contributions", lambda *_: pd.Series({"vix": -0.5}))
    outcome = pd.Series(["neither"] * 995 + [pd.NA] * 5, dtype=object)
    (driver,) = strongest_drivers(None, pd.DataFrame({"vix": [2000.0]}), past, outcome)
    assert driver.history.weeks == 195


def test_a_model_of_few_features_tells_each_reading_and_what_followed_such_readings(toy):
    row, past, outcome = toy.X.iloc[[-1]], toy.X.iloc[:-1], toy.outcome.iloc[:-1]
    model = fitted(toy, "logit2")
    found = few_readings(model, row, past, outcome)
    assert [one.feature for one in found] == list(model.features)
    for one in found:
        rank = sorted(past[one.feature].dropna())
        place = sum(value < one.value for value in rank) / len(rank)
        assert one.percentile == pytest.approx(place)
        fifth = min(int(5 * place), 4)
        low, high = np.quantile(rank, fifth / 5), np.quantile(rank, (fifth + 1) / 5)
        came = [
            outcome[date]
            for date, value in past[one.feature].items()
            if low <= value <= high and isinstance(outcome[date], str)
        ]
        assert one.weeks == len(came) >= 52
        for name, share in one.followed.as_dict().items():
            assert share == pytest.approx(came.count(name) / len(came))
        known = outcome[past[one.feature].notna() & outcome.notna()]
        assert one.usual.breakdown == pytest.approx((known == "breakdown").mean())


def test_a_model_of_many_features_or_a_missing_reading_tells_none(toy):
    row, past, outcome = toy.X.iloc[[-1]], toy.X.iloc[:-1], toy.outcome.iloc[:-1]
    assert len(fitted(toy, "lightgbm").features) > 3
    assert few_readings(fitted(toy, "lightgbm"), row, past, outcome) == ()
    missing = row.assign(broad_vol_21=float("nan"))
    assert [one.feature for one in few_readings(fitted(toy, "logit2"), missing, past, outcome)] == ["broad_return_21"]
    assert few_readings(fitted(toy, "logit2"), row, past.iloc[-30:], outcome) == ()


def test_drift_names_what_is_outside(toy):
    document = fitted(toy, "logit2")
    row = toy.X.iloc[[-1]].assign(broad_vol_21=99.0, broad_return_21=0.0)
    found = feature_drift(document, row, toy.X)
    assert (found.share_outside, found.features) == (0.5, ("broad_vol_21",))
    # By importance: the mean size of the logit's terms over the last year of rows before.
    weight = contribution_table(document, toy.X.iloc[-52:]).abs().mean()
    assert found.weighted == pytest.approx(weight["broad_vol_21"] / weight.sum())
    assert 0.0 < found.weighted < 1.0


@pytest.mark.parametrize(
    ("name", "value", "percentile", "words"),
    [
        ("broad_minus_cap_63", -0.02, 0.1, "equal weight lags cap weight by 2.0 % over 3 months, lower than 90 %"),
        ("cap_drawdown_252", -0.25, 0.05, "cap weight is 22.1 % below its 12-month high, lower than 95 %"),
        ("vix", 31.0, 0.93, "VIX is at 31.0, higher than 93 %"),
    ],
)
def test_readings_in_words(name, value, percentile, words):
    assert reading_in_words(name, value, percentile, 1.0 - percentile) == f"{words} of its past"


def test_a_reading_near_its_usual_is_said_without_a_rank():
    assert reading_in_words("vix", 17.0, 0.5, 0.5) == "VIX is at 17.0"
