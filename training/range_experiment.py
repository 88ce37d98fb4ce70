"""Run a range experiment: the candidate and its baselines in the same folds, scores, gate, MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.data import store
from features.data.progress import Progress, silent
from features.data.sources.sample import CAVEAT
from features.dataset import Dataset, build
from models.evaluation import alive, range_scores
from models.evaluation.bootstrap import p_value
from models.evaluation.champion import LEVEL, same, spa_p_value
from models.evaluation.confidence_set import model_confidence_set
from models.range.fit import RangeData, prepare
from models.range.paths import LEGS
from models.range.spec import BASELINES, GARCH, MODELS, RangeSpec, is_protocol
from models.tracking import range_registry, range_runs, registry, trial_ledger
from training.range_run import RangeModelRun, as_logged, walk, write_ranges

CONSTANT = "constant"
LEDGER_LABEL = "range"  # its entries beside those of the outcomes' labels


@dataclass(frozen=True)
class RangeDecision:
    """What the gate found: champion or None, p against the constant scale, confidence set, and who is not alive."""

    champion: str | None
    p: dict[str, float]
    confidence_set: frozenset[str]
    dead: frozenset[str] = frozenset()


def run(name: str, spec: RangeSpec, text: str, progress: Progress = silent) -> dict[str, Any]:
    """Walk forward, score, judge and log; returns what was found, JSON-ready.

    Parameters
    ----------
    name : str
    spec : RangeSpec
        Of the candidate.
    text : str
        The experiment's file, logged beside the run.
    progress : Progress

    Raises
    ------
    TrackingError
        MLflow does not answer: said before anything is computed, for the outbox takes no range.
    """
    registry.require()
    snapshot = store.load()
    with progress("data set", None) as step:
        dataset = build(snapshot, spec.label, step)
    with progress("GARCH and volatility block", None):
        data = prepare(dataset, spec.horizons)
    runs = compute(data, dataset, spec, progress)
    decision = judge({kind: one.ranges for kind, one in runs.items()}, tried(name, runs, dataset))
    register_as = range_registry.registry_name(dataset.source)
    logged = range_runs.log(
        [as_logged(name, one, dataset, data, text, said(kind, decision)) for kind, one in runs.items()],
        register_as,
        aliases(spec.model, runs, decision),
    )
    paths = {kind: write_ranges(logged[kind].run_id, one.ranges) for kind, one in runs.items()}
    dates = runs[spec.model].ranges["date"]
    return {
        "experiment": name,
        "digest": dataset.digest,
        "source": dataset.source,
        "caveat": CAVEAT if dataset.source == "sample" else None,
        "registered_as": register_as,
        "champion": decision.champion,
        "gate": reason(decision),
        "ranges": paths[spec.model],
        "weeks": int(dates.nunique()),
        "span": [str(dates.min().date()), str(dates.max().date())],
        "models": {
            kind: {"run_id": logged[kind].run_id, "version": logged[kind].version, "ranges": paths[kind], **one.scores}
            for kind, one in runs.items()
        },
    }


def compute(
    data: RangeData, dataset: Dataset, spec: RangeSpec, progress: Progress = silent
) -> dict[str, RangeModelRun]:
    """The candidate, then every baseline that is another model, in the same folds."""
    kinds = (spec.model, *(kind for kind in BASELINES if kind != spec.model))
    runs = {}
    for kind in kinds:
        legs = LEGS if kind == spec.model else ("broad",)  # the gate and the reference need no other
        runs[kind] = walk(data, dataset, spec.beside(kind), progress, legs)
    for kind in runs:
        if kind != spec.model:
            runs[spec.model].scores.update(_ahead_of(runs[spec.model].ranges, runs[kind].ranges, kind))
    return runs


def _ahead_of(mine: pd.DataFrame, other: pd.DataFrame, name: str) -> dict[str, float]:
    """CRPS skill of the broad leg against another model's, with p, by horizon."""
    out = {}
    for horizon in sorted(mine["horizon"].unique()):
        own, theirs = (
            t[(t["leg"] == "broad") & (t["horizon"] == horizon) & t["realised"].notna()].set_index("date")["crps"]
            for t in (mine, other)
        )
        out[f"ahead_of_{name}_{horizon}"] = range_scores.skill(own.to_numpy(), theirs.to_numpy())
        out[f"ahead_of_{name}_{horizon}_p"] = p_value((theirs - own).to_numpy())
    return out


