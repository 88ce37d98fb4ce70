"""Pools of standardised past paths: which ones count, how they score, how long the pool should be.

A path is what followed one past decision, divided by the volatility that had been
forecast for it out of sample. A forecast is the pool multiplied by today's scale:
filtered historical simulation (Barone-Adesi, Giannopoulos & Vosper 1999) at the
decision's own frequency. Scaling is monotone, so one sort of a pool serves every
week that reads it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.range.paths import Ahead

LENGTHS: tuple[int | None, ...] = (10, 20, 30, None)  # years; None: all of the past
USUAL_YEARS = 20  # of the unscaled pool that every skill is measured against
HALF_LIFE_YEARS = 10.0
BLOCK_WEEKS = 26  # weeks between two looks at the past when lengths are scored
LEAST_PATHS = 104  # two years of weekly decisions
WEEKS_A_YEAR = 52.0


def name_of(years: int | None) -> str:
    """`20` or `all`."""
    return "all" if years is None else str(years)


def members_at(ahead: Ahead, dates: pd.DatetimeIndex, week: int, years: int | None, known: np.ndarray) -> np.ndarray:
    """Mask of the past decisions whose paths count at the decision of row `week`, (weeks,).

    The horizon had ended before it, a scale had been forecast (`known`), and the
    decision lies at most `years` back.
    """
    rows = ahead.ended_before(int(ahead.ends[week]) - ahead.horizon) & known
    if years is not None:
        rows &= np.asarray(dates >= dates[week] - pd.DateOffset(years=years))
    return np.asarray(rows)


def crps(draws: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """CRPS of equally likely draws, (rows,); `draws` is (rows, draws), each row ascending, `happened` (rows,).

    mean |x - y| - sum_ij |x_i - x_j| / (2 n^2), the second term from the order
    statistics (Gneiting & Raftery 2007). A proper score: elicits the whole
    distribution; in the unit of the return; 0 is a sure and right forecast.
    """
    count = draws.shape[1]
    weights = (2.0 * np.arange(count) - count + 1.0) / count**2
    return np.asarray(np.abs(draws - happened[:, None]).mean(axis=1) - (draws * weights).sum(axis=1))


def block_starts(weeks: int) -> np.ndarray:
    """First rows of the blocks in which pool lengths are scored; they hang on the first row alone."""
    return np.arange(0, weeks, BLOCK_WEEKS)


def block_scores(
    ahead: Ahead,
    dates: pd.DatetimeIndex,
    log_scale: np.ndarray,
    start: int,
    lengths: tuple[int | None, ...] = LENGTHS,
) -> np.ndarray:
    """CRPS of the broad leg for each length in one block, (weeks of the block, lengths); NaN where none can be had.

    Every week of the block reads the pools as they stood at its first decision.
    """
    rows = slice(start, min(start + BLOCK_WEEKS, len(dates)))
    scale, happened = np.exp(log_scale[rows]), np.expm1(ahead.broad[rows])
    out = np.full((len(scale), len(lengths)), np.nan)
    standardised = ahead.broad / np.exp(log_scale)
    for column, years in enumerate(lengths):
        members = members_at(ahead, dates, start, years, np.isfinite(log_scale))
        if members.sum() < LEAST_PATHS:
            continue
        draws = np.expm1(scale[:, None] * np.sort(standardised[members]))
        out[:, column] = crps(draws, happened)
    return out


def best_length(
    scores: np.ndarray,
    ages: np.ndarray,
    lengths: tuple[int | None, ...] = LENGTHS,
    half_life: float = HALF_LIFE_YEARS,
) -> tuple[int | None, dict[str, float]]:
    """The length with the least discounted mean CRPS, and every length's.

    Parameters
    ----------
    scores : array, (weeks, lengths)
        Of matured weeks; weeks in which a length is missing count for none.
    ages : array, (weeks,)
        Weeks before the fit.
    lengths : tuple
    half_life : float
        Years in which a week loses half its weight.

    Returns
    -------
    The length (`USUAL_YEARS` where no week is known) and the discounted mean by `name_of`.
    """
    whole = np.isfinite(scores).all(axis=1)
    if not whole.any():
        return USUAL_YEARS, {}
    weight = 0.5 ** (ages[whole] / (WEEKS_A_YEAR * half_life))
    means = (scores[whole] * weight[:, None]).sum(axis=0) / weight.sum()
    found = {name_of(years): float(mean) for years, mean in zip(lengths, means, strict=True)}
    return lengths[int(np.argmin(means))], found
