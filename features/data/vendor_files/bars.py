"""Files of one ticker's daily bars: Cboe, Yahoo, Stooq, TradingView, investing.com."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.data import calendar, catalog
from features.data.checks import dates, tables
from features.data.errors import RegimeError
from features.data.vendor_files.understood import UNITS, Target, Understood, place, ticker_of, wide

ADJUSTED = ("prices_etf", "prices_mag7", "prices_sp500")
_SUFFIX = {"K": 1e3, "M": 1e6, "B": 1e9}


@dataclass(frozen=True)
class Format:
    """Headings that tell a vendor, and what its columns mean.

    `dividends` says whether the closing prices include them; `month_first` that its dates are MM/DD/YYYY.
    """

    vendor: str
    headings: str
    date: str
    value: str
    volume: str | None = None
    dividends: bool = False
    month_first: bool = False


# In this order: Yahoo's headings contain Stooq's.
FORMATS: tuple[Format, ...] = (
    Format("Cboe", r"DATE,OPEN,HIGH,LOW,CLOSE", "DATE", "CLOSE", month_first=True),
    Format("Cboe", r"DATE,(?P<value>VIX\w*|VVIX|SKEW)", "DATE", "", month_first=True),
    Format("Yahoo", r"Date,Open,High,Low,Close,Adj Close,Volume", "Date", "Adj Close", "Volume", dividends=True),
    Format("Stooq", r"Date,Open,High,Low,Close(,Volume)?", "Date", "Close", "Volume", dividends=True),
    Format(
        "Stooq",
        r"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        "<DATE>",
        "<CLOSE>",
        "<VOL>",
        dividends=True,
    ),
    Format("TradingView", r"time,open,high,low,close(,.*)?", "time", "close", "Volume"),
    Format(
        "investing.com", r"Date,Price,Open,High,Low(,Vol\.)?(,Change %)?", "Date", "Price", "Vol.", month_first=True
    ),
)


def format_of(headings: list[str]) -> tuple[Format, re.Match[str]] | None:
    """The format whose headings these are."""
    line = ",".join(headings)
    for known in FORMATS:
        if found := re.fullmatch(known.headings, line):
            return known, found
    return None


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """A file of bars, or None when its headings are no format of this module.

    Raises
    ------
    RegimeError
        The ticker is not known, a cell is no number, or closes without dividends would pass for total return.
    """
    first = content.decode("utf-8-sig", "replace").lstrip().splitlines()[:1]
    headings = [heading.strip().strip('"') for heading in first[0].split(",")] if first else []
    if (known := format_of(headings)) is None:
        return None
    layout, match = known
    value = match.groupdict().get("value") or layout.value
    table = tables.parse_csv(path.name, content, tables.ALL_TEXT)
    table = tables.blank_rows_dropped(table, layout.date)
    ticker = value if not layout.value else _ticker(path, table)
    name, column = place(path.name, ticker, target)
    if name in ADJUSTED and not layout.dividends and target.table is None:
        raise RegimeError(
            f"{path.name}: {layout.vendor} gives closes without dividends and {name} holds total-return prices; "
            f"--as {name} takes them all the same"
        )
    days = _days(path.name, table[layout.date], layout)
    if layout.vendor == "Yahoo" and name == "vix":
        value = "Close"
    out = {name: wide(days, {column: numbers(path.name, table[value])}, path.name)}
    used = {layout.date, value}
    if layout.volume in table and name == "prices_etf" and column in catalog.VOLUME_FUNDS:
        out["volume_etf"] = wide(days, {column: numbers(path.name, table[layout.volume])}, path.name)
        used.add(layout.volume)
    left = [heading for heading in table if heading not in used]
    notes = [f"not read: {', '.join(left)}"] if left else []
    if name in ADJUSTED and not layout.dividends:
        notes.append("closes without dividends, taken as you said")
    return Understood(layout.vendor, out, UNITS[name], notes)


def _ticker(path: Path, table: pd.DataFrame) -> str:
    if "<TICKER>" in table:
        names = table["<TICKER>"].unique()
        if len(names) != 1:
            raise RegimeError(f"{path.name}: holds {len(names)} tickers, one a file is expected")
        return str(names[0]).upper().removesuffix(".US")
    return ticker_of(path)


def _days(name: str, values: pd.Series, layout: Format) -> pd.DatetimeIndex:
    text = values.astype(str).str.strip()
    where = f"{name}: column {layout.date}"
    if layout.vendor == "TradingView" and text.str.fullmatch(r"\d{9,10}").all():
        # Seconds since 1970 at which the session opens.
        moments = pd.to_datetime(text.astype("int64"), unit="s", utc=True).dt.tz_convert(calendar.ZONE)
        return dates.read(where, pd.DatetimeIndex(moments).tz_localize(None).normalize())
    if layout.month_first and text.str.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}").all():
        parts = text.str.split("/", expand=True)
        if layout.vendor == "Cboe":  # an American exchange; investing.com's order depends on the reader's country
            return dates.read(where, parts[2] + "-" + parts[0] + "-" + parts[1])
    return dates.read(where, text)


def numbers(name: str, values: pd.Series) -> pd.Series:
    """A column of text as numbers: thousands in commas, K, M and B, percent signs, and words for missing.

    Raises
    ------
    RegimeError
        A cell that is none of these.
    """
    text = values.astype(object).where(values.notna(), "").astype(str).str.strip()
    text = text.mask(text.str.lower().isin(["null", "nan", "n/a", "na", "-", ".", "n/d"]), "")
    grouped = text.str.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?[KMB]?")
    text = text.mask(grouped, text.str.replace(",", ""))
    factor = text.str[-1:].map(_SUFFIX).astype(float).fillna(1.0)
    bare = text.mask(factor != 1.0, text.str[:-1]).replace("", np.nan)
    found = pd.to_numeric(bare, errors="coerce")
    odd = bare[found.isna() & bare.notna()]
    if len(odd):
        raise RegimeError(
            f"{name}: column {values.name} holds {str(values[odd.index[0]])[:30]!r}, numbers are expected"
        )
    return found.astype(float) * factor
