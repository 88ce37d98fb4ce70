"""What following the probabilities earned: by hand, by slow loops, and blind to the future."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import CircularBlockBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data import calendar
from features.data.errors import RegimeError
from models.evaluation import backtest, metrics
from tests.support.scored_tables import market

CAP, BILL, BROAD = backtest.CAP, backtest.BILL, backtest.BROAD


@pytest.fixture(scope="module")
def case():
    return market()


def test_a_decision_earns_from_two_sessions_later_by_hand():
    """Thursday 2 July 2020 ended a short week: traded at Monday's close, earns from Tuesday the 7th."""
    sessions = calendar.sessions(pd.Timestamp("2020-06-22"), pd.Timestamp("2020-07-20"))
    returns = pd.DataFrame({"ret_broad": 0.03, "ret_cap": 0.02, "ret_bill": 0.001}, sessions)
    schedule = backtest.schedule_of(pd.DatetimeIndex(["2020-06-26", "2020-07-02", "2020-07-10"]), returns)
    by_day = pd.Series(schedule.decision, schedule.sessions.strftime("%m-%d"))
    assert list(by_day[by_day == 0].index) == ["06-30", "07-01", "07-02", "07-06"]
    assert list(by_day[by_day == 1].index) == ["07-07", "07-08", "07-09", "07-10", "07-13"]
    assert len(by_day) == 9  # the last decision's own sessions are not judged: no next decision ends them
    held = np.array([CAP, BILL])[schedule.decision]
    got = backtest.net(held, schedule.returns, 10)
    np.testing.assert_allclose(got, [0.02] * 4 + [0.001 - 0.0010] + [0.001] * 4)
    np.testing.assert_allclose(backtest.net(held, schedule.returns, 50)[4], 0.001 - 0.0050)
    np.testing.assert_allclose(backtest.net(np.full(9, BROAD), schedule.returns, 50), 0.03)


def test_thresholds_by_a_slow_loop(case):
    """Each fold's threshold from a table and returns that end on the day of its first decision."""
    table, returns = case
    lift = (table["p_breakdown"] / table["base_breakdown"]).to_numpy()
    got = backtest.decisions(table, returns)["threshold"].to_numpy()
    early = (table["date"] < table["date"].iloc[0] + pd.DateOffset(years=5)).to_numpy()
    assert (got[(table["refit"] < table["date"].iloc[0] + pd.DateOffset(years=5)).to_numpy()] == 1.5).all()
    assert len(np.unique(got[~early])) > 1
    ahead = (returns["ret_cap"] - returns["ret_bill"]).tolist()
    days, dates = list(returns.index), list(table["date"])
    decided = [[w for w, date in enumerate(dates) if date <= days[at - 2]] if at >= 2 else [] for at in range(1600)]
    for start in (286, 312):  # first decisions of folds
        best = (-np.inf, None)
        for threshold in backtest.THRESHOLDS:
            excess, last = [], None
            for at, made in enumerate(decided):
                if days[at] > dates[start] or not made:
                    continue
                out = lift[made[-1]] > threshold
                cost = 0.001 if last is not None and out != last else 0.0
                excess.append((0.0 if out else ahead[at]) - cost)
                last = out
            ratio = np.mean(excess) / np.std(excess, ddof=1)
            best = max(best, (round(ratio, 12), -threshold))
        assert got[start] == -best[1]
        assert (got[start : start + 26] == got[start]).all()


@settings(max_examples=8)
@given(st.integers(30, 660), st.integers(0, 99))
def test_what_happens_later_changes_no_earlier_position(week, seed):
    table, returns = market()
    before = backtest.decisions(table, returns)
    rng = np.random.default_rng(seed)
    today = table["date"][week]
    returns.loc[returns.index > today, ["ret_cap", "ret_broad"]] = rng.normal(0, 0.05, (sum(returns.index > today), 2))
    table.loc[table["date"] > today, ["p_breakdown", "p_rotation"]] = rng.uniform(
        0, 0.5, (sum(table["date"] > today), 2)
    )
    table.loc[table["date"] > today - pd.DateOffset(days=31), "outcome"] = None
    after = backtest.decisions(table, returns)
    pd.testing.assert_frame_equal(before.loc[:today], after.loc[:today])


def test_a_cut_history_decides_as_the_whole_one(case):
    table, returns = case
    today = table["date"][500]
    cut = backtest.decisions(table[table["date"] <= today], returns[returns.index <= today])
    pd.testing.assert_frame_equal(cut, backtest.decisions(table, returns).loc[:today])


