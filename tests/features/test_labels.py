import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import labels
from features.data import calendar
from features.data.errors import RegimeError


def slow(label, broad, cap, i):
    """The definition, as a loop."""
    if i + labels.HORIZON >= len(broad):
        return None
    level, low, other = 1.0, 1.0, 1.0
    for j in range(i + 1, i + labels.HORIZON + 1):
        level *= 1 + broad[j]
        other *= 1 + cap[j]
        low = min(low, level)
    if label == "path-vol" and i < labels.VOL_WINDOW - 1:
        return None
    if label == "path-vol" and low - 1 <= -np.std(broad[i - 62 : i + 1], ddof=1) * np.sqrt(21):
        return "breakdown"
    if (label == "path" and low <= 0.95) or (label == "return" and level <= 0.96):
        return "breakdown"
    return "rotation" if level > 1 and level > other else "neither"


@pytest.mark.parametrize("label", ["path", "path-vol", "return"])
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.002, 0.01, 0.03]))
def test_equals_the_definition(label, seed, scale):
    rng = np.random.default_rng(seed)
    broad, cap = rng.normal(0.0005, scale, size=(2, 110))
    got = labels.outcomes(label, pd.Series(broad), pd.Series(cap))
    assert [None if pd.isna(value) else value for value in got] == [slow(label, broad, cap, i) for i in range(110)]


def test_only_the_horizon_counts():
    broad = pd.Series(np.full(60, 0.001))
    cap = pd.Series(np.zeros(60))
    before = labels.outcomes("path", broad, cap)
    broad.iloc[40] = -0.5
    after = labels.outcomes("path", broad, cap)
    moved = [i for i in range(60) if not pd.isna(before[i]) and before[i] != after[i]]
    # Day 40 lies within the 21 sessions after days 19..38 (39 has no whole horizon).
    assert moved == list(range(19, 39))


def test_unknown_label():
    with pytest.raises(RegimeError, match=r"unknown label 'paht'.*path, path-vol, return, stress"):
        labels.outcomes("paht", pd.Series(dtype=float), pd.Series(dtype=float))


def stress_slowly(returns, bars=60):
    """Month by month, with plain numpy; keys are the month before the one judged."""
    months = [group.to_numpy() for _, group in returns.groupby(returns.index.to_period("M"))]
    names = sorted(set(returns.index.to_period("M")))
    spreads = [np.std(month, ddof=1) for month in months]
    found = {}
    for i in range(bars, len(months)):
        fell = np.prod(1 + months[i]) - 1 <= -0.05
        found[names[i - 1]] = "breakdown" if fell or spreads[i] > np.quantile(spreads[:i], 0.9) else "neither"
    return found


def test_stress_equals_the_definition():
    rng = np.random.default_rng(5)
    index = calendar.sessions(pd.Timestamp("1990-01-02"), pd.Timestamp("2000-06-30"))
    market = pd.Series(rng.normal(0.0, 0.01, len(index)) * rng.choice([0.6, 1.8], len(index), p=[0.8, 0.2]), index)
    got = labels.outcomes("stress", market, market).dropna()
    want = stress_slowly(market)
    assert dict(zip(got.index.to_period("M"), got, strict=True)) == want
    assert {"breakdown", "neither"} == set(got)
    assert list(got.index) == list(labels.decision_dates("stress", got.index[0], got.index[-1]))


def test_stress_waits_for_the_whole_month():
    index = calendar.sessions(pd.Timestamp("1990-01-02"), pd.Timestamp("1999-06-29"))  # one session short
    market = pd.Series(np.random.default_rng(1).normal(0, 0.01, len(index)), index)
    assert labels.outcomes("stress", market, market).dropna().index[-1] == pd.Timestamp("1999-04-30")


def test_label_ends_by_hand():
    dates = pd.DatetimeIndex(["2020-02-28", "2020-11-30"])
    assert list(labels.label_ends("stress", dates)) == [pd.Timestamp("2020-03-31"), pd.Timestamp("2020-12-31")]
    # 21 sessions after 2020-02-28: Good Friday is 10 April, so March alone counts.
    assert labels.label_ends("path", dates[:1]).iloc[0] == pd.Timestamp("2020-03-30")


def test_a_margin_only_moves_rotation_to_neither():
    rng = np.random.default_rng(2)
    broad, cap = (pd.Series(x) for x in rng.normal(0.0005, 0.01, size=(2, 300)))
    plain, strict = (labels.outcomes("path", broad, cap, m).dropna() for m in (0.0, 0.005))
    moved = plain != strict
    assert moved.any()
    assert set(plain[moved]) == {"rotation"}
    assert set(strict[moved]) == {"neither"}
