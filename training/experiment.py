"""Run one experiment: data set, candidate and baselines in the same folds, scores, gate, MLflow."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pandas as pd

from features.data import cache, store
from features.data.errors import RegimeError
from features.data.progress import Progress, silent
from features.data.sources.sample import CAVEAT
from features.dataset import Dataset, build
from models.estimators import BESIDE, estimator
from models.evaluation import metrics
from models.evaluation.score_definitions import REFERENCES
from models.spec import ModelSpec, baseline, normal
from models.tracking.registry import registry_name
from training import dask_cluster, earlier, gate_case, gate_wording, run_logger, run_names, score_cache
from training.gate_types import Decision
from training.model_run import Experiment, ModelRun, model_name
from training.walkforward import walk_forward


def run(
    name: str,
    spec: ModelSpec,
    text: str,
    workers: int,
    client: Any = None,
    progress: Progress = silent,
    *,
    changes: run_names.Changes | None = None,
    note: str = "",
    again: bool = False,
) -> dict[str, Any]:
    """Walk forward, score, judge, log and register; returns what was found, JSON-ready.

    The same experiment on the same data by the same program is not run twice: what was found then comes back, with
    the key `earlier`.

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
    changes : mapping, optional
        What differs from the experiment's file, as `training.run_names.changes` gives it.
    note : str
        Why it is run; a tag of the run.
    again : bool
        Run and log it even if it was run before.
    """
    if len(note) > run_names.LONGEST_TAG:
        raise RegimeError(f"the note has {len(note)} characters: {run_names.LONGEST_TAG} are stored at most")
    if not again:
        manifest = store.verified_manifest()
        known = earlier.find(name, spec, manifest.digest, manifest.source)
        if known is not None:
            return known
    snapshot = store.load()
    with progress("data set", None) as step:
        dataset = build(snapshot, spec.label, step, spec.needs_jump)
    experiment = compute(name, spec, text, dataset, workers, client, progress)
    experiment = replace(experiment, changes=changes or {}, note=note)
    decision = gate_case.judge(experiment)
    found = _summary(experiment, decision)
    logged = run_logger.log(experiment, decision, progress, {earlier.FILE: json.dumps(found, indent=1)})
    for one in experiment.runs:
        run_logger.keep_predictions(logged[one.name][0], one.predictions)
    return earlier.with_runs(found, logged)


def compute(
    name: str,
    spec: ModelSpec,
    text: str | None,
    dataset: Dataset,
    workers: int,
    client: Any = None,
    progress: Progress = silent,
) -> Experiment:
    """The walk-forward and the scores of the candidate, the protocol's baselines and what else runs beside it.

    A baseline whose columns the data set has not is left out: a monthly label has no simulated paths.
    """
    own = model_name(spec)
    beside = [kind for kind in BESIDE if kind != own and set(estimator(kind).columns or ()) <= set(dataset.X.columns)]
    specs = {own: normal(spec)} | {kind: baseline(spec, kind) for kind in beside}
    runs = []
    for kind, one in specs.items():
        started, began = time.time(), time.perf_counter()
        with dask_cluster.holding(client, dataset), progress(f"walk-forward {kind}", None) as step:
            table, fitted = walk_forward(dataset, one, workers, step)
        seconds = time.perf_counter() - began  # folds read from the cache count what reading took
        scores = score_cache.kept(metrics.evaluate, table, dataset.returns) | {"train_seconds": seconds}
        runs.append(ModelRun(kind, one, table, fitted, scores, started))
    references = {run.name: run.predictions for run in runs if run.name in REFERENCES}
    for reference, table in references.items():
        runs = [run.with_scores(score_cache.kept(metrics.ahead_of, run.predictions, table, reference)) for run in runs]
    cache.trim(score_cache.CACHE)
    return Experiment(name, text, dataset, runs[0], tuple(runs[1:]))


def _summary(experiment: Experiment, decision: Decision) -> dict[str, Any]:
    """What was found, but for the runs it is logged as."""
    dataset, candidate = experiment.dataset, experiment.candidate
    dates = candidate.predictions["date"]
    return {
        "experiment": experiment.name,
        "run": run_names.title_of(experiment, candidate),
        "candidate": candidate.name,
        "digest": dataset.digest,
        "source": dataset.source,
        "caveat": CAVEAT if dataset.source == "sample" else None,
        "registered_as": registry_name(dataset.source, dataset.label),
        "champion": gate_wording.kept(decision) or decision.champion,
        "gate": gate_wording.reason(decision),
        "clauses": gate_wording.as_json(decision),
        "weeks": len(candidate.predictions),
        "span": [str(pd.Timestamp(dates.iloc[place]).date()) for place in (0, -1)],
        "models": {run.name: dict(run.scores) for run in experiment.runs},
    }
