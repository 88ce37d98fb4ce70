"""What the gate is given and what it returns: data and enums, no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd


class GateOutcome(StrEnum):
    """What the gate found of a candidate."""

    PASSED = "passed"
    FAILED = "failed"
    SUSPICIOUS = "suspicious"  # looks like a leak
    BASELINE = "baseline"  # a baseline of the protocol, run by itself: no candidate
    UNJUDGED = "unjudged"  # the ledger could not be read


class Leak(StrEnum):
    """Which sign of a leak was found."""

    SKILL = "skill"
    AUC = "auc"
    FIRST_WEEK = "first_week"


class Failure(StrEnum):
    """The first clause that a candidate does not meet."""

    NOT_ABOVE_CLIMATOLOGY = "not_above_climatology"
    NOT_ABOVE_BASELINE = "not_above_baseline"
    WITHIN_CHANCE = "within_chance"
    BEHIND_IN_A_PERIOD = "behind_in_a_period"
    CHAMPION_UNKNOWN = "champion_unknown"  # its weekly losses are not in the ledger
    CHAMPION_NOT_BEATEN = "champion_not_beaten"


class Tenure(StrEnum):
    """Why the present champion stays where the candidate does not pass."""

    SET_BY_A_PERSON = "set_by_a_person"
    PASSED_BEFORE = "passed_before"
    MORE_WEEKS = "more_weeks"
    NO_BASELINE_RUN = "no_baseline_run"
    BEATS_CLIMATOLOGY = "beats_climatology"
    LOSS_NO_HIGHER = "loss_no_higher"


@dataclass(frozen=True)
class Present:
    """The present champion: its name for sentences, its specification as JSON, its weekly losses where known."""

    name: str
    spec: str
    baseline: bool
    override: bool = False
    losses: pd.Series | None = None


@dataclass(frozen=True)
class LeakSigns:
    """What points to a leak beside the skill; None where it is not known.

    `auc_breakdown`: AUC of breakdown. `first_week`: `training.gate_case.first_week_correlation`.
    """

    auc_breakdown: float | None = None
    first_week: float | None = None


@dataclass(frozen=True)
class GateCase:
    """What is judged.

    Attributes
    ----------
    label : str
    rows_per_year : int
        52 or 12; it sets the block lengths.
    candidate : str
        A key of `losses`; one of `eligible` if a baseline of the protocol was run by itself.
    losses : dict of str to Series of float
        Log loss by decision date of every model of the run and of the protocol's
        baselines from other runs, climatology among them; matured weeks only,
        the same in each.
    baselines : tuple of str
        The models that the candidate must beat.
    eligible : tuple of str
        Which of them may be champion where the candidate may not: baselines of the protocol, of this run.
    specs : dict of str to str
        Specification as JSON of the candidate and of the eligible baselines.
    signs : dict of str to LeakSigns
        Of the same models.
    tries : sequence of Series of float
        Losses by decision date of every candidate ever evaluated, with or without
        the present one. A week that one lacks counts as equal to the baseline.
    present : Present or None
    """

    label: str
    rows_per_year: int
    candidate: str
    losses: dict[str, pd.Series]
    baselines: tuple[str, ...]
    eligible: tuple[str, ...]
    specs: dict[str, str]
    signs: dict[str, LeakSigns]
    tries: Sequence[pd.Series] = ()
    present: Present | None = None


@dataclass(frozen=True)
class Clauses:
    """The figures behind a decision. Skills are against climatology on the judged weeks.

    `rival` is the baseline of lowest loss; `periods` holds the skill ahead of it by
    period; `spa_p` is the candidate's own p by the SPA over `tries` candidates, 1
    where it is not ahead of the rival. `champion_p` is None where the champion's
    losses are not known.
    """

    skill: float
    p: float
    auc_breakdown: float | None
    first_week: float | None
    rival: str
    rival_skill: float
    spa_p: float
    tries: int
    periods: dict[str, float] = field(default_factory=dict)
    champion_p: float | None = None
    refit: bool = False


@dataclass(frozen=True)
class Decision:
    """The gate's decision; `training.gate_wording` makes sentences of it.

    Attributes
    ----------
    outcome : GateOutcome
    candidate, label : str
    champion : str or None
        The new champion among this run's models; None where none of them is.
    present : Present or None
    tenure : Tenure or None
        Why the present champion stays; None where it does not.
    fallback : str or None
        The best eligible baseline, where the candidate did not pass.
    leak : Leak or None
    signs : LeakSigns
        Of the candidate.
    failure : Failure or None
    period : str or None
        The period in which the candidate is behind the rival.
    clauses : Clauses or None
        None for a baseline run by itself, and where nothing was judged.
    error : str
        Why nothing was judged.
    """

    outcome: GateOutcome
    candidate: str
    label: str
    champion: str | None = None
    present: Present | None = None
    tenure: Tenure | None = None
    fallback: str | None = None
    leak: Leak | None = None
    signs: LeakSigns = field(default_factory=LeakSigns)
    failure: Failure | None = None
    period: str | None = None
    clauses: Clauses | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether the candidate passed."""
        return self.outcome is GateOutcome.PASSED

    @property
    def suspicious(self) -> bool:
        """Whether the candidate looks like a leak."""
        return self.outcome is GateOutcome.SUSPICIOUS

    @property
    def keeps_champion(self) -> bool:
        """Whether the alias `champion` is left where it points."""
        return self.outcome is GateOutcome.UNJUDGED or self.tenure is not None
