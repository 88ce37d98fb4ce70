"""The data as they could be had at a date, by the catalogue: `older_since`, `posted`.

What a whole series is about (`published_since`) is a matter of columns: `Dataset.as_published`
leaves them out. Here are the two things that change values and rows: observations that a
source added later, and sessions that ended before the source came out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from features.data import calendar, catalog
from features.data.store import Snapshot

Built = TypeVar("Built")
CHANGES = tuple(sorted({pd.Timestamp(one.older_since[1]) for one in catalog.CATALOG if one.older_since}))


def as_of(snapshot: Snapshot, date: pd.Timestamp) -> Snapshot:
    """`snapshot` without observations added on `date` or later; what came after a short session comes with the next.

    Unlike `Snapshot.as_of` it keeps the rows after `date`: they are to be predicted.
    """
    tables = dict(snapshot.tables)
    if "fred" in tables:
        tables["fred"] = _posted(tables["fred"], snapshot.last)
    for one in catalog.CATALOG:
        if one.older_since and date <= pd.Timestamp(one.older_since[1]) and one.column in tables.get(one.stored_in, ()):
            table = tables[one.stored_in]
            early = table.index < pd.Timestamp(one.older_since[0])
            tables[one.stored_in] = table.assign(**{one.column: table[one.column].mask(early)})
    return replace(snapshot, tables=tables)


def _posted(fred: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The long table with the values of short sessions moved to the session after."""
    days, every = fred["available_at"], calendar.all_sessions()
    for clock in sorted({one.posted for one in catalog.CATALOG if one.posted}):
        names = [one.column for one in catalog.CATALOG if one.posted == clock]
        late = fred["series"].isin(names) & days.isin(calendar.closed_before(clock))
        after = every[np.minimum(every.searchsorted(days, side="right"), len(every) - 1)]
        days = days.mask(late, pd.Series(after, days.index))
    return fred.assign(available_at=days)[days <= last]


class Then(Generic[Built]):
    """What `build` makes of a snapshot as it could be had at a date, each made once, when it is asked for.

    Parameters
    ----------
    snapshot : Snapshot
    build : callable
        From a snapshot to what is built of it.
    """

    def __init__(self, snapshot: Snapshot, build: Callable[[Snapshot], Built]) -> None:
        self._snapshot, self._build = snapshot, build
        self._made: dict[int, Built] = {}

    def at(self, date: pd.Timestamp) -> Built:
        """What could be built on `date`; the same between two of `CHANGES`."""
        place = int(np.searchsorted(pd.DatetimeIndex(CHANGES).to_numpy(), date.to_datetime64(), side="left"))
        if place not in self._made:
            self._made[place] = self._build(as_of(self._snapshot, date))
        return self._made[place]

    def __reduce__(self) -> tuple[type[NotHere], tuple[()]]:
        """Another process gets the data sets it needs, not the snapshot they are made of."""
        return NotHere, ()


class NotHere:
    """Stands for `Then` in another process."""

    def at(self, date: pd.Timestamp) -> None:
        """Raise: whoever sends a data set on builds what is needed first."""
        raise RuntimeError(f"the data as published by {date.date()} were not sent with the data set")
