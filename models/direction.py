"""Where the head-to-head stands among the last ten years' head-to-heads of the same fit, week by week."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation import words
from models.fitted import FittedModel
from models.predictor import predict

YEARS = words.RANK_YEARS + 1  # of rows that a state reads: ten years before the first of its last weeks


def rows_before(X: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The rows that the states of the weeks from `first` to `last` read."""
    return X.loc[first - pd.DateOffset(years=YEARS) : last]


def readings(model: FittedModel, rows: pd.DataFrame) -> np.ndarray:
    """The head-to-head of each row, (weeks,); NaN where the label has no rotation."""
    if not {"rotation", "breakdown"} <= set(model.outcomes):
        return np.full(len(rows), np.nan)
    p = dict(zip(model.outcomes, predict(model, rows).T, strict=True))
    return np.asarray(p["rotation"] / np.maximum(p["rotation"] + p["breakdown"], 1e-12))


def states(model: FittedModel, rows: pd.DataFrame) -> np.ndarray:
    """State of the head-to-head of each row, (weeks,), as `words.states`: 1 rotation, -1 breakdown, 0 between.

    NaN where the label has no rotation, or the model says the same every week.
    """
    return words.states(words.ranks(readings(model, rows), pd.DatetimeIndex(rows.index)))
