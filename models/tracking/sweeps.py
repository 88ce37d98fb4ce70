"""A sweep in MLflow: a parent run, and a light child run for every trial.

They have an experiment of their own. Trials are judged on weeks before the test
weeks, so they are no candidates: they belong neither in the comparison of
models nor in the count of tries on the test weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.tracking import sweep_view
from models.tracking.connection import every, open_mlflow, quoted, translate_errors
from models.tracking.experiment_runs import experiment_id

EXPERIMENT = "regime-sweeps"


@dataclass(frozen=True)
class Trial:
    """One trial: its parameters, what it scored on the inner weeks, and its running score by inner fold."""

    number: int
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str] = field(default_factory=dict)
    curve: tuple[float, ...] = ()


@translate_errors
def log_sweep(
    name: str,
    study: str,
    params: dict[str, str],
    metrics: dict[str, float],
    tags: dict[str, str],
    trials: Sequence[Trial],
    files: Mapping[str, str] | None = None,
) -> str:
    """Log a sweep and those of its trials that are not there yet; returns the parent's run id.

    A sweep that goes on is the same parent run, found by `study`. `files` are artifacts of the parent by path, such as
    the experiment file of the best trial.
    """
    mlflow = open_mlflow()
    client = mlflow.MlflowClient()
    place = experiment_id(client, EXPERIMENT)
    found = client.search_runs([place], f"tags.study = {quoted(study)} and tags.role = 'sweep'")
    if found:
        parent = str(found[0].info.run_id)
    else:
        parent = str(client.create_run(place, run_name=name, tags={"study": study, "role": "sweep"}).info.run_id)
    for key, value in params.items():
        client.log_param(parent, key, value)
    logged = _numbers(client, place, parent)
    for trial in trials:
        if trial.number not in logged:
            _log_trial(mlflow, client, place, parent, name, trial)
    for key, value in tags.items():
        client.set_tag(parent, key, value)
    for path, text in (files or {}).items():
        client.log_text(parent, text, path)
    searched = sorted({key for trial in trials for key in trial.params})
    for key, value in sweep_view.tags(searched).items():
        client.set_experiment_tag(place, key, value)
    for key, score in metrics.items():
        client.log_metric(parent, key, score)
    client.set_terminated(parent)
    return parent


def _numbers(client: Any, place: str, parent: str) -> set[int]:
    """Numbers of the trials that are wholly logged."""
    query = f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'FINISHED'"
    return {int(run.data.tags["trial"]) for run in every(client.search_runs, [place], query, max_results=1000)}


def _log_trial(mlflow: Any, client: Any, place: str, parent: str, name: str, trial: Trial) -> None:
    tags = trial.tags | sweep_view.OPENED | {"mlflow.parentRunId": parent, "role": "trial", "trial": str(trial.number)}
    run = client.create_run(place, run_name=f"{name}:{trial.number}", tags=tags)
    now = run.info.start_time
    points = [mlflow.entities.Metric(key, value, now, 0) for key, value in trial.metrics.items()]
    points += [mlflow.entities.Metric("inner_log_loss_running", value, now, i) for i, value in enumerate(trial.curve)]
    params = [mlflow.entities.Param(key, value) for key, value in trial.params.items()]
    client.log_batch(run.info.run_id, metrics=points, params=params)
    client.set_terminated(run.info.run_id)
