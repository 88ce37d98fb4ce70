"""Columns of dates: one form a column, read strictly, and made into sessions.

A date that can be read in two ways is refused rather than guessed. Whole numbers are dates only as
YYYYMMDD, so nothing becomes 1 January 1970.
"""

from __future__ import annotations

import datetime
import re

import numpy as np
import pandas as pd

from features.data import calendar
from features.data.errors import RegimeError

EARLIEST = pd.Timestamp("1800-01-01")
# A stamp without a zone counts as New York time when it lies in the trading day.
OPENS, CLOSES = pd.Timedelta(hours=9, minutes=30), pd.Timedelta(hours=16, minutes=15)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_LONG_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
# Forms in which every date can be read in one way only; the whole column must have the same one.
FORMS: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d"),
    (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
    (r"\d{8}", "%Y%m%d"),
    (rf"({_MONTHS}) \d{{1,2}}, \d{{4}}", "%b %d, %Y"),
    (rf"({_LONG_MONTHS}) \d{{1,2}}, \d{{4}}", "%B %d, %Y"),
    (rf"\d{{1,2}}[- ]({_MONTHS})[- ]\d{{4}}", "%d-%b-%Y"),
)
_STAMPED = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?"
_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|\d{1,2}[- ][A-Za-z]{3}[- ]\d{2}|\d{2}[/.-]\d{1,2}[/.-]\d{1,2}")


def read(where: str, values: pd.Series | pd.Index, *, empty: bool = False) -> pd.DatetimeIndex:
    """A column as tz-naive midnights.

    Parameters
    ----------
    where : str
        File and column, for the message.
    values : Series or Index
        Dates in any of the forms this module knows.
    empty : bool
        Whether a date may be missing (the end of a membership).

    Raises
    ------
    RegimeError
        A form that is not known, two forms, an ambiguous form, a missing or a future date.
    """
    values = pd.Series(np.asarray(values) if isinstance(values.dtype, np.dtype) else values.array)
    blank = (
        values.isna().to_numpy() | (values.astype(str).str.strip() == "").to_numpy()
        if _texts(values)
        else (values.isna().to_numpy())
    )
    if blank.any() and not empty:
        raise RegimeError(f"{where}: {int(blank.sum())} rows have no date, the first is row {int(blank.argmax()) + 1}")
    out = np.full(len(values), np.datetime64("NaT"), "datetime64[ns]")
    if not blank.all():
        found = _read(where, values[~blank])
        _sane(where, found)  # before nanoseconds, which wrap around outside 1677 to 2262
        out[~blank] = found.to_numpy("datetime64[ns]")
    return pd.DatetimeIndex(out)


def _texts(values: pd.Series) -> bool:
    return values.dtype == object or isinstance(values.dtype, pd.StringDtype)


def _read(where: str, values: pd.Series) -> pd.DatetimeIndex:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, pd.PeriodDtype):
        return pd.DatetimeIndex(values.dt.to_timestamp())
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _sessions(where, pd.DatetimeIndex(values))
    if pd.api.types.is_bool_dtype(values.dtype):
        raise RegimeError(f"{where} holds booleans, dates are expected")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _whole_numbers(where, values)
    if values.map(lambda value: isinstance(value, datetime.date)).all():
        try:
            return _sessions(where, pd.DatetimeIndex(pd.to_datetime(values)))
        except (ValueError, TypeError) as error:
            raise RegimeError(f"{where} mixes time zones, or holds dates out of range") from error
    if not values.map(lambda value: isinstance(value, str)).all():
        raise RegimeError(f"{where} mixes dates with other things, one form is expected (YYYY-MM-DD)")
    return _text(where, values.astype(str).str.strip())


def _whole_numbers(where: str, values: pd.Series) -> pd.DatetimeIndex:
    numbers = values.to_numpy(float)
    if not ((numbers >= 18000101) & (numbers <= 21001231) & (numbers == np.floor(numbers))).all():
        odd = numbers[~((numbers >= 18000101) & (numbers <= 21001231) & (numbers == np.floor(numbers)))][0]
        raise RegimeError(f"{where} holds the number {odd:g}; a number is a date only as YYYYMMDD")
    return _parse(where, pd.Series(numbers.astype(int).astype(str)), "%Y%m%d")


def _text(where: str, text: pd.Series) -> pd.DatetimeIndex:
    first = str(text.iloc[0])
    for pattern, form in FORMS:
        if re.fullmatch(pattern, first, re.IGNORECASE):
            _all_like(where, text, pattern)
            return _parse(where, text.str.replace(" ", "-") if form == "%d-%b-%Y" else text, form)
    if re.fullmatch(_STAMPED, first):
        _all_like(where, text, _STAMPED)
        return _stamps(where, text)
    if _SLASHED.fullmatch(first):
        return _slashed(where, text)
    if _SHORT_YEAR.fullmatch(first):
        raise RegimeError(f"{where}: {first!r} has a year of two digits; write YYYY-MM-DD")
    if re.fullmatch(r"\d{4}-\d{2}", first):
        _all_like(where, text, r"\d{4}-\d{2}")
        return _parse(where, text + "-01", "%Y-%m-%d")
    raise RegimeError(f"{where} is not made of dates ({first[:40]!r}); write YYYY-MM-DD")


