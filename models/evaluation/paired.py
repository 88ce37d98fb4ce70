"""Two models on the same weeks: is the difference of their losses more than chance?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from models.evaluation.bootstrap import BLOCKS, MONTH_BLOCKS, p_value
from models.evaluation.predictions import is_monthly

LEVEL = 0.05


@dataclass(frozen=True)
class Paired:
    """A paired comparison.

    Attributes
    ----------
    gain : float
        Mean of (first's loss - second's) over the common weeks: positive, the second is better.
    p : float
        Two-sided p of a mean of zero by `models.evaluation.bootstrap`; 1 where the weeks are too few to tell.
    weeks : int
    """

    gain: float
    p: float
    weeks: int

    @property
    def verdict(self) -> str:
        """`better` or `worse` of the second where p < `LEVEL`, else `within chance`."""
        if self.p >= LEVEL:
            return "within chance"
        return "better" if self.gain > 0.0 else "worse"


def compare(first: pd.Series, second: pd.Series) -> Paired:
    """Compare two series of losses by decision date, on the dates that both have."""
    gain = (first - second).dropna().sort_index()
    if gain.empty:
        return Paired(float("nan"), 1.0, 0)
    blocks = MONTH_BLOCKS if is_monthly(pd.DatetimeIndex(gain.index)) else BLOCKS
    values = gain.to_numpy(dtype=float)
    either = min(p_value(values, blocks=blocks), p_value(-values, blocks=blocks))
    return Paired(float(values.mean()), min(1.0, 2.0 * either), len(values))
