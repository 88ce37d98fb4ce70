"""The gate: which model is champion after a run. Data in, a decision out.

The rule is in `models.evaluation.champion`: the simplest baseline of the
confidence set that beats climatology with p < 0.05 and is alive, unless the best
candidate beats every simpler model by the SPA over all candidates ever tried. The
gate adds two checks.

Leaks. For `path`, a log-loss skill above 0.12 or a breakdown AUC above 0.85 is
more than a forecast a month ahead can reach, and points to a leak. So does a rank
correlation above 0.40 of P(rotation) - P(breakdown) with the broad leg's return
over the next five sessions: trading on that alone would earn a yearly Sharpe ratio
near 3 (0.40 times the root of 52). A model with such a sign is suspicious and cannot be
champion. Neither can a candidate of the same run, since it may read the same column.

Succession. A candidate that the rule chooses must also beat the present champion
with p < 0.10, unless it is that champion's scheduled refit. Where no candidate is
chosen, the present champion stays if a person set it, or if it once passed and is
alive. A champion that is a baseline and not part of this run stays, while it is alive
and beats climatology, if it was judged on more weeks, if its loss on the common
weeks is no higher than the new baseline's, or if no baseline of this run may be
champion. Where no model qualifies, there is no champion and the call says
"no evidence".
"""

from __future__ import annotations

import pandas as pd

from models.evaluation.alive import life
from models.evaluation.bootstrap import BLOCKS, MONTH_BLOCKS, p_value
from models.evaluation.champion import CLIMATOLOGY, LEVEL, Choice, Contender, choose
from models.evaluation.predictions import periods
from training.gate_types import Clauses, Decision, Failure, GateCase, GateOutcome, Leak, Present, Tenure

CHAMPION_LEVEL = 0.10
SUSPICIOUS_SKILL = 0.12
SUSPICIOUS_AUC = 0.85
SUSPICIOUS_WEEK = 0.40
LEAK_LABELS = ("path",)  # labels that the bounds of a leak hold for; volatility alone exceeds them on `stress`
BESIDE_A_LEAK = "beside a leak"


def judge(case: GateCase) -> Decision:
    """Decide a case; deterministic.

    Raises
    ------
    ValueError
        The models of the run were not scored on the same weeks, or climatology is not among them.
    """
    leak = leak_sign(case, case.candidate)
    choice = choose(_contenders(case), case.tries, _blocks(case), case.rows_per_year)
    clauses = None if case.candidate in case.eligible else _clauses(case, choice)
    elected = choice.champion if choice.champion in case.candidates else None
    failure = None if leak else _failure(case, choice, elected)
    if leak:
        outcome = GateOutcome.SUSPICIOUS
    elif clauses is None:
        outcome = GateOutcome.BASELINE
    else:
        outcome = GateOutcome.FAILED if failure else GateOutcome.PASSED
    found = Decision(
        outcome,
        case.candidate,
        case.label,
        present=case.present,
        leak=leak,
        signs=case.signs[case.candidate],
        failure=failure if clauses else None,
        clauses=clauses,
        standings=choice.standings,
    )
    if elected is not None and _succession(case, elected) is None:
        return found.replace(champion=elected)
    fallback = _simplest_here(case, choice)
    tenure = None if case.present is None else _tenure(case, case.present, fallback)
    died = None if tenure or case.present is None else _died(case, case.present)
    return found.replace(champion=None if tenure else fallback, tenure=tenure, fallback=fallback, died=died)


def unjudged(candidate: str, label: str, error: str) -> Decision:
    """The decision where the ledger cannot be read: the present champion stays, whatever it is."""
    return Decision(GateOutcome.UNJUDGED, candidate, label, error=error)


def _contenders(case: GateCase) -> list[Contender]:
    signs = {name: leak_sign(case, name) for name in case.losses if name in case.signs}
    leaking = any(signs.get(name) for name in case.candidates)
    found = []
    for name, losses in case.losses.items():
        sign = signs.get(name)
        beside = BESIDE_A_LEAK if leaking and name in case.candidates else None
        suspicion = sign.value if sign else beside
        found.append(Contender(name, losses, case.simplicity[name], name not in case.candidates, suspicion))
    return found


def _clauses(case: GateCase, choice: Choice) -> Clauses:
    name = case.candidate
    own, base, standing = case.losses[name], case.losses[CLIMATOLOGY], choice.standings[name]
    rivals = [one for one in case.losses if one not in case.candidates]
    rival = min(rivals, key=lambda one: float(case.losses[one].mean()))
    asked = choice.candidate == name and bool(choice.spa_p)
    hardest = max(choice.spa_p, key=lambda one: choice.spa_p[one]) if asked else rival
    present = case.present
    return Clauses(
        skill=standing.skill,
        p=standing.p,
        auc_breakdown=case.signs[name].auc_breakdown,
        first_week=case.signs[name].first_week,
        rival=hardest,
        rival_skill=choice.standings[hardest].skill,
        spa_p=choice.spa_p[hardest] if asked else 1.0,
        tries=choice.tries,
        periods=_by_period(own, base),
        in_set=standing.in_set,
        alive=standing.life.alive,
        alive_skill=standing.life.skill,
        champion_p=None if present is None or present.losses is None else _p_over(case, own, present.losses),
        refit=present is not None and present.spec == case.specs[name],
    )