def test_sharpe_and_drawdown_by_hand():
    assert backtest.sharpe(np.array([0.01, -0.01, 0.02, 0.0])) == pytest.approx(
        0.005 / np.sqrt((0.005**2 + 0.015**2 + 0.015**2 + 0.005**2) / 3) * np.sqrt(252)
    )
    assert backtest.sharpe(np.zeros(10)) == 0.0
    assert backtest.max_drawdown(np.array([-0.1, 0.5, -0.2, -0.1, 0.1])) == pytest.approx(0.8 * 0.9 - 1)
    assert backtest.max_drawdown(np.array([-0.3, 0.1])) == pytest.approx(-0.3)


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=30))
def test_drawdown_by_every_pair_of_days(steps):
    wealth = [1.0]
    for step in steps:
        wealth.append(wealth[-1] * (1 + step))
    worst = min(wealth[j] / wealth[i] - 1 for i in range(len(wealth)) for j in range(i, len(wealth)))
    assert backtest.max_drawdown(np.array(steps)) == pytest.approx(worst)


@pytest.mark.parametrize("weights", [(0.6, 0.4, 0.0), (0.5, 0.2, 0.3)])
def test_the_mix_by_a_slow_loop(case, weights):
    table, returns = case
    schedule = backtest.schedule_of(pd.DatetimeIndex(table["date"][:40]), returns)
    got = backtest.mix(np.array(weights), schedule)
    parts, last = list(weights), 0
    for day, decision in enumerate(schedule.decision):
        wealth, cost = sum(parts), 0.0
        if decision != last:
            # What is over its weight is sold, and bills, cap and broad leg below theirs are bought with it.
            cost = 0.001 * sum(max(0.0, part / wealth - weight) for part, weight in zip(parts, weights, strict=True))
            parts, last = [weight * wealth for weight in weights], decision
        parts = [part * (1 + earns) for part, earns in zip(parts, schedule.returns[day], strict=True)]
        assert got[day] == pytest.approx(sum(parts) / wealth - 1 - cost, abs=1e-14)
        parts = [part * (1 - cost) for part in parts]  # what was paid is gone; the weights are not touched


def test_a_mix_of_one_is_buy_and_hold(case):
    table, returns = case
    schedule = backtest.schedule_of(pd.DatetimeIndex(table["date"]), returns)
    np.testing.assert_allclose(backtest.mix(np.array([1.0, 0.0, 0.0]), schedule), schedule.returns[:, CAP], atol=1e-12)


def test_figures_by_a_slow_computation(case):
    table, returns = case
    got = backtest.backtest_metrics(table, returns)
    made = backtest.decisions(table, returns)["in_out"]
    rows, last, switches = [], None, 0
    for at in range(len(returns)):
        ready = made.index <= returns.index[at - 2] if at >= 2 else made.index < returns.index[0]
        if not ready.any() or made.index[-1] <= returns.index[at - 2]:
            continue
        side = made[ready].iloc[-1]
        moved = last is not None and side != last
        switches += moved
        row = returns.iloc[at]
        rows.append((row["ret_cap"] if side == CAP else row["ret_bill"], moved, row["ret_cap"], row["ret_bill"], side))
        last = side
    gross, moved, cap, bill, side = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    for name, cost in (("", 0.001), ("_25bp", 0.0025), ("_50bp", 0.005)):
        excess = gross - moved * cost - bill
        assert got[f"sharpe_in_out{name}"] == pytest.approx(excess.mean() / excess.std(ddof=1) * np.sqrt(252))
    assert got["switches_in_out"] == switches
    assert got["exposure_in_out"] == pytest.approx(np.mean(side == CAP))
    hold = (cap - bill).mean() / (cap - bill).std(ddof=1) * np.sqrt(252)
    assert got["sharpe_buy_and_hold"] == pytest.approx(hold)
    assert got["sharpe_in_out_gain"] == pytest.approx(got["sharpe_in_out"] - hold)
    wealth = pd.Series(np.concatenate([[1.0], np.cumprod(1 + gross - moved * 0.001)]))
    assert got["max_drawdown_in_out"] == pytest.approx((wealth / wealth.cummax() - 1).min())
    assert got["sharpe_in_out_gain_mix"] == pytest.approx(got["sharpe_in_out_gain"], abs=0.05)  # leverage is invisible
    for name in ("sharpe_in_out_gain", "sharpe_in_out_gain_mix", "return_in_out_gain_mix"):
        assert got[f"{name}_low"] < got[name] < got[f"{name}_high"]
    assert got["return_in_out_gain_mix_low"] > 0.0  # this market was made to be timed


