"""A destinations experiment in MLflow: a run a model, and `regime-destinations`, whose text says what was earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.data.errors import RefusedError, RegimeError
from models.tracking import experiment_runs, front_page, loader, logged_model, registry
from models.tracking.connection import open_mlflow, translate_errors
from models.tracking.experiment_runs import ExperimentRun

if TYPE_CHECKING:
    from models.destinations.record import DestinationsRecord

EXPERIMENT = "regime-destinations"
TEXT = registry.TEXT
NAME = "regime-destinations"
TRAIN = "regime train run destinations"


def log(runs: list[ExperimentRun]) -> dict[str, str]:
    """Log the runs of one experiment; returns the run id of each by name; raises as `experiment_runs.log`."""
    return experiment_runs.log(runs, EXPERIMENT, "destinations")


@translate_errors
def register(record: DestinationsRecord, run_id: str) -> str:
    """Register a record whose text the run holds; returns the version.

    The alias `challenger` points at the latest, `champion` at it too where anything was earned.
    """
    mlflow = open_mlflow()
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{NAME}'"):
        client.create_registered_model(NAME)
    earned = sorted(f"{one.outcome}_{one.horizon}={one.champion}" for one in record.cells if one.champion)
    run = client.get_run(run_id)
    tags = {name: run.data.tags[name] for name in ("kind", "gate") if name in run.data.tags} | {
        "run_name": str(run.info.run_name),
        "digest": record.digest,
        "source": record.source,
        "spec": record.spec,
        "champions": ", ".join(earned) or "none",
        "document_sha256": logged_model.digest(record.to_json()),
    }
    # The text is an artifact of the run: the version names its place.
    made = client.create_model_version(NAME, f"{run.info.artifact_uri}/{TEXT}", run_id, tags=tags)
    registry.set_alias(NAME, "challenger", str(made.version))
    registry.set_alias(NAME, "champion", str(made.version) if earned else None)
    front_page.write()
    return str(made.version)


def latest() -> tuple[str, DestinationsRecord] | None:
    """Version and record of the latest experiment, or None where there is none.

    Raises
    ------
    RefusedError
        Its text cannot be read, or is not the one that was registered.
    TrackingError
        The server or database does not answer.
    """
    found = loader.pointer(NAME, "challenger")
    if found is None:
        return None
    text = loader.verified_text(found, {}, TRAIN)
    from models.destinations.record import from_json  # with SciPy, which a kept call does not need

    try:
        return found.version, from_json(text)
    except RegimeError as error:
        raise RefusedError(
            f"{NAME} version {found.version} cannot be read by this program ({error}); train again with `{TRAIN}`"
        ) from error
