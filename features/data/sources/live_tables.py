"""The tables of a snapshot from what the archive holds, every source's checks applied."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data import calendar, catalog
from features.data.arrays import Tables
from features.data.catalog import MEMBERS, MEMBERSHIP
from features.data.checks import limits, required, screen
from features.data.errors import RegimeError
from features.data.sources import archive, fred, reports, vendor_names, yahoo
from features.data.sources.folder import for_store
from features.data.sources.live_names import BAR_COLUMN, Notes, allowed, names, used

# Series the vendor serves for the last years only since April 2026 (ICE Data's licence).
CUT_SERIES = ("BAMLH0A0HYM2", "BAMLC0A0CM")


def build(
    members: pd.DataFrame, session: pd.Timestamp, notes: Notes, look: screen.Screen
) -> tuple[Tables, pd.Timestamp]:
    """Tables for the store up to `session`, and the last session with prices.

    Raises
    ------
    RegimeError
        A leg has never been fetched, a required series does not pass its checks, or nothing came from FRED.
    """
    raw = _wide(members, session, notes, look) | reports.tables(members, session, notes)
    missing = [key for key in catalog.REQUIRED["us"] if catalog.BY_KEY[key].table == "prices_etf"]
    missing = [key for key in missing if key not in raw.get("prices_etf", pd.DataFrame())]
    if missing:
        raise RegimeError(f"no prices of {', '.join(missing)} could be fetched; the stored snapshot is untouched")
    raw = {name: table if name == MEMBERSHIP else screen.wide(look, name, table) for name, table in raw.items()}
    fred_table = _fred(notes, look)
    look.close()
    required.check(raw, "us", look.accepted)
    tables: Tables = {}
    for name, table in raw.items():
        tables |= for_store(name, table)
    tables["fred"] = fred_table
    return tables, pd.Timestamp(raw["prices_etf"]["SPY"].last_valid_index())


def _wide(members: pd.DataFrame, session: pd.Timestamp, notes: Notes, look: screen.Screen) -> Tables:
    columns: dict[str, dict[str, pd.Series]] = {}
    bars = {name: _clean(name, session, notes, look) for name in dict.fromkeys(names("yahoo"))}
    libraries = {name: archive.read("french", name) for name in dict.fromkeys(names("french"))}
    for series in catalog.CATALOG:
        place = vendor_names.live(series)
        if place is None:
            continue
        group = columns.setdefault(series.table, {})
        if place[0] == "yahoo" and (found := bars[place[1]]) is not None:
            group[series.column] = found[BAR_COLUMN.get(series.table, "adjusted")]
        elif place[0] == "french" and (library := libraries[place[1]]) is not None:
            group[series.column] = library[vendor_names.french_file(series.column)[1]]
        elif series.table == "fredmd" and (stored := archive.read("fred", place[1])) is not None:
            group[series.column] = stored.set_index("date")["value"]
    raw = {name: pd.DataFrame(group).rename_axis("date") for name, group in columns.items() if group}
    bars_of = {name: _clean(name, session, notes, look) for name in dict.fromkeys(members["price_col"])}
    priced = {name: table["adjusted"].astype("float32") for name, table in bars_of.items() if table is not None}
    if priced:
        raw[MEMBERS] = pd.DataFrame(priced).rename_axis("date")
        raw[MEMBERSHIP] = members
    return raw


def _clean(ticker: str, session: pd.Timestamp, notes: Notes, look: screen.Screen) -> pd.DataFrame | None:
    """Stored bars on sessions; a missing last bar, interior gaps and contradicted jumps are named."""
    bars = archive.read("yahoo", ticker)
    if bars is None:
        return None
    bars = bars[bars.index.isin(calendar.sessions(calendar.FIRST_SESSION, session))]
    if not len(bars):
        return None
    columns = used(ticker)
    if len(bad := yahoo.contradicted(bars)):
        look.contradicted[ticker.removeprefix("^")] = bad
    if len(holes := yahoo.gaps(bars, columns)):
        notes.gaps[ticker] = f"{len(holes)} sessions, the first {holes[0].date()}, the last {holes[-1].date()}"
    ended = ticker not in notes.missing and (bars.index[-1] < session or bars[list(columns)].iloc[-1].isna().any())
    if ended and ticker not in notes.missing_last_bar:
        notes.missing_last_bar.append(ticker)
    return bars


def _fred(notes: Notes, look: screen.Screen) -> pd.DataFrame:
    parts = []
    for series in catalog.CATALOG:
        place = vendor_names.live(series)
        stored = archive.read("fred", place[1]) if place and place[0] == "fred" and series.table == "fred" else None
        if stored is None or not len(stored):
            if place and not allowed(place[1]):
                notes.missing[series.key] = "first prints need FRED_API_KEY"
            continue
        if series.revised and stored["realtime_start"].isna().all():
            notes.not_point_in_time.append(series.key)
        short = stored["date"].min() > pd.Timestamp("2000-01-01")
        if series.key in CUT_SERIES and short:
            notes.substitutions[series.key] = f"begins {stored['date'].min().date()}; before that {series.substitute}"
        stored = _screened(series, stored, look)
        parts.append(fred.available(series, stored).assign(series=series.key))
    if not parts:
        raise RegimeError("no FRED series could be fetched; the stored snapshot is untouched")
    return pd.concat(parts, ignore_index=True)[["series", "date", "value", "available_at"]]


def _screened(series: catalog.Series, stored: pd.DataFrame, look: screen.Screen) -> pd.DataFrame:
    """A FRED series without the dates whose newest value the limits do not allow."""
    newest = stored.drop_duplicates("date", keep="last")
    before = newest["value"].to_numpy(float)
    kept = look.series(series.key, pd.DatetimeIndex(newest["date"]), before, limits.of(series))
    dropped = newest["date"][np.isnan(kept) & ~np.isnan(before)]
    return stored[~stored["date"].isin(dropped)] if len(dropped) else stored
