"""Causal windows over the last axis-0 rows, as thin names over Bottleneck.

Every function takes an array (rows,) or (rows, columns), gives one of the same
shape, and is NaN until its window is full of values.
"""

from __future__ import annotations

from collections.abc import Callable

import bottleneck
import numpy as np

from features.data.arrays import Floats

_FLAT = 1e-9  # a standard deviation below this is rounding, not variation


def _moving(function: Callable[..., Floats], x: Floats, window: int, **options: int) -> Floats:
    if len(x) < window:
        return np.full(x.shape, np.nan)
    return np.asarray(function(x.T, window, axis=-1, **options)).T  # columns lie one after another in memory


def total(x: Floats, window: int) -> Floats:
    """Sum over the window."""
    return _moving(bottleneck.move_sum, x, window)


def mean(x: Floats, window: int) -> Floats:
    """Mean over the window."""
    return _moving(bottleneck.move_mean, x, window)


def std(x: Floats, window: int) -> Floats:
    """Sample standard deviation over the window."""
    return _moving(bottleneck.move_std, x, window, ddof=1)


def highest(x: Floats, window: int) -> Floats:
    """Maximum over the window."""
    return _moving(bottleneck.move_max, x, window)


def lowest(x: Floats, window: int) -> Floats:
    """Minimum over the window."""
    return _moving(bottleneck.move_min, x, window)


def percentile(x: Floats, window: int) -> Floats:
    """Where the last value stands among the window's, 0 lowest to 1 highest."""
    return 0.5 + 0.5 * _moving(bottleneck.move_rank, x, window)


def lagged(x: Floats, window: int) -> Floats:
    """The value `window` rows before."""
    out = np.full_like(x, np.nan)
    if window < len(x):
        out[window:] = x[: len(x) - window]
    return out


def change(x: Floats, window: int) -> Floats:
    """Difference to the value `window` rows before."""
    return x - lagged(x, window)


def z_score(x: Floats, window: int) -> Floats:
    """Distance from the window's mean in its standard deviations; missing where nothing varies."""
    spread = std(x, window)
    return (x - mean(x, window)) / np.where(spread > _FLAT, spread, np.nan)


def log_return(returns: Floats, window: int) -> Floats:
    """Sum of log returns over the window."""
    return total(np.log1p(returns), window)


def level(returns: Floats) -> Floats:
    """Cumulated log return since the block's first value; a missing return stays missing."""
    steps = np.log1p(returns)
    return np.where(np.isnan(steps), np.nan, np.nancumsum(steps, axis=0))


def weighted(x: Floats, span: int, length: int = 200) -> Floats:
    """Exponential mean with a finite window: the weights are cut where they no longer matter."""
    weights = (1.0 - 2.0 / (span + 1.0)) ** np.arange(length)
    weights /= weights.sum()
    out = np.full(len(x), np.nan)
    if len(x) >= length:
        out[length - 1 :] = np.lib.stride_tricks.sliding_window_view(x, length) @ weights[::-1]
    return out
