"""How much the record of calls has proved so far: e-values that may be read every week.

Each is a bet against a null hypothesis (`models.evaluation.e_processes`): 3.1 means
that whoever had bet against it has 3.1 times the stake, and 20 is reached by chance
in at most one record in twenty, however often one looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.dataset import OUTCOMES
from models.evaluation import e_processes
from models.evaluation.e_processes import EProcess
from serving.contract import odds

# Null hypothesis by name, as a person reads it.
NULLS = {
    "climatology": "the usual odds are right",
    "markov": "Markov's odds are right",
    "breakdown_brier": "in no week are the calls' odds of breakdown better than the usual (squared error)",
    "average_brier": "on average the calls' odds are no better than the usual (squared error)",
    "own": "the calls' own odds are right",
}
OWN = "own"
# Median years until the likelihood ratio against climatology reaches 20, by true log-loss skill: 100 simulated records
# of 34 years each (`tests/serving/test_running_evidence.py` repeats it).
# The same of Henzi and Ziegel's on breakdown (54 and 83 of the records reached it); of Choe and Ramdas's none did.
HENZI_ZIEGEL_YEARS = {0.03: 32.6, 0.06: 16.7}
YEARS_TO_THRESHOLD = {0.03: 7.3, 0.06: 4.1}


@dataclass(frozen=True)
class Evidence:
    """The evidence against one null hypothesis.

    Attributes
    ----------
    null : str
        A key of `NULLS`.
    since : str
        Date of the first call, ISO.
    value : float
        E-value of the bets settled so far; of all of them once betting has stopped.
    bets : int
        Settled bets.
    reached : str or None
        When it first stood at 20 or more, ISO; no bet was placed after that.
    claimed : bool
        Whether it still does with every bet settled.
    """

    null: str
    since: str
    value: float
    bets: int
    reached: str | None
    claimed: bool


def evidence_of(matured: pd.DataFrame) -> tuple[Evidence, ...]:
    """Evidence from matured calls; nothing without any.

    Parameters
    ----------
    matured : DataFrame, (calls, ...)
        In the order of time: `date`, `label_end`, `outcome`, and `p_`, `base_`, `markov_` of each outcome.
    """
    if not len(matured):
        return ()
    dates, ends = pd.DatetimeIndex(matured["date"]), pd.DatetimeIndex(matured["label_end"])
    said, base, markov = (
        matured[[f"{prefix}_{name}" for name in OUTCOMES]].to_numpy(float) for prefix in ("p", "base", "markov")
    )
    came = pd.Index(OUTCOMES).get_indexer(matured["outcome"])
    place = OUTCOMES.index("breakdown")
    found = {
        "climatology": e_processes.reference_is_right(dates, ends, said, base, came),
        "markov": e_processes.reference_is_right(dates, ends, said, markov, came),
        "breakdown_brier": e_processes.at_no_step_better(dates, ends, said[:, place], base[:, place], came == place),
        "average_brier": e_processes.no_better_on_average(dates, ends, said, base, came),
        "own": e_processes.own_probabilities_are_right(dates, ends, said, base, came),
    }
    since = str(dates[0].date())
    return tuple(_evidence(null, since, process) for null, process in found.items())


def _evidence(null: str, since: str, process: EProcess) -> Evidence:
    reached = None if process.crossed is None else str(process.crossed.date())
    return Evidence(null, since, process.settled, process.bets, reached, process.claimed)


def sentence(evidence: Evidence) -> str:
    """The evidence in one line; against the calls' own probabilities it is an alarm, and reads as a warning."""
    stake = odds(evidence.value)
    if evidence.null == OWN:
        if evidence.claimed:
            return f"WARNING: {stake} against the calls' own odds: do not rely on them."
        return f'{stake} against "{NULLS[OWN]}"; from 20 to 1 this is an alarm.'
    line = f'{stake} against "{NULLS[evidence.null]}"'
    if evidence.reached is None:
        return f"{line}."
    held = "holds with every bet settled" if evidence.claimed else "did not hold when the last bets were settled"
    return f"{line}; 20 to 1 was reached on {evidence.reached} and {held}."


def meaning(since: str) -> str:
    """What the numbers of `sentence` are, in one line."""
    return (
        f"Evidence since {since}: what a stake of 1 has become that was bet against each statement on every call. "
        "Chance brings 20 to 1 in at most one record in twenty, however often one looks."
    )


def patience() -> str:
    """How long 20 to 1 takes, in one line."""
    ratio, brier = (
        " and ".join(f"{years:g} years at a skill of {skill:g}" for skill, years in table.items())
        for table in (YEARS_TO_THRESHOLD, HENZI_ZIEGEL_YEARS)
    )
    return (
        f"How long 20 to 1 takes: against the usual odds a median of {ratio} (simulated); by the squared error of "
        f"breakdown {brier}; on average, more than 34 years."
    )
