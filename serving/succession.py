"""Replaces a champion that is no longer alive, by the gate's rule, in the weekly run.

The gate judges when models are trained. Between two trainings weeks mature, and a
champion may die (`models.evaluation.alive`). So its stored walk-forward is
extended: the weeks since are predicted by the models that were in force, as a fold would,
and scored with what is known today. If it is dead, the same is done for every
eligible model, and `models.evaluation.champion` chooses.

Not checked here: the signs of a leak. The gate looks for them when models are
trained, and what it then wrote is read: a candidate that it called suspicious and
those that ran beside it do not follow. A leak that only the weeks since would show,
and one in a model whose version is no longer in the registry, are not seen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd

from features.data.paths import home
from features.dataset import Dataset
from models.estimators import simplicity
from models.evaluation.alive import YEARS, Life, life
from models.evaluation.champion import CLIMATOLOGY, Contender, choose
from models.predictor import predict
from models.spec import ModelSpec, from_json, is_protocol, normal
from models.tracking import promotion, registry, runs, trial_ledger
from serving.call_context import CallContext, last_refit

SUCCESSION = registry.SUCCESSION
SUSPICIOUS = "suspicious"  # what the gate writes as `gate_passed` of a candidate that looks like a leak


@dataclass(frozen=True)
class Succession:
    """What the rule gave after a champion died; `champion` is None where no model qualifies."""

    died: str
    champion: str | None
    reason: str


@dataclass(frozen=True)
class _Model:
    """A walk-forward that was logged: its version in the registry, empty for a baseline that has none."""

    kind: str
    spec: ModelSpec
    version: str
    run_id: str

    @property
    def place(self) -> str:
        return f"version {self.version}" if self.version else f"run {self.run_id[:8]}"


@dataclass(frozen=True)
class _Able:
    model: _Model
    contender: Contender


def follow_the_dead(context: CallContext) -> Succession | None:
    """Replace a champion that is no longer alive; None where there is none, it is alive, or a person set it.

    Nothing is judged where the champion's stored predictions are not on this machine. After a succession `context` is
    of the past: load it again.
    """
    champion = context.champion
    if champion is None or "override" in champion.tags:
        return None
    spec = from_json(champion.tags["spec"])
    dataset = context.dataset
    table = carried_on(champion.run_id, spec, dataset, context)
    if table is None:
        return None
    found = life(*losses_of(table))
    if found.alive or found.since is None:
        return None
    return _follow(context, dataset, f"{champion.tags['kind']} (version {champion.version})", found)


def _follow(context: CallContext, dataset: Dataset, dead: str, found: Life) -> Succession:
    able = _able(context, dataset)
    known = trial_ledger.entries(context.snapshot.source, dataset.label)
    tries = trial_ledger.distinct_tries([entry for entry in known if not entry.baseline])
    name = choose([one.contender for one in able.values()], tries).champion if able else None
    why = f"{dead} died on {found.since:%Y-%m-%d}, with a skill of {found.skill:+.3f} over its last {YEARS} years"
    if name is None:
        reason = f"{why}; nobody in the confidence set beats climatology and is alive: no evidence"
        registry.set_alias(context.model_name, "champion", None)
        registry.tag_version(context.model_name, context.challenger.version, {SUCCESSION: reason})
        return Succession(dead, None, reason)
    reason = f"{why}; {name} is what the rule then gives"
    chosen = able[name].model
    tags = {SUCCESSION: reason}
    if not able[name].contender.baseline:
        tags["gate_passed"] = "true"  # it passed the rule: the next training holds it for a champion
    version = chosen.version or promotion.register_run(chosen.run_id, reason)
    registry.tag_version(context.model_name, version, tags)
    registry.set_alias(context.model_name, "champion", version)
    return Succession(dead, name, reason)


def _able(context: CallContext, dataset: Dataset) -> dict[str, _Able]:
    """Every model with climatology's weeks, by name; empty where climatology's are not on this machine."""
    series: dict[str, tuple[pd.Series, _Model]] = {}
    for one in _models(context):
        if one.spec.needs_jump and "jump_state" not in dataset.X:
            continue  # its column was not computed: it cannot be carried on
        table = carried_on(one.run_id, one.spec, dataset, context)
        if table is not None:
            name = one.kind if one.kind not in series else f"{one.kind} ({one.place})"
            series[name] = (losses_of(table)[0], one)
    if CLIMATOLOGY not in series:
        return {}
    weeks = series[CLIMATOLOGY][0].index
    return {
        name: _Able(one, Contender(name, losses.loc[weeks], simplicity(one.spec.estimator), is_protocol(one.spec)))
        for name, (losses, one) in series.items()
        if weeks.isin(losses.index).all()
    }


def _models(context: CallContext) -> list[_Model]:
    """The baselines that ran beside the newest judged candidate, then the newest version of every specification.

    A candidate that looked like a leak is left out, and so is every candidate that ran beside one.
    """
    versions = registry.versions(context.model_name)
    suspicious = [(run_id, tags) for _, run_id, tags in versions if tags.get("gate_passed") == SUSPICIOUS]
    beside = {run_id for run_id, _ in suspicious}
    beside |= {run_id for _, tags in suspicious for run_id in _baseline_runs(tags)}
    version_of = {run_id: version for version, run_id, _ in versions}
    newest: dict[str, tuple[_Model, dict[str, str]]] = {}
    for version, run_id, tags in versions:
        found = _model(run_id, version, tags)
        if found is not None:
            newest[_key(found.spec)] = (found, tags)
    runs_beside = _baseline_runs(context.challenger.tags) or _baseline_runs(context.shown.tags)
    for run_id, tags in runs.tags_of(runs_beside).items():
        found = _model(run_id, version_of.get(run_id, ""), tags)
        if found is not None:
            newest[_key(found.spec)] = (found, tags)
    return sorted(
        (
            one
            for one, tags in newest.values()
            if _same_market(tags, context) and (is_protocol(one.spec) or one.run_id not in beside)
        ),
        key=lambda one: one.run_id not in runs_beside,  # the plain names are those of the newest baselines
    )


def _model(run_id: str, version: str, tags: dict[str, str]) -> _Model | None:
    if "spec" not in tags or "kind" not in tags:
        return None
    return _Model(tags["kind"], normal(from_json(tags["spec"])), version, run_id)


def _key(spec: ModelSpec) -> str:
    """What makes two models one: no baseline of the protocol draws anything, so its seed does not count."""
    return (spec.replace(seed=ModelSpec().seed) if is_protocol(spec) else spec).to_json()


def _baseline_runs(tags: dict[str, str]) -> list[str]:
    """The runs of the baselines that a candidate ran beside, as its delivery wrote them; none where it wrote none."""
    try:
        found = json.loads(tags.get(runs.BASELINE_RUNS, "{}"))
    except ValueError:  # somebody changed the tag
        return []
    return [str(one) for one in found.values()] if isinstance(found, dict) else []


def _same_market(tags: dict[str, str], context: CallContext) -> bool:
    return tags.get("source") == context.snapshot.source and tags.get("legs") == context.snapshot.legs


def carried_on(run_id: str, spec: ModelSpec, dataset: Dataset, context: CallContext) -> pd.DataFrame | None:
    """A stored walk-forward with the outcomes known today and the matured weeks since; None if it is not stored here.

    Columns `date`, `outcome`, and `p_` and `base_` of each outcome.
    """
    path = home() / "predictions" / run_id / "predictions.parquet"
    if not run_id or not path.exists():
        return None
    stored = pd.read_parquet(path)
    columns = [f"{prefix}_{name}" for prefix in ("p", "base") for name in dataset.outcomes]
    table = stored[["date", *columns]]
    known = dataset.outcome.dropna().index
    parts = [table]
    for date in known[known > table["date"].max()]:
        model = context.model_in_force(dataset, spec, last_refit(dataset, spec, date))
        row = dataset.X.loc[[date]]
        said = predict(model, row.reindex(columns=row.columns.union(model.features)))[0]
        parts.append(pd.DataFrame([[date, *said, *model.base]], columns=["date", *columns]))
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else table
    return whole.assign(outcome=dataset.outcome.reindex(pd.DatetimeIndex(whole["date"])).to_numpy())


def losses_of(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Log loss of the model and of its folds' climatology by matured decision date."""
    base = table.assign(
        **{f"p_{name.removeprefix('base_')}": table[name] for name in table if name.startswith("base_")}
    )
    return trial_ledger.weekly_losses(table), trial_ledger.weekly_losses(base)
