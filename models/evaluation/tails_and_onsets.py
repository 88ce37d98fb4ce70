"""What a probability is worth where it matters: at its highest, and before a breakdown has begun.

Much of a forecast's skill is earned deep in a fall, when everybody knows. These
figures look at the rest.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation.bootstrap import BLOCKS, interval

TOP = 0.05  # share of weeks with the highest probability
NEAR_HIGH = 0.05  # within so much of the high of the last `HIGH_SESSIONS` sessions an onset is still ahead
HIGH_SESSIONS = 63
FALSE_ALARMS = 0.20


def distance_from_high(returns: pd.Series, dates: pd.DatetimeIndex, sessions: int = HIGH_SESSIONS) -> np.ndarray:
    """Close of each date against the highest close of the last `sessions`, as a decimal at most 0; (dates,).

    Parameters
    ----------
    returns : Series of float, by session
        Daily total returns as decimals.
    dates : DatetimeIndex
        Sessions of `returns`; one with a shorter past gives NaN.
    """
    level = (1.0 + returns).cumprod()
    return np.asarray((level / level.rolling(sessions).max() - 1.0).reindex(dates), dtype=float)


def tail_bias(p: np.ndarray, happened: np.ndarray, blocks: tuple[int, ...] = BLOCKS) -> dict[str, float]:
    """Observed frequency less the mean probability in the `TOP` share of weeks with the highest probability.

    Below zero, the forecast says too much where it says most.

    Parameters
    ----------
    p : float array, (weeks,)
    happened : bool array, (weeks,)
    blocks : tuple of int
        Block lengths of the interval, in weeks.

    Returns
    -------
    dict
        `tail_bias` with its 90 % block interval, `tail_bias_low` and `tail_bias_high`.
    """
    top = (p >= np.quantile(p, 1.0 - TOP)).astype(float)
    gap = top * (happened - p)

    def mean_in_top(total: np.ndarray, share: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):  # a replication may hold none of the top weeks
            return np.asarray(total / share)

    low, high = interval(mean_in_top, (gap, top), blocks)
    return {"tail_bias": float(gap.sum() / top.sum()), "tail_bias_low": low, "tail_bias_high": high}


def before_and_after_onset(from_high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each week lies within `NEAR_HIGH` of the high, and whether it lies deeper; bool arrays, (weeks,).

    A week whose high is not known is neither.
    """
    return from_high >= -NEAR_HIGH, from_high < -NEAR_HIGH


def first_weeks(dates: pd.DatetimeIndex, spans: list[tuple[pd.Timestamp, pd.Timestamp]]) -> np.ndarray:
    """Place of the first week of each episode among `dates`, (episodes,)."""
    return np.asarray(dates.get_indexer(pd.DatetimeIndex([first for first, _ in spans])))


def episodes_called(p: np.ndarray, happened: np.ndarray, first: np.ndarray) -> float:
    """Share of breakdown episodes whose very first decision stood above the alarm threshold.

    The threshold lets `FALSE_ALARMS` of the weeks without a breakdown through, so
    a forecast without information scores about that share. NaN without episodes.

    Parameters
    ----------
    p : float array, (weeks,)
        P(breakdown).
    happened : bool array, (weeks,)
    first : int array, (episodes,)
        Place of each episode's first week.
    """
    if not len(first) or happened.all():
        return float("nan")
    threshold = np.quantile(p[~happened], 1.0 - FALSE_ALARMS)
    return float((p[first] > threshold).mean())
