"""The backtest of two trading rules on the probabilities, after costs and without hindsight.

The decision is made at the close of session t and traded at the close of t+1:
a position earns from the return of session t+2 until the next decision's takes
over. *In-out* holds the cap leg, or T-bills where P(breakdown) over its base
rate is above a threshold; *three-way*, from 2003-05, also the broad leg.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models.evaluation import bootstrap
from models.evaluation.predictions import in_period, outcomes_of, periods

RETURNS = ("ret_cap", "ret_bill", "ret_broad")  # in the order of the positions below
CAP, BILL, BROAD = range(3)
DELAY = 2  # sessions from the decision to the first return a position earns
COSTS = (10, 25, 50)  # basis points of the whole amount a switch; the first is the headline
THRESHOLDS = np.round(np.arange(1.1, 3.01, 0.1), 1)  # from the verdict's margin, a tenth above the base rate
DEFAULT_THRESHOLD = 1.5  # until five years of out-of-sample weeks lie behind a fold
PAST_YEARS = 5
THREE_WAY_SINCE = pd.Timestamp("2003-05-02")  # the broad leg is a fund one can buy
SESSIONS_A_YEAR = 252
BLOCKS = (126, 252)  # sessions: half a year and a year
WEIGHTS = tuple(range(1, 11))


def cost_ratios(p: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """`cost_ratio_1` to `cost_ratio_10`: mean cost of alarms, over that of the better constant policy.

    A missed breakdown costs w, a false alarm 1, all else 0. The model alarms
    where p > 1/(1+w), which is optimal if p is calibrated. The reference is the
    cheaper of always alarming (1 - s) and never (w s), s the share of breakdown
    in these very weeks: it knows in hindsight which of the two to be. Below 1
    the probabilities were worth something (Richardson 2000). Assumes that the
    cost is the same in every week.

    Parameters
    ----------
    p : float array, (weeks,)
        Probability of breakdown.
    truth : bool array, (weeks,)
        Whether it happened.
    """
    out = {}
    share = truth.mean()
    for weight in WEIGHTS:
        alarm = p > 1.0 / (1.0 + weight)
        cost = np.mean(alarm & ~truth) + weight * np.mean(~alarm & truth)
        reference = min(1.0 - share, weight * share)
        out[f"cost_ratio_{weight}"] = float(cost / reference) if reference > 0.0 else float("nan")
    return out


def sharpe(excess: np.ndarray) -> float:
    """Annualised Sharpe ratio of daily returns over bills; 0 for a series without variation.

    Assumes independent days when it scales by the square root of 252.
    """
    spread = excess.std(ddof=1) if len(excess) > 1 else 0.0
    return float(excess.mean() / spread * np.sqrt(SESSIONS_A_YEAR)) if spread > 0.0 else 0.0


def max_drawdown(total: np.ndarray) -> float:
    """Deepest fall of wealth from its running peak, at closes, as a negative decimal.

    `total` are daily total returns, not over bills; the start counts as a peak.
    """
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + total)])
    return float((wealth / np.maximum.accumulate(wealth) - 1.0).min())


@dataclass(frozen=True)
class Schedule:
    """Decisions, and the sessions they are in force on.

    Attributes
    ----------
    dates : DatetimeIndex, (decisions,)
    sessions : DatetimeIndex, (sessions,)
        From the first return the first decision earns to the last before the
        last decision's position begins.
    decision : int array, (sessions,)
        The decision whose position earns each session's return.
    returns : float array, (sessions, 3)
        Of cap leg, bills, broad leg.
    """

    dates: pd.DatetimeIndex
    sessions: pd.DatetimeIndex
    decision: np.ndarray
    returns: np.ndarray


def schedule_of(dates: pd.DatetimeIndex, returns: pd.DataFrame) -> Schedule:
    """Which decision earns which session's return, `DELAY` sessions later; `dates` must be sorted.

    Raises
    ------
    RegimeError
        Returns are missing in the midst of the sessions, or a decision is not a session.
    """
    known = returns[list(RETURNS)].notna().all(axis=1).to_numpy()
    places = np.flatnonzero(known)
    inner = returns.iloc[places[0] : places[-1] + 1] if len(places) else returns.iloc[:0]
    if len(inner) != len(places):
        gap = inner.index[inner[list(RETURNS)].isna().any(axis=1)][0]
        raise RegimeError(f"returns are missing on {gap.date()}: legs and bills are needed on every session")
    unknown = dates[(dates <= returns.index[-1]) & ~dates.isin(returns.index)]
    if len(unknown):
        raise RegimeError(f"the decision of {unknown[0].date()} is not a session of the returns")
    begins = inner.index.searchsorted(dates, side="right") - 1 + DELAY
    window = np.arange(begins[0], max(begins[0], min(begins[-1], len(inner))))
    decision = np.searchsorted(begins, window, side="right") - 1
    return Schedule(dates, inner.index[window], decision, inner[list(RETURNS)].to_numpy(float)[window])


def net(positions: np.ndarray, returns: np.ndarray, basis_points: float) -> np.ndarray:
    """Daily total returns of a sequence of positions, shape (sessions,).

    The cost of a switch is charged on the new position's first session; taking
    the first position of all is free, as it is for buy-and-hold.

    Parameters
    ----------
    positions : int array, (sessions,)
        Column of `returns` held on each session.
    returns : float array, (sessions, 3)
    """
    switched = np.concatenate([[False], positions[1:] != positions[:-1]])
    return np.asarray(returns[np.arange(len(positions)), positions] - switched * basis_points * 1e-4)


def thresholds(lift: np.ndarray, refit: np.ndarray, schedule: Schedule) -> np.ndarray:
    """The threshold in force for each decision, shape (decisions,), chosen on its fold's past alone.

    At the close of a fold's first decision: the lowest of the `THRESHOLDS` with
    the highest Sharpe ratio of in-out at 10 bp over all out-of-sample sessions
    up to and including that one, every candidate having been followed
    throughout. `DEFAULT_THRESHOLD` while fewer than `PAST_YEARS` years of
    decisions lie behind.

    Parameters
    ----------
    lift : float array, (decisions,)
        P(breakdown) over its base rate.
    refit : array, (decisions,)
        Equal within a fold.
    """
    out = np.full(len(lift), DEFAULT_THRESHOLD)
    sides = (lift[:, None] > THRESHOLDS).astype(int)[schedule.decision]  # CAP or BILL, for each candidate
    excess = np.column_stack([net(side, schedule.returns, COSTS[0]) - schedule.returns[:, BILL] for side in sides.T])
    first = schedule.dates[0] + pd.DateOffset(years=PAST_YEARS)
    for start in np.flatnonzero(np.concatenate([[True], refit[1:] != refit[:-1]])):
        if schedule.dates[start] >= first:
            past = excess[: schedule.sessions.searchsorted(schedule.dates[start], side="right")]
            out[start:] = THRESHOLDS[int(np.argmax([sharpe(one) for one in past.T]))]
    return out


def mix(weights: np.ndarray, schedule: Schedule) -> np.ndarray:
    """Daily total returns of constant weights in cap leg, bills and broad leg, shape (sessions,).

    Brought back to `weights`, (3,), whenever a new decision takes over, at the
    headline cost on what is traded.
    """
    parts = weights * pd.DataFrame(1.0 + schedule.returns).groupby(schedule.decision).cumprod().to_numpy()
    wealth = parts.sum(axis=1)
    fresh = np.concatenate([[True], schedule.decision[1:] != schedule.decision[:-1]])
    before = np.where(fresh, 1.0, np.concatenate([[1.0], wealth[:-1]]))
    drifted = np.concatenate([weights[None, :], (parts / wealth[:, None])[:-1]])
    traded = np.abs(drifted - weights).sum(axis=1) / 2.0  # what is sold is bought
    return np.asarray(wealth / before - 1.0 - fresh * traded * COSTS[0] * 1e-4)


def _sharpe_gain(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Difference of two Sharpe ratios and its 90 % interval; days resampled together, in blocks."""

    def ratio(mean: np.ndarray, square: np.ndarray) -> np.ndarray:
        return np.asarray(mean / np.sqrt(np.maximum(square - mean**2, 1e-18)) * np.sqrt(SESSIONS_A_YEAR))

    def difference(a: np.ndarray, aa: np.ndarray, b: np.ndarray, bb: np.ndarray) -> np.ndarray:
        return np.asarray(ratio(a, aa) - ratio(b, bb))

    low, high = bootstrap.interval(difference, (one, one**2, other, other**2), BLOCKS)
    return sharpe(one) - sharpe(other), low, high


