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
from features.data.arrays import Tables
from features.data.catalog import MEMBERS, MEMBERSHIP
from features.data.checks import limits, required, screen
from features.data.errors import RegimeError
from features.data.sources import archive, fred, french, membership, yahoo
from features.data.sources.folder import for_store
from features.data.sources.retry import GoneError, UnavailableError

OUTAGE, FEW = 0.1, 2  # share and number of known items that may fail in a refresh
BAR_COLUMN = {"volume_etf": "volume", "vix": "close"}  # all other tables read the adjusted close
SECONDS = 0.6  # a request takes, waiting included, for the time said beforehand
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
    changed_past: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
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


def _used(ticker: str) -> tuple[str, ...]:
    """The columns of a ticker's bars that are read; a bar is complete when these are."""
    tables = {series.table for series in catalog.CATALOG if catalog.live(series) == ("yahoo", ticker)}
    return tuple(sorted({BAR_COLUMN.get(table, "adjusted") for table in tables})) or ("adjusted",)


def _bars(ticker: str, session: pd.Timestamp, notes: Notes, accepted: screen.Accepted) -> None:
    stored, used = archive.read("yahoo", ticker), _used(ticker)
    bars = yahoo.fetch(ticker) if stored is None else _continued(ticker, stored, notes, accepted)
    bars = bars[bars.index <= session]
    whole = len(bars) and bars.index[-1] == session and np.isfinite(bars[list(used)].iloc[-1]).all()
    # Without its last bar the item is not complete: the next refresh asks again.
    archive.write("yahoo", ticker, bars, session=str(session.date()) if whole else "")


def _continued(ticker: str, stored: pd.DataFrame, notes: Notes, accepted: screen.Accepted) -> pd.DataFrame:
    """Stored bars with what the vendor has now: new days, filled gaps, and a past changed for a reason."""
    known = stored.index[stored["adjusted"].notna()]
    last = known[-1] if len(known) else stored.index[-1]
    holes = yahoo.gaps(stored, ("adjusted",))
    new = yahoo.fetch(ticker, min([last - yahoo.OVERLAP, *(holes[:1] - yahoo.MARGIN)]))
    if yahoo.agree(stored, new):
        return yahoo.joined(stored, new)
    whole = yahoo.fetch(ticker)
    days = yahoo.unexplained(stored, whole)
    days = days[[(ticker, day) not in accepted for day in days]]
    if len(days):
        notes.changed_past[ticker] = (
            f"{len(days)} days from {days[0].date()} on differ without a split or dividend; the stored values stay "
            f"(--accept {ticker}:{days[0].date()} takes the vendor's)"
        )
        return yahoo.joined(stored, whole, keep=True)
    notes.refetched.append(ticker)
    if whole.index[0] > stored.index[0]:
        notes.kept_past[ticker] = str(stored.index[0].date())
    return yahoo.joined(stored, whole)


def _series(name: str, session: pd.Timestamp, notes: Notes) -> None:
    series = _of_fred(name)[0]
    table = fred.fetch(series, name)
    stored = archive.read("fred", name)
    if stored is not None and len(table):
        past = _not_in(stored, table)
        if len(past) and past["date"].min() < table["date"].min():
            notes.kept_past[series.key] = str(past["date"].min().date())
        table = pd.concat([past, table], ignore_index=True).sort_values(["date", "realtime_start"], ignore_index=True)
    archive.write("fred", name, table, session=str(session.date()))


