"""Runs of an experiment that stands apart from the classifiers': logged one by one, with files by path."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.tracking.relocation import EXPERIMENT as MAIN


def experiment_id(client: Any, name: str) -> str:
    """The id of an experiment, made if there is none; its artifacts lie beside those of the classifiers."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    # A server chooses its own place.
    beside = client.get_experiment_by_name(MAIN).artifact_location
    return str(client.create_experiment(name, artifact_location=beside if beside.startswith("file:") else None))


@contextmanager
def logged_run(
    mlflow: Any,
    experiment: str,
    name: str,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    files: Mapping[str, str | bytes],
) -> Iterator[str]:
    """A run of the experiment with this id, open until the block ends; gives the run id."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        with mlflow.start_run(experiment_id=experiment, run_name=name, tags=tags) as run:
            mlflow.log_params(params)
            mlflow.log_metrics(metrics)
            mlflow.log_artifacts(folder)
            yield str(run.info.run_id)
