"""Daily bars from Yahoo through yfinance: adjusted close, close, volume, dividends, splits.

Weekly bars are adjusted wrongly there and are never asked for. A bar that is
missing stays missing. Yahoo's close is adjusted for splits, its adjusted close
for dividends as well.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd

from features.data.paths import home
from features.data.sources.retry import GoneError, UnavailableError, patiently

TIMEOUT = 20  # seconds
PAUSE = 0.1  # seconds between tickers: polite, and two requests each at first sight
NAMES = {
    "Adj Close": "adjusted",
    "Close": "close",
    "Volume": "volume",
    "Dividends": "dividends",
    "Stock Splits": "splits",
}
ROUNDING = 5e-4  # returns of two fetches of the same bars agree to this
JUMP = 0.25  # a log return beyond this is looked at twice
OVERLAP = pd.Timedelta(days=45)


def _client() -> Any:
    import yfinance

    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # its errors are raised, and said once, by us
    yfinance.set_tz_cache_location(str(home() / "cache" / "yahoo"))
    yfinance.config.debug.hide_exceptions = False
    return yfinance


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a date and the columns of `NAMES`, whatever shape the client's answer has."""
    if isinstance(frame.columns, pd.MultiIndex):
        level = next(i for i in range(frame.columns.nlevels) if "Close" in frame.columns.get_level_values(i))
        frame = frame.droplevel([i for i in range(frame.columns.nlevels) if i != level], axis=1)
    out = pd.DataFrame(index=pd.DatetimeIndex(frame.index))
    for theirs, ours in NAMES.items():
        out[ours] = frame[theirs].to_numpy(float) if theirs in frame else np.nan
    if out["adjusted"].isna().all():
        out["adjusted"] = out["close"]
    index = pd.DatetimeIndex(out.index)
    out.index = (index.tz_localize(None) if index.tz is not None else index).normalize().as_unit("ns").rename("date")
    return out[~out.index.duplicated(keep="last")].sort_index()


def _ask(ticker: str, start: pd.Timestamp | None) -> pd.DataFrame:
    yfinance = _client()
    span: dict[str, Any] = {"period": "max"} if start is None else {"start": str(start.date())}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client's own deprecations are not the user's to mend
            found = yfinance.Ticker(ticker).history(
                interval="1d", auto_adjust=False, back_adjust=False, actions=True, keepna=True, timeout=TIMEOUT, **span
            )
    except yfinance.exceptions.YFRateLimitError as error:
        raise UnavailableError("Yahoo refuses: rate limit", refused=True) from error
    except (yfinance.exceptions.YFTzMissingError, yfinance.exceptions.YFPricesMissingError) as error:
        raise GoneError(f"Yahoo has no prices for {ticker}") from error
    except Exception as error:
        raise UnavailableError(f"Yahoo, {ticker}: {type(error).__name__} {str(error)[:100]}".strip()) from error
    if found is None or not len(found):
        raise GoneError(f"Yahoo has no prices for {ticker}")
    return tidy(found)


def fetch(ticker: str, start: pd.Timestamp | None = None) -> pd.DataFrame:
    """Daily bars from `start` (or the first) on, asked for again while Yahoo stumbles.

    Raises
    ------
    GoneError, UnavailableError
    """
    return patiently(lambda: _ask(ticker, start))


def agree(old: pd.DataFrame, new: pd.DataFrame) -> bool:
    """Whether two histories have the same returns, to rounding, where they overlap."""
    both = old.index.intersection(new.index)
    a, b = (np.log(table.loc[both, "adjusted"]).diff() for table in (old, new))
    gap = (a - b).abs().max()
    return len(both) > 1 and not gap > ROUNDING


def joined(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """`new`, preceded by `old` brought to its level: adjusted prices are rescaled by later dividends and splits."""
    both = old.index.intersection(new.index)
    ratios = (new.loc[both, "adjusted"] / old.loc[both, "adjusted"]).dropna()
    past = old[old.index < new.index[0]]
    if len(ratios):
        past = past.assign(adjusted=past["adjusted"] * ratios.iloc[0])
    return pd.concat([past, new])


def contradicted(bars: pd.DataFrame) -> pd.DatetimeIndex:
    """Days whose jump other evidence contradicts.

    Either the adjusted close jumps and the close with its dividend does not, or
    the close itself jumps by just the factor of a split recorded that day, which
    was then not applied.
    """
    adjusted = np.log(bars["adjusted"]).diff()
    plain = np.log((bars["close"] + bars["dividends"].fillna(0.0)) / bars["close"].shift(1))
    split = np.log(bars["splits"].where(bars["splits"] > 0.0, 1.0))
    alone = (adjusted.abs() > JUMP) & ~((adjusted - plain).abs() <= 0.05)
    unapplied = (split.abs() > 0.05) & ((adjusted + split).abs() <= 0.05 * split.abs() + 0.03)
    return pd.DatetimeIndex(bars.index[(alone | unapplied).to_numpy()])
