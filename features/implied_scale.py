"""Expected volatility in one column: VIX on the level of what was realised, and realised volatility before it counts.

VIX joins once it has overlapped with realised volatility for three years, at their
ratio over all decisions so far; before that, and where VIX has no value, realised
volatility over 21 sessions stands in. Before 2003 VIX is back-filled: its formula is
of September 2003 (`published_since` of the catalogue).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.jump_regime import FAMILY as FAMILY  # read by the baseline of this name alone

NAME = "implied_scale"
MEANING = "log of VIX on the level of realised volatility, or of that over 21 sessions before three years of both"
OVERLAP_YEARS = 3


def compute(vix: pd.Series | None, realised: pd.Series, rows_per_year: int) -> pd.Series:
    """Log volatility expected at each decision, (weeks,).

    Parameters
    ----------
    vix : Series or None, (weeks,)
        In percent a year; None where there is none.
    realised : Series, (weeks,)
        Of the broad leg over 21 sessions, in any unit.
    rows_per_year : int
        52 or 12.
    """
    own = np.log(realised.to_numpy(float))
    if vix is None:
        return pd.Series(own, realised.index, name=NAME)
    implied = np.log(vix.to_numpy(float))
    both = np.isfinite(own) & np.isfinite(implied)
    count = np.cumsum(both)
    level = np.cumsum(np.where(both, own - implied, 0.0)) / np.maximum(count, 1)
    counts = (count >= OVERLAP_YEARS * rows_per_year) & np.isfinite(implied)
    return pd.Series(np.where(counts, implied + level, own), realised.index, name=NAME)
