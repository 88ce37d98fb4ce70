"""The readings at which a word would be another, given the readings of the ten years before it.

They are those that `words.ranks` and `words.states` would see in the last week: how
near a word is to its next one is then a number, not a feeling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.evaluation.words import ENTER, LEAST_READINGS, LEAVE, RANK_YEARS


@dataclass(frozen=True)
class Levels:
    """Where the last reading stands, and where the state changes.

    Attributes
    ----------
    reading, rank : float
        The last reading, and its rank as `words.ranks` gives it.
    high_from, low_from : float
        The state is high above the first, low below the second.
    high_until, low_until : float
        A high state ends below the first, a low one above the second.
    """

    reading: float
    rank: float
    high_from: float
    high_until: float
    low_until: float
    low_from: float


def levels(readings: np.ndarray, dates: pd.DatetimeIndex) -> Levels | None:
    """The levels of the last week; None where it has no rank.

    Parameters
    ----------
    readings : float array, (weeks,)
        By one fit, as `words.ranks` takes them.
    dates : DatetimeIndex, (weeks,)
        Sorted.
    """
    since = dates[-1] - pd.DateOffset(years=RANK_YEARS)
    past = np.sort(readings[:-1][(dates[:-1] >= since) & np.isfinite(readings[:-1])])
    now, count = float(readings[-1]), len(past)
    if not math.isfinite(now) or count < LEAST_READINGS or past[0] == past[-1]:
        return None
    rank = ((past < now).sum() + 0.5 * (past == now).sum()) / count

    def above(share: float) -> float:
        """The least of the past readings that has to be exceeded for that rank."""
        return float(past[math.ceil(share * count - 1e-9) - 1])

    def below(share: float) -> float:
        return float(past[math.floor(share * count + 1e-9)])

    return Levels(now, float(rank), above(ENTER), above(LEAVE), below(1.0 - LEAVE), below(1.0 - ENTER))
