"""A destinations experiment in MLflow: a run a model, and `regime-destinations`, whose text says what was earned."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from features.data.errors import RegimeError
from models.destinations.record import DestinationsRecord, from_json
from models.tracking import logged_model, range_runs, registry
from models.tracking.connection import open_mlflow, translate_errors
from models.tracking.errors import TrackingError
from models.tracking.range_runs import RangeRun

EXPERIMENT = "regime-destinations"
TEXT = "model.json"
NAME = "regime-destinations"


def log(runs: list[RangeRun]) -> dict[str, str]:
    """Log the runs of one experiment; returns the run id of each by name."""
    return range_runs.log(runs, EXPERIMENT)


@translate_errors
def register(record: DestinationsRecord, run_id: str) -> str:
    """Register a record whose text the run holds; `challenger` points at it, `champion` where anything was earned."""
    mlflow = open_mlflow()
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{NAME}'"):
        client.create_registered_model(NAME)
    earned = sorted(f"{one.outcome}_{one.horizon}={one.champion}" for one in record.cells if one.champion)
    tags = {
        "digest": record.digest,
        "source": record.source,
        "spec": record.spec,
        "champions": ", ".join(earned) or "none",
        "document_sha256": logged_model.digest(record.to_json()),
    }
    # The text is an artifact of the run: the version names its place.
    made = client.create_model_version(NAME, f"{client.get_run(run_id).info.artifact_uri}/{TEXT}", run_id, tags=tags)
    registry.set_alias(NAME, "challenger", str(made.version))
    registry.set_alias(NAME, "champion", str(made.version) if earned else None)
    return str(made.version)


@translate_errors
def latest() -> tuple[str, DestinationsRecord] | None:
    """Version and record of the latest experiment, or None where there is none.

    Raises
    ------
    TrackingError
        Its text cannot be read, or is not the one that was registered.
    """
    found = registry.version_of(NAME, "challenger")
    if found is None:
        return None
    version, run_id, tags = found
    mlflow: Any = open_mlflow()
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=TEXT, dst_path=folder)
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, mlflow.exceptions.MlflowException) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise TrackingError(f"{NAME} version {version}: no text ({said})") from error
    if logged_model.digest(text) != tags.get("document_sha256"):
        raise TrackingError(f"{NAME} version {version}: its text is not the one that was registered")
    try:
        return version, from_json(text)
    except RegimeError as error:
        raise TrackingError(f"{NAME} version {version}: {error}") from error
