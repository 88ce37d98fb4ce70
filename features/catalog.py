"""The one table of input series. Nothing else in the code knows a ticker or a FRED id.

`lag` says when an observation becomes available, relative to its date:

* ``close``  with the close of its own session (prices, VIX, breadth counts);
* ``next``   with the next session (H.15 yields, ICE spreads, Moody's daily);
* ``month``  five sessions after the end of the month it is about.

`max_age` is in calendar days, from the observation's *availability*: an older
value is missing, never carried on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Lag = Literal["close", "next", "month"]


@dataclass(frozen=True)
class Series:
    """One input: where it stands in the store, its unit, lag, age and provenance."""

    key: str
    table: str
    column: str
    unit: str
    lag: Lag
    meaning: str
    max_age: int = 7
    required: bool = False
    revised: bool = False
    published_since: str | None = None
    defined_on: str | None = None
    substitute: str | None = None


def _etf(ticker: str, meaning: str, required: bool = False) -> Series:
    return Series(ticker, "prices_etf", ticker, "adjusted close, USD", "close", meaning, required=required)


def _h15(series: str, meaning: str, required: bool = False) -> Series:
    return Series(series, "fred", series, "percent", "next", meaning, max_age=10, required=required)


def _french(column: str, meaning: str) -> Series:
    return Series(
        column, "famafrench_portfolios_daily", column, "daily return", "close", meaning, published_since="1997-01-01"
    )


def _factor(column: str, meaning: str) -> Series:
    return Series(
        column, "famafrench_factors_daily", column, "daily return", "close", meaning, published_since="1997-01-01"
    )


INDUSTRIES = ("NoDur", "Durbl", "Manuf", "Enrgy", "HiTec", "Telcm", "Shops", "Hlth", "Utils", "Other")
# The sector fund that continues each French industry; None where no fund of 1998 matches.
INDUSTRY_FUND = {
    "NoDur": "XLP",
    "Durbl": "XLY",
    "Manuf": "XLI",
    "Enrgy": "XLE",
    "HiTec": "XLK",
    "Telcm": None,
    "Shops": None,
    "Hlth": "XLV",
    "Utils": "XLU",
    "Other": "XLF",
}

CATALOG: tuple[Series, ...] = (
    _etf("RSP", "S&P 500 equal weight, the broad leg from 2003-05-02", required=True),
    _etf("SPY", "S&P 500, the cap leg from 2003-05-02", required=True),
    _etf("XLG", "largest 50, the leaders once listed", required=True),
    _etf("IWM", "Russell 2000"),
    _etf("IVE", "S&P 500 value"),
    _etf("IVW", "S&P 500 growth"),
    _etf("HYG", "high-yield bonds"),
    _etf("IEF", "7-10 year Treasuries"),
    *(_etf(fund, f"sector fund continuing {name}") for name, fund in INDUSTRY_FUND.items() if fund),
    _factor("Mkt-RF", "market excess return, the cap leg before 2003-05-02"),
    _factor("HML", "value minus growth"),
    _factor("RF", "one-month bill, daily"),
    *(_french(f"ME_VW_{d}", f"size decile {d}") for d in ("Dec7", "Dec8", "Dec9", "Hi10")),
    _french("ME_VW_Lo30", "the smallest 30 %"),
    *(_french(f"IND10_VW_{name}", f"industry {name}") for name in INDUSTRIES),
    Series("^GSPC", "indices", "^GSPC", "index level, no dividends", "close", "S&P 500, the sample's cap leg"),
    Series("VIX", "vix", "VIX", "percent a year", "close", "implied volatility, 30 days", required=True),
    Series("VIX3M", "vix", "VIX3M", "percent a year", "close", "implied volatility, 93 days"),
    Series("ADV", "breadth_exchange", "ADV", "issues", "close", "NYSE issues advancing"),
    Series("DECL", "breadth_exchange", "DECL", "issues", "close", "NYSE issues declining"),
    Series("MMTH", "breadth_exchange", "MMTH", "percent", "close", "US stocks above their 200-day average"),
    Series("MAHN", "breadth_exchange", "MAHN", "issues", "close", "new 52-week highs"),
    Series("MALN", "breadth_exchange", "MALN", "issues", "close", "new 52-week lows"),
    _h15("DGS1", "1-year Treasury yield", required=True),
    _h15("DGS10", "10-year Treasury yield", required=True),
    _h15("DGS3MO", "3-month bill yield", required=True),
    _h15("DFF", "effective federal funds rate"),
    _h15("DAAA", "Moody's Aaa yield, daily"),
    _h15("DBAA", "Moody's Baa yield, daily"),
    Series(
        "BAMLH0A0HYM2",
        "fred",
        "BAMLH0A0HYM2",
        "percent",
        "next",
        "ICE BofA high-yield spread",
        max_age=10,
        substitute="BAA10Y",
    ),
    Series("AAA", "fredmd", "AAA", "percent", "month", "Moody's Aaa yield, monthly mean", max_age=45),
    Series("BAA", "fredmd", "BAA", "percent", "month", "Moody's Baa yield, monthly mean", max_age=45),
)

BY_KEY: dict[str, Series] = {series.key: series for series in CATALOG}

# The sample has other legs: its cap leg is an index, its broad leg the mean of its members.
REQUIRED: dict[str, tuple[str, ...]] = {
    "us": tuple(series.key for series in CATALOG if series.required),
    "sample": ("^GSPC", "DGS1", "DGS10"),
}
SAMPLE_LEADERS = ("AAPL", "MSFT")


def available_sessions(dates: pd.DatetimeIndex, lag: Lag, calendar: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The first session at whose cut-off (close plus 20 minutes) each observation is available.

    Parameters
    ----------
    dates : DatetimeIndex, shape (n,)
        Observation dates; for ``month`` any day of the month it is about.
    lag : {"close", "next", "month"}
    calendar : DatetimeIndex
        NYSE sessions reaching beyond the last date.
    """
    if lag == "close":
        position = calendar.searchsorted(dates, side="left")
    elif lag == "next":
        position = calendar.searchsorted(dates, side="right")
    else:
        month_end = dates + pd.offsets.MonthEnd(0)
        position = calendar.searchsorted(month_end, side="right") + 4
    return calendar[position]
