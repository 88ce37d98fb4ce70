"""When a range is fitted: the same weeks for a walk-forward and for a call."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models import refits
from models.range.spec import RangeSpec

YEARS_BEFORE = 15  # ten before the first inner refit, and years of paths whose scale was forecast


def refit_rows(dates: pd.DatetimeIndex, spec: RangeSpec) -> np.ndarray:
    """Rows of the refits: every `refit_weeks` from `first_test`, or from `YEARS_BEFORE` after the first row if later.

    Raises
    ------
    RegimeError
        The data, or the test weeks, end before the first test week.
    """
    first = dates[dates >= pd.Timestamp(spec.train_start)]
    if not len(first):
        raise RegimeError(f"no week on or after train_start {spec.train_start}; data end on {dates[-1].date()}")
    start = refits.first_test(spec.first_test, first[0], YEARS_BEFORE)
    return refits.refit_rows(dates, start, spec.refit_weeks, spec.last_test)


def last_refit(dates: pd.DatetimeIndex, spec: RangeSpec, date: pd.Timestamp) -> pd.Timestamp:
    """The last scheduled refit at or before `date`; RegimeError where there is none."""
    fitted = dates[refit_rows(dates, spec)]
    past = fitted[fitted <= date]
    if not len(past):
        raise RegimeError(f"no range could exist on {date.date()}: the first test week is {fitted[0].date()}")
    return pd.Timestamp(past[-1])
