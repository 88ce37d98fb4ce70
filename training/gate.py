"""The gate: who may be champion. The only place that decides; data in, a decision out.

A candidate passes if
0. it is not suspicious. For `path`, a log-loss skill above 0.12 or a breakdown AUC
   above 0.85 is more than a forecast a month ahead can reach, and points to a leak. So
   does a rank correlation above 0.40 of P(rotation) - P(breakdown) with the broad
   leg's return over the next five sessions: trading on that alone would earn a
   yearly Sharpe ratio near 3 (0.40 times the root of 52);
1. it beats climatology with p < 0.05;
2. it has a lower loss than every baseline, beats the best of them with p < 0.05
   by Hansen's test for superior predictive ability over all candidates ever
   evaluated (`models.evaluation.spa`), and is in no period behind that baseline by
   more than 0.01 skill;
3. it beats the present champion with p < 0.10, or has its specification and is
   its scheduled refit.

If it does not pass, a present champion stays if it is no baseline or if a person
set it. Otherwise the best baseline of the protocol that passes clauses 0 and 1 is
champion; beside a suspicious candidate it must read columns of its own. A baseline
that is champion stays all the same if it was judged on more weeks, if its loss
on the common weeks is no higher, or if this run has no baseline of the protocol.
A baseline that is champion and was not in this run also stays while it beats
climatology and no baseline here may be champion. If there is no such baseline,
there is no champion and the call says "no evidence".
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.estimators import BY_NAME
from models.evaluation import spa
from models.evaluation.bootstrap import BLOCKS, MONTH_BLOCKS, p_value
from models.evaluation.predictions import PERIODS
from training.gate_types import Clauses, Decision, Failure, GateCase, GateOutcome, Leak, Present, Tenure

LEVEL = 0.05
CHAMPION_LEVEL = 0.10
PERIOD_MARGIN = 0.01
SUSPICIOUS_SKILL = 0.12
SUSPICIOUS_AUC = 0.85
SUSPICIOUS_WEEK = 0.40
LEAK_LABELS = ("path",)  # labels that the bounds of a leak hold for; volatility alone exceeds them on `stress`
LEDGER_PRECISION = 1e-5  # nats: the ledger keeps losses as float32
CLIMATOLOGY = "climatology"


def judge(case: GateCase) -> Decision:
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
    leak = leak_sign(case, case.candidate)
    if case.candidate in case.eligible:
        return _without_candidate(case, GateOutcome.SUSPICIOUS if leak else GateOutcome.BASELINE, leak=leak)
    clauses = _clauses(case)
    if leak:
        return _without_candidate(case, GateOutcome.SUSPICIOUS, clauses, leak=leak)
    failure, period = _failure(case, clauses)
    if failure:
        return _without_candidate(case, GateOutcome.FAILED, clauses, failure=failure, period=period)
    return Decision(
        GateOutcome.PASSED,
        case.candidate,
        case.label,
        champion=case.candidate,
        present=case.present,
        signs=case.signs[case.candidate],
        clauses=clauses,
    )


def unjudged(candidate: str, label: str, error: str) -> Decision:
    """The decision where the ledger cannot be read: the present champion stays, whatever it is."""
    return Decision(GateOutcome.UNJUDGED, candidate, label, error=error)


def _clauses(case: GateCase) -> Clauses:
    own, base = case.losses[case.candidate], case.losses[CLIMATOLOGY]
    rival = min(case.baselines, key=lambda name: float(case.losses[name].mean()))
    best, weeks = case.losses[rival], own.index
    # The candidate is a try of its own, whether or not the ledger holds it already.
    others = [loss for loss in case.tries if weeks.isin(loss.index).any() and not _is_candidate(loss, own)]
    table = np.column_stack([own, *(loss.reindex(weeks).fillna(best) for loss in others)])
    ahead = float(own.mean()) < float(best.mean())
    present, signs = case.present, case.signs[case.candidate]
    return Clauses(
        skill=_skill(own, base),
        p=_p(case, base - own),
        auc_breakdown=signs.auc_breakdown,
        first_week=signs.first_week,
        rival=rival,
        rival_skill=_skill(best, base),
        spa_p=spa.adjusted_p(best.to_numpy(), table, _blocks(case)) if ahead else 1.0,
        tries=table.shape[1],
        periods=_ahead_by_period(own, best, base),
        champion_p=None if present is None or present.losses is None else _p_over(case, own, present.losses),
        refit=present is not None and present.spec == case.specs[case.candidate],
    )


def _is_candidate(loss: pd.Series, own: pd.Series) -> bool:
    """Whether an entry of the ledger is the candidate itself."""
    return loss.index.equals(own.index) and bool(np.allclose(loss, own, rtol=0.0, atol=LEDGER_PRECISION))


def _skill(loss: pd.Series, base: pd.Series) -> float:
    return 1.0 - float(loss.mean()) / float(base.mean())


def _p(case: GateCase, gain: pd.Series) -> float:
    """One-sided p of a mean gain above zero, computed as for the scores of a run."""
    return p_value(gain.to_numpy(), blocks=_blocks(case))


def _blocks(case: GateCase) -> tuple[int, ...]:
    return MONTH_BLOCKS if case.rows_per_year == 12 else BLOCKS


def _p_over(case: GateCase, own: pd.Series, other: pd.Series) -> float:
    common = own.index.intersection(other.index)
    return _p(case, other.loc[common] - own.loc[common])


def _ahead_by_period(own: pd.Series, best: pd.Series, base: pd.Series) -> dict[str, float]:
    """The candidate's skill less the rival's, by period of the protocol that has weeks."""
    ahead = {}
    for suffix, (start, end) in PERIODS.items():
        part = base.loc[start:end]
        if len(part):
            gain = best.loc[start:end].mean() - own.loc[start:end].mean()
            ahead[suffix.removeprefix("_")] = float(gain / part.mean())
    return ahead


def leak_sign(case: GateCase, name: str) -> Leak | None:
    """The first sign of a leak that the model `name` shows, or None."""
    if case.label not in LEAK_LABELS:
        return None
    signs = case.signs[name]
    if _skill(case.losses[name], case.losses[CLIMATOLOGY]) > SUSPICIOUS_SKILL:
        return Leak.SKILL
    if signs.auc_breakdown is not None and signs.auc_breakdown > SUSPICIOUS_AUC:
        return Leak.AUC
    if signs.first_week is not None and signs.first_week > SUSPICIOUS_WEEK:
        return Leak.FIRST_WEEK
    return None


def _failure(case: GateCase, found: Clauses) -> tuple[Failure | None, str | None]:
    """The first clause that is not met, and the period where it is that of a period."""
    if not (found.skill > 0.0 and found.p < LEVEL):
        return Failure.NOT_ABOVE_CLIMATOLOGY, None
    if found.skill <= found.rival_skill:
        return Failure.NOT_ABOVE_BASELINE, None
    if not found.spa_p < LEVEL:
        return Failure.WITHIN_CHANCE, None
    for period, ahead in found.periods.items():
        if ahead < -PERIOD_MARGIN:
            return Failure.BEHIND_IN_A_PERIOD, period
    if case.present is None or found.refit:
        return None, None
    if found.champion_p is None:
        return Failure.CHAMPION_UNKNOWN, None
    return (None if found.champion_p < CHAMPION_LEVEL else Failure.CHAMPION_NOT_BEATEN), None


def _without_candidate(
    case: GateCase,
    outcome: GateOutcome,
    clauses: Clauses | None = None,
    leak: Leak | None = None,
    failure: Failure | None = None,
    period: str | None = None,
) -> Decision:
    """The decision where the candidate is not champion."""
    suspicious = outcome is GateOutcome.SUSPICIOUS
    fallback = _best_baseline(case, suspicious)
    tenure = None if case.present is None else _tenure(case, case.present, fallback, suspicious)
    return Decision(
        outcome,
        case.candidate,
        case.label,
        champion=None if tenure else fallback,
        present=case.present,
        tenure=tenure,
        fallback=fallback,
        leak=leak,
        signs=case.signs[case.candidate],
        failure=failure,
        period=period,
        clauses=clauses,
    )


def _best_baseline(case: GateCase, suspicious: bool) -> str | None:
    """The eligible baseline of lowest loss that beats climatology and shows no sign of a leak."""
    base = case.losses[CLIMATOLOGY]
    for name in sorted(case.eligible, key=lambda one: float(case.losses[one].mean())):
        if not _excluded(case, name, suspicious) and _beats(case, case.losses[name], base):
            return name
    return None


def _beats(case: GateCase, loss: pd.Series, base: pd.Series) -> bool:
    return _skill(loss, base) > 0.0 and _p(case, base - loss) < LEVEL


def _excluded(case: GateCase, name: str, suspicious: bool) -> bool:
    """Whether a baseline may not be champion: it shows a leak, or may read the column that leaked.

    Beside a suspicious candidate only a baseline with columns of its own will do.
    """
    own_columns = name in BY_NAME and BY_NAME[name].columns is not None
    return leak_sign(case, name) is not None or (suspicious and not own_columns)


def _tenure(case: GateCase, present: Present, fallback: str | None, suspicious: bool) -> Tenure | None:
    """Why the present champion stays, or None."""
    if present.override:
        return Tenure.SET_BY_A_PERSON
    if not present.baseline:
        return Tenure.PASSED_BEFORE
    own = next((name for name in case.eligible if case.specs[name] == present.spec), None)
    if own is not None and _excluded(case, own, suspicious):
        return None  # a call would refit it on these data, and so on what leaked
    base = case.losses[CLIMATOLOGY]
    if present.losses is not None and len(present.losses) > len(base):
        return Tenure.MORE_WEEKS
    if own is not None:
        return None  # its refit was among those that the fallback was chosen from
    if not case.eligible:
        return Tenure.NO_BASELINE_RUN
    return _tenure_by_loss(case, present.losses, base, fallback)


def _tenure_by_loss(case: GateCase, losses: pd.Series | None, base: pd.Series, fallback: str | None) -> Tenure | None:
    """Whether a baseline that was not in this run stays because of its loss on the common weeks."""
    if losses is None:
        return None
    common = base.index.intersection(losses.index)
    if not len(common):
        return None
    loss = losses.loc[common]
    if fallback is None:
        return Tenure.BEATS_CLIMATOLOGY if _beats(case, loss, base.loc[common]) else None
    return Tenure.LOSS_NO_HIGHER if loss.mean() <= case.losses[fallback].loc[common].mean() else None
