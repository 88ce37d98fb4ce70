"""The input and the decision of the gate: data and enums, no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import pandas as pd

from models.evaluation.champion import Standing


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
    NOT_ALIVE = "not_alive"  # no skill in its last years (`models.evaluation.alive`)
    NOT_THE_BEST = "not_the_best"  # a candidate beside it has a lower loss
    OUTSIDE_THE_SET = "outside_the_set"
    WITHIN_CHANCE = "within_chance"  # of a simpler model
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
    """A champion or challenger in force: its name for sentences, its specification as JSON, its weekly losses.

    The losses are None where they are not known.

    `baseline`: one of the protocol by today's count of columns. `passed`: it became champion by the SPA.
    """

    name: str
    spec: str
    baseline: bool
    passed: bool = True
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
    candidates : tuple of str
        The models that become champion by the SPA only: the candidate, and the other
        models of the run with more columns than a baseline may have. The others are
        baselines, which a candidate must beat.
    eligible : tuple of str
        Which baselines may be champion: those of the protocol, of this run.
    simplicity : dict of str to int
        Place of every model of `losses` in the declared order, the simplest first.
    specs : dict of str to str
        Specification as JSON of the candidates and of the eligible baselines.
    signs : dict of str to LeakSigns
        Of the models of this run.
    tries : sequence of Series of float
        Losses by decision date of every candidate ever evaluated, with or without
        the present one. A week that one lacks counts as equal to the baseline.
    present : Present or None
    """

    label: str
    rows_per_year: int
    candidate: str
    losses: dict[str, pd.Series]
    candidates: tuple[str, ...]
    eligible: tuple[str, ...]
    simplicity: dict[str, int]
    specs: dict[str, str]
    signs: dict[str, LeakSigns]
    tries: Sequence[pd.Series] = ()
    present: Present | None = None


@dataclass(frozen=True)
class Clauses:
    """The figures behind a decision. Skills are against climatology on the judged weeks.

    `spa_p` is the candidate's own p by the SPA over `tries` candidates against the
    simpler model that is hardest to beat, `rival`; 1 where the rule did not come to
    ask, and `rival` is then the baseline of lowest loss. `periods` holds the skill
    by period, `alive_skill` that of the years that the alive rule looks at; `in_set`
    is None for a candidate that was not compared. `champion_p` is None where the
    champion's losses are not known.
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
    in_set: bool | None = None
    alive: bool = True
    alive_skill: float = float("nan")
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
        The simplest baseline that the rule allows, where no candidate became champion.
    died : Timestamp or None
        When the replaced champion died (`models.evaluation.alive`).
    leak : Leak or None
    signs : LeakSigns
        Of the candidate.
    failure : Failure or None
    clauses : Clauses or None
        None for a baseline run by itself, and where nothing was judged.
    standings : dict of str to Standing
        How each model of the case stands against the rule.
    error : str
        Why nothing was judged.
    challenger : str
        The present challenger where it stays, since its log loss is lower than the candidate's; else empty.
    """

    outcome: GateOutcome
    candidate: str
    label: str
    champion: str | None = None
    present: Present | None = None
    tenure: Tenure | None = None
    fallback: str | None = None
    died: pd.Timestamp | None = None
    leak: Leak | None = None
    signs: LeakSigns = field(default_factory=LeakSigns)
    failure: Failure | None = None
    clauses: Clauses | None = None
    standings: dict[str, Standing] = field(default_factory=dict)
    error: str = ""
    challenger: str = ""

    def replace(self, **changes: Any) -> Decision:
        """This decision with some fields changed."""
        return replace(self, **changes)

    @property
    def elected(self) -> bool:
        """Whether the new champion was chosen by the SPA."""
        return self.champion is not None and self.fallback is None

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
