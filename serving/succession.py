"""Replaces a champion that is no longer alive, by the gate's rule, in the weekly run.

The gate judges when models are trained. Between two trainings weeks mature, and a
champion may die (`models.evaluation.alive`). So its stored walk-forward is
extended: the weeks since are predicted by the models that were in force, as a fold would,
and scored with what is known today. If it is dead, the same is done for every
eligible model, and `models.evaluation.champion` chooses.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.data.paths import home
from features.dataset import Dataset, build
from models.estimators import simplicity
from models.evaluation.alive import YEARS, Life, life
from models.evaluation.champion import CLIMATOLOGY, Contender, choose
from models.predictor import predict
from models.spec import ModelSpec, from_json, is_protocol, normal
from models.tracking import registry, trial_ledger
from serving.call_context import CallContext, last_refit, load_context

SUCCESSION = "succession"  # the tag of a model version that says how it came to be shown


@dataclass(frozen=True)
class Succession:
    """What the rule gave after a champion died; `champion` is None where no model qualifies."""

    died: str
    champion: str | None
    reason: str


def follow_the_dead() -> Succession | None:
    """Replace a champion that is no longer alive; None where there is none, it is alive, or a person set it.

    Nothing is judged where the champion's stored predictions are not on this machine.
    """
    context = load_context()
    champion = context.champion
    if champion is None or "override" in champion.tags:
        return None
    spec = from_json(champion.tags["spec"])
    dataset = build(context.snapshot, spec.label, None, spec.needs_jump)
    table = carried_on(champion.run_id, spec, dataset, context)
    if table is None:
        return None
    found = life(*losses_of(table))
    if found.alive or found.since is None:
        return None
    return _follow(context, dataset, f"{champion.tags['kind']} (version {champion.version})", found)


def _follow(context: CallContext, dataset: Dataset, dead: str, found: Life) -> Succession:
    contenders, versions = _contenders(context, dataset)
    known = trial_ledger.entries(context.snapshot.source, dataset.label)
    tries = trial_ledger.distinct_tries([entry for entry in known if not entry.baseline])
    name = choose(contenders, tries).champion if contenders else None
    why = f"{dead} died on {found.since:%Y-%m-%d}, with a skill of {found.skill:+.3f} over its last {YEARS} years"
    if name is None:
        reason = f"{why}; nobody in the confidence set beats climatology and is alive: no evidence"
        shown = context.challenger.version
    else:
        reason = f"{why}; {name} is what the rule then gives"
        shown = versions[name]
    registry.set_alias(context.model_name, "champion", None if name is None else shown)
    registry.tag_version(context.model_name, shown, {SUCCESSION: reason})
    return Succession(dead, name, reason)


def _contenders(context: CallContext, dataset: Dataset) -> tuple[list[Contender], dict[str, str]]:
    """Every eligible model with climatology's weeks, and the version each stands for."""
    newest: dict[str, tuple[str, ModelSpec, str, str]] = {}
    for version, run_id, tags in registry.versions(context.model_name):
        if "spec" not in tags or "kind" not in tags or not _same_market(tags, context):
            continue
        spec = normal(from_json(tags["spec"]))
        if spec.needs_jump and "jump_state" not in dataset.X:
            continue  # its column was not computed: it cannot be carried on
        if is_protocol(spec) or tags.get("gate_passed") != "suspicious":
            newest[spec.to_json()] = (tags["kind"], spec, version, run_id)
    series: dict[str, tuple[pd.Series, ModelSpec, str]] = {}
    for kind, spec, version, run_id in newest.values():
        table = carried_on(run_id, spec, dataset, context)
        if table is not None:
            series[kind if kind not in series else f"{kind} (version {version})"] = (losses_of(table)[0], spec, version)
    if CLIMATOLOGY not in series:
        return [], {}
    weeks = series[CLIMATOLOGY][0].index
    fit = {name: one for name, one in series.items() if weeks.isin(one[0].index).all()}
    contenders = [
        Contender(name, losses.loc[weeks], simplicity(spec.estimator), is_protocol(spec))
        for name, (losses, spec, _) in fit.items()
    ]
    return contenders, {name: version for name, (_, _, version) in fit.items()}


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
