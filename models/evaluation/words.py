"""Words that were right: which word a week gets, what it claims, what followed it, and whether it may be printed.

A word follows from the place of a reading among the last ten years' readings by the
*same fit*, so that a refit moves no word by itself. It is entered at `ENTER` and
left at `LEAVE`, and its state is recomputed from the last `WEEKS` weeks, never
remembered: a replay and a live call give the same word.

Size words read the width of the range: `turbulent` high, `calm` low, `usual`
between. They claim the realised volatility of the horizon against its own past:
the highest, the lowest and the middle third of the ten years that had matured by
then. Direction words read the head-to-head, and claim the outcome of their name.

A word may be printed only if what it claims followed it more often than otherwise
(the one-sided 95 % block bound of the difference of shares lies above zero, over all
weeks and over the last ten years) and, for a direction word, more often than the
opposite outcome in both spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from features.data.calendar import HORIZON
from models.evaluation.bootstrap import BLOCKS, interval
from models.evaluation.predictions import LAST_YEARS
from models.evaluation.verdicts import breakdown_spans

if TYPE_CHECKING:  # its import reads every family of features, which a kept call does without
    from features.dataset import Dataset

RANK_YEARS = 10
LEAST_READINGS = 104  # earlier ones that a rank needs
# Chosen on the weeks of 1940-1989 and on no other (docs/method.md).
ENTER = 0.85
LEAVE = 0.70
WEEKS = 26
THIRDS = (1.0 / 3.0, 2.0 / 3.0)
Size = Literal["calm", "usual", "turbulent"]
Side = Literal["breakdown", "neither", "rotation"]
SIZES: dict[int, Size] = {-1: "calm", 0: "usual", 1: "turbulent"}
DIRECTIONS: dict[int, Side] = {-1: "breakdown", 0: "neither", 1: "rotation"}
OPPOSITE = {"rotation": "breakdown", "breakdown": "rotation"}
WEEKS_A_YEAR = 52.18
ROWS_AT_ONCE = 256  # whose ranks are found at once: a bound of memory


def ranks(readings: np.ndarray, dates: pd.DatetimeIndex) -> np.ndarray:
    """Share of the readings of the ten years before that are lower, ties a half, (weeks,).

    NaN with fewer than `LEAST_READINGS` of them, or where they are all equal.

    Parameters
    ----------
    readings : float array, (weeks,)
        By one fit.
    dates : DatetimeIndex, (weeks,)
        Sorted.
    """
    out = np.full(len(readings), np.nan)
    known = np.flatnonzero(np.isfinite(readings))
    values, place = readings[known], np.arange(len(known))
    first = known.searchsorted(dates.searchsorted(dates[known] - pd.DateOffset(years=RANK_YEARS)))
    count = place - first
    changes = np.append(0, np.cumsum(values[1:] != values[:-1])) if len(values) else count
    ranked = place[(count >= LEAST_READINGS) & (changes[place - 1] > changes[first])]
    for start in range(0, len(ranked), ROWS_AT_ONCE):
        rows = ranked[start : start + ROWS_AT_ONCE]
        before = np.arange(first[rows[0]], rows[-1])
        inside = (before >= first[rows][:, None]) & (before < rows[:, None])
        lower = ((values[before] < values[rows][:, None]) & inside).sum(axis=1)
        equal = ((values[before] == values[rows][:, None]) & inside).sum(axis=1)
        out[known[rows]] = lower / count[rows] + 0.5 * (equal / count[rows])
    return out


def states(rank: np.ndarray, enter: float = ENTER, leave: float = LEAVE) -> np.ndarray:
    """State of each week from its own last `WEEKS` ranks alone: 1 high, -1 low, 0 between; float, (weeks,).

    NaN where the week has no rank. A week without a rank in between brings the state back to 0.
    """
    state = np.zeros(len(rank))
    for back in range(min(WEEKS, len(rank)) - 1, -1, -1):  # every week goes through its own last ranks, oldest first
        value = rank[: len(rank) - back]
        stays = ((state[back:] == 1) & (value >= leave)) | ((state[back:] == -1) & (value <= 1.0 - leave))
        entered = np.where(value >= enter, 1.0, np.where(value <= 1.0 - enter, -1.0, 0.0))
        state[back:] = np.where(stays, state[back:], entered)
    return np.where(np.isfinite(rank), state, np.nan)


def size_events(volatility: np.ndarray, ends: pd.DatetimeIndex, dates: pd.DatetimeIndex) -> np.ndarray:
    """Which third of its own past the realised volatility fell into: -1, 0 or 1; float, (weeks,).

    The past of a decision are the horizons of the ten years before it that had ended by then.

    Parameters
    ----------
    volatility : float array, (weeks,)
        Of the horizon after each decision; NaN where it has not ended.
    ends : DatetimeIndex, (weeks,)
        Last session of each horizon.
    dates : DatetimeIndex, (weeks,)
        Decisions, sorted.
    """
    out = np.full(len(dates), np.nan)
    known = np.isfinite(volatility)
    for place in np.flatnonzero(known):
        since = dates[place] - pd.DateOffset(years=RANK_YEARS)
        past = known & np.asarray((ends < dates[place]) & (dates >= since))
        if past.sum() >= LEAST_READINGS:
            low, high = np.quantile(volatility[past], THIRDS)
            out[place] = -1.0 if volatility[place] < low else 1.0 if volatility[place] > high else 0.0
    return out


@dataclass(frozen=True)
class Followed:
    """What followed a word, and whether it may be printed.

    Shares are of its weeks; `event` is that of what the word claims, `otherwise` the
    same share of the other weeks, and `bound`, `bound_last_10_years` the one-sided
    95 % block bounds of the difference (NaN with too few weeks). `at_onsets` is the
    share of breakdown episodes in whose first week it stood. Returns are the broad
    leg's over 21 sessions.
    """

    weeks: int
    runs_a_year: float
    mean_return: float
    q10: float
    q90: float
    breakdown: float
    rotation: float
    at_onsets: float
    event: float
    otherwise: float
    bound: float
    bound_last_10_years: float
    earned: bool


def record(table: pd.DataFrame) -> dict[str, Followed]:
    """What followed each word of one kind.

    Parameters
    ----------
    table : DataFrame, (matured weeks, ...)
        In the order of time: `date`, `word`, `claim` (the word that what happened makes right; None where it is not
        known), `outcome`, `realised` (return of the broad leg).
    """
    found = {}
    spans = (table, last_years(table))
    onsets = [first for first, _ in breakdown_spans(table)]
    for word in table["word"].dropna().unique():
        said = (table["word"] == word).to_numpy()
        part = table[said]
        bounds = [_bound(one, str(word)) for one in spans]
        came, other = _shares(table, str(word))
        starts = int((said & ~np.concatenate([[False], said[:-1]])).sum())
        at = table["date"].isin(onsets).to_numpy()
        found[str(word)] = Followed(
            weeks=len(part),
            runs_a_year=starts * WEEKS_A_YEAR / len(table),
            mean_return=float(part["realised"].mean()),
            q10=float(part["realised"].quantile(0.1)),
            q90=float(part["realised"].quantile(0.9)),
            breakdown=float((part["outcome"] == "breakdown").mean()),
            rotation=float((part["outcome"] == "rotation").mean()),
            at_onsets=float(said[at].mean()) if at.any() else float("nan"),
            event=came,
            otherwise=other,
            bound=bounds[0],
            bound_last_10_years=bounds[1],
            earned=all(bound > 0.0 for bound in bounds) and all(_beats_opposite(one, str(word)) for one in spans),
        )
    return found


def size_states(ranges: pd.DataFrame) -> pd.Series:
    """States of the width by decision date, from a stored walk-forward of the range (its `size` column)."""
    month = ranges[(ranges["leg"] == "broad") & (ranges["horizon"] == HORIZON)]
    return pd.Series(month["size"].to_numpy(float), pd.DatetimeIndex(month["date"]))


def direction_states(table: pd.DataFrame) -> pd.Series:
    """States of the head-to-head by decision date, from a stored walk-forward (its `direction` column)."""
    return pd.Series(table["direction"].to_numpy(float), pd.DatetimeIndex(table["date"]))


def size_claims(dataset: Dataset, dates: pd.DatetimeIndex) -> pd.Series:
    """The size word that what happened makes right, by decision date; None where it is not known.

    That is the third of its own past that the realised volatility of the horizon fell into, by `size_events`. The past
    is made of the horizons after `dates` alone.

    Parameters
    ----------
    dataset : Dataset
    dates : DatetimeIndex, (weeks,)
        Decisions of `dataset`, sorted.
    """
    sessions = pd.DatetimeIndex(dataset.returns.index)
    place = sessions.searchsorted(dates)
    returns = np.log1p(dataset.returns["ret_broad"].to_numpy(float))
    squares = np.concatenate([[0.0], np.cumsum(np.nan_to_num(returns) ** 2)])
    known = place + HORIZON < len(returns)
    volatility = np.full(len(place), np.nan)
    volatility[known] = np.sqrt((squares[place[known] + HORIZON + 1] - squares[place[known] + 1]) / HORIZON)
    ends = sessions[np.minimum(place + HORIZON, len(returns) - 1)]
    return pd.Series(_named(size_events(volatility, ends, dates), SIZES), dates, dtype=object)


def size_table(dataset: Dataset, state: pd.Series) -> pd.DataFrame:
    """What `record` reads, from the states of the width by decision date, with what is known in `dataset`."""
    table, dates = _happened(dataset, pd.DatetimeIndex(state.index))
    table["word"] = _named(state.reindex(dates).to_numpy(float), SIZES)
    table["claim"] = size_claims(dataset, dates).to_numpy()
    return _usable(table)


def direction_table(dataset: Dataset, state: pd.Series) -> pd.DataFrame:
    """What `record` reads, from the states of the head-to-head by decision date, with what is known in `dataset`."""
    table, dates = _happened(dataset, pd.DatetimeIndex(state.index))
    table["word"] = _named(state.reindex(dates).to_numpy(float), DIRECTIONS)
    table["claim"] = table["outcome"]
    return _usable(table)


def _happened(dataset: Dataset, dates: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """`date`, `outcome`, `realised` of the decisions that `dataset` holds, and their dates."""
    dates = dates[dates.isin(dataset.X.index)].sort_values()
    sessions = pd.DatetimeIndex(dataset.returns.index)
    place = sessions.searchsorted(dates)
    level = np.concatenate([[0.0], np.cumsum(np.nan_to_num(np.log1p(dataset.returns["ret_broad"].to_numpy(float))))])
    known = place + HORIZON < len(sessions)
    realised = np.full(len(dates), np.nan)
    realised[known] = np.expm1(level[place[known] + HORIZON + 1] - level[place[known] + 1])
    table = pd.DataFrame({"date": dates, "outcome": dataset.outcome.reindex(dates).to_numpy(), "realised": realised})
    return table, dates


def _usable(table: pd.DataFrame) -> pd.DataFrame:
    """The matured rows that have a word."""
    return table[table["outcome"].notna() & table["word"].notna()].reset_index(drop=True)


def _named(state: np.ndarray, names: Mapping[int, str]) -> np.ndarray:
    return np.array([None if np.isnan(one) else names[int(one)] for one in state], dtype=object)


def last_years(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last ten years of the record."""
    return table[table["date"] > table["date"].max() - pd.DateOffset(years=LAST_YEARS)]


def _shares(table: pd.DataFrame, word: str) -> tuple[float, float]:
    known = table[table["claim"].notna()]
    said, right = known["word"] == word, known["claim"] == word
    return float(right[said].mean()), float(right[~said].mean())


def _bound(table: pd.DataFrame, word: str) -> float:
    """One-sided 95 % bound of the share right after the word less the same share after the others."""
    known = (table["claim"].notna() & table["word"].notna()).to_numpy()
    said = known & (table["word"] == word).to_numpy()
    other, right = known & ~said, (table["claim"] == word).to_numpy()

    def difference(hit: np.ndarray, share: np.ndarray, missed: np.ndarray, rest: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):  # a replication may hold none of its weeks
            return np.asarray(hit / share - missed / rest)

    if not said.any() or not other.any():
        return float("nan")
    series = tuple(one.astype(float) for one in (said & right, said, other & right, other))
    return interval(difference, series, BLOCKS)[0]  # the lower end of 90 %


def _beats_opposite(table: pd.DataFrame, word: str) -> bool:
    if word not in OPPOSITE:
        return True
    claims = table.loc[table["word"] == word, "claim"]
    return bool((claims == word).mean() > (claims == OPPOSITE[word]).mean())
