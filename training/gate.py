"""The gate: who may be champion, and why. The only place that decides; data in, a decision out.

A candidate passes if
0. it is not suspicious: for `path`, log-loss skill above 0.12 or breakdown AUC
   above 0.85 is more than a month ahead can hold, and looks like a leak; so does
   a rank correlation above 0.40 of P(rotation) - P(breakdown) with the broad
   leg's return over the next five sessions, for trading on that alone would earn
   a yearly Sharpe ratio near 3 (0.40 times the root of 52);
1. it beats climatology with p < 0.05;
2. it has a lower loss than every baseline, beats the best of them with p < 0.05
   by Hansen's test for superior predictive ability over all candidates ever
   evaluated (`models.evaluation.spa`), and is in no period worse than that baseline by
   more than 0.01 skill;
3. it beats the present champion with p < 0.10, or has its specification and is
   its scheduled refit.

If it does not pass, a present champion that is no baseline, or that a person
set, stays: it earned its place, or somebody answers for it. Otherwise the best
baseline of the protocol that passes clauses 0 and 1 is champion (beside a
suspicious candidate only one that reads columns of its own), unless the
baseline that is champion was judged on more weeks, has no higher loss on the
common ones, or this run has no baseline of the protocol to put in its place; one
that was not in this run also stays while it beats climatology and none here may. If
there is none, there is no champion and the call says "no evidence".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from models.estimators import BY_NAME
from models.evaluation import spa
from models.evaluation.bootstrap import BLOCKS, MONTH_BLOCKS, p_value
from models.evaluation.predictions import PERIODS

LEVEL = 0.05
CHAMPION_LEVEL = 0.10
PERIOD_MARGIN = 0.01
SUSPICIOUS_SKILL = 0.12
SUSPICIOUS_AUC = 0.85
SUSPICIOUS_WEEK = 0.40
SUSPECTS = ("path",)  # labels the two bounds hold for; a market's volatility alone goes further on `stress`
CLIMATOLOGY = "climatology"


@dataclass(frozen=True)
class Present:
    """The present champion: its name in a sentence, and its weekly losses where they are known."""

    name: str
    spec: str
    baseline: bool
    override: bool = False
    losses: pd.Series | None = None


@dataclass(frozen=True)
class Signs:
    """What tells a leak beside the skill: breakdown AUC, and `training.gate_case.first_week`; None if not known."""

    auc_breakdown: float | None = None
    first_week: float | None = None


@dataclass(frozen=True)
class Case:
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
        Which of them are rivals.
    eligible : tuple of str
        Which of these may be champion where the candidate may not: baselines of the protocol, of this run.
    specs : dict of str to str
        Specification as JSON of the candidate and of those that are eligible.
    signs : dict of str to Signs
        Of the same.
    tries : sequence of Series of float
        Losses by decision date of every candidate ever evaluated, the present
        one with or without them. A week that one lacks counts as equal to the baseline.
    present : Present or None
    """

    label: str
    rows_per_year: int
    candidate: str
    losses: dict[str, pd.Series]
    baselines: tuple[str, ...]
    eligible: tuple[str, ...]
    specs: dict[str, str]
    signs: dict[str, Signs]
    tries: Sequence[pd.Series] = ()
    present: Present | None = None


