"""Filtered historical simulation of both legs by GJR-GARCH(1,1): the baseline that has never seen a label.

Each January the parameters of each leg are re-estimated on the past and the
standardised residuals of both legs on the same day are kept as pairs. A path
starts at the variance of its decision; every session draws one pair of the past
for both legs, so their dependence is the past's. The drift is zero: the mean
of the pairs is taken off and a path's mean return is that of its convexity alone.
All weeks of a year share their draws (common random numbers).

The label's own rule judges the paths, so every label that is a matter of a path's end
and lowest close gets probabilities for nothing: the columns `simulated_<outcome>`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features import garch, labels
from features.data import cache
from features.jump_regime import FAMILY as FAMILY  # a column that baselines and members of a blend name themselves

PATHS = 1000
SEED = 7
COLUMNS = tuple(f"simulated_{name}" for name in labels.OUTCOMES)
MEANING = "share of simulated paths (GJR-GARCH, past residuals) that end in this outcome: {}"
CODE = (Path(__file__), Path(garch.__file__), Path(labels.__file__))


@dataclass(frozen=True)
class Paths:
    """Equally likely paths of each week, (weeks, paths), decimals; the same column is the same path in all arrays.

    Attributes
    ----------
    broad, cap : float array
        Returns over the horizon.
    lowest : float array
        The broad leg's lowest close within it against the decision's.
    """

    broad: np.ndarray
    cap: np.ndarray
    lowest: np.ndarray


def residual_pairs(
    broad: np.ndarray, cap: np.ndarray, parameters: tuple[garch.Parameters, garch.Parameters]
) -> np.ndarray:
    """Standardised residuals of both legs, (sessions, 2), each column with mean 0 and variance 1.

    The residual of a session is its return over the deviation expected the day before; `broad` and `cap` are daily
    log returns, (sessions,). Sessions on which a leg has none are left out.
    """
    columns = []
    for returns, found in zip((broad, cap), parameters, strict=True):
        deviation = np.sqrt(garch.variances(returns, found)[:-1])
        columns.append(returns[1:] / deviation)
    pairs = np.stack(columns, axis=1)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    return np.asarray((pairs - pairs.mean(axis=0)) / pairs.std(axis=0))


def simulate(
    legs: tuple[np.ndarray, np.ndarray],
    refits: tuple[list[garch.Refit], list[garch.Refit]],
    places: np.ndarray,
    january: int,
    year: int,
    horizons: tuple[int, ...],
    seed: int = SEED,
    paths: int = PATHS,
) -> dict[int, Paths]:
    """Paths from some decisions of one calendar year, by horizon.

    Parameters
    ----------
    legs : tuple of array, (sessions,)
        Daily log returns of the broad and the cap leg.
    refits : tuple of list
        GARCH parameters by year of both.
    places : int array, (weeks,)
        Sessions of the decisions, all of `year`.
    january : int
        The year's first session.
    year : int
    horizons : tuple of int
        Sessions; one simulation of the longest serves all.
    seed, paths : int
    """
    parameters = tuple(next(one.parameters for one in found if one.year == year) for found in refits)
    pairs = residual_pairs(legs[0][:january], legs[1][:january], (parameters[0], parameters[1]))
    rows = np.random.default_rng([seed, year]).integers(len(pairs), size=(max(horizons), paths))
    last = int(places.max()) + 1
    lines = []
    for leg, (returns, values) in enumerate(zip(legs, parameters, strict=True)):
        variance = garch.variances(returns[:last], values)[places]
        lines.append(_paths(variance, pairs[:, leg][rows], values, horizons, with_lowest=leg == 0))
    return {
        horizon: Paths(np.expm1(lines[0][horizon][0]), np.expm1(lines[1][horizon][0]), np.expm1(lines[0][horizon][1]))
        for horizon in horizons
    }


def compute(panel: pd.DataFrame, label: str, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Probability of each outcome at some decisions, (weeks, `COLUMNS`); NaN before two years of both legs.

    Parameters
    ----------
    panel : DataFrame
        With `ret_broad` and `ret_cap`, daily.
    label : str
        One that is judged by paths, not a monthly one.
    dates : DatetimeIndex, (weeks,)
    """
    sessions = pd.DatetimeIndex(panel.index)
    broad, cap = (np.log1p(panel[name].to_numpy(float)) for name in ("ret_broad", "ret_cap"))
    whole = np.isfinite(broad) & np.isfinite(cap)
    broad, cap = (np.where(whole, leg, np.nan) for leg in (broad, cap))
    span = sessions[0].year, dates[-1].year
    refits = garch.refits(broad, sessions, *span), garch.refits(cap, sessions, *span)
    known = {one.year for one in refits[0]} & {one.year for one in refits[1]}
    out = np.full((len(dates), len(COLUMNS)), np.nan)
    both = np.stack([broad, cap], axis=1)
    digest, at = hashlib.sha256(cache.entry_key(CODE, [label, version("numpy"), version("scipy")]).encode()), 0
    for year in sorted(known & set(dates.year)):
        weeks = np.flatnonzero(dates.year == year)
        places, january = sessions.searchsorted(dates[weeks]), int(sessions.searchsorted(pd.Timestamp(year, 1, 1)))
        end = int(places.max()) + 1
        digest.update(both[at:end].tobytes())  # what the year before had not seen
        digest.update(places.tobytes())
        at = end
        out[weeks] = _year(label, (broad, cap), refits, places, january, year, digest.hexdigest())
    cache.trim("regime")
    return pd.DataFrame(out, dates, list(COLUMNS))


def _year(
    label: str,
    legs: tuple[np.ndarray, np.ndarray],
    refits: tuple[list[garch.Refit], list[garch.Refit]],
    places: np.ndarray,
    january: int,
    year: int,
    key: str,
) -> np.ndarray:
    """The columns of one year's weeks, from the cache where this code has made them from these returns (`key`)."""
    content = cache.read("regime", key)
    if content is not None:
        return np.frombuffer(content, dtype=float).reshape(len(places), len(COLUMNS))
    drawn = simulate(legs, refits, places, january, year, (labels.HORIZON,))[labels.HORIZON]
    volatility = None
    if label == "path-vol":
        volatility = pd.Series(np.expm1(legs[0])).rolling(labels.VOL_WINDOW).std().to_numpy()[places][:, None]
    codes = labels.codes_of_paths(label, drawn.broad, drawn.cap, drawn.lowest, volatility)
    counts = np.stack([(codes == place).sum(axis=1) for place in range(len(COLUMNS))], axis=1)
    # One path more for each outcome: none is impossible.
    shares = (counts + 1.0) / (PATHS + len(COLUMNS))
    cache.write("regime", key, shares.tobytes(), trimmed=False)
    return np.asarray(shares)


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
