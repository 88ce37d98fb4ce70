"""A live refresh: ask each vendor for what is not there yet, then make the tables of a snapshot.

What has been fetched goes into the archive item by item; the snapshot is built
from it at the end. So an interrupted refresh is resumed, a vendor's failure
loses nothing, and the store holds the old snapshot or the new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.data import calendar, catalog
from features.data.arrays import Tables
from features.data.checks import screen
from features.data.errors import RegimeError
from features.data.sources import archive, fred, french, live_tables, membership, reports, yahoo
from features.data.sources.live_names import Notes, allowed, names, of_fred, used
from features.data.sources.retry import GoneError, UnavailableError

SPELLED = {"yahoo": "Yahoo", "fred": "FRED"}
OUTAGE, FEW = 0.1, 2  # share and number of known items that may fail in a refresh
SECONDS = 0.6  # a request takes, waiting included, for the time said beforehand
GIVE_UP = 5  # failures in a row after which a vendor is held to be down


@dataclass(frozen=True)
class Plan:
    """Items to ask for, by vendor, and the session the data should reach."""

    session: pd.Timestamp
    yahoo: tuple[str, ...]
    fred: tuple[str, ...]
    french: tuple[str, ...]
    cftc: tuple[str, ...]
    edgar: tuple[str, ...]
    members: pd.DataFrame
    membership: str

    @property
    def items(self) -> int:
        """How many items will be asked for; Yahoo wants two requests at first sight of a ticker."""
        return len(self.yahoo) + len(self.fred) + len(self.french) + len(self.cftc) + len(self.edgar)

    @property
    def requests(self) -> int:
        """About how many requests that is."""
        first = sum(archive.read("yahoo", ticker) is None for ticker in self.yahoo)
        return self.items + first


def _current(vendor: str, name: str, session: pd.Timestamp) -> bool:
    """Whether the archive holds this item as of today's session, its last bar included."""
    stored = archive.read(vendor, name)
    return stored is not None and stored.attrs.get("session") == str(session.date())


def plan(now: pd.Timestamp) -> Plan:
    """What is missing or old as of `now` (tz-aware)."""
    session = calendar.last_complete(now)
    members, source = membership.table(session)
    tickers = list(dict.fromkeys([*names("yahoo"), *members["price_col"]]))
    old_french = [name for name in names("french") if not _young("french", name, now)]
    return Plan(
        session,
        tuple(ticker for ticker in tickers if not _current("yahoo", ticker, session)),
        tuple(name for name in names("fred") if allowed(name) and not _current("fred", name, session)),
        tuple(old_french),
        reports.years(session),
        reports.companies(members, session),
        members,
        source,
    )


def _young(vendor: str, name: str, now: pd.Timestamp) -> bool:
    stored = archive.read(vendor, name)
    return stored is not None and now - pd.Timestamp(stored.attrs["fetched"]) < french.KEEP


def _bars(ticker: str, session: pd.Timestamp, notes: Notes, accepted: screen.Accepted) -> None:
    stored, columns = archive.read("yahoo", ticker), used(ticker)
    bars = yahoo.fetch(ticker) if stored is None else _continued(ticker, stored, notes, accepted)
    bars = bars[bars.index <= session]
    whole = len(bars) and bars.index[-1] == session and np.isfinite(bars[list(columns)].iloc[-1]).all()
    # Without its last bar the item is not complete: the next refresh asks again.
    archive.write("yahoo", ticker, bars, session=str(session.date()) if whole else "")


def _continued(ticker: str, stored: pd.DataFrame, notes: Notes, accepted: screen.Accepted) -> pd.DataFrame:
    """Stored bars with what the vendor has now: new days, filled gaps, and a past changed for a reason."""
    known = stored.index[stored["adjusted"].notna()]
    last = known[-1] if len(known) else stored.index[-1]
    holes = yahoo.gaps(stored, ("adjusted",))
    new = yahoo.fetch(ticker, min([last - yahoo.OVERLAP, *(holes[:1] - yahoo.MARGIN)]))
    if yahoo.agree(stored, new):
        return yahoo.joined(stored, new, keep=yahoo.PRICES)
    whole = yahoo.fetch(ticker)
    days = yahoo.unexplained(stored, whole)
    days = days[[(ticker, day) not in accepted for day in days]]
    if len(days):
        notes.changed_past[ticker] = (
            f"{len(days)} days from {days[0].date()} on differ without a split or dividend; the stored values stay "
            f"(--accept {ticker}:{days[0].date()} takes the vendor's)"
        )
        return yahoo.joined(stored, whole, keep=tuple(stored.columns))
    notes.refetched.append(ticker)
    if whole.index[0] > stored.index[0]:
        notes.kept_past[ticker] = str(stored.index[0].date())
    return yahoo.joined(stored, whole)


