"""A live record that may be looked at every week: e-processes for forecasts whose months overlap.

An e-process starts at 1 and, while its null hypothesis is true, exceeds 20 in at
most one record in twenty, whenever somebody looks (Ville's inequality; Ramdas,
Grünwald, Vovk & Shafer 2023, Statistical Science 38(4)). Three are kept, each
named for what it tests:

- ``reference is right``: the likelihood ratio p_y / q_y. The null says that the
  reference q gives the outcomes' true conditional probabilities.
- ``at no step better``: Henzi & Ziegel (2022), Biometrika 109(3), on the Brier
  score of one outcome. The null says that in no week the forecast p had the lower
  expected score.
- ``no better on average``: Choe & Ramdas (2024), Operations Research 72(4),
  empirical Bernstein on bounded score differences. The null says that the mean of
  the conditional expected differences was never above zero, in each subsequence.

Weekly calls about the next 21 sessions overlap, so consecutive scores are
dependent. The weeks are therefore dealt into `SUBSEQUENCES` interleaved
subsequences; in each, the next bet starts only after the `label_end` of the last.
Each is a process of its own; their mean is reported. At the first week on which
the mean of the settled bets reaches `THRESHOLD` no further bet is placed. The
claim stands only if the mean is still there when the pending bets are settled, and
there is no second attempt: which bets were placed was then decided from the past
alone, so that the mean has an expectation of at most 1 under the null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

SUBSEQUENCES = 5  # weeks that hold one horizon of 21 sessions, rounded up
THRESHOLD = 20.0
FLOOR = 1e-6  # a probability below it is taken as it: one week may cost a record almost all, not all
BETS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.6])  # Choe-Ramdas: equal mixture over these, times 1 / SCORE_RANGE
SCORE_RANGE = 4.0  # a Brier difference lies in [-2, 2]: its distance from a prediction in that range is at most 4


@dataclass(frozen=True)
class EProcess:
    """An e-process over the weeks of a record.

    Attributes
    ----------
    values : Series of float, by date
        Mean over the subsequences of what had been settled by the close of each date.
    settled : float
        The mean once every bet placed is settled.
    crossed : Timestamp or None
        The first date on which `values` reached `THRESHOLD`; no bet was placed after it.
    bets : int
        Bets placed and settled.
    """

    values: pd.Series
    settled: float
    crossed: pd.Timestamp | None
    bets: int

    @property
    def claimed(self) -> bool:
        """Whether the null is rejected: the threshold was reached and holds with the pending bets settled."""
        return self.crossed is not None and self.settled >= THRESHOLD


def subsequences(dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, count: int = SUBSEQUENCES) -> np.ndarray:
    """Which subsequence bets on each week, (weeks,); -1 where none is free.

    A week goes to the subsequence that has been free for longest among those
    whose last bet's label had ended before the week's decision. Five weeks can
    hold only 20 sessions (September 2001); a week may then find none free.
    """
    free_from = [pd.Timestamp.min] * count
    chosen = np.full(len(dates), -1)
    for week, (date, end) in enumerate(zip(dates, label_ends, strict=True)):
        place = min(range(count), key=lambda one: free_from[one])
        if free_from[place] < date:
            chosen[week], free_from[place] = place, end
    return chosen


def likelihood_ratio(p: np.ndarray, q: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Factor of each bet, p_y / q_y, (weeks,): its conditional expectation is 1 if q is right.

    Parameters
    ----------
    p, q : ndarray, (weeks, outcomes)
        Probabilities of the forecast and of the reference.
    outcome : int array, (weeks,)
        Place of what happened.
    """
    rows = np.arange(len(outcome))
    return np.asarray(np.maximum(p[rows, outcome], FLOOR) / np.maximum(q[rows, outcome], FLOOR))