def _not_in(stored: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Stored observations that the vendor no longer serves."""
    if stored["realtime_start"].isna().all() != table["realtime_start"].isna().all():
        return stored[stored["date"] < table["date"].min()]  # with a key vintages take the place of current values
    if table["realtime_start"].isna().all():
        return stored[~stored["date"].isin(table["date"])]
    ours = pd.MultiIndex.from_frame(stored[["date", "realtime_start"]])
    return stored[~ours.isin(pd.MultiIndex.from_frame(table[["date", "realtime_start"]]))]


def _library(name: str, now: pd.Timestamp) -> None:
    table, stored = french.fetch(name), archive.read("french", name)
    if stored is not None:
        table = table.combine_first(stored)
    archive.write("french", name, table, fetched=str(now))


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


def _outage(vendor: str, names: tuple[str, ...], notes: Notes) -> None:
    """Raise when so many items failed that the vendor, not the items, must be the reason.

    Items that have come before count, and those of the catalogue; a list of members may name companies
    that are long gone.
    """
    ours = set(_names(vendor))
    expected = {name for name in names if name in ours or archive.read(vendor, name) is not None}
    failed = expected & set(notes.missing)
    if len(failed) > max(FEW, OUTAGE * len(expected)):
        raise RegimeError(
            f"{vendor.capitalize()} did not give {len(failed)} of {len(expected)} items that it had "
            f"({notes.missing[min(failed)]}); what came is kept, the stored snapshot stays, run the refresh again later"
        )


def refresh(
    now: pd.Timestamp, todo: Plan, step: Callable[[], None], look: screen.Screen | None = None
) -> tuple[Tables, pd.Timestamp, dict[str, Any]]:
    """Fetch what `todo` names and build the tables; the last session with prices and the notes.

    Raises
    ------
    RegimeError
        A vendor is down, or a leg has never been fetched; the store is untouched.
    """
    look = look or screen.Screen()
    look.required = frozenset(catalog.REQUIRED["us"])
    notes = Notes(membership=todo.membership)
    _each(todo.yahoo, lambda name: _bars(name, todo.session, notes, look.accepted), notes, step, yahoo.PAUSE)
    _outage("yahoo", todo.yahoo, notes)
    _each(todo.fred, lambda name: _series(name, todo.session, notes), notes, step, 0.0)
    _outage("fred", todo.fred, notes)
    _each(todo.french, lambda name: _library(name, now), notes, step, 0.0)
    tables, last = _tables(todo, notes, look)
    return tables, last, notes.to_json()


def _tables(todo: Plan, notes: Notes, look: screen.Screen) -> tuple[Tables, pd.Timestamp]:
    raw = _wide(todo, notes, look)
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


def _wide(todo: Plan, notes: Notes, look: screen.Screen) -> Tables:
    columns: dict[str, dict[str, pd.Series]] = {}
    bars = {name: _clean(name, todo.session, notes, look) for name in dict.fromkeys(_names("yahoo"))}
    for series in catalog.CATALOG:
        place = catalog.live(series)
        if place is None:
            continue
        group = columns.setdefault(series.table, {})
        if place[0] == "yahoo" and (found := bars[place[1]]) is not None:
            group[series.column] = found[BAR_COLUMN.get(series.table, "adjusted")]
        elif place[0] == "french" and (library := archive.read("french", place[1])) is not None:
            group[series.column] = library[catalog.french_file(series.column)[1]]
        elif series.table == "fredmd" and (stored := archive.read("fred", place[1])) is not None:
            group[series.column] = stored.set_index("date")["value"]
    raw = {name: pd.DataFrame(group).rename_axis("date") for name, group in columns.items() if group}
    members = {name: _clean(name, todo.session, notes, look) for name in dict.fromkeys(todo.members["price_col"])}
    priced = {name: table["adjusted"].astype("float32") for name, table in members.items() if table is not None}
    if priced:
        raw[MEMBERS] = pd.DataFrame(priced).rename_axis("date")
        raw[MEMBERSHIP] = todo.members
    return raw


def _clean(ticker: str, session: pd.Timestamp, notes: Notes, look: screen.Screen) -> pd.DataFrame | None:
    """Stored bars on sessions; a missing last bar, interior gaps and contradicted jumps are named."""
    bars = archive.read("yahoo", ticker)
    if bars is None:
        return None
    bars = bars[bars.index.isin(calendar.sessions(calendar.FIRST_SESSION, session))]
    if not len(bars):
        return None
    used = _used(ticker)
    if len(bad := yahoo.contradicted(bars)):
        look.contradicted[ticker.removeprefix("^")] = bad
    if len(holes := yahoo.gaps(bars, used)):
        notes.gaps[ticker] = f"{len(holes)} sessions, the first {holes[0].date()}, the last {holes[-1].date()}"
    ended = ticker not in notes.missing and (bars.index[-1] < session or bars[list(used)].iloc[-1].isna().any())
    if ended and ticker not in notes.missing_last_bar:
        notes.missing_last_bar.append(ticker)
    return bars


def _fred(notes: Notes, look: screen.Screen) -> pd.DataFrame:
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
