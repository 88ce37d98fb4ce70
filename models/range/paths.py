"""What the legs did in the sessions after each decision: returns, lowest close and volatility of the horizon.

This is the range's outcome, so it looks forward by construction; a fit reads a
row only once its horizon has ended (`Ahead.ended_before`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.data.errors import RegimeError

if TYPE_CHECKING:  # its import reads every family of features, which a kept call does without
    from features.dataset import Dataset

LEGS = ("broad", "cap", "spread")
HORIZONS = (5, 21, 63)  # sessions
LONGEST = 252
LEAST_VOLATILITY = 1e-4  # a day: the log of a realised volatility needs a floor
WARM_UP = 504  # sessions of both legs before the first fold: two years


@dataclass(frozen=True)
class Legs:
    """Daily log returns of the legs, and where the decisions stand among the sessions.

    Attributes
    ----------
    sessions : DatetimeIndex, (sessions,)
    broad, cap : float array, (sessions,)
    decisions : DatetimeIndex, (weeks,)
    places : int array, (weeks,)
        Position of each decision in `sessions`.
    """

    sessions: pd.DatetimeIndex
    broad: np.ndarray
    cap: np.ndarray
    decisions: pd.DatetimeIndex
    places: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """Log return of the broad leg over the cap leg, (sessions,)."""
        return np.asarray(self.broad - self.cap)


@dataclass(frozen=True)
class Ahead:
    """The horizon after each decision; NaN where the data end within it. All arrays are (weeks,).

    Attributes
    ----------
    horizon : int
        Sessions.
    broad, spread : float array
        Log returns over the horizon; the cap leg's is their difference.
    lowest : float array
        Lowest log close of the broad leg within the horizon, against the decision's close.
    volatility, spread_volatility : float array
        Root mean square of the daily log returns.
    ends : int array
        Position of the horizon's last session.
    """

    horizon: int
    broad: np.ndarray
    spread: np.ndarray
    lowest: np.ndarray
    volatility: np.ndarray
    spread_volatility: np.ndarray
    ends: np.ndarray

    def ended_before(self, place: int) -> np.ndarray:
        """Whether the horizon had ended, and was whole, before the session at `place`, (weeks,)."""
        return np.asarray((self.ends < place) & np.isfinite(self.broad) & np.isfinite(self.spread))


def read_legs(dataset: Dataset) -> Legs:
    """The legs of a data set.

    Raises
    ------
    RegimeError
        No broad leg, no cap leg, or fewer than `WARM_UP` sessions of both.
    """
    returns = dataset.returns
    for name in ("ret_broad", "ret_cap"):
        if name not in returns or returns[name].notna().sum() == 0:
            raise RegimeError(f"the range needs daily returns of both legs: {name} has no value in this data set")
    whole = int(returns[["ret_broad", "ret_cap"]].notna().all(axis=1).sum())
    if whole < WARM_UP:
        raise RegimeError(f"the range needs {WARM_UP} sessions (two years) of both legs: there are {whole}")
    sessions, decisions = pd.DatetimeIndex(returns.index), pd.DatetimeIndex(dataset.X.index)
    logs = np.log1p(returns[["ret_broad", "ret_cap"]].to_numpy(float))
    return Legs(sessions, logs[:, 0], logs[:, 1], decisions, sessions.searchsorted(decisions))


def last_decisions(legs: Legs, date: pd.Timestamp, years: int) -> Legs:
    """The legs with the decisions of the `years` up to `date` alone; the daily returns stay."""
    kept = np.asarray((legs.decisions <= date) & (legs.decisions >= date - pd.DateOffset(years=years)))
    return replace(legs, decisions=legs.decisions[kept], places=legs.places[kept])


def check_horizon(horizon: int) -> int:
    """The horizon itself; RegimeError for one below 1 or above `LONGEST`."""
    if not 1 <= horizon <= LONGEST:
        raise RegimeError(f"horizon {horizon}: a number of sessions from 1 to {LONGEST} is needed")
    return horizon


def ahead(legs: Legs, horizon: int) -> Ahead:
    """What followed each decision over `horizon` sessions."""
    check_horizon(horizon)
    ends = legs.places + horizon
    whole = ends < len(legs.sessions)
    rows = (legs.places[whole, None] + 1) + np.arange(horizon)
    broad, spread = legs.broad[rows], legs.spread[rows]
    lines = np.cumsum(broad, axis=1)

    def everywhere(values: np.ndarray) -> np.ndarray:
        out = np.full(len(ends), np.nan)
        out[whole] = values
        return out

    return Ahead(
        horizon,
        everywhere(lines[:, -1]),
        everywhere(spread.sum(axis=1)),
        everywhere(lines.min(axis=1)),
        everywhere(np.sqrt((broad**2).mean(axis=1))),
        everywhere(np.sqrt((spread**2).mean(axis=1))),
        ends,
    )


def past_windows(values: np.ndarray, places: np.ndarray, window: int) -> np.ndarray:
    """The `window` values up to and including each place, (weeks, window); NaN rows where history is shorter.

    Each row is read alone, so its statistics have the same bits however long
    the history around it is.
    """
    rows = places[:, None] - np.arange(window - 1, -1, -1)
    out = np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan)
    out[(rows < 0).any(axis=1)] = np.nan
    return np.asarray(out)
