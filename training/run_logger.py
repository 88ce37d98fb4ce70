"""Log an experiment: one MLflow run for each model, with curves, figures, card and registered version."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from features.data import kept_results
from features.data.progress import Progress, silent
from features.dataset import Dataset
from models.estimators import COLORS, TREES
from models.evaluation import metrics
from models.evaluation.champion import CLIMATOLOGY
from models.evaluation.predictions import matured_rows
from models.evaluation.words import Followed
from models.figures import gain_curves, reliability
from models.spec import LIGHTGBM_DEFAULTS, ModelSpec, baseline, is_protocol, normal
from models.tracking import (
    delivery,
    logged_runs,
    provenance,
    runs,
    shared_view,
    spec_params,
    stored_predictions,
    trial_ledger,
)
from models.tracking.errors import TrackingError
from models.tracking.outbox import Batch
from models.tracking.registry import registry_name
from training import against, gate_wording, run_names
from training.against import Against
from training.config import default_spec
from training.gate_types import Decision
from training.model_run import Experiment, ModelRun
from training.report import figures, importance, model_card, stored, word_tables
from training.standing import Standing, aliases, standing_of

# Of candidates in charts: none of the colours of `models.estimators`, each apart from its neighbours.
CANDIDATE_COLORS = ("#D55E00", "#009E73", "#882255", "#117733", "#CC0033", "#8B4513", "#7CB518")
STILL = pd.Timedelta(weeks=26)  # a high within this time of the last week: the model is earning
HEAD_TO_HEAD_RIVAL = "logit2"  # a call marks its head-to-head unless it beats this baseline's
Logged = dict[str, tuple[str, str]]  # run id and version by model


def keep_predictions(run_id: str, table: pd.DataFrame) -> Path:
    """Keep the out-of-sample weeks of a run in `REGIME_HOME`; returns the file."""
    return kept_results.write(run_id, stored_predictions.NAME, table)


def log(
    experiment: Experiment,
    decision: Decision,
    progress: Progress = silent,
    more: Mapping[str, str | bytes] | None = None,
) -> Logged:
    """Log an experiment, register its candidate and move the aliases; returns run id and version by model.

    Baselines that were logged before for these data and this label are not logged again; a model that became no
    version has an empty text for it. `more` are further artifacts of the candidate, by path.

    Raises
    ------
    TrackingError
        MLflow did not take them; they are kept for `regime train upload`.
    """
    dataset = experiment.dataset
    files = provenance.files(dataset, experiment.text)
    metric_names = sorted({name for run in experiment.runs for name in run.scores})
    candidate = experiment.candidate
    before = against.earlier_runs(experiment, group_of(experiment))
    known, moved, shared = known_baselines(experiment), aliases(experiment, decision), shared_baselines(experiment)
    wanted = [run for run in experiment.runs if run.name not in known or run.name in moved.values()]
    results, sizes = {}, _sizes(dataset)
    with progress("figures and cards", len(wanted)) as step:
        for run in wanted:
            own = {**files, **(more if more and run is candidate else {})}
            card = model_card.write(experiment, run, decision, sizes)
            result = _result(experiment, run, decision, metric_names, own, shared, run.name not in known, card)
            results[run.name] = _compared(experiment, result, before) if run is candidate else result
            step()
    batch = Batch(
        registry_name(dataset.source, dataset.label),
        results,
        dataset.X,
        dataset.digest,
        dataset.source,
        moved,
        known=known,
    )
    with progress("MLflow", len(results)) as step:
        return delivery.deliver(batch, step)


def _sizes(dataset: Dataset) -> dict[str, Followed]:
    """What followed the size words of the range in force; nothing where there is none, or MLflow cannot be asked."""
    try:
        size = stored.sizes(dataset.source)
    except TrackingError:
        return {}
    return {} if size is None else word_tables.followed(dataset, None, size)


def _compared(experiment: Experiment, result: runs.Result, before: Sequence[Against]) -> runs.Result:
    """A candidate's result with its comparisons with earlier runs."""
    if not before:
        return replace(result, description=against.head(experiment, ()) + result.description)
    own = against.nearest(before, experiment) or before[0]
    return replace(
        result,
        tags=result.tags | {"against": own.sentence},
        description=against.head(experiment, before) + result.description,
        tables={"against": against.table(before)},
    )


def baseline_id(experiment: Experiment, run: ModelRun) -> str:
    """What names a baseline's result: the same specification, data and losses are one run, whoever logs them.

    The seed is left out: no baseline draws anything.
    """
    dataset, spec = experiment.dataset, run.spec.replace(seed=ModelSpec().seed)
    return trial_ledger.entry_of(run.name, spec, dataset.digest, dataset.source, run.predictions).key


def known_baselines(experiment: Experiment) -> dict[str, str]:
    """Run ids of the baselines that were logged before, by name.

    Empty where MLflow cannot be asked: then all are made ready, kept for later, and recognised when they are sent.
    """
    ids = {run.name: baseline_id(experiment, run) for run in experiment.baselines}
    try:
        return logged_runs.find_baselines(group_of(experiment), ids)
    except TrackingError:
        return {}


def shared_baselines(experiment: Experiment) -> dict[str, pd.Series] | None:
    """Weekly losses of the protocol's baselines on these data, for an experiment whose own stand on other rows.

    None for one on the protocol's rows, whose baselines are those. Empty where no run on them is in the ledger.
    """
    dataset = experiment.dataset
    if is_protocol(baseline(experiment.candidate.spec, CLIMATOLOGY)):
        return None
    try:
        known = trial_ledger.entries(dataset.source, dataset.label)
    except TrackingError:
        return {}
    wanted = [entry for entry in known if entry.baseline and entry.digest == dataset.digest]
    return {entry.kind: entry.losses for entry in wanted if entry.kind in gain_curves.LOGGED}


