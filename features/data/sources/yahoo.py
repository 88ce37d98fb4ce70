"""Daily bars from Yahoo through yfinance: adjusted close, close, volume, dividends, splits.

Weekly bars are adjusted wrongly there and are never asked for. A bar that is
missing stays missing. `yfinance.download` of many tickers makes the same one
request for each (version 1.7) and loses which of them failed and why, so
tickers are asked for one by one. Yahoo's close is adjusted for splits, its adjusted close
for dividends as well.
"""

from __future__ import annotations

import logging
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd

from features.data import calendar
from features.data.paths import home
from features.data.sources.retry import GoneError, UnavailableError, brief, patiently

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
NO_SPLIT = 1e-3  # log ratio of two fetches of one close that is noise; splits are larger
PRICES = ("adjusted", "close")
JUMP = 0.25  # a log return beyond this is looked at twice
OVERLAP = pd.Timedelta(days=45)
MARGIN = pd.Timedelta(days=7)  # asked for before a gap, so that the days around it are compared
GONE = "no data found|delisted|not found|no price|exist"  # Yahoo's words for a ticker it does not have


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
    except yfinance.exceptions.YFTzMissingError as error:
        raise GoneError(f"Yahoo has no prices for {ticker}") from error
    except yfinance.exceptions.YFPricesMissingError as error:
        said = str(error.yahoo_reason or error.debug_info or "")
        status = re.search(r"status_code = (\d+)", said)
        if (status and status[1] != "404") or (error.yahoo_reason and not re.search(GONE, said, re.IGNORECASE)):
            raise UnavailableError(f"Yahoo, {ticker}: {brief(error)}") from error
        raise GoneError(f"Yahoo has no prices for {ticker}") from error
    except Exception as error:
        raise UnavailableError(f"Yahoo, {ticker}: {brief(error)}") from error
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
    table = _changes(old, new)
    gap = (table["new_adjusted"] - table["old_adjusted"]).abs().max()
    return len(table) > 1 and not gap > ROUNDING


def _changes(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Log changes of both histories on the dates both know, and their gaps."""
    both = old.index[old["adjusted"].notna()].intersection(new.index[new["adjusted"].notna()])
    table = pd.DataFrame(index=both)
    for name, bars in (("old", old), ("new", new)):
        for column in ("adjusted", "close"):
            table[f"{name}_{column}"] = np.log(bars.loc[both, column]).diff()
    return table


def unexplained(old: pd.DataFrame, new: pd.DataFrame) -> pd.DatetimeIndex:
    """Days whose change differs between two histories without a reason on record.

    A dividend explains an adjusted change that differs while the close does not, by its own size. A
    split explains a close that differs by its own factor, when the new change is the smaller one.
    """
    table = _changes(old, new)
    gap = table["new_adjusted"] - table["old_adjusted"]
    differs = gap.abs() > ROUNDING
    if not differs.any():
        return pd.DatetimeIndex([])
    rows = table[differs]
    events = {name: new[name].reindex(rows.index).fillna(0.0) for name in ("dividends", "splits")}
    stored_splits = old["splits"].reindex(rows.index).fillna(0.0)
    before = new["close"].shift(1).reindex(rows.index)
    paid = np.log1p(events["dividends"] / (before - events["dividends"]).clip(lower=1e-9))
    closes_agree = (rows["new_close"] - rows["old_close"]).abs() <= 4 * ROUNDING
    dividend = (
        closes_agree
        & (events["dividends"] > 0)
        & ((rows["new_adjusted"] - rows["new_close"] - paid).abs() <= 0.1 * paid + ROUNDING)
    )
    factor = np.log(events["splits"].where(events["splits"] > 0, stored_splits).where(lambda s: s > 0, 1.0)).abs()
    moved = (rows["new_close"] - rows["old_close"]).abs()
    smaller = rows["new_adjusted"].abs() < rows["old_adjusted"].abs()
    split = (factor > 0.01) & ((moved - factor).abs() <= 0.05 * factor) & smaller
    return pd.DatetimeIndex(rows.index[~(dividend | split)])


def joined(old: pd.DataFrame, new: pd.DataFrame, keep: tuple[str, ...] = ()) -> pd.DataFrame:
    """Both histories in one; a known value is never replaced by a missing one.

    The stored prices keep their level, and the new ones are brought to it: every dividend rescales the vendor's
    past, returns are all that is read, and a past that stays as it is is stored once (`features.data.table_files`).
    Only a split, which moves the close too, rescales the stored past.

    Parameters
    ----------
    old, new : DataFrame
        Stored bars and those just fetched.
    keep : tuple of str
        Columns in which the stored value stays where both know a day.
    """
    past, fresh = old.copy(), new.copy()
    end = -1 if "adjusted" in keep else 0  # the day the histories meet on
    both = {column: old.index[old[column].notna()].intersection(new.index[new[column].notna()]) for column in PRICES}
    if len(both["close"]):
        day = both["close"][end]
        ratio = new.loc[day, "close"] / old.loc[day, "close"]
        if abs(np.log(ratio)) > NO_SPLIT:
            past[["close", "adjusted"]] *= ratio
    if len(both["adjusted"]):
        day = both["adjusted"][end]
        fresh["adjusted"] *= past.loc[day, "adjusted"] / new.loc[day, "adjusted"]
    whole = fresh.combine_first(past)
    for column in keep:
        whole[column] = past[column].combine_first(fresh[column])
    return whole


def gaps(bars: pd.DataFrame, columns: tuple[str, ...]) -> pd.DatetimeIndex:
    """Sessions between the first and the last bar without a value in one of `columns`."""
    known = bars.index[bars[list(columns)].notna().all(axis=1)]
    if not len(known):
        return pd.DatetimeIndex([])
    days = calendar.sessions(known[0], known[-1])
    return days[~days.isin(known)]


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
