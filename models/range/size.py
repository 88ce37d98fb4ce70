"""How wide the range is among the last ten years' ranges of the same fit, week by week."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from models.evaluation import words
from models.range import scales, volatility_block
from models.range.fitted import HorizonFit

YEARS = words.RANK_YEARS + 1  # of rows that a state reads: ten years before the first of its last weeks

MOST = 10.0  # times today's volatility


def readings(fit: HorizonFit, frame: pd.DataFrame) -> np.ndarray:
    """What the size word reads: the forecast of the daily volatility over the horizon, in logarithms, (weeks,)."""
    return scales.log_scale(fit.members, frame)


def times_today(fit: HorizonFit, row: pd.DataFrame, level: float) -> float | None:
    """By what factor every volatility of the broad leg would have to move for the forecast of `row` to be `level`.

    All else that the fit reads is held. None where no factor up to `MOST` times today's or down to its inverse does it.

    Parameters
    ----------
    fit : HorizonFit
    row : DataFrame, (1, columns)
        The last row of what `readings` takes.
    level : float
        A forecast, in logarithms.
    """
    columns = [name for name in volatility_block.BROAD if name in row]

    def missed(move: float) -> float:
        moved = row.assign(**{name: row[name] + move for name in columns})
        return float(readings(fit, moved)[0]) - level

    low, high = -math.log(MOST), math.log(MOST)
    if not missed(low) < 0.0 < missed(high):  # a fit that reads none of them, or clips them before
        return None
    return math.exp(brentq(missed, low, high, xtol=1e-6))


def states(fit: HorizonFit, frame: pd.DataFrame) -> np.ndarray:
    """State of the width of each row of `frame`, (weeks,), as `words.states`: one pool serves all, so scales rank.

    Parameters
    ----------
    fit : HorizonFit
    frame : DataFrame, (weeks, columns)
        By decision date, sorted; only the rows with `YEARS` years before them have their final state.
    """
    return words.states(words.ranks(readings(fit, frame), pd.DatetimeIndex(frame.index)))
