"""How wide the range is among the last ten years' ranges of the same fit, week by week."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation import words
from models.range import scales
from models.range.fitted import HorizonFit

YEARS = words.RANK_YEARS + 1  # of rows that a state reads: ten years before the first of its last weeks


def states(fit: HorizonFit, frame: pd.DataFrame) -> np.ndarray:
    """State of the width of each row of `frame`, (weeks,), as `words.states`: one pool serves all, so scales rank.

    Parameters
    ----------
    fit : HorizonFit
    frame : DataFrame, (weeks, columns)
        By decision date, sorted; only the rows with `YEARS` years before them have their final state.
    """
    rank = words.ranks(scales.log_scale(fit.members, frame), pd.DatetimeIndex(frame.index))
    return words.states(rank)