def _gain(name: str, values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _followed(name: str, positions: np.ndarray, schedule: Schedule, on: np.ndarray) -> dict[str, float]:
    """Metrics of holding positions over the sessions where `on`, which has no gaps."""
    cap, bill = schedule.returns[on, CAP], schedule.returns[on, BILL]
    held = {cost: net(positions, schedule.returns, cost)[on] for cost in COSTS}
    total = held[COSTS[0]]
    out = {f"sharpe_{name}": sharpe(total - bill), f"max_drawdown_{name}": max_drawdown(total)}
    out |= {f"sharpe_{name}_{cost}bp": sharpe(held[cost] - bill) for cost in COSTS[1:]}
    out[f"switches_{name}"] = float(np.sum(np.diff(positions[on]) != 0))
    out |= _gain(f"sharpe_{name}_gain", _sharpe_gain(total - bill, cap - bill))
    steady = mix(_exposure(positions[on]), schedule)[on]
    out |= _gain(f"sharpe_{name}_gain_mix", _sharpe_gain(total - bill, steady - bill))
    ahead = (total - steady) * SESSIONS_A_YEAR
    return out | _gain(
        f"return_{name}_gain_mix", (float(ahead.mean()), *bootstrap.interval(lambda x: x, (ahead,), BLOCKS))
    )


def _exposure(positions: np.ndarray) -> np.ndarray:
    """Share of the sessions in cap leg, bills and broad leg."""
    return np.bincount(positions, minlength=3) / len(positions)


def _in_out(positions: np.ndarray, schedule: Schedule, on: np.ndarray) -> dict[str, float]:
    """Metrics of in-out, and of what it is compared with."""
    cap, bill, share = schedule.returns[on, CAP], schedule.returns[on, BILL], _exposure(positions[on])
    return _followed("in_out", positions, schedule, on) | {
        "exposure_in_out": float(share[CAP]),
        "max_drawdown_mix": max_drawdown(mix(share, schedule)[on]),
        "sharpe_buy_and_hold": sharpe(cap - bill),
        "max_drawdown_buy_and_hold": max_drawdown(cap),
    }


def _three_way(positions: np.ndarray, schedule: Schedule, on: np.ndarray) -> dict[str, float]:
    return _followed("three_way", positions, schedule, on)


def decisions(table: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """The positions that follow from a table of predictions, a row a decision.

    Indexed by `date`; columns `threshold`, `in_out` and, for a label with
    rotation, `three_way`: 0 cap leg, 1 bills, 2 broad leg. Three-way is out when
    in-out is; else it holds the broad leg where P(rotation) over its base rate
    is above 1 and above breakdown's lift, else the cap leg.
    Unmatured weeks decide too: a decision needs no outcome.
    """
    rows = table.sort_values("date", kind="stable")
    lift = (rows["p_breakdown"] / rows["base_breakdown"]).to_numpy(float)
    schedule = schedule_of(pd.DatetimeIndex(rows["date"]), returns)
    threshold = thresholds(lift, rows["refit"].to_numpy(), schedule)
    out = pd.DataFrame({"threshold": threshold, "in_out": np.where(lift > threshold, BILL, CAP)}, index=schedule.dates)
    if "rotation" in outcomes_of(table):
        turn = (rows["p_rotation"] / rows["base_rotation"]).to_numpy(float)
        leads = (turn > 1.0) & (turn > lift)
        out["three_way"] = np.where(out["in_out"] == BILL, BILL, np.where(leads, BROAD, CAP))
    return out


def backtest_metrics(table: pd.DataFrame, returns: pd.DataFrame) -> dict[str, float]:
    """In-out and three-way after costs, beside buy-and-hold and a constant mix; overall and by period.

    Parameters
    ----------
    table : DataFrame
        `date`, `refit`, `p_<outcome>`, `base_<outcome>` with `breakdown` among the outcomes.
    returns : DataFrame, (sessions, `ret_broad`, `ret_cap`, `ret_bill`)

    Returns
    -------
    Sharpe ratios annualised and over bills, drawdowns as negative decimals,
    intervals 90 %. Empty for less than two years of sessions; so is a period.

    Notes
    -----
    Assumes that one trades at the close at the stated cost in any size, that
    bills are always there, and no tax. The mix's weights are the rule's average
    exposure, known only afterwards. A Sharpe ratio does not see leverage, so the
    mix's is nearly buy-and-hold's; what tells them apart is
    `return_in_out_gain_mix`, the yearly return ahead of the mix at equal exposure.
    """
    made = decisions(table, returns)
    out = _by_period(made["in_out"], returns, _in_out)
    if "three_way" in made:
        out |= _by_period(made.loc[THREE_WAY_SINCE:, "three_way"], returns, _three_way)
    return out


def _by_period(
    positions: pd.Series, returns: pd.DataFrame, measure: Callable[..., dict[str, float]]
) -> dict[str, float]:
    if not len(positions):
        return {}
    schedule = schedule_of(pd.DatetimeIndex(positions.index), returns)
    if not len(schedule.sessions):
        return {}
    held = positions.to_numpy()[schedule.decision]
    out: dict[str, float] = {}
    for suffix, (start, end) in {"": (None, None), **periods(schedule.sessions[-1])}.items():
        on = in_period(schedule.sessions, start, end)
        if on.sum() >= 2 * max(BLOCKS):
            out |= {f"{name}{suffix}": value for name, value in measure(held, schedule, on).items()}
    return out
