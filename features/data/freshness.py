"""How old the inputs are, and whether a call on them must be refused.

Ages are in calendar days from an input's availability to a reference date: the
last complete session for live data, the snapshot's last session for the others.
"""

from __future__ import annotations

import pandas as pd

from features.data import calendar, catalog
from features.data.point_in_time import latest
from features.data.store import Snapshot


def reference_date(snapshot: Snapshot) -> pd.Timestamp:
    """Date that ages are measured against: for live data the last complete session, else the snapshot's last one."""
    return calendar.last_complete(pd.Timestamp.now("UTC")) if snapshot.source == "live" else snapshot.last


def days_behind(snapshot: Snapshot, now: pd.Timestamp | None = None) -> int | None:
    """Calendar days from the snapshot's last session to the last complete one; None for the sample, which is the past.

    `now` is the clock, with a time zone; the system's if absent.
    """
    if snapshot.source == "sample":
        return None
    last = calendar.last_complete(pd.Timestamp.now("UTC") if now is None else now)
    return max(0, int((last - snapshot.last).days))


def ages(snapshot: Snapshot, against: pd.Timestamp | None = None) -> pd.DataFrame:
    """One row a series: first and last value, age in days, allowed age, whether required and whether stale.

    `against` is the reference date, by default the snapshot's last session.
    """
    against = snapshot.last if against is None else against
    rows = []
    for series in catalog.CATALOG:
        values = latest(snapshot, series.key)
        if values.empty:
            continue
        age = (against - values.index[-1]).days
        required = series.key in catalog.REQUIRED[snapshot.legs]
        rows.append(
            (series.key, values.index[0], values.index[-1], age, series.max_age, required, age > series.max_age)
        )
    names = ["series", "first", "last", "age", "allowed", "required", "stale"]
    return pd.DataFrame(rows, columns=names)


SAMPLE_IS_PAST = "The embedded sample is a demonstration of the past: its age is not measured."


def age_sentence(snapshot: Snapshot, now: pd.Timestamp | None = None) -> str:
    """How old the data are against the clock, in one sentence; the sample says that it is the past."""
    days = days_behind(snapshot, now)
    if days is None:
        return SAMPLE_IS_PAST
    return behind(days)


def behind(days: int) -> str:
    """How old data are that end so many days before the last session."""
    if not days:
        return "The data hold the last session."
    return f"The data end {days:,} day{'s' if days > 1 else ''} before the last session."


def by_state(table: pd.DataFrame) -> list[str]:
    """A line that counts the series of `ages` by state, then those in trouble by name, and the others by table."""
    stale, required = table["stale"].astype(bool), table["required"].astype(bool)
    states = {
        "required and older than allowed": table[stale & required],
        "older than allowed": table[stale & ~required],
        "current": table[~stale],
    }
    counts = ", ".join(f"{len(part)} {state}" for state, part in states.items() if len(part))
    lines = [f"{len(table)} series: {counts}."]
    for state, part in states.items():
        if not len(part):
            continue
        if state == "current":
            tables = part["series"].map(lambda key: catalog.BY_KEY[key].table).value_counts(sort=False)
            named = [f"{count} of {name}" for name, count in tables.items()]
        else:
            named = [f"{row.series} ({row.last.date()}, {row.age:,} days)" for row in part.itertuples()]
        lines.append(f"{state[0].upper()}{state[1:]}: {', '.join(named)}")
    return lines


def refusal_reason(
    whole: Snapshot, snapshot: Snapshot, against: pd.Timestamp | None = None, allowed: tuple[str, ...] = ()
) -> str | None:
    """Why no call may be made: a required input that is missing or past its age at `against`; else None.

    `whole` is the same snapshot before the as-of cut: an input that begins only
    after the as-of date is not missing, it did not exist yet. What is in
    `allowed` may be stale: the user said so.
    """
    # The sample's yields end in 2017 by construction: its call is a demonstration and says so.
    if snapshot.legs == "sample":
        return None
    against = snapshot.last if against is None else against
    ever = ages(whole).set_index("series")
    table = ages(snapshot, against).set_index("series")
    for key in catalog.REQUIRED[snapshot.legs]:
        if key in allowed:
            continue
        if key not in ever.index:
            return f"required input {key} is missing on {against.date()}: no call is made"
        if key in table.index and bool(table.loc[key, "stale"]):
            last = pd.Timestamp(table.loc[key, "last"]).date()
            return f"required input {key} is stale: last value {last}, as of {against.date()}"
    return None