@dataclass(frozen=True)
class Clauses:
    """The figures behind a decision. Skills are against climatology on the judged weeks.

    `periods`: skill ahead of the rival by period; `spa_p`: the candidate's own
    p by the SPA over `tries` candidates, 1 where it is not ahead of the rival.
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
    """Champion among this run's models (None: none of them), and why.

    `kept`: the present champion's name, where it stays instead.
    """

    champion: str | None
    kept: str | None
    passed: bool
    suspicious: bool
    reason: str
    clauses: Clauses | None

    @property
    def keep(self) -> bool:
        """Whether the present champion stays."""
        return self.kept is not None

    def tags(self) -> dict[str, str]:
        """What is written on a model version."""
        verdict = {"gate": self.reason, "gate_passed": "suspicious" if self.suspicious else str(self.passed).lower()}
        if self.clauses is None:
            return verdict
        return verdict | {"gate_tries": str(self.clauses.tries), "gate_spa_p": f"{self.clauses.spa_p:.4f}"}


def unjudged(why: str) -> Decision:
    """The decision where the ledger cannot be read: whatever is champion stays."""
    return Decision(None, "the present champion, if there is one,", False, False, f"not judged: {why}", None)


def judge(case: Case) -> Decision:
    """Decide a case; deterministic.

    Raises
    ------
    ValueError
        The models of the run were not scored on the same weeks.
    """
    weeks = case.losses[case.candidate].index
    for name, series in case.losses.items():
        if not series.index.equals(weeks):
            raise ValueError(f"{name} was scored on other weeks than {case.candidate}")
    why = _suspicion(case, case.candidate)
    leak = f"; suspicious: {why}, which looks like a leak" if why else ""
    if case.candidate in case.eligible:
        return _without(case, f"{case.candidate} is a baseline{leak}", bool(why), None)
    clauses = _clauses(case)
    said = f"{case.candidate}: skill {clauses.skill:+.4f}, p {clauses.p:.3f}"
    if why:
        return _without(case, f"{said}{leak}", True, clauses)
    why = _failure(case, clauses)
    if why:
        return _without(case, f"{said}; {why}", False, clauses)
    ahead = (
        f"{said}; beats climatology and {clauses.rival}, the best baseline (SPA p {clauses.spa_p:.3f}, "
        f"{_count(clauses.tries)})"
    )
    return Decision(case.candidate, None, True, False, f"{ahead}{_succession(case, clauses)}", clauses)


def _count(tries: int) -> str:
    return f"{tries} {'try' if tries == 1 else 'tries'}"


def _clauses(case: Case) -> Clauses:
    mine, base = case.losses[case.candidate], case.losses[CLIMATOLOGY]
    rival = min(case.baselines, key=lambda name: float(case.losses[name].mean()))
    best, weeks = case.losses[rival], mine.index
    # The candidate is a try of its own, whether or not the ledger holds it already.
    others = [loss for loss in case.tries if weeks.isin(loss.index).any() and not _same(loss, mine)]
    table = np.column_stack([mine, *(loss.reindex(weeks).fillna(best) for loss in others)])
    ahead = float(mine.mean()) < float(best.mean())
    present = case.present
    refit = present is not None and present.spec == case.specs[case.candidate]
    signs = case.signs[case.candidate]
    return Clauses(
        skill=_skill(mine, base),
        p=_p(case, base - mine),
        auc_breakdown=signs.auc_breakdown,
        first_week=signs.first_week,
        rival=rival,
        rival_skill=_skill(best, base),
        spa_p=spa.adjusted_p(best.to_numpy(), table, _blocks(case)) if ahead else 1.0,
        tries=table.shape[1],
        periods=_periods(mine, best, base),
        champion_p=None if present is None or present.losses is None else _against(case, mine, present.losses),
        refit=refit,
    )


def _same(loss: pd.Series, mine: pd.Series) -> bool:
    """Whether an entry of the ledger, kept as float32, is the candidate itself."""
    return loss.index.equals(mine.index) and bool(np.allclose(loss, mine, rtol=0.0, atol=1e-5))


def _skill(loss: pd.Series, base: pd.Series) -> float:
    return 1.0 - float(loss.mean()) / float(base.mean())


def _p(case: Case, gain: pd.Series) -> float:
    """One-sided p of a mean gain above zero, as every run is scored with."""
    return p_value(gain.to_numpy(), blocks=_blocks(case))


def _blocks(case: Case) -> tuple[int, ...]:
    return MONTH_BLOCKS if case.rows_per_year == 12 else BLOCKS


def _against(case: Case, mine: pd.Series, other: pd.Series) -> float:
    common = mine.index.intersection(other.index)
    return _p(case, other.loc[common] - mine.loc[common])


def _periods(mine: pd.Series, best: pd.Series, base: pd.Series) -> dict[str, float]:
    """By period of the protocol that has weeks: the candidate's skill less the rival's."""
    ahead = {}
    for suffix, (start, end) in PERIODS.items():
        part = base.loc[start:end]
        if len(part):
            gain = best.loc[start:end].mean() - mine.loc[start:end].mean()
            ahead[suffix.removeprefix("_")] = float(gain / part.mean())
    return ahead


def _suspicion(case: Case, name: str) -> str | None:
    if case.label not in SUSPECTS:
        return None
    signs = case.signs[name]
    if _skill(case.losses[name], case.losses[CLIMATOLOGY]) > SUSPICIOUS_SKILL:
        return f"a skill above {SUSPICIOUS_SKILL:g} on {case.label}"
    if signs.auc_breakdown is not None and signs.auc_breakdown > SUSPICIOUS_AUC:
        return f"a breakdown AUC of {signs.auc_breakdown:.3f}, above {SUSPICIOUS_AUC:g}, on {case.label}"
    if signs.first_week is not None and signs.first_week > SUSPICIOUS_WEEK:
        return f"a rank correlation of {signs.first_week:.2f} with the very next week's return"
    return None


def _failure(case: Case, found: Clauses) -> str | None:
    """The first clause that is not met, in words."""
    if not (found.skill > 0.0 and found.p < LEVEL):
        return "does not beat climatology"
    if found.skill <= found.rival_skill:
        return f"has no lower loss than {found.rival}"
    if not found.spa_p < LEVEL:
        return (
            f"does not beat {found.rival}, the best baseline, beyond chance (SPA p {found.spa_p:.3f}, "
            f"{_count(found.tries)})"
        )
    for period, ahead in found.periods.items():
        if ahead < -PERIOD_MARGIN:
            return f"is behind {found.rival} by {-ahead:.4f} skill in {period.replace('_', '-')}"
    if case.present is None or found.refit:
        return None
    if found.champion_p is None:
        return f"cannot be compared with the champion {case.present.name}, whose weekly losses are not in the ledger"
    if not found.champion_p < CHAMPION_LEVEL:
        return f"does not beat the champion {case.present.name} (p {found.champion_p:.3f})"
    return None


def _succession(case: Case, found: Clauses) -> str:
    present = case.present
    if present is None:
        return ""
    who = f"{present.name}{', which a person had set' if present.override else ''}"
    if found.refit:
        return f"; is the scheduled refit of the champion {who}"
    return f"; replaces the champion {who} (p {found.champion_p:.3f})"


def _without(case: Case, said: str, suspicious: bool, clauses: Clauses | None) -> Decision:
    """Who is champion when the candidate is not."""
    best = _best_baseline(case, suspicious)
    why = _stays(case, best, suspicious)
    if why and case.present:
        reason = f"{said}; {case.present.name}, {why}, stays champion"
        return Decision(None, case.present.name, False, suspicious, reason, clauses)
    if best is not None:
        reason = f"{said}; {best} is the best baseline that beats climatology"
        return Decision(best, None, False, suspicious, reason, clauses)
    beaten = "no baseline that may be champion beats climatology" + (
        " either" if clauses and clauses.p >= LEVEL else ""
    )
    return Decision(None, None, False, suspicious, f"{said}; {beaten}: no evidence", clauses)


def _best_baseline(case: Case, suspicious: bool) -> str | None:
    """The eligible baseline of lowest loss that beats climatology and is not suspicious itself.

    Beside a suspicious candidate only one with columns of its own will do: what
    leaked may be among the columns the others read.
    """
    base = case.losses[CLIMATOLOGY]
    for name in sorted(case.eligible, key=lambda one: float(case.losses[one].mean())):
        if not _barred(case, name, suspicious) and _beats(case, case.losses[name], base):
            return name
    return None


def _beats(case: Case, loss: pd.Series, base: pd.Series) -> bool:
    return _skill(loss, base) > 0.0 and _p(case, base - loss) < LEVEL


def _barred(case: Case, name: str, suspicious: bool) -> bool:
    return _suspicion(case, name) is not None or (suspicious and (name not in BY_NAME or BY_NAME[name].columns is None))


def _stays(case: Case, best: str | None, suspicious: bool) -> str | None:
    """Why the present champion stays, in words, or None."""
    present, base = case.present, case.losses[CLIMATOLOGY]
    if present is None:
        return None
    if present.override or not present.baseline:
        return "which a person set" if present.override else "which passed before"
    own = next((name for name in case.eligible if case.specs[name] == present.spec), None)
    if own is not None and _barred(case, own, suspicious):
        return None  # a call refits it on these data, and with what leaked
    if present.losses is not None and len(present.losses) > len(base):
        return "judged on more weeks"
    if own is not None:
        return None  # its refit was among those that `best` was chosen from
    if not case.eligible:
        return "beside which no baseline of the protocol was run"
    common = base.index if present.losses is None else base.index.intersection(present.losses.index)
    if present.losses is None or not len(common):
        return None
    loss = present.losses.loc[common]
    if best is None:
        return "which still beats climatology" if _beats(case, loss, base.loc[common]) else None
    return (
        f"whose loss is no higher than that of {best}" if loss.mean() <= case.losses[best].loc[common].mean() else None
    )


def as_json(decision: Decision) -> dict[str, Any]:
    """The decision's figures, JSON-ready."""
    found = decision.clauses
    return {
        "passed": decision.passed,
        "suspicious": decision.suspicious,
        "kept": decision.kept,
        **({} if found is None else asdict(found)),
    }
