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


def test_the_outcomes_of_each_label_are_in_their_order():
    for label in ("path", "path-vol", "return"):
        assert labels.outcomes_of(label) == ("rotation", "breakdown", "neither")
    assert labels.outcomes_of("stress") == ("breakdown", "neither")
    for ask in (labels.outcomes_of, labels.check):
        with pytest.raises(RegimeError, match="unknown label 'nope'"):
            ask("nope")


@pytest.mark.parametrize(
    ("label", "broad", "cap", "outcome"),
    [
        # The last session of the horizon counts, the one after it does not; exactly -5 % is a breakdown.
        ("path", {21: -0.05}, {}, "breakdown"),
        ("path", {22: -0.05}, {}, "neither"),
        ("path", {1: -0.05, 2: 0.20}, {}, "breakdown"),
        ("path", {0: -0.05, 1: 0.01}, {}, "rotation"),
        ("path", {1: -0.0499}, {}, "neither"),
        ("return", {1: -0.05, 2: 0.20}, {}, "rotation"),
        ("return", {5: -0.0401}, {}, "breakdown"),
        ("return", {5: -0.04}, {}, "breakdown"),  # exactly -4 % is one too
        ("return", {5: -0.0399}, {}, "neither"),
        ("path", {3: 0.02}, {3: 0.03}, "neither"),
        ("path", {3: 0.03}, {3: 0.02}, "rotation"),
        ("path", {3: -0.01}, {3: -0.02}, "neither"),  # ahead of the cap leg, but not positive
        ("path", {3: 0.02}, {3: 0.02}, "neither"),  # level with the cap leg is not ahead of it
        ("path", {}, {3: -0.02}, "neither"),  # zero is not positive
    ],
)
def test_an_outcome_by_hand(label, broad, cap, outcome):
    legs = [pd.Series(np.zeros(44)), pd.Series(np.zeros(44))]
    for leg, steps in zip(legs, (broad, cap), strict=True):
        for place, step in steps.items():
            leg.iloc[place] = step
    assert labels.outcomes(label, *legs)[0] == outcome


@pytest.mark.parametrize("size", [0, 1, 21, 22, 23])
def test_the_last_21_sessions_have_no_outcome(size):
    legs = [pd.Series(np.full(size, 0.001)), pd.Series(np.zeros(size))]
    got = labels.outcomes("path", *legs)
    assert got.notna().sum() == max(0, size - 21)
    assert got.iloc[max(0, size - 21) :].isna().all()


def test_a_missing_return_in_the_horizon_leaves_the_outcome_open():
    broad, cap = pd.Series(np.full(60, 0.001)), pd.Series(np.zeros(60))
    for leg, place in ((broad, 30), (cap, 31)):
        gap = [broad.copy(), cap.copy()]
        gap[0 if leg is broad else 1].iloc[place] = np.nan
        got = labels.outcomes("path", *gap)
        assert list(np.flatnonzero(got.iloc[:39].isna())) == list(range(place - 21, place))


def test_decisions_are_weekly_or_monthly():
    start, end = pd.Timestamp("2020-01-01"), pd.Timestamp("2020-03-31")
    weekly, monthly = (labels.decision_dates(label, start, end) for label in ("path", "stress"))
    assert list(monthly) == [pd.Timestamp(day) for day in ("2020-01-31", "2020-02-28", "2020-03-31")]
    assert len(weekly) == 13
    assert weekly[0] == pd.Timestamp("2020-01-03")


def test_stress_needs_sixty_months_and_counts_the_fall():
    index = calendar.sessions(pd.Timestamp("1990-01-02"), pd.Timestamp("1995-03-31"))
    steps = pd.Series(np.tile([0.001, -0.001], len(index))[: len(index)], index)
    got = labels.outcomes("stress", steps, steps).dropna()
    # 60 months end with December 1994: January 1995, of which December's end is the decision, is the first judged.
    assert list(got.index) == [pd.Timestamp(day) for day in ("1994-12-30", "1995-01-31", "1995-02-28")]
    assert set(got) <= {"neither", "breakdown"}
    steps.loc["1995-02"] = 0.0
    steps.loc["1995-02-15"] = -0.0501
    fell = labels.outcomes("stress", steps, steps)
    assert fell[pd.Timestamp("1995-01-31")] == "breakdown"
    steps.loc["1995-02"] = -0.053 / 19  # a slow fall of 5 %: nothing is volatile about it
    slow_fall = labels.outcomes("stress", steps, steps)
    assert slow_fall[pd.Timestamp("1995-01-31")] == "breakdown"


def test_the_margin_reported_is_half_a_percent():
    assert labels.ROTATION_MARGIN == 0.005


def test_a_gap_in_the_cap_leg_leaves_a_volatility_label_open_too():
    rng = np.random.default_rng(4)
    broad, cap = (pd.Series(steps) for steps in rng.normal(0.0, 0.01, size=(2, 120)))
    cap.iloc[90] = np.nan
    got = labels.outcomes("path-vol", broad, cap)
    # 62 sessions without a volatility, then those from 69 to 89 whose horizon holds session 90.
    assert list(np.flatnonzero(got.iloc[:99].isna())) == [*range(62), *range(69, 90)]


def test_paths_are_judged_without_a_margin_unless_one_is_given():
    broad, cap, lowest = np.array([0.010]), np.array([0.009]), np.array([-0.01])
    rotation, neither = labels.OUTCOMES.index("rotation"), labels.OUTCOMES.index("neither")
    assert labels.codes_of_paths("path", broad, cap, lowest)[0] == rotation
    assert labels.codes_of_paths("path", broad, cap, lowest, margin=0.002)[0] == neither


@pytest.mark.parametrize(("label", "fall"), [("path", -0.05), ("return", -0.04)])
def test_a_path_breaks_down_at_the_labels_own_fall_unless_another_is_given(label, fall):
    falls = np.array([fall, fall + 0.001])
    breakdown, neither = labels.OUTCOMES.index("breakdown"), labels.OUTCOMES.index("neither")
    assert list(labels.codes_of_paths(label, falls, np.zeros(2), falls)) == [breakdown, neither]
    assert list(labels.codes_of_paths(label, falls, np.zeros(2), falls, threshold=-0.03)) == [breakdown] * 2
    assert list(labels.codes_of_paths(label, falls, np.zeros(2), falls, threshold=-0.08)) == [neither] * 2
