"""A live refresh: ask each vendor for what is not there yet, then make the tables of a snapshot.

What has been fetched goes into the archive item by item; the snapshot is built
from it at the end. So an interrupted refresh is resumed, a vendor's failure
loses nothing, and the store holds the old snapshot or the new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.data import calendar, catalog
from features.data.checks import screen
from features.data.errors import RegimeError
from features.data.sources import archive, fred, french, membership, yahoo
from features.data.sources.folder import MEMBERS, MEMBERSHIP, for_store
from features.data.sources.retry import GoneError, UnavailableError
from features.data.store import Tables

GIVE_UP = 5  # failures in a row after which a vendor is held to be down
# Series the vendor serves for the last years only since April 2026 (ICE Data's licence).
CUT_SERIES = ("BAMLH0A0HYM2", "BAMLC0A0CM")
SUBSTITUTES = {"BAMLH0A0HYM2": "BAA10Y, HYG/IEF", "BAMLC0A0CM": "BAA10Y, LQD/IEF"}


@dataclass
class Notes:
    """What the user should know about a refresh; goes into the snapshot."""

    not_point_in_time: list[str] = field(default_factory=list)
    substitutions: dict[str, str] = field(default_factory=dict)
    kept_past: dict[str, str] = field(default_factory=dict)
    refetched: list[str] = field(default_factory=list)
    quarantined: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    missing_last_bar: list[str] = field(default_factory=list)
    membership: str = ""

    def to_json(self) -> dict[str, Any]:
        """Only what there is to say."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Plan:
    """Items to ask for, by vendor, and the session the data should reach."""

    session: pd.Timestamp
    yahoo: tuple[str, ...]
    fred: tuple[str, ...]
    french: tuple[str, ...]
    members: pd.DataFrame
    membership: str

    @property
    def items(self) -> int:
        """How many items will be asked for; Yahoo wants two requests at first sight of a ticker."""
        return len(self.yahoo) + len(self.fred) + len(self.french)

    @property
    def requests(self) -> int:
        """About how many requests that is."""
        first = sum(archive.read("yahoo", ticker) is None for ticker in self.yahoo)
        return self.items + first


def _current(vendor: str, name: str, session: pd.Timestamp) -> bool:
    """Whether the archive holds this item as of today's session, its last bar included."""
    stored = archive.read(vendor, name)
    return stored is not None and stored.attrs.get("session") == str(session.date())


def _names(vendor: str) -> list[str]:
    found = [place[1] for series in catalog.CATALOG if (place := catalog.live(series)) and place[0] == vendor]
    return list(dict.fromkeys(found))


def plan(now: pd.Timestamp) -> Plan:
    """What is missing or old as of `now` (tz-aware)."""
    session = calendar.last_complete(now)
    members, source = membership.table(session)
    tickers = list(dict.fromkeys([*_names("yahoo"), *members["price_col"]]))
    old_french = [name for name in _names("french") if not _young("french", name, now)]
    return Plan(
        session,
        tuple(ticker for ticker in tickers if not _current("yahoo", ticker, session)),
        tuple(name for name in _names("fred") if _allowed(name) and not _current("fred", name, session)),
        tuple(old_french),
        members,
        source,
    )


def _allowed(name: str) -> bool:
    """First prints are served by ALFRED alone, which wants a key."""
    return fred.api_key() is not None or all(s.lag != "vintage" for s in _of_fred(name))


def _of_fred(name: str) -> list[catalog.Series]:
    return [series for series in catalog.CATALOG if catalog.live(series) == ("fred", name)]


def _young(vendor: str, name: str, now: pd.Timestamp) -> bool:
    stored = archive.read(vendor, name)
    return stored is not None and now - pd.Timestamp(stored.attrs["fetched"]) < french.KEEP


def _bars(ticker: str, session: pd.Timestamp, notes: Notes) -> None:
    stored = archive.read("yahoo", ticker)
    if stored is None:
        bars = yahoo.fetch(ticker)
    else:
        new = yahoo.fetch(ticker, stored.index[-1] - yahoo.OVERLAP)
        if yahoo.agree(stored, new):
            bars = yahoo.joined(stored, new)
        else:
            bars = yahoo.fetch(ticker)
            notes.refetched.append(ticker)
            if bars.index[0] > stored.index[0]:
                bars = yahoo.joined(stored, bars)
                notes.kept_past[ticker] = str(stored.index[0].date())
    bars = bars[bars.index <= session]
    whole = len(bars) and bars.index[-1] == session and np.isfinite(bars["close"].iloc[-1])
    # Without its last bar the item is not complete: the next refresh asks again.
    archive.write("yahoo", ticker, bars, session=str(session.date()) if whole else "")


def _series(name: str, session: pd.Timestamp, notes: Notes) -> None:
    series = _of_fred(name)[0]
    table = fred.fetch(series, name)
    stored = archive.read("fred", name)
    if stored is not None and len(table) and stored["date"].min() < table["date"].min():
        past = stored[stored["date"] < table["date"].min()]
        notes.kept_past[series.key] = str(past["date"].min().date())
        table = pd.concat([past, table], ignore_index=True)
    archive.write("fred", name, table, session=str(session.date()))


def _library(name: str, now: pd.Timestamp) -> None:
    archive.write("french", name, french.fetch(name), fetched=str(now))