def henzi_ziegel(p: np.ndarray, q: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Factor of each bet on one outcome's Brier score, (weeks,).

    The two scores are equal in expectation where the outcome's probability is
    (p + q) / 2; the bet is the likelihood ratio of p against that point, whose
    expectation is at most 1 wherever q's expected score is no higher than p's.

    Parameters
    ----------
    p, q : ndarray, (weeks,)
        Probability of the outcome by the forecast and by the reference.
    happened : bool array, (weeks,)
    """
    middle = np.clip((p + q) / 2.0, FLOOR, 1.0 - FLOOR)
    lost = np.maximum(1.0 - p, FLOOR) / (1.0 - middle)
    return np.asarray(np.where(happened, np.maximum(p, FLOOR) / middle, lost))


def brier_differences(p: np.ndarray, q: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Brier score of the reference less that of the forecast, summed over the outcomes, (weeks,); in [-2, 2]."""
    truth = np.eye(p.shape[1])[outcome]
    return np.asarray(((q - truth) ** 2).sum(axis=1) - ((p - truth) ** 2).sum(axis=1))


class _Process(Protocol):
    """A process of one subsequence: its value after the bets settled so far."""

    @property
    def value(self) -> float: ...

    def settle(self, week: int) -> None: ...


class _Product:
    """A process that multiplies the factors of its settled bets."""

    def __init__(self, factors: np.ndarray) -> None:
        self.factors = factors
        self.value: float = 1.0

    def settle(self, week: int) -> None:
        self.value *= float(self.factors[week])


class _Bernstein:
    """Empirical-Bernstein e-process on differences in [-2, 2], an equal mixture over `BETS`.

    exp(l * sum - psi(l) * variance), psi(l) = (-log(1 - c l) - c l) / c**2, where the
    variance adds up squared distances from the mean of the differences so far.
    """

    def __init__(self, differences: np.ndarray) -> None:
        self.differences = differences
        self.total = self.variance = 0.0
        self.count = 0
        self.rate = BETS / SCORE_RANGE
        self.psi = (-np.log(1.0 - SCORE_RANGE * self.rate) - SCORE_RANGE * self.rate) / SCORE_RANGE**2

    def settle(self, week: int) -> None:
        expected = self.total / (self.count + 1.0)  # shrunk towards zero, and known before the bet
        self.variance += (self.differences[week] - expected) ** 2
        self.total += self.differences[week]
        self.count += 1

    @property
    def value(self) -> float:
        return float(np.mean(np.exp(self.rate * self.total - self.psi * self.variance)))


class _Mixture:
    """The mean of several processes on the same bets."""

    def __init__(self, parts: list[_Product]) -> None:
        self.parts = parts

    def settle(self, week: int) -> None:
        for part in self.parts:
            part.settle(week)

    @property
    def value(self) -> float:
        return float(np.mean([part.value for part in self.parts]))


def _run(dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, make: Callable[[], _Process]) -> EProcess:
    chosen = subsequences(dates, label_ends)
    parts = [make() for _ in range(SUBSEQUENCES)]
    pending: list[tuple[pd.Timestamp, int]] = []
    values, crossed, bets = np.empty(len(dates)), None, 0
    for week, date in enumerate(dates):
        while pending and pending[0][0] <= date:
            settled = pending.pop(0)[1]
            parts[chosen[settled]].settle(settled)
            bets += 1
        values[week] = np.mean([part.value for part in parts])
        if crossed is None and values[week] >= THRESHOLD:
            crossed = date
        if crossed is None and chosen[week] >= 0:
            pending.append((label_ends[week], week))
    for _, week in pending:
        parts[chosen[week]].settle(week)
        bets += 1
    return EProcess(pd.Series(values, dates), float(np.mean([part.value for part in parts])), crossed, bets)


def reference_is_right(
    dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, p: np.ndarray, q: np.ndarray, outcome: np.ndarray
) -> EProcess:
    """Evidence for the forecast `p` against "the reference `q` is right"; matured weeks only.

    Parameters
    ----------
    dates, label_ends : DatetimeIndex, (weeks,)
        Decisions in the order of time, and the session on which each horizon ends.
    p, q : ndarray, (weeks, outcomes)
    outcome : int array, (weeks,)
    """
    factors = likelihood_ratio(p, q, outcome)
    return _run(dates, label_ends, lambda: _Product(factors))


def at_no_step_better(
    dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, p: np.ndarray, q: np.ndarray, happened: np.ndarray
) -> EProcess:
    """Evidence against "at no step does `p` have the lower expected Brier score" for one outcome; (weeks,) arrays."""
    factors = henzi_ziegel(p, q, happened)
    return _run(dates, label_ends, lambda: _Product(factors))


def no_better_on_average(
    dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, p: np.ndarray, q: np.ndarray, outcome: np.ndarray
) -> EProcess:
    """Evidence against "on average `p` has no lower expected Brier score", in each subsequence."""
    differences = brier_differences(p, q, outcome)
    return _run(dates, label_ends, lambda: _Bernstein(differences))


def recalibrated(p: np.ndarray, base: np.ndarray, slope: float) -> np.ndarray:
    """`p` with its log odds against the base rates multiplied by `slope`, (weeks, outcomes); rows sum to one.

    A slope of 0 gives the base rates, 1 leaves `p` alone, more than 1 sharpens it.
    """
    logs = np.log(np.maximum(base, FLOOR)) + slope * (np.log(np.maximum(p, FLOOR)) - np.log(np.maximum(base, FLOOR)))
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


ALARM_SLOPES = (0.0, 0.5, 1.5)  # the declared alternatives: no information, half of it, too timid


def own_probabilities_are_right(
    dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, p: np.ndarray, base: np.ndarray, outcome: np.ndarray
) -> EProcess:
    """Evidence against "the forecast's own probabilities are right": the stop alarm.

    The alternative is declared: an equal mixture of the recalibrations of `p` by
    `ALARM_SLOPES`, each weighted by how it has done so far.
    """
    factors = [likelihood_ratio(recalibrated(p, base, slope), p, outcome) for slope in ALARM_SLOPES]
    return _run(dates, label_ends, lambda: _Mixture([_Product(one) for one in factors]))