def test_the_sharpe_interval_is_that_of_arch():
    rng = np.random.default_rng(0)
    one, other = rng.normal(0.0005, 0.01, size=(2, 600))

    def difference(a, b):
        return np.sqrt(252) * (a.mean() / a.std() - b.mean() / b.std())

    gain, low, high = backtest._sharpe_gain(one, other)
    assert gain == pytest.approx(backtest.sharpe(one) - backtest.sharpe(other))
    reach = []
    for block in (126, 252):
        draws = CircularBlockBootstrap(block, one, other, seed=0).apply(difference, 2000)
        centre = difference(one, other)
        reach.append(centre + (np.quantile(draws, [0.05, 0.95]) - centre) / np.sqrt(1 - block / 600))
    assert (low, high) == pytest.approx((min(x[0] for x in reach), max(x[1] for x in reach)), rel=1e-6)


def test_three_way_needs_rotation_to_lead_and_begins_when_the_fund_does(case):
    table, returns = case
    made = backtest.decisions(table, returns)
    lift = {name: (table[f"p_{name}"] / table[f"base_{name}"]).to_numpy() for name in ("rotation", "breakdown")}
    for at, side in enumerate(made["three_way"]):
        if lift["breakdown"][at] > made["threshold"].iloc[at]:
            assert side == BILL
        else:
            leads = lift["rotation"][at] > 1 and lift["rotation"][at] > lift["breakdown"][at]
            assert side == (BROAD if leads else CAP)
    whole, late = backtest.backtest_metrics(table, returns), table[table["date"] >= "2003-05-02"]
    schedule = backtest.schedule_of(pd.DatetimeIndex(late["date"]), returns)
    assert schedule.sessions[0] == pd.Timestamp("2003-05-06")  # decided on Friday the 2nd
    total = backtest.net(made["three_way"].to_numpy()[-len(late) :][schedule.decision], schedule.returns, 10)
    bill, held = schedule.returns[:, BILL], made["three_way"].to_numpy()[-len(late) :][schedule.decision]
    assert whole["sharpe_three_way"] == pytest.approx(backtest.sharpe(total - bill))
    dear = backtest.sharpe(backtest.net(held, schedule.returns, 50) - bill)
    assert whole["sharpe_three_way_50bp"] == pytest.approx(dear)
    weights = np.array([np.mean(held == side) for side in (CAP, BILL, BROAD)])
    steady = backtest.sharpe(backtest.mix(weights, schedule) - bill)
    assert whole["sharpe_three_way_gain_mix"] == pytest.approx(whole["sharpe_three_way"] - steady)


def test_without_rotation_there_is_no_three_way(case):
    table, returns = case
    two = table.assign(
        p_neither=1 - table["p_breakdown"],
        base_neither=1 - table["base_breakdown"],
        outcome=table["outcome"].replace("rotation", "neither"),
    ).drop(columns=["p_rotation", "base_rotation"])
    got = metrics.evaluate(two, returns)
    assert got["sharpe_in_out"] == pytest.approx(backtest.backtest_metrics(table, returns)["sharpe_in_out"])
    assert not [name for name in got if "three_way" in name]
    assert not [name for name in metrics.evaluate(two) if "sharpe" in name]
    found = metrics.evaluate(two.drop(columns="refit"), returns)
    assert not [name for name in found if "sharpe" in name]
    assert metrics.evaluate(two).items() <= found.items()


def test_climatology_is_always_in(case):
    table, returns = case
    flat = table.assign(**{f"p_{name}": table[f"base_{name}"] for name in ("rotation", "breakdown", "neither")})
    got = backtest.backtest_metrics(flat, returns)
    assert got["exposure_in_out"] == 1.0
    assert got["switches_in_out"] == got["sharpe_in_out_gain"] == 0.0


@pytest.mark.parametrize("weight", [1, 4, 10])
def test_cost_ratios_by_a_loop(weight):
    rng = np.random.default_rng(weight)
    p = rng.beta(2, 6, size=300)
    truth = rng.random(300) < p
    cost = 0.0
    for one, happened in zip(p, truth, strict=True):
        alarm = one > 1 / (1 + weight)
        cost += (alarm and not happened) + weight * (not alarm and happened)
    always, never = sum(~truth), weight * sum(truth)
    assert backtest.cost_ratios(p, truth)[f"cost_ratio_{weight}"] == pytest.approx(cost / min(always, never))
    perfect = backtest.cost_ratios(truth.astype(float), truth)
    assert set(perfect.values()) == {0.0}
    assert np.isnan(backtest.cost_ratios(p, np.zeros(300, dtype=bool))[f"cost_ratio_{weight}"])


