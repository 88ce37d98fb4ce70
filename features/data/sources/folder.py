"""Read a directory of tables: the contract for bring-your-own data (docs/data.md).

Everything is checked before anything is stored, and an objection names the
file and the column. Only what the catalogue knows is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.data import availability, calendar, catalog, files
from features.data.arrays import Tables
from features.data.catalog import MEMBERS, MEMBERSHIP
from features.data.checks import dates as read_dates
from features.data.checks import required, screen, tables
from features.data.errors import RegimeError

MONTHLY = ("fredmd", "shiller")
PUBLISHED = ("breadth_exchange", "cftc_positioning")  # keep their rows on exchange holidays, as published
SEVEN_DAYS = ("DFF", "BAMLC0A0CM", "BAMLH0A0HYM2")  # daily series that have values on weekends
FRED_TEXTS = ("series", "date", "vintage", "realtime_start")
CURRENT, FIRST_PRINT = "current_revision", "alfred_first_release"
_TICKER = r"[\^A-Z0-9][A-Za-z0-9.\-_]*"


@dataclass(frozen=True)
class Layout:
    """What a file may hold: wide tables by the columns they allow, long ones by those they need."""

    columns: str = ".*"
    needs: tuple[str, ...] = ()


LAYOUTS: dict[str, Layout] = {
    "prices_etf": Layout(_TICKER),
    MEMBERS: Layout(_TICKER),
    "prices_mag7": Layout(_TICKER),
    "indices": Layout(_TICKER),
    "volume_etf": Layout(_TICKER),
    "vix": Layout("VIX(_OPEN|_HIGH|_LOW|3M|9D)?|VVIX|SKEW|PCR_(TOTAL|EQUITY|INDEX)"),
    "breadth_exchange": Layout("ADV|DECL|UCHG|MAHN|MALN|MMTH|S5TH|S5OH|SPX_FWD_PE"),
    "famafrench_factors_daily": Layout("Mkt-RF|SMB|HML|RF|MOM|RMW|CMA"),
    "famafrench_portfolios_daily": Layout("(IND1[02]_[VE]W|ME_VW|SZBM25_VW)_[A-Za-z0-9_]+"),
    "cftc_positioning": Layout("(sp500|nasdaq100|russell2000|vix)_(leveraged|asset_manager)"),
    "earnings_breadth": Layout("grew|grew_without_seven|covered"),
    "fredmd": Layout(r"[A-Za-z0-9&: \-]+x?"),
    "shiller": Layout("[a-z_0-9]+"),
    "fred": Layout(needs=("series", "date", "value", "vintage", "realtime_start")),
    MEMBERSHIP: Layout(needs=("ticker", "start", "end", "price_col")),
}
IGNORED = re.compile(r".*\.md|.*\.txt|fredmd_tcodes\.csv|\..*")


def read(folder: Path, look: screen.Screen | None = None) -> tuple[Tables, str, pd.Timestamp]:
    """Tables ready for the store, the legs they support, and their last session.

    Parameters
    ----------
    folder : Path
    look : Screen, optional
        Carries what a person has accepted and the stored past; collects what is set aside.

    Raises
    ------
    RegimeError
        A file, column, date or value that is not understood, or no broad leg.
    """
    look = look or screen.Screen()
    if not files.is_folder(folder):
        raise RegimeError(f"--folder {folder}: no such directory")
    try:
        paths = [path for path in sorted(folder.iterdir()) if not IGNORED.fullmatch(path.name)]
    except OSError as error:
        raise RegimeError(f"--folder {folder}: cannot be listed ({error.strerror})") from error
    for path in paths:
        if path.suffix not in tables.SUFFIXES or path.stem not in LAYOUTS:
            known = ", ".join(sorted(LAYOUTS))
            raise RegimeError(f"{path.name}: not a table this program knows; it reads .parquet or .csv of {known}")
    raw = {name: read_table(path, look) for name, path in tables.one_a_table(paths).items()}
    legs = _legs(raw, folder)
    look.required = frozenset(catalog.REQUIRED[legs])
    out: Tables = {}
    for name in [name for name in raw if name != MEMBERSHIP]:
        raw[name] = screen.long(look, raw[name]) if name == "fred" else screen.wide(look, name, raw[name])
    look.close()
    required.check(raw, legs, look.accepted)
    for name, table in raw.items():
        if _wanted(name, table):
            out |= for_store(name, table)
    return out, legs, _last_session(raw, legs)


def read_table(path: Path, look: screen.Screen) -> pd.DataFrame:
    """One file of a folder, its form checked: dates, headings, numbers.

    Raises
    ------
    RegimeError
        What is not as docs/data.md says, by file and column.
    """
    name, layout = path.stem, LAYOUTS[path.stem]
    texts = {"fred": FRED_TEXTS, MEMBERSHIP: tables.ALL_TEXT}.get(name, ("date",))
    table = tables.read(path, texts)
    missing = [column for column in layout.needs if column not in table.columns]
    if missing:
        raise RegimeError(f"{path.name}: column {missing[0]} is missing; it needs {', '.join(layout.needs)}")
    if name == MEMBERSHIP:
        return _check_membership(path.name, table)
    if name == "fred":
        return _check_fred(path.name, table)
    table = _check_wide(path.name, table, layout.columns)
    if name not in MONTHLY:
        table, dropped = read_dates.daily(path.name, table, holidays=name in PUBLISHED)
        if dropped:
            look.holidays[name] = dropped
    return table


def _check_wide(name: str, table: pd.DataFrame, allowed: str) -> pd.DataFrame:
    if "date" not in table.columns and table.index.name == "date":
        table = table.reset_index()
    if "date" not in table.columns:
        raise RegimeError(f"{name}: no date index; a wide table has one row a date, index named date")
    table = tables.blank_rows_dropped(table, "date")
    days = read_dates.read(f"{name}: column date", table["date"])
    table = table.drop(columns="date").set_axis(days.rename("date"))
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0].date()
        raise RegimeError(f"{name}: date {twice} stands there twice; one row a date is expected")
    changed = {}
    for column, values in table.items():
        if not re.fullmatch(allowed, str(column)):
            raise RegimeError(f"{name}: column {column} is not one this table may have (see docs/data.md)")
        kept = tables.numbers(name, str(column), values)
        if kept is not values:
            changed[column] = kept
    table = table.assign(**changed) if changed else table
    return table if table.index.is_monotonic_increasing else table.sort_index()


def _check_fred(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the long table that the catalogue knows, sorted by series and date."""
    known = _known_columns("fred")
    table = table[table["series"].isin(list(known))]
    words = table["vintage"].astype(object).drop_duplicates().tolist()
    odd = [word for word in words if word not in (CURRENT, FIRST_PRINT)]
    if odd:
        raise RegimeError(
            f"{name}: column vintage holds {str(odd[0])[:30]!r}; it knows {CURRENT} (values as they are today) and "
            f"{FIRST_PRINT} (as first published, on realtime_start)"
        )
    printed = [key for key, series in known.items() if series.lag == "vintage"]
    table = table[(table["vintage"] == CURRENT) | table["series"].isin(printed)]
    table = table.assign(
        date=read_dates.read(f"{name}: column date", table["date"]),
        value=tables.numbers(name, "value", table["value"]),
    )
    every_day = [key for key, series in known.items() if series.lag != "next" or key in SEVEN_DAYS]
    weekend = (table["date"].dt.day_of_week >= 5) & ~table["series"].isin(every_day)
    if weekend.any():
        row = table[weekend].iloc[0]
        raise RegimeError(f"{name}: {row['series']} has {row['date'].date()}, a {row['date'].day_name()}")
    prints = table["series"].isin(printed)
    published = pd.Series(pd.NaT, table.index, dtype="datetime64[ns]")
    if prints.any():
        published[prints] = read_dates.read(f"{name}: column realtime_start", table.loc[prints, "realtime_start"])
        early = published < table["date"]
        if early.any():
            row = table[early].iloc[0]
            raise RegimeError(f"{name}: {row['series']} of {row['date'].date()} is published before its date")
    table = table.assign(realtime_start=published).dropna(subset="value")
    twice = table[table.duplicated(["series", "date", "realtime_start"])]
    if len(twice):
        row = twice.iloc[0]
        raise RegimeError(f"{name}: {row['series']} has date {row['date'].date()} twice")
    return table.sort_values(["series", "date"], ignore_index=True)


