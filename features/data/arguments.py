"""What a person types, made into values: one reading of a date for every command."""

from __future__ import annotations

import re

import pandas as pd

from features.data.errors import RegimeError

FIRST_DAY = pd.Timestamp("1926-07-01")  # where the longest series begins


def parse_date(text: str, what: str) -> pd.Timestamp:
    """A day written YYYY-MM-DD, and nothing else: no time, no zone, no year alone.

    Parameters
    ----------
    text : str
    what : str
        What it is, for the message, such as ``--asof``.

    Raises
    ------
    RegimeError
        Not such a day, or one before any data.
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise RegimeError(f"{what} {text!r}: not a date, write YYYY-MM-DD")
    try:
        day = pd.Timestamp(text)
    except ValueError as error:
        raise RegimeError(f"{what} {text}: there is no such day, write YYYY-MM-DD") from error
    if day < FIRST_DAY:
        raise RegimeError(f"{what} {text} lies before the data begin: the first day is {FIRST_DAY.date()}")
    return day
