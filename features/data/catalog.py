"""The one table of input series. Nothing else in the code knows a ticker or a FRED id.

`lag` is one of those that `features.data.availability` explains.
`max_age` is in calendar days, from the observation's *availability*: an older
value is missing, never carried on. `published_since`: what is dated earlier was
computed afterwards. `older_since`: values before the first date were published
only on the second. `posted`: the time of day in New York at which the source comes
out; where the session has closed by then, its value is that of the session before
(`features.publication`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from features.data.sources import cftc

Lag = Literal["close", "next", "week", "month", "release", "earnings", "survey", "quarter", "report", "vintage"]
# Prices of single stocks, and the dated list of who is a member: not series, so they have no entry below.
MEMBERS = "prices_sp500"
MEMBERSHIP = "sp500_membership"
# Tables whose rows share one lag; a column with another lag is stored apart, as TABLE_LAG.
TABLE_LAG: dict[str, Lag] = {"fredmd": "month", "cftc_positioning": "report"}


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
    older_since: tuple[str, str] | None = None
    posted: str | None = None
    defined_on: str | None = None
    substitute: str | None = None

    @property
    def stored_in(self) -> str:
        """The store's table: rows of one table become available together, so lags are kept apart."""
        same = self.table == "fred" or self.lag == TABLE_LAG.get(self.table, "close")
        return self.table if same else f"{self.table}_{self.lag}"


def _etf(ticker: str, meaning: str, required: bool = False) -> Series:
    return Series(ticker, "prices_etf", ticker, "adjusted close, USD", "close", meaning, required=required)


# The Board posts H.15 at 16:15 (its data page on the release, 2016): before the cut-off of a whole session, not of a
# short one.
H15_POSTED = "16:15"
# Real yields: the Treasury began to publish its real curve then, with one year computed backwards.
REAL_YIELDS_SINCE = "2004-01-02"
# The market-wide counts of Barchart were quoted by readers then; nothing older was found, nor when it began.
BREADTH_COUNTS_SINCE = "2009-07-15"


def _h15(series: str, meaning: str, required: bool = False, since: str | None = None) -> Series:
    return Series(
        series,
        "fred",
        series,
        "percent",
        "next",
        meaning,
        max_age=10,
        required=required,
        published_since=since,
        posted=H15_POSTED,
    )


def _count(key: str, unit: str, meaning: str) -> Series:
    return Series(key, "breadth_exchange", key, unit, "close", meaning, published_since=BREADTH_COUNTS_SINCE)


def _french(column: str, meaning: str) -> Series:
    return _library("famafrench_portfolios_daily", column, meaning)


def _factor(column: str, meaning: str) -> Series:
    return _library("famafrench_factors_daily", column, meaning)


# CRSP completed the daily data of 1925 to 1962 in 2005 (French, "Changes in CRSP Data"); until then the library's daily
# returns began in July 1963.
DAILY_RETURNS_SINCE = ("1963-07-01", "2006-01-01")


def _library(table: str, column: str, meaning: str) -> Series:
    # Only rows before the hand-over to the funds are used: the library does not grow old.
    since, never = "1997-01-01", 36500
    return Series(
        column,
        table,
        column,
        "daily return",
        "close",
        meaning,
        max_age=never,
        published_since=since,
        older_since=DAILY_RETURNS_SINCE,
    )


def _implied(key: str, meaning: str, since: str | None, unit: str = "percent a year", required: bool = False) -> Series:
    return Series(key, "vix", key, unit, "close", meaning, required=required, published_since=since)


def _volume(ticker: str) -> Series:
    return Series(f"{ticker}_VOLUME", "volume_etf", ticker, "shares", "close", f"volume of {ticker}")


def _macro(key: str, lag: Lag, unit: str, meaning: str, max_age: int = 45, revised: bool = True) -> Series:
    return Series(key, "fred", key, unit, lag, meaning, max_age=max_age, revised=revised)


def _named_seven(ticker: str) -> Series:
    meaning = "one of the seven named in 2023, with hindsight"
    return Series(ticker, "prices_mag7", ticker, "adjusted close, USD", "close", meaning, defined_on="2023-06-01")


def _position(contract: str, group: str) -> Series:
    key, since = f"{contract}_{group}", str(cftc.PUBLISHED_SINCE.date())
    who = {"leveraged": "leveraged funds", "asset_manager": "asset managers"}[group]
    meaning = f"{contract} futures: net position of {who} over open interest"
    unit = "share of open interest"
    # The longest wait between two publications, in the autumn of 2025, was 54 days.
    return Series(key, "cftc_positioning", key, unit, "report", meaning, max_age=60, published_since=since)


def _earnings(column: str, meaning: str) -> Series:
    # Each row says what was known on its session, from the filings of the days before.
    return Series(f"earnings_{column}", "earnings_breadth", column, "share", "close", meaning)


