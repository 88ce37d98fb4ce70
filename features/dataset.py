"""One row a week: features at the decision, and the outcome once it has matured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from features import calendar, catalog, history, inputs, labels, lineage, regime
from features.errors import RefusedError, RegimeError
from features.families import FEATURES
from features.reader import latest
from features.store import Snapshot

FIRST_YEAR = 1964
check_label = labels.check
OUTCOMES = labels.OUTCOMES
FAMILY_OF = {item.name: item.family for item in FEATURES} | {regime.NAME: regime.FAMILY}
MEANING_OF = {item.name: item.meaning for item in FEATURES} | {regime.NAME: regime.MEANING}
# Features with an input that is revised and has no vintages: no champion may read them.
REVISED = frozenset(item.name for item in FEATURES if lineage.revised(item))
TRAINABLE = tuple(item for item in FEATURES if not item.display)


@dataclass(frozen=True)
class Dataset:
    """A labelled, point-in-time data set.

    Attributes
    ----------
    X : DataFrame, (weeks, features)
        Indexed by decision date; NaN where an input does not exist or is too old.
    outcome : Series of object, (weeks,)
        `rotation`, `breakdown`, `neither`; NA until the horizon has ended.
    label_end : Series of Timestamp, (weeks,)
        The session on which the horizon ends.
    faltering : Series of bool, (weeks,)
        The leaders trail the broad leg over the past 21 sessions.
    label, digest, source, legs : str
    """

    X: pd.DataFrame
    outcome: pd.Series
    label_end: pd.Series
    faltering: pd.Series
    label: str
    digest: str
    source: str
    legs: str


def build(snapshot: Snapshot, label: str, progress: Callable[[int, int], None] | None = None) -> Dataset:
    """Build the data set from what `snapshot` shows."""
    labels.check(label)
    data = inputs.build(snapshot)
    panel = data.panel
    legs = panel.index[panel[["ret_broad", "ret_cap"]].notna().all(axis=1)]
    dates = calendar.decision_dates(pd.Timestamp(FIRST_YEAR, 1, 1), panel.index[-1])
    dates = dates[dates.isin(legs[252:])] if len(legs) > 252 else dates[:0]
    if not len(dates):
        raise RegimeError(f"no decision week by {snapshot.last.date()}: a year of both legs is needed first")
    since = dates[0].year
    daily = history.compute(TRAINABLE, data, since)
    daily[regime.NAME] = regime.compute(panel, since, progress)
    X = daily.loc[dates].dropna(axis=1, how="all").astype(float)
    outcome = labels.outcomes(label, panel["ret_broad"], panel["ret_cap"]).loc[dates]
    ends = pd.Series([calendar.session_after(date, labels.HORIZON) for date in dates], index=dates)
    faltering = daily.loc[dates, "leaders_minus_broad_21"] < 0.0
    return Dataset(X, outcome, ends, faltering, label, snapshot.digest, snapshot.source, snapshot.legs)


def clock(snapshot: Snapshot) -> pd.Timestamp:
    """What ages are measured against: for live data the clock, else the snapshot's last session."""
    return calendar.last_complete(pd.Timestamp.now("UTC")) if snapshot.source == "live" else snapshot.last


def freshness(snapshot: Snapshot, against: pd.Timestamp | None = None) -> pd.DataFrame:
    """Last value, age in days and whether that is too old, a row a series; against the last session by default."""
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


def refusal(
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
    ever = freshness(whole).set_index("series")
    table = freshness(snapshot, against).set_index("series")
    for key in catalog.REQUIRED[snapshot.legs]:
        if key in allowed:
            continue
        if key not in ever.index:
            return f"required input {key} is missing on {against.date()}: no call is made"
        if key in table.index and bool(table.loc[key, "stale"]):
            last = pd.Timestamp(table.loc[key, "last"]).date()
            return f"required input {key} is stale: last value {last}, as of {against.date()}"
    return None


def refuse_if_stale(
    whole: Snapshot, snapshot: Snapshot, against: pd.Timestamp | None = None, allowed: tuple[str, ...] = ()
) -> None:
    """Raise `RefusedError` with the reason `refusal` gives, if it gives one."""
    reason = refusal(whole, snapshot, against, allowed)
    if reason:
        raise RefusedError(reason)
