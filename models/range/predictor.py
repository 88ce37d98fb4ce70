"""A range from a fitted model: equally likely paths, their quantiles and the odds of falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.range import scales
from models.range.fitted import FittedRange, HorizonFit, Pool

LEVELS = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
QUANTILES = tuple(f"q{round(100 * level):02d}" for level in LEVELS)
FALLS = (3, 5, 8, 10)  # percent below the decision's close, at a close within the horizon
FALL_NAMES = tuple(f"fall_{fall}" for fall in FALLS)


@dataclass(frozen=True)
class Draws:
    """Equally likely paths of each week, (weeks, draws); the same column is the same path in all arrays.

    Attributes
    ----------
    broad, cap : float array
        Returns over the horizon, decimals.
    lowest : float array
        The broad leg's lowest close within it against the decision's, a decimal.
    """

    broad: np.ndarray
    cap: np.ndarray
    lowest: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """Return of the broad leg less that of the cap leg."""
        return np.asarray(self.broad - self.cap)


def draws(fit: HorizonFit, frame: pd.DataFrame) -> Draws:
    """The pool at the scale of each row of `frame`, (rows, paths).

    Raises
    ------
    KeyError
        A column of the model is not in `frame`.
    """
    return scaled(fit.pool, scales.log_scale(fit.members, frame), scales.log_scale(fit.spread_members, frame))


def usual(fit: HorizonFit) -> Draws:
    """The unscaled pool of twenty years, one row, (1, paths)."""
    return scaled(fit.usual, np.zeros(1), np.zeros(1))


def scaled(pool: Pool, log_scale: np.ndarray, log_spread: np.ndarray) -> Draws:
    """Standardised paths times the scales of some weeks; broad leg and spread come from the same date."""
    broad, spread, lowest = pool.arrays
    line = np.exp(log_scale)[:, None] * broad
    cap = line - np.exp(log_spread)[:, None] * spread
    return Draws(np.expm1(line), np.expm1(cap), np.expm1(np.exp(log_scale)[:, None] * lowest))


def predict_range(fitted: FittedRange, frame: pd.DataFrame) -> dict[int, Draws]:
    """The paths of every horizon for the rows of `frame`."""
    return {fit.horizon: draws(fit, frame) for fit in fitted.horizons}


def quantiles(ordered: np.ndarray, levels: tuple[float, ...] = LEVELS) -> np.ndarray:
    """Quantiles of draws in ascending rows, (rows, levels), by linear interpolation of order statistics."""
    place = np.array(levels) * (ordered.shape[1] - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, ordered.shape[1] - 1)
    return np.asarray(ordered[:, low] + (ordered[:, high] - ordered[:, low]) * (place - low))


def fall_odds(lowest: np.ndarray, falls: tuple[int, ...] = FALLS) -> np.ndarray:
    """Share of paths whose lowest close is at least so many percent down, (rows, falls); a deeper fall is no likelier.

    Half a path is added on either side, so that nothing is said to be impossible or certain.
    """
    counts = np.stack([(lowest <= -fall / 100.0).sum(axis=1) for fall in falls], axis=1)
    return np.asarray((counts + 0.5) / (lowest.shape[1] + 1.0))