def _blocks(case: GateCase) -> tuple[int, ...]:
    return MONTH_BLOCKS if case.rows_per_year == 12 else BLOCKS


def _p_over(case: GateCase, own: pd.Series, other: pd.Series) -> float:
    common = own.index.intersection(other.index)
    return p_value((other.loc[common] - own.loc[common]).to_numpy(), blocks=_blocks(case))


def _by_period(own: pd.Series, base: pd.Series) -> dict[str, float]:
    """Skill against climatology by period of the protocol that has weeks."""
    found = {}
    for suffix, (start, end) in periods(base.index[-1]).items():
        part = base.loc[start:end]
        if len(part):
            found[suffix.removeprefix("_")] = 1.0 - float(own.loc[start:end].mean()) / float(part.mean())
    return found


def leak_sign(case: GateCase, name: str) -> Leak | None:
    """The first sign of a leak that the model `name` shows, or None."""
    if case.label not in LEAK_LABELS:
        return None
    signs, base = case.signs[name], case.losses[CLIMATOLOGY]
    if 1.0 - float(case.losses[name].mean()) / float(base.mean()) > SUSPICIOUS_SKILL:
        return Leak.SKILL
    if signs.auc_breakdown is not None and signs.auc_breakdown > SUSPICIOUS_AUC:
        return Leak.AUC
    if signs.first_week is not None and signs.first_week > SUSPICIOUS_WEEK:
        return Leak.FIRST_WEEK
    return None


def _failure(case: GateCase, choice: Choice, elected: str | None) -> Failure | None:
    """The first part of the rule that the candidate does not meet."""
    standing = choice.standings[case.candidate]
    if elected == case.candidate:
        return _succession(case, elected)
    if not (standing.skill > 0.0 and standing.p < LEVEL):
        return Failure.NOT_ABOVE_CLIMATOLOGY
    if not standing.life.alive:
        return Failure.NOT_ALIVE
    if choice.candidate is not None and choice.candidate != case.candidate:
        return Failure.NOT_THE_BEST
    if not standing.in_set:
        return Failure.OUTSIDE_THE_SET
    return Failure.WITHIN_CHANCE


def _succession(case: GateCase, name: str) -> Failure | None:
    """Why an elected candidate does not replace the present champion; None where it does."""
    present = case.present
    if present is None or present.spec == case.specs[name] or not _holds(case, present):
        return None
    if present.losses is None:
        return Failure.CHAMPION_UNKNOWN
    return None if _p_over(case, case.losses[name], present.losses) < CHAMPION_LEVEL else Failure.CHAMPION_NOT_BEATEN


def _holds(case: GateCase, present: Present) -> bool:
    """Whether a candidate must beat the present champion: a person set it, or it qualified and is still alive."""
    return present.override or ((present.passed or present.baseline) and _died(case, present) is None)


def _simplest_here(case: GateCase, choice: Choice) -> str | None:
    """The simplest baseline of this run that the rule allows as champion."""
    fit = [name for name in case.eligible if choice.standings[name].eligible]
    return min(fit, key=lambda name: case.simplicity[name], default=None)


def _died(case: GateCase, present: Present) -> pd.Timestamp | None:
    """When the present champion died, on the weeks that it shares with climatology; None if it lives."""
    shared = _shared(case, present)
    if shared is None:
        return None
    found = life(*shared, case.rows_per_year)
    return None if found.alive else found.since


def _shared(case: GateCase, present: Present) -> tuple[pd.Series, pd.Series] | None:
    """Losses of the present champion and of climatology on the weeks that both have; None without any."""
    base = case.losses[CLIMATOLOGY]
    if present.losses is None or not base.index.isin(present.losses.index).any():
        return None
    common = base.index.intersection(present.losses.index)
    return present.losses.loc[common], base.loc[common]


def _tenure(case: GateCase, present: Present, fallback: str | None) -> Tenure | None:
    """Why the present champion stays, or None."""
    if present.override:
        return Tenure.SET_BY_A_PERSON
    if _died(case, present) is not None or not (present.passed or present.baseline):
        return None
    refit = next((name for name, spec in case.specs.items() if spec == present.spec), None)
    if refit in case.signs and leak_sign(case, refit) is not None:
        return None  # a call would refit it on these data, the leaking column included
    if not present.baseline:
        return Tenure.PASSED_BEFORE
    own = refit if refit in case.eligible else None
    if present.losses is not None and len(present.losses) > len(case.losses[CLIMATOLOGY]):
        return Tenure.MORE_WEEKS
    if own is not None:
        return None  # its refit was among those that the fallback was chosen from
    if not case.eligible:
        return Tenure.NO_BASELINE_RUN
    return _tenure_by_loss(case, present, fallback)


def _tenure_by_loss(case: GateCase, present: Present, fallback: str | None) -> Tenure | None:
    """Whether a baseline that was not in this run stays because of its loss on the common weeks."""
    shared = _shared(case, present)
    if shared is None:
        return None
    loss, base = shared
    if not (loss.mean() < base.mean() and _p_over(case, loss, base) < LEVEL):
        return None
    if fallback is None:
        return Tenure.BEATS_CLIMATOLOGY
    return Tenure.LOSS_NO_HIGHER if loss.mean() <= case.losses[fallback].loc[loss.index].mean() else None
