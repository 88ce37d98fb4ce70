"""What a reader made of a vendor's file, and where a vendor's names go."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.data import catalog
from features.data.arrays import Tables
from features.data.errors import RegimeError

# Other vendors' names of series in the catalogue.
ALIASES = {
    "SPX": "^GSPC",
    "GSPC": "^GSPC",
    "S&P 500": "^GSPC",
    "CBOE VOLATILITY INDEX": "VIX",
    "FB": "META",
    "GOOG_L": "GOOGL",
}
UNITS = {
    "prices_etf": "price adjusted for splits and dividends, USD",
    "prices_mag7": "price adjusted for splits and dividends, USD",
    "prices_sp500": "price adjusted for splits and dividends, USD",
    "indices": "index level",
    "vix": "percent a year",
    "volume_etf": "shares",
    "breadth_exchange": "issues or percent",
}


@dataclass(frozen=True)
class Target:
    """Where a person says a file belongs: a table, and perhaps the column."""

    table: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Understood:
    """A file's contents in the form the folder has.

    Attributes
    ----------
    vendor : str
        Whose format it is.
    tables : dict of DataFrame
        Wide tables indexed by date; ``fred`` and ``sp500_membership`` long.
    unit : str
        Unit of the values as they are written, with any conversion.
    notes : list of str
        What else a person should know (columns not read, a warning).
    filings : dict of int to DataFrame
        A company's net income as first filed, by its number at EDGAR: all companies together make a table.
    numbers : dict of str to int
        Those numbers by ticker.
    """

    vendor: str
    tables: Tables
    unit: str
    notes: list[str] = field(default_factory=list)
    filings: dict[int, pd.DataFrame] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


def ticker_of(path: Path) -> str:
    """The ticker a file's name says: ``SPY.csv``, ``spy_us_d.csv``, ``AMEX_SPY, 1D.csv``, ``SPY (1).csv``."""
    stem = re.sub(r"\s*\(\d+\)$", "", path.stem).strip()
    stem = re.split(r",\s*", stem)[0]
    stem = re.sub(r"( ETF)? (Stock Price History|Historical Data|Stock Price)$", "", stem)
    if stooq := re.fullmatch(r"(\^?[a-z0-9.\-]+?)(?:_us)?_[dwm]", stem):
        stem = stooq[1]
    stem = re.sub(r"\.us$", "", stem, flags=re.IGNORECASE)
    if exchange := re.fullmatch(r"[A-Z]+(?:_DLY)?_([A-Z0-9.^]+)", stem):
        stem = exchange[1]
    stem = re.sub(r"_History$", "", stem)
    name = stem.upper()
    return ALIASES.get(name.removeprefix("^"), ALIASES.get(name, name))


def place(name: str, ticker: str, target: Target) -> tuple[str, str]:
    """Table and column of a ticker.

    Raises
    ------
    RegimeError
        The catalogue does not know the ticker and nothing was said.
    """
    ticker = target.column or ticker
    plain = ticker.removeprefix("^")
    known = [series for series in catalog.CATALOG if series.table in UNITS and series.table != "volume_etf"]
    for series in known:
        if series.column in (ticker, plain) and target.table in (None, series.table):
            return series.table, series.column
    if target.table is None:
        raise RegimeError(
            f"{name}: {ticker!r} is no ticker of the catalogue; name the file TICKER.csv, or say where it goes with "
            f"--as TABLE or --as TABLE:COLUMN (a member of the S&P 500: --as prices_sp500)"
        )
    return target.table, ticker


def wide(dates: pd.DatetimeIndex, columns: dict[str, pd.Series | pd.Index], name: str) -> pd.DataFrame:
    """A wide table in the order of its dates.

    Raises
    ------
    RegimeError
        A date stands there twice.
    """
    table = pd.DataFrame({column: values.to_numpy() for column, values in columns.items()}, dates.rename("date"))
    if table.index.has_duplicates:
        raise RegimeError(f"{name}: date {table.index[table.index.duplicated()][0].date()} stands there twice")
    return table.sort_index()
