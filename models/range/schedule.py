"""When a range is fitted: the same weeks for a walk-forward and for a call."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models.range.spec import RangeSpec

FIRST_TEST = pd.Timestamp("1990-01-01")
YEARS_BEFORE = 15  # ten before the first inner refit, and years of paths whose scale was forecast


def refit_rows(dates: pd.DatetimeIndex, spec: RangeSpec) -> np.ndarray:
    """Rows of the refits: every `refit_weeks` from 1990, or from `YEARS_BEFORE` after the first row if that is later.

    Raises
    ------
    RegimeError
        The data end before the first test week.
    """
    first = dates[dates >= pd.Timestamp(spec.train_start)]
    if not len(first):
        raise RegimeError(f"no week on or after train_start {spec.train_start}; data end on {dates[-1].date()}")
    start = max(FIRST_TEST, first[0] + pd.DateOffset(years=YEARS_BEFORE))
    if dates[-1] < start:
        raise RegimeError(f"no test week: the first would be {start.date()}, the data end on {dates[-1].date()}")
    return np.arange(int(dates.searchsorted(start)), len(dates), spec.refit_weeks)


def last_refit(dates: pd.DatetimeIndex, spec: RangeSpec, date: pd.Timestamp) -> pd.Timestamp:
    """The last scheduled refit at or before `date`; RegimeError where there is none."""
    refits = dates[refit_rows(dates, spec)]
    past = refits[refits <= date]
    if not len(past):
        raise RegimeError(f"no range could exist on {date.date()}: the first test week is {refits[0].date()}")
    return pd.Timestamp(past[-1])
