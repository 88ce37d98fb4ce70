"""An experiment that was run before on the same data by the same program: what it found then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from models.spec import ModelSpec
from models.tracking import logged_runs, registry, runs, stored_predictions
from models.tracking.errors import TrackingError
from training import run_logger

FILE = "result.json"  # the artifact of a candidate's run that holds what its experiment found


def with_runs(found: Mapping[str, Any], logged: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """What was found, with run id and version of every model and the path of the candidate's predictions."""
    models = {
        kind: {"run_id": logged[kind][0], "version": logged[kind][1] or None, **scores}
        for kind, scores in found["models"].items()
    }
    path = stored_predictions.path_of(logged[found["candidate"]][0])
    return {**found, "predictions": str(path), "models": models}


def find(name: str, spec: ModelSpec, digest: str, source: str) -> dict[str, Any] | None:
    """What an experiment found when it was run before, or None.

    None too where MLflow cannot be asked or no longer has the results: the experiment is then run.
    """
    try:
        at = logged_runs.find_identity(run_logger.identity(name, spec, digest, source))
        if at is None:
            return None
        found = json.loads(logged_runs.read_artifact(at.run_id, FILE))
        ids = runs.baseline_runs(at.tags.get(runs.BASELINE_RUNS)) | {found["candidate"]: at.run_id}
        registered = registry.versions(registry.registry_name(source, spec.label))
        newest = {run_id: version for version, run_id, _ in registered}  # the oldest come first
        logged = {kind: (run_id, newest.get(run_id, "")) for kind, run_id in ids.items()}
        stored_predictions.fetch(at.run_id)
    except (TrackingError, ValueError, KeyError):
        return None
    return with_runs(found, logged) | {"earlier": {"run_id": at.run_id, "logged": at.logged}}