def _check_membership(name: str, table: pd.DataFrame) -> pd.DataFrame:
    table = tables.blank_rows_dropped(table, "ticker")
    if table["ticker"].isna().any():
        raise RegimeError(f"{name}: {int(table['ticker'].isna().sum())} rows have no ticker")
    start = read_dates.read(f"{name}: column start", table["start"])
    end = read_dates.read(f"{name}: column end", table["end"], empty=True)
    if (end < start).any():
        ticker = table["ticker"].iloc[int((end < start).argmax())]
        raise RegimeError(f"{name}: {ticker} ends before it starts")
    read = {"start": start, "end": end}
    return table.assign(**{column: days for column, days in read.items() if table[column].dtype.kind != "M"})


def _legs(raw: Tables, folder: Path) -> str:
    def has_columns(*keys: str) -> bool:
        series = [catalog.BY_KEY[key] for key in keys]
        return all(s.table in raw and s.column in raw[s.table].columns for s in series)

    if has_columns("RSP", "SPY"):
        return "us"
    members = raw.get(MEMBERS)
    if (
        "prices_etf" not in raw
        and has_columns("^GSPC")
        and members is not None
        and set(catalog.SAMPLE_LEADERS) <= set(members)
    ):
        return "sample"
    raise RegimeError(f"{folder}: no broad leg; prices_etf.parquet with columns RSP and SPY is needed")


