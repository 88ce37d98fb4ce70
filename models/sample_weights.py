"""Row weights: how much of a row is its own, and how old it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data import calendar


def uniqueness(dates: pd.DatetimeIndex, ends: pd.DatetimeIndex) -> np.ndarray:
    """Average uniqueness of each row's label, scaled to mean one; shape (rows,).

    A label lives on the sessions after its decision up to its end; a session's
    uniqueness is one over the labels alive on it, a row's the mean over its
    sessions (Lopez de Prado 2018, Advances in Financial Machine Learning, 4.4).
    """
    every = calendar.all_sessions()
    start, stop = every.searchsorted(dates, side="right"), every.searchsorted(ends, side="right")
    alive = np.zeros(len(every) + 1)
    np.add.at(alive, start, 1.0)
    np.add.at(alive, stop, -1.0)
    alive = np.cumsum(alive)[:-1]
    share = np.concatenate([[0.0], np.cumsum(1.0 / np.maximum(alive, 1.0))])
    weight = (share[stop] - share[start]) / np.maximum(stop - start, 1)
    return np.asarray(weight / weight.mean())


def recency(dates: pd.DatetimeIndex, date: pd.Timestamp, half_life_years: float) -> np.ndarray:
    """Weights that halve every `half_life_years` of age at `date`, scaled to mean one; shape (rows,)."""
    years = np.asarray((date - dates) / pd.Timedelta(days=365.25), dtype=float)
    weight = 0.5 ** (years / half_life_years)
    return np.asarray(weight / weight.mean())
