"""The weeks on which parameters may be chosen: a walk-forward that ends before the first outer test decision."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from features.data.errors import RegimeError
from features.dataset import Dataset
from models.spec import ModelSpec
from models.splits import MIN_ROWS, refit_dates, training_rows

YEARS = 10  # from the first training row to the first inner test week
REFIT_WEEKS = 52


@dataclass(frozen=True)
class InnerFolds:
    """The inner walk-forward.

    Attributes
    ----------
    dataset : Dataset
        Rows whose label had ended before `before`, and nothing later.
    starts : DatetimeIndex
        Refit dates of the inner walk-forward.
    before : Timestamp
        The first outer test decision.
    """

    dataset: Dataset
    starts: pd.DatetimeIndex
    before: pd.Timestamp

    def tests(self) -> pd.DatetimeIndex:
        """The inner test weeks."""
        index = pd.DatetimeIndex(self.dataset.X.index)
        return index[index >= self.starts[0]]


def inner_walk_forward(dataset: Dataset, spec: ModelSpec) -> InnerFolds:
    """The data set and the folds of a sweep, from what had happened before the first outer test decision.

    Inner test weeks begin ten years after the first training row, or half-way
    to the outer ones where that is sooner, once there are rows enough to fit.

    Raises
    ------
    RegimeError
        There are no such weeks.
    """
    before = refit_dates(dataset, spec)[0]
    rows = (dataset.label_end < before).to_numpy()
    cut = replace(
        dataset,
        X=dataset.X[rows],
        outcome=dataset.outcome[rows],
        label_end=dataset.label_end[rows],
        faltering=dataset.faltering[rows],
        outcome_margin=None if dataset.outcome_margin is None else dataset.outcome_margin[rows],
        returns=dataset.returns[pd.DatetimeIndex(dataset.returns.index) < before],
        then=None,  # it would build from the whole snapshot
    )
    index = pd.DatetimeIndex(cut.X.index)
    index = index[index >= pd.Timestamp(spec.train_start)]
    if not len(index):
        raise RegimeError(f"no week for a sweep: none has ended before the first test week {before.date()}")
    first = min(index[0] + pd.DateOffset(years=YEARS), index[0] + (before - index[0]) / 2)
    least = MIN_ROWS[dataset.rows_per_year]
    tests = [date for date in index[index >= first] if training_rows(cut, spec, date).sum() >= least]
    if not tests:
        raise RegimeError(f"no week for a sweep: none before {before.date()} has {least} matured weeks before it")
    return InnerFolds(cut, pd.DatetimeIndex(tests[:: max(1, round(REFIT_WEEKS * dataset.rows_per_year / 52))]), before)