def _last_session(raw: Tables, legs: str) -> pd.Timestamp:
    key = catalog.BY_KEY["SPY" if legs == "us" else "^GSPC"]
    return pd.Timestamp(raw[key.table][key.column].last_valid_index())


def _known_columns(name: str) -> dict[str, catalog.Series]:
    return {series.column: series for series in catalog.CATALOG if series.table == name}


def _wanted(name: str, table: pd.DataFrame) -> bool:
    if name in (MEMBERS, MEMBERSHIP):
        return True
    present = set(table["series"].unique()) if name == "fred" else set(table.columns)
    return bool(present & set(_known_columns(name)))


def for_store(name: str, table: pd.DataFrame) -> Tables:
    """Keep what the catalogue knows and add `available_at`; one stored table for each lag."""
    sessions = calendar.all_sessions()
    if name == MEMBERSHIP:
        return {name: table[["ticker", "start", "end", "price_col"]].reset_index(drop=True)}
    if name == "fred":
        return {name: _fred(table)}
    if name == MEMBERS:
        return {name: table.assign(available_at=availability.available_sessions(table.index, "close", sessions))}
    kept = [series for column, series in _known_columns(name).items() if column in table]
    out = {}
    for stored in sorted({series.stored_in for series in kept}):
        group = [series for series in kept if series.stored_in == stored]
        days = availability.available_at(group[0], table.index, sessions)
        out[stored] = table[[series.column for series in group]].assign(available_at=days)
    return out


def _fred(table: pd.DataFrame) -> pd.DataFrame:
    """Long table: a series with lag ``vintage`` by its dates of publication, the others by their lag."""
    known = _known_columns("fred")
    sessions = calendar.all_sessions()
    parts = []
    for key, part in table.groupby("series"):
        series = known[str(key)]
        dates = pd.DatetimeIndex(part["realtime_start" if series.lag == "vintage" else "date"]).as_unit("ns")
        parts.append(availability.available_at(series, dates, sessions).to_series(index=part.index))
    return table[["series", "date", "value"]].assign(available_at=pd.concat(parts))
