"""Who may follow a champion that died: walk-forwards that were logged, carried on to today.

These are the baselines that ran beside the challenger, which its
version names whether or not they have versions themselves, and the newest
version of every other specification on the same source and legs. A candidate
that the gate called suspicious is left out, and so is every candidate that ran
beside one, for it may read the same column.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.dataset import Dataset
from models.estimators import simplicity
from models.evaluation.champion import CLIMATOLOGY, Contender
from models.fit import seen_by
from models.predictor import predict
from models.spec import ModelSpec, from_json, is_protocol, normal
from models.tracking import logged_runs, registry, runs, stored_predictions, trial_ledger
from models.tracking.errors import TrackingError
from serving.call_context import CallContext, last_refit


@dataclass(frozen=True)
class Model:
    """A walk-forward that was logged: its version in the registry, empty for a baseline that has none."""

    kind: str
    spec: ModelSpec
    version: str
    run_id: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"version {self.version}" if self.version else f"run {self.run_id[:8]}"


@dataclass(frozen=True)
class Able:
    """A model with its weekly losses up to today."""

    model: Model
    contender: Contender


def able(context: CallContext, dataset: Dataset) -> dict[str, Able]:
    """Every model with climatology's weeks, by name; empty where climatology's weeks cannot be had."""
    series: dict[str, tuple[pd.Series, Model]] = {}
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
        name: Able(one, Contender(name, losses.loc[weeks], simplicity(one.spec.estimator), is_protocol(one.spec)))
        for name, (losses, one) in series.items()
        if weeks.isin(losses.index).all()
    }


def _models(context: CallContext) -> list[Model]:
    """The models that may follow, the baselines beside the newest candidate first: the plain names are theirs."""
    versions = registry.versions(context.model_name)
    version_of = {run_id: version for version, run_id, _ in versions}
    tags_of = {run_id: tags for _, run_id, tags in versions}
    suspicious = [run_id for run_id, tags in tags_of.items() if tags.get("gate_passed") == registry.SUSPICIOUS]
    barred = {*suspicious, *(beside for run_id in suspicious for beside in _beside(tags_of[run_id]))}
    beside = _beside(context.challenger.tags) or _beside(context.shown.tags)
    newest: dict[str, Model] = {}
    for run_id, tags in [*tags_of.items(), *logged_runs.tags_of(beside).items()]:  # the last of a specification counts
        found = _model(run_id, version_of.get(run_id, ""), tags)
        if found is not None and _same_market(tags, context) and (is_protocol(found.spec) or run_id not in barred):
            newest[_key(found.spec)] = found
    return sorted(newest.values(), key=lambda one: one.run_id not in beside)


def _model(run_id: str, version: str, tags: dict[str, str]) -> Model | None:
    if "spec" not in tags or "kind" not in tags:
        return None
    return Model(tags["kind"], normal(from_json(tags["spec"])), version, run_id)


def _key(spec: ModelSpec) -> str:
    """What makes two models one: no baseline of the protocol draws anything, so its seed does not count."""
    return (spec.replace(seed=ModelSpec().seed) if is_protocol(spec) else spec).to_json()


def _beside(tags: dict[str, str]) -> list[str]:
    """The runs of the baselines that a candidate ran beside, as its delivery wrote them."""
    return list(runs.baseline_runs(tags.get(runs.BASELINE_RUNS)).values())


def _same_market(tags: dict[str, str], context: CallContext) -> bool:
    return tags.get("source") == context.snapshot.source and tags.get("legs") == context.snapshot.legs


def carried_on(run_id: str, spec: ModelSpec, dataset: Dataset, context: CallContext) -> pd.DataFrame | None:
    """A stored walk-forward with the outcomes known today and the matured weeks since.

    None if it is neither on this machine nor to be had from MLflow. Columns `date`, `outcome`, and `p_` and `base_` of
    each outcome.
    """
    try:
        stored = pd.read_parquet(stored_predictions.fetch(run_id))
    except TrackingError:
        return None
    columns = [f"{prefix}_{name}" for prefix in ("p", "base") for name in dataset.outcomes]
    table = stored[["date", *columns]]
    known = dataset.outcome.dropna().index
    parts = [table]
    for date in known[known > table["date"].max()]:
        model = context.model_in_force(dataset, spec, last_refit(dataset, spec, date))
        row = seen_by(dataset, spec, pd.Timestamp(model.fitted_at)).X.loc[[date]]
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
