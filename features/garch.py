"""GJR-GARCH(1,1) of one leg: parameters re-estimated each January on the past, one filter pass a leg and refit.

Glosten, Jagannathan & Runkle (1993), zero mean and normal quasi-likelihood. The
recursion is linear in the variance once returns are known, and so are its
derivatives: `scipy.signal.lfilter` runs them all without a Python loop, and SLSQP
from last January's parameters needs a dozen passes. `arch` maximises the same
likelihood with numerical derivatives; tests hold the estimates against it. Estimates
are cached by the returns they saw and the code that makes them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features.blas import one_blas_thread
from features.data import cache

CODE = (Path(__file__),)
PERCENT = 100.0  # the optimiser wants returns of order one
MIN_SESSIONS = 504
Parameters = tuple[float, float, float, float]  # omega (percent squared), alpha, gamma, beta
STATIONARY = np.array([0.0, 1.0, 0.5, 1.0])
SIGNED = np.array([0.0, 1.0, 1.0, 0.0])


@dataclass(frozen=True)
class Refit:
    """The parameters in force in one calendar year.

    Attributes
    ----------
    year : int
    parameters : tuple of float
        omega (in percent squared), alpha, gamma, beta.
    converged : bool
        False: the optimiser did not converge this January, the last parameters stay.
    """

    year: int
    parameters: Parameters
    converged: bool


def estimate(returns: np.ndarray, start: Parameters | None) -> Parameters | None:
    """Quasi-maximum likelihood on daily log returns, (sessions,); None where the optimiser does not converge."""
    from scipy.optimize import minimize

    squares = (PERCENT * returns) ** 2
    down = squares * (returns < 0.0)
    first = _backcast(squares)
    variance = float(squares.mean())
    begin = (0.02 * variance, 0.03, 0.09, 0.90) if start is None else start

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        return _loss(values, squares, down, first)

    found = minimize(
        loss,
        np.array(begin),
        jac=True,
        method="SLSQP",
        bounds=((1e-6 * variance, 10.0 * variance), (0.0, 1.0), (-1.0, 2.0), (0.0, 1.0)),
        constraints=(
            {"type": "ineq", "fun": lambda v: 1.0 - v[1] - 0.5 * v[2] - v[3], "jac": lambda _: -STATIONARY},
            {"type": "ineq", "fun": lambda v: v[1] + v[2], "jac": lambda _: SIGNED},
        ),
        options={"ftol": 1e-10, "maxiter": 200},
    )
    if not found.success or not np.isfinite(found.x).all():
        return None
    omega, alpha, gamma, beta = (float(value) for value in found.x)
    return omega, alpha, gamma, beta


def _backcast(squares: np.ndarray) -> float:
    """Variance before the first return: an exponential mean of the first squares, as `arch` has it."""
    early = squares[: min(75, len(squares))]
    weights = 0.94 ** np.arange(len(early))
    return float((weights / weights.sum() * early).sum())


def _loss(values: np.ndarray, squares: np.ndarray, down: np.ndarray, first: float) -> tuple[float, np.ndarray]:
    """Mean negative log-likelihood without its constant, and its gradient, (4,)."""
    from scipy.signal import lfilter

    omega, alpha, gamma, beta = values
    steps = np.empty((3, len(squares)))  # what multiplies omega, alpha and gamma
    steps[0] = 1.0
    steps[1, 0], steps[1, 1:] = first, squares[:-1]
    steps[2, 0], steps[2, 1:] = 0.5 * first, down[:-1]
    shocks = omega + alpha * steps[1] + gamma * steps[2]
    recursion = ([1.0], [1.0, -beta])
    variance, _ = lfilter(*recursion, shocks, zi=[beta * first])
    slopes = np.empty((4, len(squares)))
    slopes[:3] = steps
    slopes[3, 0], slopes[3, 1:] = first, variance[:-1]
    slopes = lfilter(*recursion, slopes, axis=1)
    if not (variance > 0.0).all():
        return 1e10, np.zeros(4)
    ratio = squares / variance
    return 0.5 * float((np.log(variance) + ratio).mean()), 0.5 * (slopes * ((1.0 - ratio) / variance)).mean(axis=1)


def _cached(returns: np.ndarray, start: Parameters | None, seen: str) -> Parameters | None:
    """The estimate, from the cache if this code has made it from these returns; a fit that failed is not kept.

    `seen` is the digest of the code and the returns.
    """
    key = hashlib.sha256(f"{seen} {json.dumps(start)}".encode()).hexdigest()
    content = cache.read("regime", key)
    if content is not None:
        omega, alpha, gamma, beta = json.loads(content)
        return omega, alpha, gamma, beta
    found = estimate(returns, start)
    if found is not None:
        cache.write("regime", key, json.dumps(found).encode(), trimmed=False)
    return found


def refits(returns: np.ndarray, sessions: pd.DatetimeIndex, first_year: int, last_year: int) -> list[Refit]:
    """One entry a calendar year from the first January with two years of returns before it.

    Parameters
    ----------
    returns : array, (sessions,)
        Daily log returns; only those before each January are read.
    sessions : DatetimeIndex, (sessions,)
    first_year, last_year : int
    """
    with one_blas_thread():
        found = _refits(returns, sessions, first_year, last_year)
    cache.trim("regime")
    return found


def _refits(returns: np.ndarray, sessions: pd.DatetimeIndex, first_year: int, last_year: int) -> list[Refit]:
    found: list[Refit] = []
    digest, at = hashlib.sha256(cache.entry_key(CODE, [version("scipy"), version("numpy")]).encode()), 0
    for year in range(first_year, last_year + 1):
        january = int(sessions.searchsorted(pd.Timestamp(year, 1, 1)))
        digest.update(np.ascontiguousarray(returns[at:january]).tobytes())  # what the year before had not seen
        past, at = returns[:january], january
        past = past[np.isfinite(past)]
        if len(past) < MIN_SESSIONS:
            continue
        last = found[-1].parameters if found else None
        new = _cached(past, last, digest.hexdigest())
        if new is not None:
            found.append(Refit(year, new, True))
        elif last is not None:
            found.append(Refit(year, last, False))
    return found


def variances(returns: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Conditional variance of the *next* session's return given those up to each session, (sessions,), decimal squared.

    The recursion starts at the model's long-run variance, which the first
    returns wash out; a missing return counts as its expectation.
    """
    from scipy.signal import lfilter

    omega, alpha, gamma, beta = parameters
    omega = omega / PERCENT**2
    squares = np.where(np.isfinite(returns), returns, 0.0) ** 2
    shocks = omega + (alpha + gamma * (returns < 0.0)) * squares
    start = long_run(parameters)
    values, _ = lfilter([1.0], [1.0, -beta], shocks, zi=[beta * start])
    return np.asarray(values)


def persistence(parameters: Parameters) -> float:
    """How much of a variance above the long run is left the next day, for symmetric shocks; at most 0.9999."""
    _, alpha, gamma, beta = parameters
    return min(alpha + 0.5 * gamma + beta, 0.9999)


def long_run(parameters: Parameters) -> float:
    """Unconditional daily variance, decimal squared."""
    return parameters[0] / PERCENT**2 / (1.0 - persistence(parameters))


def mean_variance(next_variance: np.ndarray, parameters: Parameters, horizon: int) -> np.ndarray:
    """Expected daily variance averaged over the next `horizon` sessions, in closed form."""
    left, level = persistence(parameters), long_run(parameters)
    share = (1.0 - left**horizon) / (horizon * (1.0 - left))
    return np.asarray(level + (next_variance - level) * share)
