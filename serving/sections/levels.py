"""How far the words of a call are from their next ones: the levels they hang on, and what would have to move."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from features import markov_regime
from models import direction
from models.evaluation import word_levels, words
from models.evaluation.backtest import SESSIONS_A_YEAR
from models.fitted import FittedModel
from models.range import size
from models.range.fitted import HorizonFit
from serving.sections.direction import Levels, NextWord

DRIVER = "log_vol_broad_21"


def of_size(fit: HorizonFit, frame: pd.DataFrame, state: float) -> Levels | None:
    """The levels of the size word, as volatilities a year.

    Parameters
    ----------
    fit : HorizonFit
    frame : DataFrame, (weeks, columns)
        What `models.range.size.states` reads.
    state : float
        Of the last week: 1 high, -1 low, 0 between; NaN without one.
    """
    row = frame.iloc[[-1]]
    today = float(row[DRIVER].iloc[0]) if DRIVER in row else math.nan

    def driver(level: float) -> float | None:
        factor = size.times_today(fit, row, level) if math.isfinite(today) else None
        return None if factor is None else factor * _a_year(today)

    found = word_levels.levels(size.readings(fit, frame), pd.DatetimeIndex(frame.index))
    if found is None or math.isnan(state):
        return None
    changes = tuple(
        NextWord(word=word, above=above, level=_a_year(level), driver=driver(level))
        for word, above, level in _next(found, int(state), words.SIZES)
    )
    now = _a_year(today) if math.isfinite(today) else None
    return Levels(reading=_a_year(found.reading), rank=found.rank, driver=now, changes=changes)


def of_direction(model: FittedModel, rows: pd.DataFrame, state: float) -> Levels | None:
    """The levels of the direction word; the driver is the volatility regime of a model that reads nothing else.

    Parameters
    ----------
    model : FittedModel
    rows : DataFrame, (weeks, features)
        What `models.direction.states` reads.
    state : float
        Of the last week: 1 rotation, -1 breakdown, 0 between; NaN without one.
    """
    readings = direction.readings(model, rows)
    found = word_levels.levels(readings, pd.DatetimeIndex(rows.index))
    if found is None or math.isnan(state):
        return None
    alone = tuple(model.features) == (markov_regime.NAME,)
    regime = rows[markov_regime.NAME].to_numpy(float) if alone else np.full(len(rows), np.nan)

    def driver(level: float) -> float | None:
        return float(regime[np.flatnonzero(readings == level)[-1]]) if alone else None  # a level is a past reading

    changes = tuple(
        NextWord(word=word, above=above, level=level, driver=driver(level))
        for word, above, level in _next(found, int(state), words.DIRECTIONS)
    )
    return Levels(reading=found.reading, rank=found.rank, driver=float(regime[-1]) if alone else None, changes=changes)


def _a_year(log_volatility: float) -> float:
    return math.exp(log_volatility) * math.sqrt(SESSIONS_A_YEAR)


def _next(found: word_levels.Levels, state: int, names: Mapping[int, str]) -> list[tuple[str, bool, float]]:
    """The words next to a state: name, whether the reading has to rise, and from where."""
    if state > 0:
        return [(names[0], False, found.high_until)]
    if state < 0:
        return [(names[0], True, found.low_until)]
    return [(names[1], True, found.high_from), (names[-1], False, found.low_from)]
