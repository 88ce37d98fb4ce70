"""Runs of an experiment that stands apart from the classifiers': logged one by one, with files by path."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.tracking import connection, provenance, registry
from models.tracking.metric_names import headed
from models.tracking.relocation import EXPERIMENT as MAIN


@dataclass(frozen=True)
class ExperimentRun:
    """One model ready to be logged; `files` are artifacts by path."""

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str | bytes] = field(default_factory=dict)

    @property
    def all_tags(self) -> dict[str, str]:
        """Its own tags with those of program and process."""
        return self.tags | provenance.tags() | connection.process_tags()


def experiment_id(client: Any, name: str) -> str:
    """The id of an experiment, made if there is none; its artifacts lie beside those of the classifiers."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    # A server chooses its own place.
    beside = client.get_experiment_by_name(MAIN).artifact_location
    return str(client.create_experiment(name, artifact_location=beside if beside.startswith("file:") else None))


@contextmanager
def logged_run(mlflow: Any, experiment: str, one: ExperimentRun, heading: str) -> Iterator[str]:
    """Log a run in the experiment with this id, its metrics under a heading; gives the run id, ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in one.files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        with mlflow.start_run(experiment_id=experiment, run_name=one.name, tags=one.all_tags) as run:
            mlflow.log_params(one.params)
            mlflow.log_metrics(headed(heading, one.metrics))
            mlflow.log_artifacts(folder)
            yield str(run.info.run_id)


@connection.translate_errors
def log(runs: Sequence[ExperimentRun], experiment: str, heading: str) -> dict[str, str]:
    """Log runs in an experiment, their metrics under a heading; returns the run id of each by name.

    Raises
    ------
    TrackingError
        MLflow cannot be reached or does not take them.
    """
    registry.require()
    mlflow = connection.open_mlflow()
    place = experiment_id(mlflow.MlflowClient(), experiment)
    found = {}
    for one in runs:
        with logged_run(mlflow, place, one, heading) as run_id:
            found[one.name] = run_id
    return found
