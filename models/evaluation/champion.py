"""The rule for the champion: the simplest model in the confidence set that beats climatology and is alive.

The rule is stated once, here, on weekly losses; the gate of a training run and the
weekly run both apply it. Where no model qualifies there is no champion.

1. The contenders are the baselines of the protocol and the candidates. Of the
   candidates only the one with the lowest loss counts, so that poor tries cannot
   widen the confidence set.
2. The confidence set (`models.evaluation.confidence_set`) is made of the baselines
   and that candidate.
3. The champion is the simplest baseline in the set that beats climatology with
   p < 0.05, is alive (`models.evaluation.alive`) and shows no sign of a leak,
4. unless the candidate is in the set, passes the same three tests, and beats every
   simpler baseline, each in turn the benchmark of Hansen's SPA over all candidates
   ever tried on these weeks, with p < 0.05. A candidate becomes champion in no other
   way: the confidence set does not correct for picking the best of many tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.evaluation.alive import Life, life
from models.evaluation.bootstrap import BLOCKS, p_value
from models.evaluation.confidence_set import model_confidence_set
from models.evaluation.spa import adjusted_p

LEVEL = 0.05
LEDGER_PRECISION = 1e-5  # nats
CLIMATOLOGY = "climatology"


@dataclass(frozen=True)
class Contender:
    """A model that may become champion.

    Attributes
    ----------
    name : str
    losses : Series of float, by decision date
        Log loss in every matured test week.
    simplicity : int
        Place in the declared order, the simplest first.
    baseline : bool
        A baseline of the protocol: its columns were fixed in advance.
    suspicion : str or None
        Why it looks like a leak.
    """

    name: str
    losses: pd.Series
    simplicity: int
    baseline: bool
    suspicion: str | None = None


@dataclass(frozen=True)
class Standing:
    """How a contender stands against the rule.

    `p` is that of beating climatology; `in_set` is None for a candidate that was
    not the best one and so was not compared.
    """

    skill: float
    p: float
    life: Life
    in_set: bool | None
    suspicion: str | None

    @property
    def eligible(self) -> bool:
        """Whether it passes every test that concerns itself alone."""
        return bool(self.in_set) and self.p < LEVEL and self.life.alive and self.suspicion is None


@dataclass(frozen=True)
class Choice:
    """What the rule gives.

    Attributes
    ----------
    champion : str or None
    candidate : str or None
        The candidate with the lowest loss; None where there is no candidate.
    standings : dict of str to Standing
        Of every contender.
    spa_p : dict of str to float
        The candidate's own p against each simpler model.
    tries : int
        Candidates ever tried on these weeks: what the SPA is asked over.
    """

    champion: str | None
    candidate: str | None
    standings: dict[str, Standing]
    spa_p: dict[str, float]
    tries: int


def choose(
    contenders: Sequence[Contender],
    tries: Sequence[pd.Series] = (),
    blocks: tuple[int, ...] = BLOCKS,
    rows_per_year: int = 52,
) -> Choice:
    """Apply the rule; deterministic.

    Parameters
    ----------
    contenders : sequence of Contender
        Climatology among them, all scored on the same weeks.
    tries : sequence of Series of float
        Losses of every candidate ever evaluated, with or without those among the
        contenders. A week that one lacks counts as equal to the benchmark.
    blocks : tuple of int
        Lengths of the bootstrap's blocks, in rows.
    rows_per_year : int
        52 or 12.

    Raises
    ------
    ValueError
        No climatology, two contenders of one name, or different weeks.
    """
    by_name = {one.name: one for one in contenders}
    _check(contenders, by_name)
    base = by_name[CLIMATOLOGY].losses
    candidate = min(
        (one for one in contenders if not one.baseline and one.suspicion is None),
        key=lambda one: float(one.losses.mean()),
        default=None,
    )
    compared = [one for one in contenders if one.suspicion is None and (one.baseline or one is candidate)]
    members = model_confidence_set(pd.DataFrame({one.name: one.losses for one in compared}), blocks)
    standings = {
        one.name: Standing(
            skill=1.0 - float(one.losses.mean()) / float(base.mean()),
            p=p_value((base - one.losses).to_numpy(), blocks=blocks),
            life=life(one.losses, base, rows_per_year),
            in_set=one.name in members if one in compared else None,
            suspicion=one.suspicion,
        )
        for one in contenders
    }
    spa_p, asked = {}, _distinct(contenders, tries)
    if candidate is not None and standings[candidate.name].eligible:
        others = [loss for loss in asked if loss is not candidate.losses]
        simpler = [one for one in contenders if one.baseline and one.suspicion is None]
        spa_p = {one.name: spa_p_value(candidate.losses, one.losses, others, blocks) for one in simpler}
    champion = None
    if candidate is not None and spa_p and max(spa_p.values()) < LEVEL:
        champion = candidate.name
    else:
        fit = [one for one in contenders if one.baseline and standings[one.name].eligible]
        champion = min(fit, key=lambda one: one.simplicity).name if fit else None
    return Choice(champion, None if candidate is None else candidate.name, standings, spa_p, len(asked))


def _check(contenders: Sequence[Contender], by_name: dict[str, Contender]) -> None:
    if len(by_name) != len(contenders):
        raise ValueError("two contenders have the same name")
    if CLIMATOLOGY not in by_name:
        raise ValueError(f"the contenders need {CLIMATOLOGY}: found {', '.join(by_name)}")
    weeks = by_name[CLIMATOLOGY].losses.index
    for one in contenders:
        if not one.losses.index.equals(weeks):
            raise ValueError(f"{one.name} was scored on other weeks than {CLIMATOLOGY}")


def _distinct(contenders: Sequence[Contender], tries: Sequence[pd.Series]) -> list[pd.Series]:
    """Losses of the candidates, and of every other try that shares weeks with them."""
    own = [one.losses for one in contenders if not one.baseline]
    weeks = contenders[0].losses.index
    return own + [loss for loss in tries if weeks.isin(loss.index).any() and not any(same(loss, one) for one in own)]


def same(loss: pd.Series, mine: pd.Series) -> bool:
    """Whether an entry of the ledger, which keeps losses as float32, is this candidate."""
    return loss.index.equals(mine.index) and bool(np.allclose(loss, mine, rtol=0.0, atol=LEDGER_PRECISION))


def spa_p_value(
    mine: pd.Series, benchmark: pd.Series, others: Sequence[pd.Series], blocks: tuple[int, ...] = BLOCKS
) -> float:
    """The candidate's own p against one benchmark, over all tries; 1 where its loss is no lower."""
    if not float(mine.mean()) < float(benchmark.mean()):
        return 1.0
    table = np.column_stack([mine, *(loss.reindex(mine.index).fillna(benchmark) for loss in others)])
    return adjusted_p(benchmark.to_numpy(), table, blocks)
