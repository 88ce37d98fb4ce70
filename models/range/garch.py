"""GJR-GARCH(1,1) of one leg: parameters re-estimated each January on the past, one filter pass a leg and refit.

Glosten, Jagannathan & Runkle (1993), fitted by `arch` with zero mean and normal
quasi-likelihood. The recursion is linear in the variance once returns are
known, so `scipy.signal.lfilter` runs it without a Python loop.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

PERCENT = 100.0  # the optimiser wants returns of order one
MIN_SESSIONS = 504
Parameters = tuple[float, float, float, float]  # omega (percent squared), alpha, gamma, beta


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
    from arch import arch_model

    model = arch_model(PERCENT * returns, mean="Zero", p=1, o=1, q=1, rescale=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below, from the optimiser's own report
        result = model.fit(disp="off", show_warning=False, starting_values=None if start is None else np.array(start))
    found = np.asarray(result.params, dtype=float)
    if result.convergence_flag != 0 or not np.isfinite(found).all():
        return None
    omega, alpha, gamma, beta = (float(value) for value in found)
    return omega, alpha, gamma, beta


def refits(returns: np.ndarray, sessions: pd.DatetimeIndex, first_year: int, last_year: int) -> list[Refit]:
    """One entry a calendar year from the first January with two years of returns before it.

    Parameters
    ----------
    returns : array, (sessions,)
        Daily log returns; only those before each January are read.
    sessions : DatetimeIndex, (sessions,)
    first_year, last_year : int
    """
    found: list[Refit] = []
    for year in range(first_year, last_year + 1):
        past = returns[: sessions.searchsorted(pd.Timestamp(year, 1, 1))]
        past = past[np.isfinite(past)]
        if len(past) < MIN_SESSIONS:
            continue
        last = found[-1].parameters if found else None
        new = estimate(past, last)
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
    omega, alpha, gamma, beta = parameters
    omega = omega / PERCENT**2
    squares = np.where(np.isfinite(returns), returns, 0.0) ** 2
    shocks = omega + (alpha + gamma * (returns < 0.0)) * squares
    start = long_run(parameters)
    from scipy.signal import lfilter  # here: it takes a third of a second that a call need not pay

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