def _result(
    experiment: Experiment,
    run: ModelRun,
    decision: Decision,
    metric_names: Sequence[str],
    files: Mapping[str, str | bytes],
    shared: Mapping[str, pd.Series] | None,
    drawn: bool,
    card: str,
) -> runs.Result:
    """One model ready for MLflow, with its pictures if they are to be drawn.

    Every run logs the same metric names: NaN where a model has no value.
    """
    candidate = run is experiment.candidate
    standing = standing_of(run, decision)
    reasons = gate_wording.tags(decision, run.name) if candidate or standing is Standing.CHAMPION else {}
    seconds = run.scores.get("train_seconds", 0.0)
    return runs.Result(
        run_names.title_of(experiment, run),
        _params(run),
        {name: run.scores.get(name, float("nan")) for name in metric_names},
        _tags(experiment, run) | reasons | {"gate_verdict": standing.value},
        run.predictions,
        run.fitted,
        curves=gain_curves.stepped(run.predictions, experiment.predictions, shared),
        files={**files, "model_card.md": card, **(figures_of(experiment, run) if drawn else {})},
        description=card,
        role=runs.CANDIDATE if candidate else runs.BASELINE,
        began=run.began,
        ended=run.began + seconds if run.began else 0.0,
        id=uuid.uuid4().hex if candidate else baseline_id(experiment, run),
    )


def _head_to_head_p(experiment: Experiment, run: ModelRun) -> float:
    """p of the head-to-head against the two-feature logit; 1 without that baseline, which is no evidence."""
    rival = experiment.predictions.get(HEAD_TO_HEAD_RIVAL)
    return 1.0 if rival is None else metrics.head_to_head_p(run.predictions, rival)


def figures_of(experiment: Experiment, run: ModelRun) -> dict[str, str | bytes]:
    """PNG by artifact path: all figures for the candidate, reliability and gain for a baseline."""
    title, table, dataset = run_names.title_of(experiment, run), run.predictions, experiment.dataset
    drawn: dict[str, bytes | None] = {
        "reliability": reliability.diagram(title, table),
        "gain": gain_curves.diagram(title, run.name, table, experiment.predictions),
    }
    if run is experiment.candidate:
        rows = dataset.X.loc[table["date"]]
        drawn |= {
            "probabilities": figures.probabilities(title, table, dataset.returns),
            "verdicts": figures.confusion(title, table),
            "importance": importance.diagram(title, run.fitted, rows),
            "label": figures.label_history(dataset, table["date"].iloc[0]),
        }
    return {f"pictures/{name}.png": png for name, png in drawn.items() if png is not None}


def _params(run: ModelRun) -> dict[str, str]:
    """Return the whole specification as logged parameters, LightGBM's with the defaults it does not name."""
    spec = run.spec
    if spec.estimator in TREES:
        spec = spec.replace(params=LIGHTGBM_DEFAULTS | spec.params)
    return {"model": run.name} | spec_params.params_of(spec)


def _tags(experiment: Experiment, run: ModelRun) -> dict[str, str]:
    color = {shared_view.COLOR_TAG: color_of(experiment, run)}
    dataset = experiment.dataset
    own = _own_tags(experiment) if run is experiment.candidate else {}
    return (
        color
        | own
        | {
            "kind": run.name,
            "label": run.spec.label,
            "spec": run.spec.to_json(),
            "source": dataset.source,
            "legs": dataset.legs,
            "digest": dataset.digest,
            "skill": f"{run.scores['log_loss_skill']:+.4f}",
            "skill_p": f"{run.scores['log_loss_skill_p']:.4f}",
            "head_to_head_p": f"{_head_to_head_p(experiment, run):.4f}",
            "data": run_names.data_of(experiment),
            "earned nothing since": _last_high(run.predictions),
            "baselines": group_of(experiment),
        }
    )


def color_of(experiment: Experiment, run: ModelRun) -> str:
    """A baseline's own colour; a candidate's by its name, from colours that no baseline has."""
    if run.name in COLORS and run is not experiment.candidate:
        return COLORS[run.name]
    place = int(hashlib.sha256(run_names.title_of(experiment, run).encode()).hexdigest(), 16)
    return CANDIDATE_COLORS[place % len(CANDIDATE_COLORS)]


def _last_high(table: pd.DataFrame) -> str:
    """Since when a model has earned nothing over climatology, for people."""
    high, last = gain_curves.last_high(table), matured_rows(table)["date"].max()
    if high is None:
        return "the start"
    return "still earning" if last - high <= STILL else f"{high:%Y-%m-%d}"


def group_of(experiment: Experiment) -> str:
    """The tag `baselines`: what a candidate and the baselines of its data and label have in common."""
    dataset = experiment.dataset
    return f"{dataset.label}, {dataset.source}, {dataset.digest[:8]}"


def _own_tags(experiment: Experiment) -> dict[str, str]:
    """What a candidate's run says of its experiment."""
    note = {"note": experiment.note} if experiment.note else {}
    return note | {
        "experiment": experiment.name,
        "parent experiment": experiment.name,
        "changes": run_names.said(experiment.changes),
        "differs from default": run_names.said(run_names.changes(default_spec(), experiment.candidate.spec)),
        "identity": identity(
            experiment.name, experiment.candidate.spec, experiment.dataset.digest, experiment.dataset.source
        ),
    }


def identity(name: str, spec: ModelSpec, digest: str, source: str) -> str:
    """What makes two experiments one: name, specification, data and program."""
    parts = [name, normal(spec).identity, digest, source, provenance.program()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
