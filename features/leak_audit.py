"""The leak audit: does any value at a past date depend on what came after it?

Three tests rebuild the past (from truncated data, from data poisoned after the
date, from rescaled prices) and compare; a fourth holds the stored availability
of every row against rules written down here a second time, independently of
the catalogue's lags: rebuilding alone cannot see a date that is stored wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features import dataset, feature, group_panel, groups, lineage, panel
from features.data import calendar, catalog
from features.data.catalog import MEMBERS, MEMBERSHIP
from features.data.errors import RegimeError
from features.data.store import Snapshot
from features.families import FEATURES
from features.feature import Feature

ADJUSTED = ("prices_etf", "prices_mag7", MEMBERS)
FORBIDDEN = ("USREC", "USRECD", "USRECM", "NFCI")
# Days after its own date before which no row of a series may be available, by what the source publishes.
EARLIEST_DAYS = {
    **dict.fromkeys(("CPIAUCSL", "CPILFESL", "PAYEMS", "UNRATE", "INDPRO"), 31),
    **dict.fromkeys(("AAA", "BAA", "UMCSENT"), 28),
    "ICSA": 5,
    "pe10": 31,
    "DRTSCILM": 30,
    "MMMFFAQ027S": 120,
}
WINDOW = 5  # years without a leaver before a membership list is not believed


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: which check, what moved, on which date, and how."""

    check: str
    name: str
    date: str
    what: str


def sample_dates(snapshot: Snapshot, count: int, seed: int = 0) -> list[pd.Timestamp]:
    """Sessions spread over the history, one drawn from each of `count` equal spans."""
    first = max(panel.FIRST_DATE[snapshot.legs], pd.Timestamp(dataset.FIRST_YEAR, 1, 1)) + pd.DateOffset(years=2)
    sessions = calendar.sessions(first, snapshot.last)[:-30]
    if len(sessions) < count:
        raise RegimeError(f"{len(sessions)} sessions of history: fewer than the {count} dates asked for")
    rng = np.random.default_rng(seed)
    return [pd.Timestamp(span[rng.integers(len(span))]) for span in np.array_split(sessions, count)]


def _poisoned(snapshot: Snapshot, date: pd.Timestamp) -> Snapshot:
    """The snapshot with every value that became available after `date` replaced by a wrong one."""
    tables = {}
    for name, table in snapshot.tables.items():
        if "available_at" not in table:
            tables[name] = table
            continue
        later = table["available_at"] > date
        numbers = [column for column in table if column != "available_at" and table[column].dtype.kind == "f"]
        bad = table.copy()
        bad.loc[later, numbers] = (bad.loc[later, numbers].abs() * 37.0 + 1.0).astype(table[numbers].dtypes)
        tables[name] = bad
    return replace(snapshot, tables=tables)


def _rescaled(snapshot: Snapshot) -> Snapshot:
    """Every adjusted price times a constant, as a later dividend would do to the whole past."""
    tables = dict(snapshot.tables)
    for name in ADJUSTED:
        if name in tables:
            columns = [column for column in tables[name] if column != "available_at"]
            tables[name] = tables[name].assign(**{column: tables[name][column] * 0.5 for column in columns})
    return replace(snapshot, tables=tables)


def _moved(check: str, want: pd.DataFrame, got: pd.DataFrame, rtol: float = 0.0) -> list[Finding]:
    """Columns of `got` that differ from `want` on its rows; each with the last row that does."""
    a, b = want.to_numpy(), got.reindex(want.index)[want.columns].to_numpy()
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if rtol:
        same |= np.isclose(a, b, rtol=rtol, atol=rtol, equal_nan=True)
    found = []
    for place in np.flatnonzero(~same.all(axis=0)):
        last = int(np.flatnonzero(~same[:, place])[-1])
        what = f"{a[last, place]:.6g} becomes {b[last, place]:.6g}"
        found.append(Finding(check, str(want.columns[place]), str(want.index[last].date()), what))
    return found


def _at(snapshot: Snapshot, whole: panel.Inputs, features: tuple[Feature, ...], date: pd.Timestamp) -> list[Finding]:
    year = date.year
    now = feature.compute_year(features, whole, year).loc[:date]
    cut = feature.compute_year(features, panel.build_inputs(snapshot.as_of(date)), year)
    bad = feature.compute_year(features, panel.build_inputs(_poisoned(snapshot, date)), year)
    return _moved("rebuilt from truncated data", now, cut) + _moved("future poisoned", now, bad)


def _scale(snapshot: Snapshot, features: tuple[Feature, ...], whole: panel.Inputs) -> list[Finding]:
    years = {snapshot.last.year, snapshot.last.year - 4}
    other = panel.build_inputs(_rescaled(snapshot))
    found = []
    for year in sorted(years):
        now, then = (feature.compute_year(features, data, year) for data in (whole, other))
        found += _moved("price level", now, then, rtol=1e-11)
    return found


def _availability(snapshot: Snapshot) -> list[Finding]:
    """Stored availability against rules that do not come from the catalogue's lags."""
    found = []
    for series in catalog.CATALOG:
        table = snapshot.tables.get(series.stored_in)
        if series.key in FORBIDDEN:
            found.append(Finding("forbidden series", series.key, "", "must not be in the catalogue"))
        if table is None:
            continue
        if series.table == "fred":
            rows = table[table["series"] == series.column]
            dates, available = rows["date"], rows["available_at"]
        elif series.column in table:
            dates, available = table.index.to_series(), table["available_at"]
        else:
            continue
        least = EARLIEST_DAYS.get(series.key, 1 if series.table == "fred" else 0)
        early = np.flatnonzero((available.to_numpy() - dates.to_numpy()) < np.timedelta64(least, "D"))
        if len(early):
            day = pd.Timestamp(dates.to_numpy()[early[-1]])
            what = f"{len(early)} rows available less than {least} days after their date"
            found.append(Finding("available too early", series.key, str(day.date()), what))
    return found


