"""Read a directory of parquet tables: the contract for bring-your-own data (docs/data.md).

Everything is checked before anything is stored, and an objection names the
file and the column. Only what the catalogue knows is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.data import calendar, catalog
from features.data.errors import RegimeError
from features.data.store import Tables

MEMBERS = "prices_sp500"
MEMBERSHIP = "sp500_membership"
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
    "fredmd": Layout(r"[A-Za-z0-9&: \-]+x?"),
    "shiller": Layout("[a-z_0-9]+"),
    "fred": Layout(needs=("series", "date", "value", "vintage", "realtime_start")),
    MEMBERSHIP: Layout(needs=("ticker", "start", "end", "price_col")),
}
IGNORED = re.compile(r".*\.md|.*\.txt|fredmd_tcodes\.csv|\..*")


def read(folder: Path) -> tuple[Tables, str, pd.Timestamp]:
    """Tables ready for the store, the legs they support, and their last session.

    Raises
    ------
    RegimeError
        A file or column that is not understood, a repeated or future date, text
        where numbers belong, or no broad leg.
    """
    if not folder.is_dir():
        raise RegimeError(f"--folder {folder}: no such directory")
    raw: Tables = {}
    for path in sorted(folder.iterdir()):
        if IGNORED.fullmatch(path.name):
            continue
        if path.suffix not in (".parquet", ".csv") or path.stem not in LAYOUTS:
            known = ", ".join(sorted(LAYOUTS))
            raise RegimeError(f"{path.name}: not a table this program knows; it reads .parquet or .csv of {known}")
        raw[path.stem] = _read_one(path)
    legs = _legs(raw, folder)
    last = _last_session(raw, legs)
    tables: Tables = {}
    for name, table in raw.items():
        if _wanted(name, table):
            tables |= for_store(name, table)
    return tables, legs, last


def _read_one(path: Path) -> pd.DataFrame:
    layout = LAYOUTS[path.stem]
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RegimeError(f"{path.name}: cannot be read ({str(error).splitlines()[0]})") from error
    if layout.needs:
        return _check_long(path.name, table, layout.needs)
    return _check_wide(path.name, table, layout.columns)


def _dates(name: str, column: str, values: pd.Series | pd.Index) -> pd.DatetimeIndex:
    try:
        dates = pd.DatetimeIndex(pd.to_datetime(values)).as_unit("ns")
    except (ValueError, TypeError) as error:
        raise RegimeError(f"{name}: column {column} is not made of dates") from error
    today = pd.Timestamp.today().normalize()
    if len(dates) and dates.max() > today:
        raise RegimeError(f"{name}: column {column} has a future date, {dates.max().date()} (today is {today.date()})")
    return dates


def _check_wide(name: str, table: pd.DataFrame, allowed: str) -> pd.DataFrame:
    if "date" in table.columns:
        table = table.set_index("date")
    if table.index.name != "date":
        raise RegimeError(f"{name}: no date index; a wide table has one row a date, index named date")
    table.index = _dates(name, "date", table.index)
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0].date()
        raise RegimeError(f"{name}: date {twice} stands there twice; one row a date is expected")
    for column, kind in table.dtypes.items():
        if not re.fullmatch(allowed, str(column)):
            raise RegimeError(f"{name}: column {column} is not one this table may have (see docs/data.md)")
        if not pd.api.types.is_numeric_dtype(kind):
            raise RegimeError(f"{name}: column {column} holds {kind}, numbers are expected")
    return table.sort_index()


def _check_long(name: str, table: pd.DataFrame, needs: tuple[str, ...]) -> pd.DataFrame:
    missing = [column for column in needs if column not in table.columns]
    if missing:
        raise RegimeError(f"{name}: column {missing[0]} is missing; it needs {', '.join(needs)}")
    if "value" in needs:
        if not pd.api.types.is_numeric_dtype(table["value"]):
            raise RegimeError(f"{name}: column value holds {table['value'].dtype}, numbers are expected")
        table = table.assign(date=_dates(name, "date", table["date"]))
        twice = table[table.duplicated(["series", "date", "realtime_start"])]
        if len(twice):
            row = twice.iloc[0]
            raise RegimeError(f"{name}: {row['series']} has date {row['date'].date()} twice")
    return table


def _legs(raw: Tables, folder: Path) -> str:
    def has(*keys: str) -> bool:
        series = [catalog.BY_KEY[key] for key in keys]
        return all(s.table in raw and s.column in raw[s.table].columns for s in series)

    if has("RSP", "SPY"):
        return "us"
    members = raw.get(MEMBERS)
    if "prices_etf" not in raw and has("^GSPC") and members is not None and set(catalog.SAMPLE_LEADERS) <= set(members):
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
    present = set(table["series"]) if name == "fred" else set(table.columns)
    return bool(present & set(_known_columns(name)))


def for_store(name: str, table: pd.DataFrame) -> Tables:
    """Keep what the catalogue knows and add `available_at`; one stored table for each lag."""
    sessions = calendar.all_sessions()
    if name == MEMBERSHIP:
        return {name: table[["ticker", "start", "end", "price_col"]].reset_index(drop=True)}
    if name == "fred":
        return {name: _fred(table)}
    if name == MEMBERS:
        return {name: table.assign(available_at=catalog.available_sessions(table.index, "close", sessions))}
    kept = [series for column, series in _known_columns(name).items() if column in table]
    out = {}
    for stored in sorted({series.stored_in for series in kept}):
        group = [series for series in kept if series.stored_in == stored]
        days = catalog.available_at(group[0], table.index, sessions)
        out[stored] = table[[series.column for series in group]].assign(available_at=days)
    return out


def _fred(table: pd.DataFrame) -> pd.DataFrame:
    """Long table: a series with lag ``vintage`` by its dates of publication, the others by their lag."""
    known = _known_columns("fred")
    sessions = calendar.all_sessions()
    first_prints = table["series"].map(lambda key: key in known and known[key].lag == "vintage")
    kept = table[table["series"].isin(list(known)) & ((table["vintage"] == "current_revision") | first_prints)]
    kept = kept.dropna(subset="value").sort_values(["series", "date"], ignore_index=True)
    parts = []
    for key, part in kept.groupby("series"):
        series = known[str(key)]
        dates = pd.DatetimeIndex(part["realtime_start" if series.lag == "vintage" else "date"]).as_unit("ns")
        parts.append(catalog.available_at(series, dates, sessions).to_series(index=part.index))
    return kept[["series", "date", "value"]].assign(available_at=pd.concat(parts))
