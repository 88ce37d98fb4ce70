"""FRED: with a key every vintage through ALFRED (fredapi), without one the current values (keyless CSV).

The key stands in no message: whatever a client says is passed through `hush`.
"""

from __future__ import annotations

import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from xml.etree import ElementTree

import pandas as pd

from features.data import availability, calendar, catalog, environment, settings
from features.data.sources.retry import GoneError, UnavailableError, brief, patiently

TIMEOUT = 30.0  # seconds; fredapi has none of its own
WINDOW = 1900  # vintages a request; FRED allows 2,000
PAGE = 100_000  # rows an answer; FRED gives no more
ROOT = "https://api.stlouisfed.org/fred"
LONG_AGO = "1900-01-01"
T = TypeVar("T")


def api_key() -> str | None:
    """The user's key, from the environment, else the settings, or None."""
    return environment.read().fred_api_key or settings.load().fred_api_key


def hush(text: str) -> str:
    """`text` without the key."""
    key = api_key()
    return text.replace(key, "***") if key else text


@contextmanager
def _timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.strip().isdigit() else None


def _said(name: str, error: BaseException) -> Exception:
    """Our error for the client's; made without a chain, because the client's holds the key in its URL."""
    http = error if isinstance(error, urllib.error.HTTPError) else error.__context__
    code = http.code if isinstance(http, urllib.error.HTTPError) else None
    if code == 429 or (code is not None and code >= 500):
        wait = _seconds(http.headers.get("Retry-After")) if isinstance(http, urllib.error.HTTPError) else None
        return UnavailableError(f"FRED, {name}: status {code}", wait, refused=code == 429)
    if code in (401, 403):
        return UnavailableError(f"FRED, {name}: status {code}", refused=True)
    if code is not None:
        return GoneError(hush(f"FRED, {name}: status {code}, {brief(error)}"))
    return UnavailableError(hush(f"FRED, {name}: {brief(error)}"))


def _call(name: str, ask: Callable[[], T]) -> T:
    def once() -> T:
        failed: Exception
        try:
            with _timeout():
                return ask()
        except Exception as error:  # noqa: BLE001  (fredapi lets through what urllib and its parser raise)
            failed = _said(name, error)
        raise failed  # outside the handler: no chain to an error that shows the URL

    return patiently(once)


def _client() -> Any:
    import fredapi

    return fredapi.Fred(api_key=api_key())


def _frame(values: pd.Series) -> pd.DataFrame:
    dates = pd.DatetimeIndex(values.index).as_unit("ns")
    table = pd.DataFrame({"date": dates, "value": values.to_numpy(float)})
    return table.assign(realtime_start=pd.Series(pd.NaT, table.index, dtype="datetime64[ns]")).dropna(subset="value")


def with_key(name: str) -> pd.DataFrame:
    """Current values through the API: `date`, `value`, and an empty `realtime_start`."""
    client = _client()
    return _frame(_call(name, lambda: client.get_series(name)))


def vintages(name: str) -> pd.DataFrame:
    """Every value with the day it was published: `date`, `value`, `realtime_start`.

    Asked for in windows of `WINDOW` vintages, each in pages of `PAGE` rows. ALFRED dates a value that was
    already there when a window begins with the window's first day; such a row
    repeats what the window before said last and is dropped, so the windows
    leave no trace.
    """
    client = _client()
    days = pd.DatetimeIndex(_call(name, lambda: client.get_series_vintage_dates(name)))
    parts = []
    for first in range(0, len(days), WINDOW):
        last = min(first + WINDOW, len(days)) - 1
        end = "9999-12-31" if last == len(days) - 1 else str(days[last].date())
        parts.append(_releases(name, str(days[first].date()), end))
    if not parts:
        raise GoneError(f"FRED, {name}: no vintages")
    table = pd.concat(parts).astype({"value": float})
    for column in ("date", "realtime_start"):
        table[column] = pd.DatetimeIndex(table[column]).as_unit("ns")
    table = table.sort_values(["date", "realtime_start"], kind="stable", ignore_index=True)
    again = table.duplicated(["date", "realtime_start"], keep="first")
    repeated = (table["date"] == table["date"].shift()) & (table["value"] == table["value"].shift())
    table = table[~(again | repeated)].dropna(subset="value")
    return table[["date", "value", "realtime_start"]].reset_index(drop=True)


def _releases(name: str, start: str, end: str) -> pd.DataFrame:
    """All values in force between two days, page by page until there are as many as FRED counts."""
    rows: list[tuple[str, str, float]] = []
    while True:
        count, page = _call(name, partial(_page, name, start, end, len(rows)))
        rows += page
        if len(rows) >= count:
            return pd.DataFrame(rows, columns=["date", "realtime_start", "value"])
        if not page:
            raise UnavailableError(f"FRED, {name}: {len(rows):,} of {count:,} rows came")


def _page(name: str, start: str, end: str, offset: int) -> tuple[int, list[tuple[str, str, float]]]:
    """One answer of at most `PAGE` rows, and how many rows there are in all."""
    query = {"series_id": name, "realtime_start": start, "realtime_end": end, "offset": offset, "limit": PAGE}
    words = urllib.parse.urlencode(query | {"api_key": api_key()})
    with urllib.request.urlopen(f"{ROOT}/series/observations?{words}", timeout=TIMEOUT) as reply:
        tree = ElementTree.fromstring(reply.read())
    values = [row.get("value", ".") for row in tree]
    numbers = [float("nan") if value == "." else float(value) for value in values]
    rows = [
        (row.get("date", ""), row.get("realtime_start", ""), value) for row, value in zip(tree, numbers, strict=True)
    ]
    return int(tree.get("count", len(rows))), rows


def without_key(name: str) -> pd.DataFrame:
    """Current values through the keyless CSV, revised as they are today."""
    from pandas_datareader.fred import FredReader

    def ask() -> pd.Series:
        table = FredReader(name, start=LONG_AGO, retry_count=0, timeout=TIMEOUT).read()
        if not isinstance(table.index, pd.DatetimeIndex) or not pd.api.types.is_numeric_dtype(table[name]):
            raise ValueError("the answer is not a table of dates and numbers")
        return table[name]

    return _frame(_call(name, ask))


def fetch(series: catalog.Series, name: str) -> pd.DataFrame:
    """One series as far as the user's key allows.

    Raises
    ------
    GoneError, UnavailableError
    """
    if api_key() is None:
        return without_key(name)
    return vintages(name) if series.revised or series.lag == "vintage" else with_key(name)


def available(series: catalog.Series, table: pd.DataFrame) -> pd.DataFrame:
    """`date`, `value`, `available_at` of what `fetch` gave.

    A vintage counts from its day. An observation that was old when the series'
    first vintage appeared is a back-fill: it gets the publication lag, for
    nobody could know when it was first published. Of a ``vintage`` series the
    back-fill is refused and only first prints stay.
    """
    sessions = calendar.all_sessions()
    dates = pd.DatetimeIndex(table["date"])
    published = pd.DatetimeIndex(table["realtime_start"])
    if published.isna().all():
        return table[["date", "value"]].assign(available_at=availability.available_at(series, dates, sessions))
    first = published == published.min()
    on_the_day = availability.available_sessions(published, "vintage", sessions)
    if series.lag == "vintage":
        prints = ~table["date"].duplicated().to_numpy() & ~(first & (dates < dates[first].max()))
        return table.loc[prints, ["date", "value"]].assign(available_at=on_the_day[prints])
    lagged = availability.available_at(series, dates, sessions)
    return table[["date", "value"]].assign(available_at=on_the_day.where(~(first & (lagged < on_the_day)), lagged))