def _all_like(where: str, text: pd.Series, pattern: str) -> None:
    same = text.str.fullmatch(pattern, case=False)
    if not same.all():
        odd = text[~same.astype(bool)].iloc[0]
        raise RegimeError(f"{where} mixes forms of dates: {str(text.iloc[0])[:40]!r} and {odd[:40]!r}")


def _parse(where: str, text: pd.Series, form: str) -> pd.DatetimeIndex:
    parsed = pd.to_datetime(text, format=form, errors="coerce")
    if parsed.isna().any():
        raise RegimeError(f"{where}: {text[parsed.isna()].iloc[0]!r} is no day of the calendar")
    return pd.DatetimeIndex(parsed)


def _slashed(where: str, text: pd.Series) -> pd.DatetimeIndex:
    """DD/MM/YYYY or MM/DD/YYYY, whichever a day above 12 shows it to be."""
    _all_like(where, text, _SLASHED.pattern)
    parts = text.str.extract(_SLASHED)
    first, second = parts[0].astype(int), parts[2].astype(int)
    if (first > 12).any() and (second > 12).any():
        raise RegimeError(f"{where} mixes day-first and month-first dates; write YYYY-MM-DD")
    if not (first > 12).any() and not (second > 12).any():
        raise RegimeError(f"{where}: {text.iloc[0]!r} may be day-first or month-first; write YYYY-MM-DD")
    order = (2, 0) if (first > 12).any() else (0, 2)
    return _parse(where, parts[3] + "-" + parts[order[0]] + "-" + parts[order[1]], "%Y-%m-%d")


def _stamps(where: str, text: pd.Series) -> pd.DatetimeIndex:
    """Dates with a time of day; with offsets that differ (summer time) through UTC."""
    zoned = text.str.contains(r"(?:Z|UTC|[+-]\d{2}:?\d{2})$")
    if zoned.any() and not zoned.all():
        raise RegimeError(f"{where} has a time zone in some rows only")
    # A midnight with its own offset names a day; the offset must not move it.
    if (text.str[11:16] == "00:00").all():
        return _parse(where, text.str[:10], "%Y-%m-%d")
    try:
        moments = pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", utc=bool(zoned.all())))
    except ValueError as error:
        raise RegimeError(f"{where} holds times that cannot be read ({text.iloc[0]!r})") from error
    return _sessions(where, moments)


def _sessions(where: str, moments: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The session each moment belongs to."""
    moments = moments.as_unit("us")
    times = moments - moments.normalize()
    if (times == pd.Timedelta(0)).all():
        return moments.tz_localize(None) if moments.tz is not None else moments
    if moments.tz is not None:
        local = moments.tz_convert(calendar.ZONE).tz_localize(None)
        times = local - local.normalize()
        if (times == pd.Timedelta(0)).all():
            return local
    else:
        local = moments
    inside = (times >= OPENS) & (times <= CLOSES)
    if not inside.all():
        odd = local[~inside][0]
        zone = "New York time" if moments.tz is not None else "no time zone"
        raise RegimeError(
            f"{where}: {odd:%Y-%m-%d %H:%M} ({zone}) lies outside the trading day; which session it means is not clear"
        )
    return local.normalize()


def _sane(where: str, dates: pd.DatetimeIndex) -> None:
    today = pd.Timestamp.now(calendar.ZONE).tz_localize(None).normalize()
    if dates.max() > today:
        raise RegimeError(f"{where} has a future date, {dates.max().date()} (today is {today.date()} in New York)")
    if dates.min() < EARLIEST:
        raise RegimeError(f"{where} has a date of the year {dates.min().year}")


def daily(name: str, table: pd.DataFrame, *, holidays: bool) -> tuple[pd.DataFrame, int]:
    """A daily table without rows on exchange holidays, and how many there were.

    Raises
    ------
    RegimeError
        A row on a weekend: dates that are shifted, or not a daily table of this exchange.
    """
    dates = pd.DatetimeIndex(table.index)
    weekend = dates.day_of_week >= 5
    # The exchange traded on Saturdays until 1952: such rows are sessions of the calendar.
    off = ~dates.isin(calendar.all_sessions()) & (dates >= calendar.FIRST_SESSION)
    if (weekend & off).any():
        raise RegimeError(
            f"{name}: {dates[weekend & off][0].date()} is a {dates[weekend & off][0].day_name()}; "
            f"a daily table has rows on NYSE sessions only"
        )
    if holidays or not off.any():
        return table, 0
    return table[~off], int(off.sum())
