"""When a model is fitted and on which rows: training rows with the purge, refit dates, and those inside the window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.dataset import Dataset
from models import refits
from models.spec import ModelSpec
from models.specification import FIRST_TEST

MIN_ROWS = {52: 200, 12: 100}  # fewest training rows of a fit, by rows a year
WARM_UP_YEARS = 10  # from the first training row to the first test week, and to the first inner refit
INNER_YEARS = 5  # between two refits of the inner walk-forward


def training_rows(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> np.ndarray:
    """Mask of the rows a fit at `date` may learn from, (rows,).

    From `train_start` on, with a known outcome whose label ended *before* the
    decision: a label that ends on the day of the decision is purged.
    """
    index = dataset.X.index
    ended = (dataset.label_end < date).to_numpy()
    return np.asarray((index >= pd.Timestamp(spec.train_start)) & ended & dataset.outcome.notna().to_numpy())


def refit_dates(dataset: Dataset, spec: ModelSpec) -> pd.DatetimeIndex:
    """Decision dates on which the model is refitted: from the first test week, every `refit_weeks`.

    The first test week is the first of 1990, or ten years after the first
    training row if that is later. Monthly rows are refitted as often in time.

    Raises
    ------
    RegimeError
        The data end before the training window or before the first test week.
    """
    index = pd.DatetimeIndex(dataset.X.index)
    trained = index[index >= pd.Timestamp(spec.train_start)]
    if not len(trained):
        raise RegimeError(f"no week on or after train_start {spec.train_start}; the data end on {index[-1].date()}")
    start = refits.first_test(FIRST_TEST, trained[0], WARM_UP_YEARS)
    return index[refits.refit_rows(index, start, max(1, round(spec.refit_weeks * dataset.rows_per_year / 52)))]


def inner_dates(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> pd.DatetimeIndex:
    """Refits of the walk-forward inside the training window: every `INNER_YEARS` from ten years in, before `date`.

    They depend on the first training row alone, so the folds of one experiment
    share them.
    """
    index = pd.DatetimeIndex(dataset.X.index)
    first = index[index >= pd.Timestamp(spec.train_start)][0]
    count = max(0, date.year - first.year - WARM_UP_YEARS) // INNER_YEARS + 1
    wanted = [first + pd.DateOffset(years=WARM_UP_YEARS + INNER_YEARS * i) for i in range(count)]
    places = [index.searchsorted(day) for day in wanted if day < date]
    return index[[place for place in places if place < len(index) and index[place] < date]]