def judge(tables: dict[str, pd.DataFrame], tries: Sequence[pd.Series] = ()) -> RangeDecision:
    """The simplest baseline that beats the constant scale with p < 0.05, is alive and stands in the confidence set.

    Alive is by the rule of `models.evaluation.alive`, the constant scale as reference. A
    candidate takes its place only if it passes these tests too and beats every
    simpler model, each in turn the benchmark of Hansen's SPA over all candidates ever
    tried (`tries`, their weekly losses), with p < 0.05: it was picked from many. The
    GARCH simulation is a rival and never champion: no call can be made from it.
    """
    losses = weekly_losses(tables)
    members = model_confidence_set(losses)
    p = {kind: p_value((losses[CONSTANT] - losses[kind]).to_numpy()) for kind in losses if kind != CONSTANT}
    dead = frozenset(kind for kind in p if not alive.life(losses[kind], losses[CONSTANT]).alive)
    fit = [kind for kind in MODELS if kind in p and p[kind] < LEVEL and kind in members - dead and kind != GARCH]
    chosen = next((kind for kind in fit if kind in BASELINES), None)
    for kind in fit:
        if kind not in BASELINES and _spa_p(losses, kind, tries) < LEVEL:
            chosen = kind
    return RangeDecision(chosen, p, members, dead)


def weekly_losses(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The gate's loss of each model in every matured week, (weeks, models)."""
    return range_scores.gate_losses({kind: t[t["leg"] == "broad"] for kind, t in tables.items()})


def _spa_p(losses: pd.DataFrame, kind: str, tries: Sequence[pd.Series]) -> float:
    """The largest p of a candidate against the simpler models, over all tries that share its weeks."""
    own = losses[kind]
    others = [one for one in tries if own.index.isin(one.index).any() and not same(one, own)]
    simpler = [name for name in losses if MODELS.index(name) < MODELS.index(kind) and name in BASELINES]
    return max((spa_p_value(own, losses[name], others) for name in simpler), default=1.0)


def tried(name: str, runs: dict[str, RangeModelRun], dataset: Dataset) -> list[pd.Series]:
    """Add every model to the ledger, and return the losses of each candidate ever tried on this source's ranges."""
    losses = weekly_losses({kind: one.ranges for kind, one in runs.items()})
    trial_ledger.add(
        [
            trial_ledger.Entry(
                f"{name}:{kind}",
                kind,
                one.spec.to_json(),
                dataset.digest,
                dataset.source,
                LEDGER_LABEL,
                kind in BASELINES and is_protocol(one.spec),
                losses[kind],
            )
            for kind, one in runs.items()
        ]
    )
    known = trial_ledger.entries(dataset.source, LEDGER_LABEL)
    return trial_ledger.distinct_tries([one for one in known if not one.baseline])


def aliases(candidate: str, runs: dict[str, RangeModelRun], decision: RangeDecision) -> dict[str, str | None]:
    """Champion by the gate, the candidate as challenger where a call can be fitted from it.

    None moves where the protocol's rows or horizons were changed: its baselines would be others than everybody's.
    """
    if not is_protocol(runs[candidate].spec):
        return {}
    found: dict[str, str | None] = {"champion": decision.champion}
    return found | ({"challenger": candidate} if runs[candidate].fitted is not None else {})


def said(kind: str, decision: RangeDecision) -> dict[str, str]:
    """The tags of a run that tell what the gate made of it."""
    return {"champion": str(decision.champion == kind), "gate": reason(decision)}


def reason(decision: RangeDecision) -> str:
    """The decision in one line."""
    dead = sorted(decision.dead & decision.confidence_set, key=MODELS.index)
    failed = f"; the last years of {', '.join(dead)} do not earn a place" if dead else ""
    if decision.champion is None:
        return (
            f"no range model beats a constant scale with p < 0.05 within the 90 % confidence set and is alive{failed}"
        )
    how = "is the simplest that beats" if decision.champion in BASELINES else "beats every simpler model and"
    return (
        f"{decision.champion} {how} a constant scale (p {decision.p[decision.champion]:.3f}) "
        f"in the 90 % confidence set ({', '.join(sorted(decision.confidence_set, key=MODELS.index))}){failed}"
    )
