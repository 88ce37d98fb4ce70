"""Words by hand: ranks, hysteresis, the events that size words claim, and when a word may be printed."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation import words
from tests.support.weekly_noise import made

WEEKS = 1300
DATES = pd.date_range("1990-01-05", periods=WEEKS, freq="W-FRI")


def test_a_rank_is_the_share_of_ten_years_below_by_a_slow_loop():
    values = np.random.default_rng(0).normal(size=WEEKS).round(1)
    found = words.ranks(values, DATES)
    assert np.isnan(found[: words.LEAST_READINGS]).all()
    for place in (104, 400, 700, 1299):
        past = [values[i] for i in range(place) if DATES[i] >= DATES[place] - pd.DateOffset(years=10)]
        want = np.mean([one < values[place] for one in past]) + 0.5 * np.mean([one == values[place] for one in past])
        assert found[place] == pytest.approx(want)
    assert np.isnan(words.ranks(np.ones(WEEKS), DATES)).all()


def obvious_ranks(readings, dates):
    out = np.full(len(readings), np.nan)
    for place in range(len(readings)):
        since = dates[place] - pd.DateOffset(years=words.RANK_YEARS)
        past = [readings[i] for i in range(place) if dates[i] >= since and np.isfinite(readings[i])]
        if len(past) >= words.LEAST_READINGS and np.isfinite(readings[place]) and max(past) > min(past):
            lower = sum(one < readings[place] for one in past) / len(past)
            out[place] = lower + 0.5 * (sum(one == readings[place] for one in past) / len(past))
    return out


def obvious_states(rank):
    out = np.full(len(rank), np.nan)
    for place in np.flatnonzero(np.isfinite(rank)):
        state = 0
        for value in rank[max(0, place - words.WEEKS + 1) : place + 1]:
            kept = (state == 1 and value >= words.LEAVE) or (state == -1 and value <= 1.0 - words.LEAVE)
            if not kept:
                state = 1 if value >= words.ENTER else -1 if value <= 1.0 - words.ENTER else 0
        out[place] = state
    return out


@pytest.mark.parametrize("weeks", [0, 1, 25, 27, 105, 700])
@pytest.mark.parametrize("kind", ["noise", "ties", "gaps", "still"])
def test_all_rows_at_once_give_the_bits_of_the_slow_loops(weeks, kind):
    rng = np.random.default_rng(weeks)
    values = rng.normal(size=weeks)
    if kind != "noise":
        values = values.round(1)
    if kind == "gaps":
        values[rng.random(weeks) < 0.2] = np.nan
        values[rng.random(weeks) < 0.01] = np.inf
    if kind == "still":
        values[: weeks // 2] = 0.3
    rank = words.ranks(values, DATES[:weeks])
    np.testing.assert_array_equal(rank, obvious_ranks(values, DATES[:weeks]))
    np.testing.assert_array_equal(words.states(rank), obvious_states(rank))
    wild = rng.random(weeks).round(2)
    np.testing.assert_array_equal(words.states(wild), obvious_states(wild))


def test_a_word_is_entered_high_left_lower_and_can_turn_at_once():
    rank = np.array([0.5, 0.84, 0.86, 0.71, 0.69, 0.86, 0.10, 0.29, 0.31, np.nan, 0.2])
    found = words.states(rank)
    np.testing.assert_array_equal(found, [0, 0, 1, 1, 0, 1, -1, -1, 0, np.nan, 0])


@given(st.lists(st.floats(0.0, 1.0), min_size=30, max_size=80), st.integers(1, 20))
def test_a_state_needs_the_last_weeks_alone(rank, cut):
    """A replay that begins later gives the same word: nothing is remembered."""
    rank = np.array(rank)
    whole = words.states(rank)
    later = words.states(rank[cut:])
    kept = slice(words.WEEKS - 1, None)
    np.testing.assert_array_equal(later[kept], whole[cut:][kept])


def test_the_claim_of_a_size_word_is_a_third_of_its_own_past():
    volatility = np.random.default_rng(1).gamma(4.0, 1.0, WEEKS)
    volatility[-4:] = np.nan
    ends = DATES + pd.Timedelta(days=30)
    found = words.size_events(volatility, ends, DATES)
    assert np.isnan(found[:100]).all()
    assert np.isnan(found[-4:]).all()
    for place in (300, 900):
        past = [
            volatility[i]
            for i in range(WEEKS)
            if ends[i] < DATES[place] and DATES[i] >= DATES[place] - pd.DateOffset(years=10)
        ]
        low, high = np.quantile(past, [1 / 3, 2 / 3])
        assert found[place] == (-1 if volatility[place] < low else 1 if volatility[place] > high else 0)
    changed = volatility.copy()
    changed[900:] *= 100.0
    np.testing.assert_array_equal(words.size_events(changed, ends, DATES)[:900], found[:900])  # no later width counts


def table(right, seed=0, names=("calm", "usual", "turbulent"), recent=None):
    """Words at random in runs of eight weeks; what each claims comes with probability `right`."""
    rng = np.random.default_rng(seed)
    word = np.repeat(rng.choice(names, WEEKS // 8 + 1), 8)[:WEEKS]
    share = np.where(DATES[-1] - pd.DateOffset(years=10) < DATES, right if recent is None else recent, right)
    claim = np.where(rng.random(WEEKS) < share, word, rng.choice(names, WEEKS))
    realised = np.where(word == names[0], 0.01, -0.01) + 0.02 * rng.standard_normal(WEEKS)
    outcome = np.where(claim == names[-1], "breakdown", "rotation").astype(object)
    return pd.DataFrame({"date": DATES, "word": word, "claim": claim, "outcome": outcome, "realised": realised})


def test_a_word_is_earned_where_it_has_been_right_and_not_where_it_has_not():
    found = words.record(table(0.4))
    assert {word for word, one in found.items() if one.earned} == {"calm", "usual", "turbulent"}
    assert not any(one.earned for one in words.record(table(0.0)).values())
    assert not any(one.earned for one in words.record(table(0.5, recent=0.0)).values())  # not in the last ten years


def test_the_figures_beside_a_word_by_hand():
    made = table(0.4)
    found = words.record(made)["turbulent"]
    said = made["word"] == "turbulent"
    assert found.weeks == said.sum()
    assert found.event == pytest.approx((made["claim"][said] == "turbulent").mean())
    assert found.otherwise == pytest.approx((made["claim"][~said] == "turbulent").mean())
    assert found.mean_return == pytest.approx(made["realised"][said].mean())
    assert found.q10 == pytest.approx(made["realised"][said].quantile(0.1))
    assert found.q90 == pytest.approx(made["realised"][said].quantile(0.9))
    assert found.breakdown == pytest.approx((made["outcome"][said] == "breakdown").mean())
    assert found.rotation == pytest.approx((made["outcome"][said] == "rotation").mean())
    # Of ten years there is less to say with confidence than of twenty-five, where the word was as right.
    assert found.bound != found.bound_last_10_years
    recent = words.record(made[made["date"] > DATES[-1] - pd.DateOffset(years=10)].reset_index(drop=True))["turbulent"]
    assert found.bound_last_10_years == pytest.approx(recent.bound)
    runs = sum(1 for i in range(WEEKS) if said[i] and (i == 0 or not said[i - 1]))
    assert found.runs_a_year == pytest.approx(runs / (WEEKS / 52.18))
    assert found.bound < found.event - found.otherwise
    fell = np.flatnonzero(made["outcome"] == "breakdown")
    firsts = [i for i in fell if not (made["outcome"][max(0, i - 13) : i] == "breakdown").any()]
    assert found.at_onsets == pytest.approx(said[firsts].mean())


def test_a_direction_word_must_beat_its_opposite_too():
    """Breakdown comes oftener after the word than otherwise, and rotation oftener still: the word misleads."""
    rng = np.random.default_rng(3)
    word = np.repeat(rng.choice(["breakdown", "neither"], WEEKS // 8 + 1), 8)[:WEEKS]
    u = rng.random(WEEKS)
    claim = np.where(
        word == "breakdown",
        np.where(u < 0.35, "breakdown", np.where(u < 0.75, "rotation", "neither")),
        np.where(u < 0.1, "breakdown", np.where(u < 0.4, "rotation", "neither")),
    )
    made = pd.DataFrame(
        {"date": DATES, "word": word, "claim": claim, "outcome": claim.astype(object), "realised": u / 10}
    )
    found = words.record(made)["breakdown"]
    assert min(found.bound, found.bound_last_10_years) > 0.0
    assert not found.earned
    swapped = made.assign(claim=made["claim"].replace({"breakdown": "rotation", "rotation": "breakdown"}))
    assert words.record(swapped.assign(word=made["word"]))["breakdown"].earned


def test_the_tables_hold_what_is_known_and_no_more():
    data = made(700)
    rng = np.random.default_rng(2)
    sessions = pd.bdate_range(data.X.index[0], data.X.index[-1] + pd.Timedelta(days=10))
    returns = pd.DataFrame({"ret_broad": rng.normal(0.0, 0.01, len(sessions))}, sessions)
    data = dataclasses.replace(data, returns=returns)
    state = pd.Series(rng.choice([-1.0, 0.0, 1.0, np.nan], len(data.X)), data.X.index)
    found = words.size_table(data, state)
    assert found["date"].max() <= data.outcome.dropna().index[-1]
    row = found.iloc[300]
    place = sessions.get_loc(row["date"])
    ahead = returns["ret_broad"].iloc[place + 1 : place + 22]
    assert row["realised"] == pytest.approx(np.prod(1.0 + ahead) - 1.0)
    assert row["word"] == words.SIZES[int(state[row["date"]])]
    assert row["outcome"] == data.outcome[row["date"]]
    # Every claim by a slow loop: a horizon's volatility within the thirds of the horizons of ten years that had ended.
    moves, known = np.log1p(returns["ret_broad"]), []
    for date in data.X.index:
        place = sessions.get_loc(date)
        if place + 21 < len(sessions):
            size = np.sqrt((moves.iloc[place + 1 : place + 22] ** 2).mean())
            known.append((date, sessions[place + 21], size))
    want = {}
    for date, _, size in known:
        past = [one for at, end, one in known if end < date and at >= date - pd.DateOffset(years=10)]
        if len(past) >= 104:
            low, high = np.quantile(past, (1 / 3, 2 / 3))
            want[date] = "calm" if size < low else "turbulent" if size > high else "usual"
    said = found.set_index("date")["claim"]
    assert said.dropna().to_dict() == {date: claim for date, claim in want.items() if date in said.index}
    assert said[: min(want)].iloc[:-1].isna().all()
    assert list(found.columns) == ["date", "outcome", "realised", "word", "claim"]
    sides = words.direction_table(data, state)
    assert (sides["claim"] == sides["outcome"]).all()
    assert set(sides["word"]) == {"breakdown", "neither", "rotation"}


def test_the_states_of_the_width_are_those_of_the_broad_leg_s_month():
    rows = [(leg, horizon, date) for leg in ("broad", "cap") for horizon in (5, 21, 63) for date in DATES[:3]]
    ranges = pd.DataFrame(rows, columns=["leg", "horizon", "date"]).assign(size=np.arange(18.0))
    assert words.size_states(ranges).to_dict() == dict(zip(DATES[:3], (3.0, 4.0, 5.0), strict=True))


def test_a_horizon_that_ends_at_the_decision_is_no_past_of_it_yet():
    """Horizons of four weeks end on decision days: by a slow loop."""
    volatility = np.random.default_rng(4).gamma(4.0, 1.0, 400)
    ends = pd.DatetimeIndex([*DATES[4:400], *(DATES[400:404])])
    found = words.size_events(volatility, ends, DATES[:400])
    for place in range(120, 400):
        low, high = np.quantile(volatility[: place - 4], [1 / 3, 2 / 3])  # that of place - 4 ends on this very day
        assert found[place] == (-1 if volatility[place] < low else 1 if volatility[place] > high else 0)
    assert np.isnan(found[: words.LEAST_READINGS + 4]).all()
    assert np.isfinite(found[words.LEAST_READINGS + 5 :]).all()


def test_a_decision_has_a_return_from_the_day_its_last_session_is_there():
    data = made(700)
    sessions = pd.bdate_range(data.X.index[0], periods=data.X.index.size * 5 + 40)
    for left, known in ((20, False), (21, True)):  # sessions after the last decision
        place = sessions.searchsorted(data.X.index[-1]) + left
        returns = pd.DataFrame({"ret_broad": np.full(place + 1, 0.01)}, sessions[: place + 1])
        cut = dataclasses.replace(data, returns=returns)
        table, dates = words._happened(cut, data.X.index)
        assert dates[-1] == data.X.index[-1]
        assert np.isfinite(table["realised"].iloc[-1]) == known
        assert (words.size_claims(cut, data.X.index).iloc[-1] is not None) == known


def test_without_an_episode_nothing_is_said_of_onsets():
    calm = table(0.4).assign(outcome="rotation")
    assert np.isnan(words.record(calm)["calm"].at_onsets)


def test_the_bound_compares_weeks_with_a_known_claim_alone(monkeypatch):
    seen = []
    monkeypatch.setattr(words, "interval", lambda _, series, __: seen.append(series) or (0.5, 0.9))
    said = table(0.4)
    said.loc[::5, "claim"] = None
    words.record(said)
    known, named = said["claim"].notna(), said["word"] == said["word"].iloc[0]
    right = said["claim"] == said["word"].iloc[0]
    want = (known & named & right, known & named, known & ~named & right, known & ~named)
    for got, expected in zip(seen[0], want, strict=True):
        np.testing.assert_array_equal(got, expected.to_numpy(float))


def test_whether_a_direction_beats_its_opposite_is_asked_of_its_own_weeks():
    rng = np.random.default_rng(5)
    word = np.repeat(rng.choice(["breakdown", "neither"], WEEKS // 8 + 1), 8)[:WEEKS]
    u = rng.random(WEEKS)
    own = np.where(u < 0.45, "breakdown", np.where(u < 0.7, "rotation", "neither"))
    rest = np.where(u < 0.1, "breakdown", np.where(u < 0.7, "rotation", "neither"))
    claim = np.where(word == "breakdown", own, rest)
    found = words.record(pd.DataFrame({"date": DATES, "word": word, "claim": claim, "outcome": claim, "realised": u}))
    assert found["breakdown"].earned
