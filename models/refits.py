"""When a model is fitted, for every kind of model: from the first test week on, every so many weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.errors import RegimeError


def first_test(wanted: str, first_row: pd.Timestamp, years: int) -> pd.Timestamp:
    """No test week lies before it: `wanted`, or `years` after the first training row if that is later."""
    return max(pd.Timestamp(wanted), first_row + pd.DateOffset(years=years))


def end_row(dates: pd.DatetimeIndex, last_test: str = "") -> int:
    """The row after the last test week: that of the date `last_test`, or of the data without one."""
    return int(dates.searchsorted(pd.Timestamp(last_test), side="right")) if last_test else len(dates)


def refit_rows(dates: pd.DatetimeIndex, start: pd.Timestamp, every: int, last_test: str = "") -> np.ndarray:
    """Rows of the refits: the first test week and every `every` rows after it.

    Raises
    ------
    RegimeError
        No date lies between `start` and the last test week.
    """
    first, end = int(dates.searchsorted(start)), end_row(dates, last_test)
    if first >= end:
        cut = last_test and end < len(dates)
        ending = f"last_test is {last_test}" if cut else f"the data end on {dates[-1].date()}"
        raise RegimeError(f"no test week: the first would be {start.date()}, {ending}")
    return np.arange(first, end, every)
