"""Run one experiment: data set, candidate and baselines in the same folds, scores, gate, MLflow."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd

from features.data import store
from features.data.progress import Progress, silent
from features.data.sources.sample import CAVEAT
from features.dataset import Dataset, build
from models.estimators import BESIDE
from models.evaluation import metrics
from models.evaluation.metric_definitions import REFERENCES
from models.spec import ModelSpec, baseline, normal
from models.tracking.registry import registry_name
from training import dask_cluster, gate_case, gate_wording, run_logger
from training.gate_types import Decision
from training.model_run import Experiment, ModelRun, model_name
from training.walkforward import walk_forward


def run(
    name: str, spec: ModelSpec, text: str, workers: int, client: Any = None, progress: Progress = silent
) -> dict[str, Any]:
    """Walk forward, score, judge, log and register; returns what was found, JSON-ready.

    Parameters
    ----------
    name : str
    spec : ModelSpec
        Of the candidate.
    text : str
        The experiment's file, logged beside the run.
    workers : int
        Threads on which folds are fitted.
    client : distributed.Client, optional
        A Dask cluster that fits them instead.
    progress : Progress
        Shows each stretch of work.
    """
    snapshot = store.load()
    with progress("data set", None) as step:
        dataset = build(snapshot, spec.label, step, spec.needs_jump)
    experiment = compute(name, spec, text, dataset, workers, client, progress)
    decision = gate_case.judge(experiment)
    logged = run_logger.log(experiment, decision, progress)
    return _summary(experiment, decision, logged)


def compute(
    name: str,
    spec: ModelSpec,
    text: str | None,
    dataset: Dataset,
    workers: int,
    client: Any = None,
    progress: Progress = silent,
) -> Experiment:
    """The walk-forward and the scores of the candidate, the protocol's baselines and what else runs beside it."""
    own = model_name(spec)
    specs = {own: normal(spec)} | {kind: baseline(spec, kind) for kind in BESIDE if kind != own}
    runs = []
    for kind, one in specs.items():
        began = time.perf_counter()
        with dask_cluster.holding(client, dataset), progress(f"walk-forward {kind}", None) as step:
            table, fitted = walk_forward(dataset, one, workers, step)
        seconds = time.perf_counter() - began  # folds read from the cache count what reading took
        scores = metrics.evaluate(table, dataset.returns) | {"train_seconds": seconds}
        runs.append(ModelRun(kind, one, table, fitted, scores))
    references = {run.name: run.predictions for run in runs if run.name in REFERENCES}
    for reference, table in references.items():
        runs = [run.with_scores(metrics.ahead_of(run.predictions, table, reference)) for run in runs]
    return Experiment(name, text, dataset, runs[0], tuple(runs[1:]))


def _summary(experiment: Experiment, decision: Decision, logged: run_logger.Logged) -> dict[str, Any]:
    dataset, candidate = experiment.dataset, experiment.candidate
    paths = {run.name: run_logger.keep_predictions(logged[run.name][0], run.predictions) for run in experiment.runs}
    dates = candidate.predictions["date"]
    return {
        "experiment": experiment.name,
        "digest": dataset.digest,
        "source": dataset.source,
        "caveat": CAVEAT if dataset.source == "sample" else None,
        "registered_as": registry_name(dataset.source, dataset.label),
        "champion": gate_wording.kept(decision) or decision.champion,
        "gate": gate_wording.reason(decision),
        "clauses": gate_wording.as_json(decision),
        "predictions": str(paths[candidate.name]),
        "weeks": len(candidate.predictions),
        "span": [str(pd.Timestamp(dates.iloc[place]).date()) for place in (0, -1)],
        "models": {
            run.name: {"run_id": logged[run.name][0], "version": logged[run.name][1], **run.scores}
            for run in experiment.runs
        },
    }
