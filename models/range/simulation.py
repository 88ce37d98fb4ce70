"""Filtered historical simulation of both legs by GJR-GARCH(1,1): the baseline that has never seen a label.

Each January the parameters of each leg are re-estimated on the past and the
standardised residuals of both legs on the same day are kept as pairs. A path
starts at the variance of its decision; every session draws one pair of the past
for both legs, so their dependence is the past's. The drift is zero: the mean
of the pairs is taken off and a path's mean return is that of its convexity alone.

All weeks between two refits share their draws (common random numbers), made by
the seed and the year.
"""

from __future__ import annotations

import numpy as np

from models.range import garch
from models.range.paths import Legs
from models.range.predictor import Draws

PATHS = 1000


def residual_pairs(legs: Legs, year_place: int, parameters: tuple[garch.Parameters, garch.Parameters]) -> np.ndarray:
    """Standardised residuals of both legs before a session, (sessions, 2), each column with mean 0 and variance 1.

    The residual of a session is its return over the deviation expected the day before.
    """
    columns = []
    for returns, found in zip((legs.broad[:year_place], legs.cap[:year_place]), parameters, strict=True):
        deviation = np.sqrt(garch.variances(returns, found)[:-1])
        columns.append(returns[1:] / deviation)
    pairs = np.stack(columns, axis=1)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    return np.asarray((pairs - pairs.mean(axis=0)) / pairs.std(axis=0))


def simulate(
    legs: Legs,
    refits: dict[str, list[garch.Refit]],
    weeks: np.ndarray,
    year: int,
    horizons: tuple[int, ...],
    seed: int,
    paths: int = PATHS,
) -> dict[int, Draws]:
    """Paths from some decisions of one calendar year, by horizon.

    Parameters
    ----------
    legs : Legs
    refits : dict
        Parameters by year of `broad` and `cap`.
    weeks : int array
        Rows of the decisions, all of `year`.
    year : int
    horizons : tuple of int
        Sessions; one simulation of the longest serves all.
    seed : int
    paths : int
    """
    parameters = tuple(_of_year(refits[leg], year) for leg in ("broad", "cap"))
    january = int(legs.sessions.searchsorted(np.datetime64(f"{year}-01-01")))
    pairs = residual_pairs(legs, january, (parameters[0], parameters[1]))
    longest = max(horizons)
    rows = np.random.default_rng([seed, year]).integers(len(pairs), size=(longest, paths))
    last = int(legs.places[weeks].max()) + 1
    lines, lowest, found = [], np.zeros(0), {}
    for leg, (returns, values) in enumerate(zip((legs.broad, legs.cap), parameters, strict=True)):
        variance = garch.variances(returns[:last], values)[legs.places[weeks]]
        lines.append(_paths(variance, pairs[:, leg][rows], values, horizons, with_lowest=leg == 0))
    for horizon in horizons:
        broad, lowest = lines[0][horizon]
        found[horizon] = Draws(np.expm1(broad), np.expm1(lines[1][horizon][0]), np.expm1(lowest))
    return found


def _of_year(refits: list[garch.Refit], year: int) -> garch.Parameters:
    return next(one.parameters for one in refits if one.year == year)


def _paths(
    variance: np.ndarray, shocks: np.ndarray, parameters: garch.Parameters, horizons: tuple[int, ...], with_lowest: bool
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Log return and lowest log close at each horizon, (weeks, paths) both; `shocks` is (sessions, paths)."""
    omega, alpha, gamma, beta = parameters
    omega = omega / garch.PERCENT**2
    # With the shock known, the next variance is omega + variance * a factor that all weeks share.
    factors = beta + (alpha + gamma * (shocks < 0.0)) * shocks**2
    now = np.repeat(variance[:, None], shocks.shape[1], axis=1)
    line = np.zeros_like(now)
    lowest = np.full_like(now, np.inf)
    step, found = np.empty_like(now), {}
    for session in range(max(horizons)):
        np.sqrt(now, out=step)
        step *= shocks[session]
        line += step
        if with_lowest:
            np.minimum(lowest, line, out=lowest)
        now *= factors[session]
        now += omega
        if session + 1 in horizons:
            found[session + 1] = (line.copy(), lowest.copy())
    return found
