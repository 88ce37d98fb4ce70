"""One row a group and week: what was known of the group at the decision, and how it then did against the cap leg.

Every value is causal and of a finite window; the weeks are those of the calls.
Nothing here is fitted. What followed comes from `features.labels`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features import groups, labels
from features.data import calendar
from features.data.arrays import Floats
from features.data.errors import RegimeError
from features.data.store import Snapshot
from features.families.sectors import momentum, ratio
from features.groups import GroupReturns
from features.rolling import highest, lagged, mean, std, total

FIRST = pd.Timestamp("1927-01-01")
YEAR = 252
LEAST_GROUPS = 5  # a week with fewer has no rank correlation
HORIZONS = (21, 63)
happened = labels.group_outcome
QUADRANTS = ("lagging", "improving", "weakening", "leading")
OWN: dict[str, str] = {
    "relative_21": "return over the cap leg, 21 sessions",
    "relative_63": "return over the cap leg, 63 sessions",
    "relative_252": "return over the cap leg, 252 sessions",
    "momentum": "return over the cap leg, 252 sessions without the last 21",
    "distance": "relative strength below its 252-session high",
    "beta": "beta to the cap leg, 252 sessions",
    "volatility_21": "log of the relative return's volatility, 21 sessions",
    "volatility_63": "log of the relative return's volatility, 63 sessions",
    "volatility_252": "log of the relative return's volatility, 252 sessions",
    "rs_ratio": "rotation graph: strength around 100",
    "rs_momentum": "rotation graph: momentum around 100",
    "sensitivity": "beta of the relative return to equal minus cap weight, 252 sessions",
}
AMONG = tuple(f"{name}_among" for name in OWN)  # the same less the mean of that week's groups
MARKET = "market_volatility_21"
QUADRANT = "quadrant"  # position in `QUADRANTS`
FEATURES = (*OWN, QUADRANT, MARKET, *AMONG)


@dataclass(frozen=True)
class Rows:
    """The rows of one universe.

    Attributes
    ----------
    X : ndarray, (weeks, groups, features)
        In the order of `FEATURES`; NaN where the group has no year of returns yet.
    ahead : dict of int to ndarray, (weeks, groups)
        By horizon, the return over the cap leg, a decimal; NaN where it has not ended.
    on_fund : ndarray of bool, (weeks, groups)
        The decision could be carried out in a fund.
    """

    X: Floats
    ahead: dict[int, Floats]
    on_fund: np.ndarray

    def column(self, name: str) -> Floats:
        """One feature, (weeks, groups)."""
        return np.asarray(self.X[:, :, FEATURES.index(name)])

    @property
    def known(self) -> np.ndarray:
        """Whether the group can be judged in the week, (weeks, groups)."""
        return np.asarray(np.isfinite(self.column("momentum")) & np.isfinite(self.column("rs_momentum")))


@dataclass(frozen=True)
class GroupPanel:
    """The pooled panel of a snapshot.

    Attributes
    ----------
    dates : DatetimeIndex, (weeks,)
    ends : dict of int to Series
        By horizon, the session on which it ends, by decision date.
    rows : dict of str to Rows
        `library` throughout, and `joined`: the library until a fund exists, then the fund.
    outcome : Series of object
        What the week became (`path`); NA until known.
    faltering : Series of bool
        The leaders trailed the broad leg over 21 sessions.
    missing : tuple of str
        Groups without any return.
    digest, source : str
    """

    dates: pd.DatetimeIndex
    ends: dict[int, pd.Series]
    rows: dict[str, Rows]
    outcome: pd.Series
    faltering: pd.Series
    missing: tuple[str, ...]
    digest: str
    source: str


def build(snapshot: Snapshot, horizons: tuple[int, ...] = HORIZONS) -> GroupPanel:
    """The panel as `snapshot` shows it.

    Raises
    ------
    RegimeError
        The sample, no group at all, or fewer than `LEAST_GROUPS` in every week.
    """
    read = groups.read(snapshot)
    sessions = read.joined.sessions
    dates = calendar.decision_dates(FIRST, sessions[-1])
    places = sessions.get_indexer(dates)
    if not len(dates):
        raise RegimeError(f"no decision week by {sessions[-1].date()}: destinations need a year of returns")
    rows = {
        name: Rows(
            _among(features(one)[places]),
            {horizon: labels.group_ahead(one.own, one.cap, places, horizon) for horizon in horizons},
            one.on_fund[places],
        )
        for name, one in (("library", read.library), ("joined", read.joined))
    }
    if int(rows["joined"].known.sum(axis=1).max()) < LEAST_GROUPS:
        raise RegimeError(
            f"fewer than {LEAST_GROUPS} groups in every week up to {sessions[-1].date()}: nothing to rank"
        )
    ends = {
        horizon: pd.Series([calendar.session_after(date, labels.ENTRY + horizon) for date in dates], dates)
        for horizon in horizons
    }
    broad, cap, leaders = (read.legs[name] for name in ("ret_broad", "ret_cap", "ret_leaders"))
    lead = total(np.log1p(leaders.to_numpy()), 21) - total(np.log1p(broad.to_numpy()), 21)
    return GroupPanel(
        dates,
        ends,
        rows,
        labels.outcomes("path", broad, cap).loc[dates],
        pd.Series(lead[places] < 0.0, dates),
        read.missing,
        snapshot.digest,
        snapshot.source,
    )


def features(returns: GroupReturns) -> Floats:
    """The groups' own features on every session, (sessions, groups, features); those among peers are still zero."""
    relative, cap = returns.relative, returns.cap
    line = np.where(np.isfinite(relative), np.nancumsum(relative, axis=0), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        strength, speed = ratio(line), momentum(line)
        own = {
            **{f"relative_{window}": total(relative, window) for window in (21, 63, YEAR)},
            "momentum": lagged(total(relative, YEAR - 21), 21),
            "distance": line - highest(line, YEAR),
            "beta": _slope(returns.own, cap),
            **{f"volatility_{window}": np.log(_floor(std(relative, window))) for window in (21, 63, YEAR)},
            "rs_ratio": strength,
            "rs_momentum": speed,
            "sensitivity": _slope(relative, returns.broad - cap),
            QUADRANT: np.where(np.isfinite(speed), 2.0 * (strength > 100.0) + (speed > 100.0), np.nan),
            MARKET: np.log(_floor(std(cap, 21))),
        }
    out = np.zeros((*relative.shape, len(FEATURES)))
    for name, values in own.items():
        out[:, :, FEATURES.index(name)] = np.where(np.isfinite(values), values, np.nan)
    return out


def _floor(volatility: Floats) -> Floats:
    return np.asarray(np.maximum(volatility, 1e-5))  # a group that stands still has a log too


def _slope(y: Floats, x: Floats) -> Floats:
    """Least-squares slope over a year, by column."""
    centre = mean(x, YEAR)
    variance = mean(x * x, YEAR) - centre**2
    return np.asarray((mean(x * y, YEAR) - centre * mean(y, YEAR)) / np.where(variance > 1e-12, variance, np.nan))


def _among(X: Floats) -> Floats:
    """The features with those among peers filled in: each less the mean of the week's groups."""
    size = len(OWN)
    own = X[:, :, :size]
    known = np.isfinite(own)
    count = known.sum(axis=1, keepdims=True)
    middle = np.where(known, own, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    out = X.copy()
    out[:, :, -size:] = np.where(count >= LEAST_GROUPS, own - middle, np.nan)
    return out