def _baskets(features: tuple[Feature, ...], daily: pd.DataFrame) -> list[Finding]:
    found = []
    for item in features:
        defined = [day for key in lineage.keys(item) if (day := catalog.BY_KEY[key].defined_on)]
        known = daily.loc[daily.index < max(defined), item.name].dropna() if defined else pd.Series(dtype=float)
        if len(known):
            what = f"{len(known)} values before the basket was defined on {max(defined)}"
            found.append(Finding("basket before its definition", item.name, str(known.index[-1].date()), what))
        if defined and not item.display:
            found.append(Finding("basket in training", item.name, "", "a basket picked in hindsight is display only"))
    return found


def _membership(snapshot: Snapshot) -> list[Finding]:
    table = snapshot.tables.get(MEMBERSHIP)
    if table is None or snapshot.legs == "sample":  # the sample's list is of survivors, and says so
        return []
    first = max(pd.Timestamp(table["start"].min()), pd.Timestamp("1996-01-01"))
    found = []
    for year in range(first.year, snapshot.last.year - WINDOW + 1, WINDOW):
        span = (pd.Timestamp(year, 1, 1), pd.Timestamp(year + WINDOW, 1, 1))
        if not table["end"].between(*span).any():
            what = f"nobody leaves the index for {WINDOW} years: today's list used for the past"
            found.append(Finding("membership", MEMBERSHIP, str(span[0].date()), what))
    return found


def _data_set(snapshot: Snapshot, whole: dataset.Dataset, date: pd.Timestamp) -> list[Finding]:
    """Rows and matured outcomes as they were at `date`, and no outcome before its horizon has ended."""
    then = dataset.build(snapshot.as_of(date), whole.label)
    rows = then.X.index
    found = _moved("data set rebuilt", whole.X.loc[rows, list(then.X.columns)], then.X)
    ripe = (whole.label_end.loc[rows] <= date).to_numpy()
    differ = (then.outcome[ripe] != whole.outcome.loc[rows][ripe]).to_numpy()
    for name, wrong in (("differs", differ), ("is known too early", then.outcome[~ripe].notna().to_numpy())):
        if wrong.any():
            found.append(Finding("data set rebuilt", "outcome", str(date.date()), f"{wrong.sum()} rows: it {name}"))
    return found


def of_features(
    snapshot: Snapshot,
    dates: list[pd.Timestamp],
    features: tuple[Feature, ...] = FEATURES,
    progress: Callable[[], None] = lambda: None,
) -> list[Finding]:
    """Everything that is wrong with the features and the store, nothing if nothing is.

    Parameters
    ----------
    snapshot : Snapshot
    dates : list of Timestamp
        Past sessions at which the features are rebuilt.
    features : tuple of Feature
    progress : callable
        Called once a date and once for the other checks.
    """
    whole = panel.build_inputs(snapshot)
    found = _availability(snapshot) + _membership(snapshot)
    found += _baskets(features, feature.compute(features, whole, 1990))
    found += _scale(snapshot, features, whole)
    progress()
    for date in dates:
        found += _at(snapshot, whole, features, date)
        progress()
    return _latest(found)


def of_data_set(snapshot: Snapshot, dates: list[pd.Timestamp]) -> list[Finding]:
    """Everything that is wrong with the rows and outcomes at the first and last of `dates`."""
    whole = dataset.build(snapshot, "path")
    dates = [date for date in dates if date > whole.X.index[0]] or [pd.Timestamp(whole.X.index[-30])]
    return _latest([item for date in {min(dates), max(dates)} for item in _data_set(snapshot, whole, date)])


def of_groups(snapshot: Snapshot, dates: list[pd.Timestamp]) -> list[Finding]:
    """Everything that is wrong with the groups' panel at the first and last of `dates`; nothing without groups."""
    if snapshot.legs != "us":
        return []
    whole = group_panel.build(snapshot)
    found = []
    for date in sorted({min(dates), max(dates)}):
        day = str(date.date())
        for check, other in (
            ("groups rebuilt", snapshot.as_of(date)),
            ("groups, future poisoned", _poisoned(snapshot, date)),
        ):
            then = group_panel.build(other)
            weeks = int(whole.dates.searchsorted(date, side="right"))
            for universe, rows in whole.rows.items():
                before = pd.DataFrame(rows.X[:weeks].reshape(weeks, -1), whole.dates[:weeks], _group_columns(universe))
                after = pd.DataFrame(then.rows[universe].X[:weeks].reshape(weeks, -1), before.index, before.columns)
                found += _moved(check, before, after)
                for horizon, ahead in rows.ahead.items():
                    ended = (whole.ends[horizon].iloc[:weeks] <= date).to_numpy()
                    a, b = ahead[:weeks][ended], then.rows[universe].ahead[horizon][:weeks][ended]
                    if not np.array_equal(a, b, equal_nan=True):
                        found.append(Finding(check, f"{universe} outcome {horizon}", day, "what had ended differs"))
    return _latest(found)


def _group_columns(universe: str) -> list[str]:
    return [f"{universe} {group} {name}" for group in groups.NAMES for name in group_panel.FEATURES]


def _latest(found: list[Finding]) -> list[Finding]:
    """One line a check and name: the latest date tells enough."""
    kept = {(item.check, item.name): item for item in sorted(found, key=lambda item: item.date)}
    return [kept[key] for key in sorted(kept)]
