"""The gate's decision as text: the reason, the tags of a model version, and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from models.evaluation.alive import YEARS
from models.evaluation.champion import Standing
from models.tracking.registry import SUSPICIOUS
from training.gate import SUSPICIOUS_AUC, SUSPICIOUS_SKILL
from training.gate_types import Clauses, Decision, Failure, GateOutcome, Leak, Tenure

UNKNOWN_CHAMPION = "the present champion, if there is one,"


def reason(decision: Decision, of: str | None = None) -> str:
    """Why the gate decided so, in one sentence: the candidate first, then who is champion.

    `of` is the model whose text it is: a champion that is not the candidate comes first in its own.
    """
    if decision.outcome is GateOutcome.UNJUDGED:
        return f"not judged: {decision.error}"
    found = decision.clauses
    stays = f"; {decision.challenger} stays challenger, its log loss is lower" if decision.challenger else ""
    if found is not None and not decision.leak and not decision.failure:
        return (
            f"{_start(decision)}; in the confidence set, alive, and beats every simpler model, {found.rival} last "
            f"(SPA p {found.spa_p:.3f}, {_count(found.tries)}){_succession(decision, found)}{stays}"
        )
    candidate = _start(decision)
    if decision.leak:
        candidate += f"; suspicious: {_leak(decision)}, which looks like a leak"
    elif found is not None:
        candidate += f"; {_failure(decision, found)}"
    parts = [candidate, *_who_instead(decision)]
    if of == decision.champion and of not in (None, decision.candidate):
        parts.reverse()
    return "; ".join(parts) + stays


def _start(decision: Decision) -> str:
    found = decision.clauses
    if found is None:
        return f"{decision.candidate} is a baseline"
    return f"{decision.candidate}: skill {found.skill:+.4f}, p {found.p:.3f}{_recent(found)}"


def kept(decision: Decision) -> str | None:
    """The champion that stays, as a sentence names it; None where it does not stay."""
    if decision.outcome is GateOutcome.UNJUDGED:
        return UNKNOWN_CHAMPION
    return decision.present.name if decision.tenure and decision.present else None


def tags(decision: Decision, of: str) -> dict[str, str]:
    """What is written on the version of the model `of`."""
    passed = SUSPICIOUS if decision.suspicious else str(decision.elected).lower()
    found = {"gate": reason(decision, of), "gate_passed": passed}
    if decision.clauses is None:
        return found
    return found | {"gate_tries": str(decision.clauses.tries), "gate_spa_p": f"{decision.clauses.spa_p:.4f}"}


def as_json(decision: Decision) -> dict[str, Any]:
    """The decision's figures, JSON-ready."""
    return {
        "outcome": decision.outcome.value,
        "failure": None if decision.failure is None else decision.failure.value,
        "passed": decision.passed,
        "suspicious": decision.suspicious,
        "kept": kept(decision),
        "died": None if decision.died is None else str(decision.died.date()),
        "standings": {name: _standing(one) for name, one in decision.standings.items()},
        **({} if decision.clauses is None else asdict(decision.clauses)),
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "skill": standing.skill,
        "p": standing.p,
        "in_set": standing.in_set,
        "alive": standing.life.alive,
        "alive_skill": standing.life.skill,
        "suspicion": standing.suspicion,
    }


def _recent(found: Clauses) -> str:
    """The skill of the periods that say whether it still holds."""
    names = {"2012_on": "since 2012", "last_10_years": "last ten years"}
    return "".join(f", {said} {found.periods[name]:+.4f}" for name, said in names.items() if name in found.periods)


def _count(tries: int) -> str:
    return f"{tries} {'try' if tries == 1 else 'tries'}"


def _leak(decision: Decision) -> str:
    match decision.leak:
        case Leak.SKILL:
            return f"a skill above {SUSPICIOUS_SKILL:g} on {decision.label}"
        case Leak.AUC:
            auc = decision.signs.auc_breakdown
            return f"a breakdown AUC of {auc:.3f}, above {SUSPICIOUS_AUC:g}, on {decision.label}"
        case _:
            return f"a rank correlation of {decision.signs.first_week:.2f} with the very next week's return"


def _failure(decision: Decision, found: Clauses) -> str:
    champion = decision.present.name if decision.present else ""
    match decision.failure:
        case Failure.NOT_ABOVE_CLIMATOLOGY:
            return "does not beat climatology"
        case Failure.NOT_ALIVE:
            return f"is not alive: skill {found.alive_skill:+.4f} over its last {YEARS} years"
        case Failure.NOT_THE_BEST:
            return "is not the candidate with the lowest loss"
        case Failure.OUTSIDE_THE_SET:
            return f"is outside the 90 % confidence set, behind {found.rival}"
        case Failure.WITHIN_CHANCE:
            return (
                f"does not beat {found.rival}, which is simpler, beyond chance "
                f"(SPA p {found.spa_p:.3f}, {_count(found.tries)})"
            )
        case Failure.CHAMPION_UNKNOWN:
            return f"cannot be compared with the champion {champion}, whose weekly losses are not in the ledger"
        case _:
            return f"does not beat the champion {champion} (p {found.champion_p:.3f})"


def _succession(decision: Decision, found: Clauses) -> str:
    present = decision.present
    if present is None:
        return ""
    who = f"{present.name}{', which a person had set' if present.override else ''}"
    if found.refit:
        return f"; is the scheduled refit of the champion {who}"
    return f"; replaces the champion {who} (p {found.champion_p:.3f})"


def _who_instead(decision: Decision) -> list[str]:
    """Who is champion where the candidate is not: which champion died, if one did, and who is."""
    if decision.tenure and decision.present:
        return [f"{decision.present.name}, {_tenure(decision)}, stays champion"]
    gone = []
    if decision.died is not None and decision.present:
        gone = [f"the champion {decision.present.name} died on {decision.died.date()}"]
    if decision.champion is not None and decision.fallback is None:
        return [*gone, f"{decision.champion} beats every simpler model and is champion{_figures(decision)}"]
    if decision.fallback is not None:
        simplest = f"{decision.fallback} is the simplest of the confidence set that beats climatology and is alive"
        return [*gone, f"{simplest}{_figures(decision)}"]
    return [*gone, "nobody in the confidence set beats climatology and is alive: no evidence"]


def _figures(decision: Decision) -> str:
    """Skill and p of the champion that is not the candidate."""
    found = decision.standings.get(decision.champion or "")
    return "" if found is None else f" (skill {found.skill:+.4f}, p {found.p:.3f})"


def _tenure(decision: Decision) -> str:
    match decision.tenure:
        case Tenure.SET_BY_A_PERSON:
            return "which a person set"
        case Tenure.PASSED_BEFORE:
            return "which passed before"
        case Tenure.MORE_WEEKS:
            return "judged on more weeks"
        case Tenure.NO_BASELINE_RUN:
            return "beside which no baseline of the protocol was run"
        case Tenure.BEATS_CLIMATOLOGY:
            return "which still beats climatology"
        case _:
            return f"whose loss is no higher than that of {decision.fallback}"
