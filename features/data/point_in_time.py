"""Reads the series of a snapshot onto NYSE sessions, each value from the session it was available."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.data import catalog
from features.data.arrays import Floats
from features.data.store import Snapshot

Handover = dict[str, tuple[str, pd.Timestamp]]


class Observations(NamedTuple):
    """Observations of one series in the order in which they became known: three arrays of one length."""

    dates: np.ndarray
    values: Floats
    days: np.ndarray


NO_OBSERVATIONS = Observations(np.array([], "datetime64[ns]"), np.array([]), np.array([], "datetime64[ns]"))


def observations(snapshot: Snapshot, key: str) -> Observations:
    """One catalogue series: what it said about which date, and from which session it was known."""
    series = catalog.BY_KEY[key]
    if series.table == "fred":
        if series.column not in snapshot.fred:
            return NO_OBSERVATIONS
        found = Observations(*snapshot.fred[series.column])
    else:
        table = snapshot.tables.get(series.stored_in)
        if table is None or series.column not in table:
            return NO_OBSERVATIONS
        days = table["available_at"].to_numpy("datetime64[ns]")
        found = Observations(table.index.to_numpy("datetime64[ns]"), table[series.column].to_numpy(float), days)
    good = ~np.isnan(found.values)
    if not good.all():
        found = Observations(*(part[good] for part in found))
    if (found.days[1:] < found.days[:-1]).any() or (found.dates[1:] < found.dates[:-1]).any():
        order = np.lexsort((found.dates, found.days))
        found = Observations(*(part[order] for part in found))
    return found


def latest(snapshot: Snapshot, key: str) -> pd.Series:
    """The newest observation known, indexed by the session on which it became known."""
    found = observations(snapshot, key)
    if not len(found.dates):
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    # A late revision of an old date is not news about today; of one day's news the last date counts.
    keep = found.dates >= np.maximum.accumulate(found.dates)
    values, days = found.values[keep], found.days[keep]
    last = np.append(days[1:] != days[:-1], True)
    return pd.Series(values[last], pd.DatetimeIndex(days[last]))


@dataclass
class Reader:
    """What `features.panel_columns` reads with; every method gives an array over `sessions`."""

    snapshot: Snapshot
    sessions: pd.DatetimeIndex
    handover: Handover
    _kept: dict[str, pd.Series] = field(default_factory=dict)

    def has_any(self, *keys: str) -> bool:
        """Whether any of the series has a value."""
        return any(len(self._latest(key)) for key in keys)

    def _latest(self, key: str) -> pd.Series:
        if key not in self._kept:
            self._kept[key] = latest(self.snapshot, key)
        return self._kept[key]

    def _onto(self, values: pd.Series, max_age: int) -> Floats:
        """The last value at each session; missing once older than `max_age` days."""
        out = np.full(len(self.sessions), np.nan)
        if len(values):
            now, then = self.sessions.to_numpy(), values.index.to_numpy()
            place = then.searchsorted(now, side="right") - 1
            good = (place >= 0) & (now - then[np.maximum(place, 0)] <= np.timedelta64(max_age, "D"))
            out[good] = values.to_numpy()[place[good]]
        return out

    def daily(self, key: str) -> Floats:
        """The latest available value at each session; missing once older than the catalogue allows."""
        return self._onto(self._latest(key), catalog.BY_KEY[key].max_age)

    def exact(self, key: str) -> Floats:
        """The value of each session itself: prices, returns and counts are never carried on."""
        return self._onto(self._latest(key), 0)

    def fund(self, ticker: str) -> Floats:
        """Daily returns of a price; none before the basket it stands in was defined."""
        price = self.exact(ticker)
        returns = np.full(len(price), np.nan)
        returns[1:] = price[1:] / price[:-1] - 1.0
        defined = catalog.BY_KEY[ticker].defined_on
        return returns if defined is None else np.where(self.sessions > pd.Timestamp(defined), returns, np.nan)

    def spliced(self, name: str, before: Floats, after: Floats | None = None) -> Floats:
        """`before` until the hand-over of `name`, from then on the fund's return (or `after`)."""
        fund, since = self.handover[name]
        return np.where(self.sessions < since, before, self.fund(fund) if after is None else after)

    def windows(self, key: str, frequency: str, length: int, function: Callable[[Floats], Floats]) -> Floats:
        """A statistic of a slow series' last `length` observations, as they stood when each became known.

        Parameters
        ----------
        frequency : str
            Period alias of the observations (``M``, ``Q``, ``W-SAT``); a gap is NaN.
        function : callable
            From an array (releases, length) to one (releases,).
        """
        known = observations(self.snapshot, key)
        if not len(known.dates):
            return np.full(len(self.sessions), np.nan)
        place = pd.DatetimeIndex(known.dates).to_period(frequency).asi8
        place = place - place.min() + length - 1
        grid = np.full(int(place.max()) + 1, np.nan)
        last_of_day = np.append(known.days[1:] != known.days[:-1], True)
        rows, newest = [], 0
        for position, value, last in zip(place, known.values, last_of_day, strict=True):
            grid[position] = value
            newest = max(newest, int(position))
            if last:
                rows.append(grid[newest - length + 1 : newest + 1].copy())
        with np.errstate(invalid="ignore", divide="ignore"):
            values = function(np.array(rows))
        found = pd.Series(np.where(np.isfinite(values), values, np.nan), pd.DatetimeIndex(known.days[last_of_day]))
        return self._onto(found, catalog.BY_KEY[key].max_age)