def test_returns_with_holes_are_refused(case):
    table, returns = case
    holed = returns.copy()
    holed.loc["2001-03-05", "ret_bill"] = np.nan
    with pytest.raises(RegimeError, match="2001-03-05"):
        backtest.backtest_metrics(table, holed)
    with pytest.raises(RegimeError, match=r"1996-01-13 is not a session"):
        backtest.backtest_metrics(table.replace({"date": {table["date"][1]: pd.Timestamp("1996-01-13")}}), returns)
    late = returns.copy()
    late.iloc[:5] = np.nan  # before there was a bill rate, and where the last one is not in yet
    late.iloc[-1, 2] = np.nan
    assert backtest.backtest_metrics(table[5:], late) == pytest.approx(
        backtest.backtest_metrics(table[5:], returns.iloc[5:-1])
    )


def test_less_than_two_years_is_no_record(case):
    table, returns = case
    assert backtest.backtest_metrics(table[:60], returns) == {}
    assert backtest.backtest_metrics(table[:1], returns) == {}


def test_an_alarm_is_above_its_bound_by_hand():
    """At p = 1/2 a miss of weight 1 costs what an alarm costs: there is none, and one of four weeks is missed."""
    truth = np.array([True, False, False, False])
    assert backtest.cost_ratios(np.full(4, 0.5), truth)["cost_ratio_1"] == 1.0


def test_the_sharpe_ratio_of_one_day_and_of_two():
    assert backtest.sharpe(np.array([0.01])) == 0.0
    assert backtest.sharpe(np.array([0.01, 0.03])) == pytest.approx(0.02 / np.sqrt(0.0002) * np.sqrt(252))


def test_returns_that_are_all_missing_are_followed_on_no_session(case):
    table, returns = case
    nothing = returns.assign(ret_cap=np.nan)
    assert not len(backtest.schedule_of(pd.DatetimeIndex(table["date"][:5]), nothing).sessions)
    assert backtest.backtest_metrics(table[:5], nothing) == {}


def test_a_decision_between_the_last_two_sessions_is_none(case):
    table, returns = case
    cut = returns.loc[:"1996-02-05"]  # a Monday
    dates = pd.DatetimeIndex([*table["date"][:3], pd.Timestamp("1996-02-03")])
    with pytest.raises(RegimeError, match="1996-02-03 is not a session"):
        backtest.schedule_of(dates, cut)


@pytest.mark.parametrize(
    ("breakdown", "rotation", "in_out", "three_way"),
    [
        (1.5, 1.0, CAP, CAP),  # at the threshold one stays in, and an even turn does not lead
        (1.75, 3.0, BILL, BILL),
        (1.25, 1.25, CAP, CAP),  # level with breakdown's lift
        (1.25, 1.5, CAP, BROAD),
        (0.5, 1.0, CAP, CAP),  # level with its own base rate
        (0.5, 0.75, CAP, CAP),  # ahead of breakdown, below its own base rate
    ],
)
def test_positions_at_their_bounds(case, breakdown, rotation, in_out, three_way):
    """Base rates of 1/4 make every lift exact; the threshold is 1.5 in the first years."""
    table, returns = case
    rows = table[:10].assign(
        base_breakdown=0.25, base_rotation=0.25, p_breakdown=breakdown / 4, p_rotation=rotation / 4
    )
    made = backtest.decisions(rows, returns)
    assert (made["threshold"] == 1.5).all()
    assert (made["in_out"] == in_out).all()
    assert (made["three_way"] == three_way).all()


def test_the_return_ahead_of_the_mix_is_a_yearly_mean(case):
    table, returns = case
    got = backtest.backtest_metrics(table, returns)
    schedule = backtest.schedule_of(pd.DatetimeIndex(table["date"]), returns)
    held = backtest.decisions(table, returns)["in_out"].to_numpy()[schedule.decision]
    weights = np.array([np.mean(held == side) for side in (CAP, BILL, BROAD)])
    ahead = backtest.net(held, schedule.returns, 10) - backtest.mix(weights, schedule)
    assert got["return_in_out_gain_mix"] == pytest.approx(252 * ahead.mean())


