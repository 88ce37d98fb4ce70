"""Is a model's skill alive? A rule on its last years, chosen by its operating curve on simulated records.

A model dies when its log-loss skill against climatology over the last `YEARS`
years falls below `DIES_BELOW`; a dead one lives again once that skill reaches
`LIVES_FROM`. It is looked at every `STEP` weeks, so that the answer depends on the
record alone and a replay gives the answer of its time.

Ten years of weeks hold about 120 independent months, and the standard error of
their skill is near 0.02, so no rule is sharp. This one was chosen among moving
windows of 10, 12 and 15 years and exponential weights, with and without a gap
between the two bounds, on the records of `models.evaluation.simulated_records`,
before it was run on any market (`docs/method.md` has the curve).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

YEARS = 12
FIRST_YEARS = 10  # of record before a model can die
DIES_BELOW = 0.0
LIVES_FROM = 0.03
STEP = 26  # rows between two looks: weeks; a monthly record is looked at every half year too


@dataclass(frozen=True)
class Life:
    """Whether a model earns its place at the end of its record.

    Attributes
    ----------
    alive : bool
    since : Timestamp or None
        When it last changed; None for a model that never died.
    skill : float
        Log-loss skill over the last `YEARS` years of the record, or over all of a shorter one.
    history : DataFrame, by date of each look
        `skill` and `alive`.
    """

    alive: bool
    since: pd.Timestamp | None
    skill: float
    history: pd.DataFrame


def life(loss: pd.Series, reference: pd.Series, rows_per_year: int = 52) -> Life:
    """Whether a model is alive at the end of its matured weeks.

    Parameters
    ----------
    loss, reference : Series of float, by decision date
        Of the model and of its reference in the same weeks, in the order of time: log loss and climatology; of a
        range the loss of its gate and the constant scale.
    rows_per_year : int
        52, or 12 for monthly decisions.

    Raises
    ------
    ValueError
        The two are not scored on the same weeks, or there are none.
    """
    if not loss.index.equals(reference.index) or not len(loss):
        raise ValueError("the model and its reference must be scored on the same weeks, at least one")
    step = max(1, round(STEP * rows_per_year / 52))
    first = FIRST_YEARS * rows_per_year
    ends = _looks(len(loss), first, step)
    skills = [_skill(loss, reference, end) for end in ends]
    state, since, states = True, None, []
    for end, skill in zip(ends, skills, strict=True):
        now = end < first or skill >= (DIES_BELOW if state else LIVES_FROM)
        if now != state:
            state, since = now, pd.Timestamp(loss.index[end - 1])
        states.append(state)
    history = pd.DataFrame({"skill": skills, "alive": states}, index=loss.index[np.array(ends) - 1])
    return Life(state, since, skills[-1], history)


def _looks(rows: int, first: int, step: int) -> list[int]:
    """Rows known at each look: every `step` from `first` on, and always the last row."""
    return [*range(first, rows, step), rows]


def _skill(loss: pd.Series, reference: pd.Series, end: int) -> float:
    since = loss.index[end - 1] - pd.DateOffset(years=YEARS)
    start = int(loss.index.searchsorted(since, side="right"))
    return 1.0 - float(loss.iloc[start:end].sum()) / float(reference.iloc[start:end].sum())