def _each(
    names: tuple[str, ...],
    ask: Callable[[str], None],
    notes: Notes,
    step: Callable[[], None],
    pause: float,
) -> None:
    """Ask for every name; a failure is noted and the stored item stays, a vendor that is down ends it."""
    failures = 0
    for done, name in enumerate(names):
        if done and pause:
            time.sleep(pause)
        try:
            ask(name)
            failures = 0
        except GoneError as error:
            notes.missing[name] = str(error)
            failures = 0
        except UnavailableError as error:
            notes.missing[name] = str(error)
            failures += 1
            if error.refused or failures >= GIVE_UP:
                raise RegimeError(
                    f"{error} after {done} of {len(names)} items; what came is kept, run the refresh again later"
                ) from None
        step()


def refresh(
    now: pd.Timestamp, todo: Plan, step: Callable[[], None], look: screen.Screen | None = None
) -> tuple[Tables, pd.Timestamp, dict[str, Any]]:
    """Fetch what `todo` names and build the tables; the last session with prices and the notes.

    Raises
    ------
    RegimeError
        A vendor is down, or a leg has never been fetched; the store is untouched.
    """
    notes = Notes(membership=todo.membership)
    _each(todo.yahoo, lambda name: _bars(name, todo.session, notes), notes, step, yahoo.PAUSE)
    _each(todo.fred, lambda name: _series(name, todo.session, notes), notes, step, 0.0)
    _each(todo.french, lambda name: _library(name, now), notes, step, 0.0)
    tables, last = _tables(todo, notes)
    return tables, last, notes.to_json()


def _tables(todo: Plan, notes: Notes) -> tuple[Tables, pd.Timestamp]:
    raw = _wide(todo, notes)
    missing = [key for key in catalog.REQUIRED["us"] if catalog.BY_KEY[key].table == "prices_etf"]
    missing = [key for key in missing if key not in raw.get("prices_etf", pd.DataFrame())]
    if missing:
        raise RegimeError(f"no prices of {', '.join(missing)} could be fetched; the stored snapshot is untouched")
    tables: Tables = {}
    for name, table in raw.items():
        tables |= for_store(name, table)
    tables["fred"] = _fred(notes)
    return tables, pd.Timestamp(raw["prices_etf"]["SPY"].last_valid_index())


def _wide(todo: Plan, notes: Notes) -> Tables:
    columns: dict[str, dict[str, pd.Series]] = {}
    bars = {name: _clean(name, todo.session, notes) for name in dict.fromkeys(_names("yahoo"))}
    for series in catalog.CATALOG:
        place = catalog.live(series)
        if place is None:
            continue
        group = columns.setdefault(series.table, {})
        if place[0] == "yahoo" and (found := bars[place[1]]) is not None:
            field_name = {"volume_etf": "volume", "vix": "close"}.get(series.table, "adjusted")
            group[series.column] = found[field_name]
        elif place[0] == "french" and (library := archive.read("french", place[1])) is not None:
            group[series.column] = library[catalog.french_file(series.column)[1]]
        elif series.table == "fredmd" and (stored := archive.read("fred", place[1])) is not None:
            group[series.column] = stored.set_index("date")["value"]
    raw = {name: pd.DataFrame(group).rename_axis("date") for name, group in columns.items() if group}
    members = {name: _clean(name, todo.session, notes) for name in dict.fromkeys(todo.members["price_col"])}
    priced = {name: table["adjusted"].astype("float32") for name, table in members.items() if table is not None}
    if priced:
        raw[MEMBERS] = pd.DataFrame(priced).rename_axis("date")
        raw[MEMBERSHIP] = todo.members
    return raw


def _clean(ticker: str, session: pd.Timestamp, notes: Notes) -> pd.DataFrame | None:
    """Stored bars without the days other evidence contradicts; a missing last bar is named."""
    bars = archive.read("yahoo", ticker)
    if bars is None:
        return None
    bars = bars[bars.index.isin(calendar.sessions(pd.Timestamp("1926-07-01"), session))]
    bad = yahoo.contradicted(bars)
    if len(bad):
        notes.quarantined[ticker] = [str(day.date()) for day in bad]
        bars = bars.assign(**{column: bars[column].mask(bars.index.isin(bad)) for column in bars})
    ended = ticker not in notes.missing and (bars.index[-1] < session or np.isnan(bars["close"].iloc[-1]))
    if ended and ticker not in notes.missing_last_bar:
        notes.missing_last_bar.append(ticker)
    return bars


def _fred(notes: Notes) -> pd.DataFrame:
    parts = []
    for series in catalog.CATALOG:
        place = catalog.live(series)
        stored = archive.read("fred", place[1]) if place and place[0] == "fred" and series.table == "fred" else None
        if stored is None or not len(stored):
            if place and not _allowed(place[1]):
                notes.missing[series.key] = "first prints need FRED_API_KEY"
            continue
        if series.revised and stored["realtime_start"].isna().all():
            notes.not_point_in_time.append(series.key)
        short = stored["date"].min() > pd.Timestamp("2000-01-01")
        if series.key in CUT_SERIES and short:
            stands = SUBSTITUTES[series.key]
            notes.substitutions[series.key] = f"begins {stored['date'].min().date()}; before that {stands}"
        parts.append(fred.available(series, stored).assign(series=series.key))
    if not parts:
        raise RegimeError("no FRED series could be fetched; the stored snapshot is untouched")
    return pd.concat(parts, ignore_index=True)[["series", "date", "value", "available_at"]]
