"""A range experiment in MLflow: one run a model, with its figures, ranges and fitted text, in an experiment of its own.

Ranges are scored by CRPS and outcomes by log loss, so their runs stand in no
common table. Nothing is registered here: a run's tags say what the gate found.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.tracking import connection, provenance
from models.tracking.connection import open_mlflow, translate_errors
from models.tracking.relocation import EXPERIMENT as MAIN

EXPERIMENT = "regime-range"


@dataclass(frozen=True)
class RangeRun:
    """One range model ready to be logged; `files` are artifacts by path."""

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str | bytes] = field(default_factory=dict)


@translate_errors
def log(runs: list[RangeRun]) -> dict[str, str]:
    """Log the runs of one experiment; returns the run id of each by name.

    Raises
    ------
    TrackingError
        MLflow cannot be reached or does not take them.
    """
    mlflow = open_mlflow()
    place = _experiment(mlflow.MlflowClient())
    found = {}
    for one in runs:
        tags = one.tags | provenance.tags() | connection.process_tags()
        with tempfile.TemporaryDirectory() as name:
            for path, content in one.files.items():
                target = Path(name) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content if isinstance(content, bytes) else content.encode())
            with mlflow.start_run(experiment_id=place, run_name=one.name, tags=tags) as run:
                mlflow.log_params(one.params)
                mlflow.log_metrics(one.metrics)
                mlflow.log_artifacts(name)
        found[one.name] = str(run.info.run_id)
    return found


def _experiment(client: Any) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    # Beside the artifacts of the other experiments; a server chooses its own place.
    beside = client.get_experiment_by_name(MAIN).artifact_location
    return str(client.create_experiment(EXPERIMENT, artifact_location=beside if beside.startswith("file:") else None))
