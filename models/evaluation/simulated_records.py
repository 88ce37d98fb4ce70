"""Forecast records whose skill is known, with months that overlap as the real ones do.

Each session brings one standard normal shock. The outcome of a week is read off
the sum of the next 21: it falls below the quantile of the outcome's true
probability. True probabilities depend on the past alone and the shocks on nothing,
so a forecast that says them is calibrated by construction, while consecutive
outcomes share up to 16 of their 21 sessions. A signal, an AR(1) in weeks, moves the
log odds; its strength is solved for so that the expected log-loss skill is the one
asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtr

from features.data import calendar
from features.data.calendar import HORIZON

OUTCOMES = ("breakdown", "neither", "rotation")
BASE = np.array([0.17, 0.46, 0.37])  # shares of the label `path` since 1964 (docs/method.md)
DIRECTION = np.array([1.0, 0.0, -0.3])  # how the signal moves the log odds: most of the skill is about breakdown
PERSISTENCE = 0.95  # of the signal, a week: the volatility regime's
START = pd.Timestamp("1990-01-05")
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


@dataclass(frozen=True)
class Record:
    """A forecast's record.

    Attributes
    ----------
    dates, label_ends : DatetimeIndex, (weeks,)
    p : ndarray, (weeks, outcomes)
        What the forecast said; outcomes in the order of `OUTCOMES`.
    base : ndarray, (weeks, outcomes)
        The climatology beside it, `BASE` in every week.
    outcome : int array, (weeks,)
    """

    dates: pd.DatetimeIndex
    label_ends: pd.DatetimeIndex
    p: np.ndarray
    base: np.ndarray
    outcome: np.ndarray


def probabilities(signal: np.ndarray, strength: float) -> np.ndarray:
    """`BASE` with its log odds moved by the signal, (rows, outcomes)."""
    weight = BASE * np.exp(strength * signal[:, None] * DIRECTION)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def expected_skill(said: float, true: float) -> float:
    """Log-loss skill against the base rates of a forecast of strength `said` where the truth has strength `true`."""
    p, truth = probabilities(_NODES, said), probabilities(_NODES, true)
    weight = _WEIGHTS / _WEIGHTS.sum()
    loss = -float(weight @ (truth * np.log(p)).sum(axis=1))
    reference = -float(weight @ (truth * np.log(BASE)).sum(axis=1))
    return 1.0 - loss / reference


@lru_cache(maxsize=32)
def strength(skill: float) -> float:
    """Strength of a calibrated forecast with this expected skill."""
    return 0.0 if skill == 0.0 else float(brentq(lambda s: expected_skill(s, s) - skill, 1e-6, 5.0))


@lru_cache(maxsize=32)
def dead_strength(said: float) -> float:
    """Strength of the truth at which a forecast of strength `said` has no skill left (about half of it)."""
    return float(brentq(lambda s: expected_skill(said, s), 0.0, said))


def draw(seed: int, weeks: int, skill: float, dies_at: int | None = None) -> Record:
    """A record of `weeks` weeks with the given expected skill, none from week `dies_at` on.

    A dead forecast goes on as before; the truth answers the signal so much less
    that the forecast's expected gain is nought.
    """
    rng = np.random.default_rng(seed)
    dates, places, ends = _weeks(weeks)
    shocks = np.concatenate([[0.0], np.cumsum(rng.standard_normal(places[-1] + HORIZON + 1))])
    z = (shocks[places + HORIZON] - shocks[places]) / np.sqrt(HORIZON)
    signal = np.empty(weeks)
    signal[0], steps = rng.standard_normal(), rng.standard_normal(weeks) * np.sqrt(1.0 - PERSISTENCE**2)
    for week in range(1, weeks):
        signal[week] = PERSISTENCE * signal[week - 1] + steps[week]
    said = strength(skill)
    p = probabilities(signal, said)
    truth = p.copy()
    if dies_at is not None:
        truth[dies_at:] = probabilities(signal[dies_at:], dead_strength(said))
    outcome = (ndtr(z)[:, None] > truth.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return Record(dates, ends, p, np.tile(BASE, (weeks, 1)), outcome)


@lru_cache(maxsize=8)
def _weeks(weeks: int) -> tuple[pd.DatetimeIndex, np.ndarray, pd.DatetimeIndex]:
    """Decision dates from `START`, their places among the sessions from the first, and the ends of their horizons."""
    dates = calendar.decision_dates(START, calendar.LAST_SESSION)[:weeks]
    every = calendar.all_sessions()
    places = every.searchsorted(dates)
    return dates, places - places[0], every[places + HORIZON]
