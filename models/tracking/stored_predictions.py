"""The out-of-sample weeks of a run: on this machine in `REGIME_HOME`, or fetched there from MLflow."""

from __future__ import annotations

from pathlib import Path

from features.data import files, kept_results
from models.tracking import logged_runs

NAME, RANGES = "predictions.parquet", "range.parquet"


def path_of(run_id: str, name: str = NAME) -> Path:
    """Where the out-of-sample weeks of a run are kept; those of a range are `RANGES`."""
    return kept_results.folder(run_id) / name


def fetch(run_id: str, name: str = NAME) -> Path:
    """The same file, downloaded if it is not here yet.

    Raises
    ------
    TrackingError
        The run has no such file, or MLflow cannot be reached.
    """
    path = path_of(run_id, name)
    if not path.exists():
        files.write_file(path, logged_runs.read_artifact(run_id, name), durable=False)
    return path
