"""Log an experiment: one MLflow run for each model, with curves, figures, card and registered version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.data.paths import home
from features.data.progress import Progress, silent
from models.estimators import COLORS, TREES
from models.evaluation import metrics
from models.evaluation.verdicts import track_record
from models.figures import gain_curves, reliability
from models.spec import LIGHTGBM_DEFAULTS
from models.tracking import delivery, provenance, runs, shared_view, specification
from models.tracking.outbox import Batch
from models.tracking.registry import registry_name
from training import gate_wording
from training.gate_types import Decision
from training.model_run import Experiment, ModelRun
from training.report import figures, importance, model_card
from training.standing import aliases, standing_of

HEAD_TO_HEAD_RIVAL = "logit2"  # a call marks its head-to-head unless it beats this baseline's
Logged = dict[str, tuple[str, str]]  # run id and version by model


def keep_predictions(run_id: str, table: pd.DataFrame) -> Path:
    """Keep the out-of-sample weeks of a run in `REGIME_HOME`; returns the file."""
    folder = home() / "predictions" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "predictions.parquet"
    table.to_parquet(path, index=False)
    return path


def log(experiment: Experiment, decision: Decision, progress: Progress = silent) -> Logged:
    """Log and register every model of an experiment and move the aliases; returns run id and version by model.

    Raises
    ------
    TrackingError
        MLflow did not take them; they are kept for `regime-train upload`.
    """
    dataset = experiment.dataset
    files = provenance.files(dataset, experiment.text)
    metric_names = sorted({name for run in experiment.runs for name in run.scores})
    results = {}
    with progress("figures and cards", len(experiment.runs)) as step:
        for run in experiment.runs:
            results[run.name] = _result(experiment, run, decision, metric_names, files)
            step()
    batch = Batch(
        registry_name(dataset.source, dataset.label),
        results,
        dataset.X,
        dataset.digest,
        dataset.source,
        aliases(experiment, decision),
    )
    with progress("MLflow", len(experiment.runs)) as step:
        return delivery.deliver(batch, step)


def _result(
    experiment: Experiment,
    run: ModelRun,
    decision: Decision,
    metric_names: Sequence[str],
    files: dict[str, str | bytes],
) -> runs.Result:
    """One model ready for MLflow. Every run logs the same metric names: NaN where a model has no value."""
    title = f"{experiment.name}:{run.name}"
    card = model_card.write(experiment, run, decision)
    return runs.Result(
        title,
        _params(experiment.name, run),
        {name: run.scores.get(name, float("nan")) for name in metric_names},
        _tags(experiment, run) | gate_wording.tags(decision) | {"gate_verdict": standing_of(run, decision).value},
        run.predictions,
        run.fitted,
        curves=gain_curves.stepped(run.predictions, experiment.predictions),
        files=files | {"model_card.md": card} | figures_of(experiment, run),
        description=card,
    )


def _head_to_head_p(experiment: Experiment, run: ModelRun) -> float:
    """p of the head-to-head against the two-feature logit; 1 without that baseline, which is no evidence."""
    rival = experiment.predictions.get(HEAD_TO_HEAD_RIVAL)
    return 1.0 if rival is None else metrics.head_to_head_p(run.predictions, rival)


def figures_of(experiment: Experiment, run: ModelRun) -> dict[str, str | bytes]:
    """PNG by artifact path: all figures for the candidate, reliability and gain for a baseline."""
    title, table, dataset = f"{experiment.name}:{run.name}", run.predictions, experiment.dataset
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


def _params(experiment: str, run: ModelRun) -> dict[str, str]:
    """Return the whole specification as logged parameters, LightGBM's with the defaults it does not name."""
    spec = run.spec
    if spec.estimator in TREES:
        spec = spec.replace(params=LIGHTGBM_DEFAULTS | spec.params)
    return {"experiment": experiment, "model": run.name} | specification.params_of(spec)


def _tags(experiment: Experiment, run: ModelRun) -> dict[str, str]:
    color = {shared_view.COLOR_TAG: COLORS[run.name]} if run.name in COLORS else {}
    dataset = experiment.dataset
    return color | {
        "experiment": experiment.name,
        "kind": run.name,
        "label": run.spec.label,
        "spec": run.spec.to_json(),
        "source": dataset.source,
        "legs": dataset.legs,
        "digest": dataset.digest,
        "skill": f"{run.scores['log_loss_skill']:+.4f}",
        "skill_p": f"{run.scores['log_loss_skill_p']:.4f}",
        "record": json.dumps(track_record(run.predictions)),
        "head_to_head_p": f"{_head_to_head_p(experiment, run):.4f}",
    }