# Funds of sectors and industries that began after 2004 and continue nothing.
YOUNG_SECTORS = {"real_estate": "XLRE", "communication": "XLC", "regional_banks": "KRE", "homebuilders": "XHB"}
MAG7 = ("AAPL", "MSFT", "GOOGL", "AMZN", "NVDA", "TSLA", "META")
VOLUME_FUNDS = ("SPY", "IWM", "RSP", "QQQ", "XLK", "KRE")
# Of the French library's ten; no fund of 1998 continues Telcm and Shops.
INDUSTRIES = ("NoDur", "Durbl", "Manuf", "Enrgy", "HiTec", "Telcm", "Shops", "Hlth", "Utils", "Other")
MARKET_PARTS = ("Mkt-RF", "RF")  # the market's return is their sum
# What continues a return of the library: the fund, and the session from which its return is used.
_SECTORS_SINCE, _STYLES_SINCE = "1999-01-04", "2000-07-03"
CONTINUED_BY: dict[str, tuple[str, str]] = {
    "broad": ("RSP", "2003-05-02"),
    "cap": ("SPY", "2003-05-02"),
    "leaders": ("XLG", "2005-06-01"),
    "small": ("IWM", _STYLES_SINCE),
    "smb": ("IWM", _STYLES_SINCE),
    "value": ("IVE", _STYLES_SINCE),
    "small_value": ("IWN", "2001-01-02"),
    "NoDur": ("XLP", _SECTORS_SINCE),
    "Durbl": ("XLY", _SECTORS_SINCE),
    "Manuf": ("XLI", _SECTORS_SINCE),
    "Enrgy": ("XLE", _SECTORS_SINCE),
    "HiTec": ("XLK", _SECTORS_SINCE),
    "Hlth": ("XLV", _SECTORS_SINCE),
    "Utils": ("XLU", _SECTORS_SINCE),
    "Other": ("XLF", _SECTORS_SINCE),
    "Chems": ("XLB", _SECTORS_SINCE),
}
# Where money may go: the fund that trades a group, and the portfolios whose mean stands for it before the fund.
BROAD_PARTS = ("ME_VW_Dec7", "ME_VW_Dec8", "ME_VW_Dec9", "ME_VW_Hi10")
GROUP_SERIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "technology": ("XLK", ("IND10_VW_HiTec",)),
    "industrials": ("XLI", ("IND10_VW_Manuf",)),
    "financials": ("XLF", ("IND10_VW_Other",)),
    "discretionary": ("XLY", ("IND10_VW_Durbl", "IND10_VW_Shops")),
    "energy": ("XLE", ("IND10_VW_Enrgy",)),
    "materials": ("XLB", ("IND12_VW_Chems",)),
    "health": ("XLV", ("IND10_VW_Hlth",)),
    "staples": ("XLP", ("IND10_VW_NoDur",)),
    "utilities": ("XLU", ("IND10_VW_Utils",)),
    "communication": ("XLC", ("IND10_VW_Telcm",)),
    "real_estate": ("XLRE", ()),
    "value": ("IVE", ("SZBM25_VW_ME5_BM4", "SZBM25_VW_ME5_BM5")),
    "growth": ("IVW", ("SZBM25_VW_ME5_BM1", "SZBM25_VW_ME5_BM2")),
    "small_value": ("IWN", ("SZBM25_VW_ME1_BM5", "SZBM25_VW_ME2_BM5")),
    "small": ("IWM", ("ME_VW_Lo30",)),
    "mid": ("IJH", ("ME_VW_Dec7", "ME_VW_Dec8")),
    "equal_weight": ("RSP", BROAD_PARTS),
    "largest": ("XLG", ("ME_VW_Hi10",)),
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
    *(_etf(CONTINUED_BY[name][0], f"sector fund continuing {name}") for name in INDUSTRIES if name in CONTINUED_BY),
    _etf("XLB", "materials, continuing Chems"),
    _etf("XLRE", "real estate"),
    _etf("XLC", "communication services"),
    _etf("IJR", "S&P 600 small caps"),
    _etf("IJH", "S&P 400 mid caps"),
    _etf("IWD", "Russell 1000 value"),
    _etf("IWF", "Russell 1000 growth"),
    _etf("IWN", "Russell 2000 value"),
    _etf("KRE", "regional banks"),
    _etf("XHB", "homebuilders"),
    _etf("QQQ", "Nasdaq 100"),
    _etf("LQD", "investment-grade bonds"),
    *(_named_seven(ticker) for ticker in MAG7),
    *(_volume(ticker) for ticker in VOLUME_FUNDS),
    _factor("Mkt-RF", "market excess return, the cap leg before 2003-05-02"),
    _factor("HML", "value minus growth"),
    _factor("SMB", "small minus big"),
    _factor("RF", "one-month bill, daily"),
    *(_french(f"ME_VW_{d}", f"size decile {d}") for d in ("Dec7", "Dec8", "Dec9", "Hi10")),
    _french("ME_VW_Lo30", "the smallest 30 %"),
    *(_french(f"IND10_VW_{name}", f"industry {name}") for name in INDUSTRIES),
    _french("IND12_VW_Chems", "industry chemicals"),
    *(_french(f"SZBM25_VW_ME{size}_BM5", f"size quintile {size}, cheapest fifth") for size in (1, 2)),
    *(_french(f"SZBM25_VW_ME5_BM{book}", f"largest quintile, book-to-market fifth {book}") for book in (1, 2, 4, 5)),
    Series("^GSPC", "indices", "^GSPC", "index level, no dividends", "close", "S&P 500, the sample's cap leg"),
    # Cboe's formula of 2003 and the indices it began later were computed backwards by it (its announcements).
    _implied("VIX", "implied volatility, 30 days", "2003-09-22", required=True),
    _implied("VIX3M", "implied volatility, 93 days", None),
    _implied("VIX9D", "implied volatility, 9 days", "2013-10-01"),
    _implied("VVIX", "implied volatility of VIX", "2012-03-14"),
    _implied("SKEW", "price of tail risk", "2011-02-23", unit="index"),
    *(
        Series(f"PCR_{kind}", "vix", f"PCR_{kind}", "ratio", "next", f"put/call ratio, {kind.lower()}")
        for kind in ("TOTAL", "EQUITY", "INDEX")
    ),
    Series("ADV", "breadth_exchange", "ADV", "issues", "close", "NYSE issues advancing"),
    Series("DECL", "breadth_exchange", "DECL", "issues", "close", "NYSE issues declining"),
    _count("MMTH", "percent", "US stocks above their 200-day average"),
    _count("MAHN", "issues", "new 52-week highs"),
    _count("MALN", "issues", "new 52-week lows"),
    _count("S5TH", "percent", "S&P 500 members above their 200-day average"),
    Series("SPX_FWD_PE", "breadth_exchange", "SPX_FWD_PE", "ratio", "next", "forward P/E", max_age=14, revised=True),
    Series("pe10", "shiller", "pe10", "ratio", "earnings", "Shiller P/E", max_age=45, revised=True),
    _h15("DGS1", "1-year Treasury yield", required=True),
    _h15("DGS10", "10-year Treasury yield", required=True),
    _h15("DGS3MO", "3-month bill yield", required=True),
    _h15("DGS2", "2-year Treasury yield"),
    _h15("DFII10", "10-year real yield", since=REAL_YIELDS_SINCE),
    _h15("T10YIE", "10-year breakeven inflation", since=REAL_YIELDS_SINCE),
    Series("RRPONTSYD", "fred", "RRPONTSYD", "billions", "next", "overnight reverse repo", max_age=10),
    _h15("BAA10Y", "Baa minus 10-year Treasury"),
    Series(
        "BAMLC0A0CM",
        "fred",
        "BAMLC0A0CM",
        "percent",
        "next",
        "ICE BofA investment-grade spread",
        max_age=10,
        substitute="BAA10Y, LQD/IEF",
    ),
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
        substitute="BAA10Y, HYG/IEF",
    ),
    _macro("CPIAUCSL", "release", "index", "consumer prices, seasonally adjusted"),
    _macro("CPILFESL", "release", "index", "core consumer prices, seasonally adjusted"),
    _macro("PAYEMS", "release", "thousands", "payrolls"),
    _macro("UNRATE", "release", "percent", "unemployment rate"),
    _macro("INDPRO", "release", "index", "industrial production"),
    _macro("ICSA", "week", "persons", "initial jobless claims", max_age=14),
    _macro("UMCSENT", "month", "index", "Michigan consumer sentiment", revised=False),
    _macro("DRTSCILM", "survey", "percent", "banks tightening standards, net", max_age=110, revised=False),
    _macro("MMMFFAQ027S", "quarter", "millions", "money-market fund assets", max_age=110),
    Series("NFCI_FIRST", "fred", "NFCI_FIRST", "index", "vintage", "financial conditions, first prints", max_age=14),
    *(_position(contract.name, group) for contract in cftc.CONTRACTS for group in cftc.POSITIONS),
    _earnings("grew", "S&P 500 members whose quarterly net income grew on the year"),
    _earnings("grew_without_seven", "the same without the seven named in 2023"),
    _earnings("covered", "S&P 500 members whose earnings are known"),
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
# Funds and indices that are legs: a price is needed on every session.
LEGS: dict[str, tuple[str, ...]] = {"us": ("RSP", "SPY", "XLG"), "sample": ("^GSPC",)}

# Releases later than their lag says: keys, observation dates (first, last), the day they came.
# The shutdown of October 2025; BLS, Federal Reserve and DOL release calendars.
LATE_RELEASES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (("PAYEMS", "UNRATE"), "2025-09-01", "2025-09-01", "2025-11-20"),
    (("PAYEMS", "UNRATE"), "2025-10-01", "2025-10-01", "2025-12-16"),
    (("INDPRO",), "2025-09-01", "2025-09-01", "2025-12-03"),
    (("INDPRO",), "2025-10-01", "2025-10-01", "2025-12-23"),
    (("ICSA",), "2025-09-27", "2025-11-08", "2025-11-20"),
)