def test_two_years_of_sessions_are_just_a_record(case):
    table, returns = case
    rows = table[:120]
    sessions = backtest.schedule_of(pd.DatetimeIndex(rows["date"]), returns).sessions
    last = returns.index.get_loc(sessions[503])
    assert "sharpe_in_out" in backtest.backtest_metrics(rows, returns.iloc[: last + 1])
    assert backtest.backtest_metrics(rows, returns.iloc[:last]) == {}


@pytest.mark.parametrize(("weeks", "chosen"), [(0, True), (1, False)])
def test_five_years_to_the_day_are_enough(case, weeks, chosen):
    """1996-01-05 and 2001-01-05 are both Fridays; a fold that begins a week before the fifth year has no choice yet."""
    table, returns = case
    assert list(table["date"].iloc[[0, 261]].dt.strftime("%F")) == ["1996-01-05", "2001-01-05"]
    begins = 261 - weeks
    rows = table[:270].assign(refit=np.where(np.arange(270) < begins, 0, 1))
    got = backtest.decisions(rows, returns)["threshold"]
    assert (got.iloc[:begins] == 1.5).all()
    sharpes = []
    lift = (rows["p_breakdown"] / rows["base_breakdown"]).to_numpy()
    schedule = backtest.schedule_of(pd.DatetimeIndex(rows["date"]), returns)
    past = schedule.sessions <= rows["date"].iloc[begins]
    for bound in np.arange(11, 31) / 10:
        held = np.where(lift > bound, BILL, CAP)[schedule.decision]
        excess = (backtest.net(held, schedule.returns, 10) - schedule.returns[:, BILL])[past]
        sharpes.append(excess.mean() / excess.std(ddof=1))
    best = (11 + int(np.argmax(sharpes))) / 10
    assert best != 1.5
    assert (got.iloc[begins:] == (best if chosen else 1.5)).all()


def test_the_metrics_of_a_rule_come_beside_those_of_the_probabilities(case):
    table, returns = case
    alone, both = metrics.evaluate(table), metrics.evaluate(table, returns)
    assert alone.items() <= both.items()
    assert "sharpe_in_out" in both
    assert "sharpe_in_out" not in alone


def _every_other_week(cautious, calm, bill):
    """Threshold after five years in which every other week's lift is 1.15 and no other week's is above 1.

    `cautious` and `calm` are the cap leg's daily returns over bills, in turn,
    in the sessions that such a week's decision and another one's earn.
    """
    sessions = calendar.sessions(pd.Timestamp("2000-01-03"), pd.Timestamp("2006-06-30"))
    dates = sessions[sessions.day_of_week == 2]
    returns = pd.DataFrame({"ret_broad": 0.0, "ret_cap": 0.0, "ret_bill": bill}, sessions)
    schedule = backtest.schedule_of(dates, returns)
    high = np.arange(len(dates)) % 2 == 1
    turn = np.arange(len(schedule.sessions)) % 2
    over = np.where(high[schedule.decision], np.take(cautious, turn), np.take(calm, turn))
    schedule.returns[:, CAP] = bill + over
    refit = (dates >= dates[0] + pd.DateOffset(years=5)).astype(int)
    return backtest.thresholds(np.where(high, 1.15, 1.0), refit, schedule)[-1]


def test_the_threshold_is_chosen_over_bills():
    """At 0.1 % a day bills would outweigh all else if they were added and not taken off."""
    assert _every_other_week(cautious=(0.006, -0.004), calm=(0.003, -0.0025), bill=0.001) == 1.2


def test_the_threshold_is_chosen_at_the_headline_cost():
    """A week out saves 30 bp: worth two switches of 10 bp, and not of 25."""
    assert _every_other_week(cautious=(-0.0006, -0.0006), calm=(0.0035, -0.0025), bill=0.0001) == 1.1


def test_the_last_ten_years_end_with_the_last_session(case):
    _, returns = case
    sessions = pd.bdate_range("2000-01-03", "2015-12-31")
    days = pd.DataFrame(0.001, sessions, returns.columns)
    positions = pd.Series(0, pd.date_range("2000-01-07", "2015-11-27", freq="W-FRI"))
    found = backtest._by_period(positions, days, lambda _, __, on: {"days": float(on.sum())})
    last = backtest.schedule_of(pd.DatetimeIndex(positions.index), days).sessions
    assert found["days"] == len(last)
    assert found["days_last_10_years"] == (last > last[-1] - pd.DateOffset(years=10)).sum()