def _series(name: str, session: pd.Timestamp, notes: Notes) -> None:
    series = of_fred(name)[0]
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
    asked: tuple[str, ...],
    ask: Callable[[str], None],
    notes: Notes,
    step: Callable[[], None],
    pause: float,
) -> list[str]:
    """Ask for every name; the names the vendor says it does not have.

    A failure is noted and the stored item stays; a vendor that is down ends the refresh.
    """
    failures, gone = 0, []
    for done, name in enumerate(asked):
        if done and pause:
            time.sleep(pause)
        try:
            ask(name)
            failures = 0
        except GoneError as error:
            notes.missing[name] = str(error)
            gone.append(name)
            failures = 0
        except UnavailableError as error:
            notes.missing[name] = str(error)
            failures += 1
            if error.refused or failures >= GIVE_UP:
                raise RegimeError(
                    f"{error} after {done} of {len(asked)} items; what came is kept, run the refresh again later"
                ) from None
        step()
    return gone


def _refuse_outage(vendor: str, asked: tuple[str, ...], gone: list[str], notes: Notes, session: pd.Timestamp) -> None:
    """Raise when so many items failed that the vendor, not the items, must be the reason.

    Items that have come before count, and those of the catalogue; what a vendor said it no longer has in
    an earlier refresh does not, nor a member in a list of the past that never came.
    """
    ours = set(names(vendor))
    stored = {name: archive.read(vendor, name) for name in asked}
    expected = {name for name, table in stored.items() if table is not None and "gone" not in table.attrs}
    expected |= {name for name, table in stored.items() if table is None and name in ours}
    failed = expected & set(notes.missing)
    if len(failed) > max(FEW, OUTAGE * len(expected)):
        raise RegimeError(
            f"{SPELLED[vendor]} did not give {len(failed)} of {len(expected)} items that it should have "
            f"({notes.missing[min(failed)]}); what came is kept, the stored snapshot stays, run the refresh again later"
        )
    for name in gone:
        if (table := stored[name]) is not None:
            archive.write(vendor, name, table, **{"gone": str(session.date())} | table.attrs)


def _optional(todo: Plan, notes: Notes, step: Callable[[], None]) -> None:
    """Positions and filings: no call needs them, so a vendor that is down or refuses does not end the refresh."""
    try:
        _each(todo.cftc, lambda year: reports.positions(year, todo.session), notes, step, 0.0)
    except RegimeError as error:
        notes.missing[reports.CFTC] = str(error)
    if todo.edgar:
        found = Notes()
        try:
            gone = _each(todo.edgar, reports.Filings(todo.session), found, step, 0.0)
            # Companies without filings are named by the table, at each refresh.
            found.missing = {name: why for name, why in found.missing.items() if name not in gone}
            notes.missing |= {f"{name} at EDGAR": why for name, why in found.missing.items()}
        except RegimeError as error:
            notes.missing[reports.EDGAR] = str(error)


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
    gone = _each(todo.yahoo, lambda name: _bars(name, todo.session, notes, look.accepted), notes, step, yahoo.PAUSE)
    _refuse_outage("yahoo", todo.yahoo, gone, notes, todo.session)
    gone = _each(todo.fred, lambda name: _series(name, todo.session, notes), notes, step, 0.0)
    _refuse_outage("fred", todo.fred, gone, notes, todo.session)
    _each(todo.french, lambda name: _library(name, now), notes, step, 0.0)
    _optional(todo, notes, step)
    tables, last = live_tables.build(todo.members, todo.session, notes, look)
    return tables, last, notes.to_json()
