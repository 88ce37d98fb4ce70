"""The one door to MLflow: what is logged, registered and read. `connection` opens it."""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from models import fitted, predictor
from models.fitted import FittedModel
from models.tracking import connection, provenance, shared_view
from models.tracking.connection import ROOT, TrackingError, tells
from models.tracking.connection import module as _mlflow
from models.tracking.relocation import EXPERIMENT

__all__ = ("EXPERIMENT", "ROOT", "Registered", "Result", "TrackingError", "tells")
BATCH = 1000  # metrics a request, the most MLflow takes


@dataclass(frozen=True)
class Result:
    """One model of one experiment, ready to be logged.

    Attributes
    ----------
    name : str
        The run's name.
    params, metrics, tags : dict
    predictions : DataFrame
        Every out-of-sample week.
    document : FittedModel
        The fitted model of the last fold.
    curves : dict of str to list of (step, value)
        Stepped metrics; a step is the test week as an integer date, YYYYMMDD.
    files : dict of str to str or bytes
        Further artifacts by path below the run's artifact root.
    parent : str or None
        Run id of the parent run.
    description : str
        Markdown, shown on the run's page and kept as the model version's description.
    id : str
        Names this result wherever it goes: however often it is sent, it is one run and one version.
    """

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    predictions: pd.DataFrame
    document: FittedModel
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    files: dict[str, str | bytes] = field(default_factory=dict)
    parent: str | None = None
    description: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Data:
    """The data set that the runs of an experiment share.

    Attributes
    ----------
    table : DataFrame, (weeks, features)
        Indexed by decision date: logged by digest and schema, and the last row as an example.
    digest, source : str
        Of the snapshot.
    """

    table: pd.DataFrame
    digest: str
    source: str

    @cached_property
    def logged(self) -> Any:
        """As MLflow's own; it infers the schema once, a second of work, and not in every run."""
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.pandas_dataset import from_pandas

        # No path: whoever reads the run has another machine; the digest says which snapshot it is.
        told = {"snapshot": self.digest, "command": f"regime-data refresh --source {self.source}"}
        table = self.table.rename_axis("date").reset_index()
        return from_pandas(table, source=CodeDatasetSource(told), name=self.source, digest=self.digest[:16])


@tells
def log(result: Result, data: Data) -> tuple[str, str]:
    """Log one run with its model, predictions and data set; returns run id and model URI.

    A result that is already there is not logged again.

    Parameters
    ----------
    result : Result
    data : Data

    Raises
    ------
    TrackingError
        MLflow cannot be reached or does not take it; the run then counts as failed.
    """
    mlflow = _mlflow()
    found = _logged(mlflow, result.id)
    if found is not None:
        return found
    tags = result.tags | {"digest": data.digest, "source": data.source, "result_id": result.id}
    tags |= provenance.tags() | connection.process_tags()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        result.predictions.to_parquet(folder / "files" / "predictions.parquet", index=False)
        _write_files(folder / "files", result.files)
        with mlflow.start_run(
            run_name=result.name, tags=tags, parent_run_id=result.parent, description=result.description or None
        ) as run:
            mlflow.log_params(result.params)
            mlflow.log_input(data.logged, context="train")
            # MLflow copies to a logged model, one query each, the metrics its run has by then: the key ones will do.
            mlflow.log_metrics({name: result.metrics[name] for name in shared_view.METRICS if name in result.metrics})
            info = _log_model(mlflow, folder, result.document, data.table.iloc[-1:])
            mlflow.log_metrics(
                {name: value for name, value in result.metrics.items() if name not in shared_view.METRICS}
            )
            _log_curves(mlflow, run.info.run_id, result.curves)
            mlflow.log_artifacts(str(folder / "files"))
    return str(run.info.run_id), str(info.model_uri)


def _logged(mlflow: Any, result_id: str) -> tuple[str, str] | None:
    """Run id and model URI of a result that is wholly there; what an attempt left behind is marked failed."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    for run in client.search_runs([experiment], f"tags.result_id = '{result_id}'"):
        if run.info.status == "FINISHED":
            (model,) = client.get_run(run.info.run_id).outputs.model_outputs
            return str(run.info.run_id), f"models:/{model.model_id}"
        if run.info.status == "RUNNING":
            client.set_terminated(run.info.run_id, "FAILED")
    return None


def _log_model(mlflow: Any, folder: Path, document: FittedModel, row: pd.DataFrame) -> Any:
    """Log the fitted model as code over a JSON text; nothing in it is pickled."""
    (folder / "model.json").write_text(document.to_json())
    package = folder / "code" / "models"
    package.mkdir(parents=True)
    for module in (fitted, predictor):
        shutil.copy(str(module.__file__), package)
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("pyfunc_tail.py")),
        code_paths=[str(package)],
        artifacts={"model": str(folder / "model.json")},
        signature=_signature(document),
        input_example=row[list(document.features)].reset_index(drop=True) if document.features else None,
        pip_requirements=_requirements(),
    )


def _signature(document: FittedModel) -> Any:
    """Doubles in, doubles out. MLflow calls a column optional that may hold a missing value: every feature may.

    That none of them is absent or renamed is checked by the model itself, with a message that fits a screen.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    inputs = [ColSpec("double", name, required=False) for name in document.features]
    outputs = [ColSpec("double", name) for name in document.outcomes]
    return ModelSignature(inputs=Schema(inputs) if inputs else None, outputs=Schema(outputs))


def _log_curves(mlflow: Any, run_id: str, curves: dict[str, list[tuple[int, float]]]) -> None:
    now = int(time.time() * 1000)
    points = [mlflow.entities.Metric(key, value, now, step) for key, curve in curves.items() for step, value in curve]
    for first in range(0, len(points), BATCH):
        mlflow.MlflowClient().log_batch(run_id, metrics=points[first : first + BATCH])


def _write_files(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in ("mlflow", "lightgbm", "numpy", "pandas", "pydantic")]


@tells
def register(name: str, model_uri: str, run_id: str, tags: dict[str, str], description: str = "") -> str:
    """Register a logged model; returns its version, the one it has where it was registered before."""
    mlflow = _mlflow()
    client = mlflow.MlflowClient()
    for made in client.search_model_versions(f"run_id = '{run_id}'"):
        if made.name == name:
            return str(made.version)
    try:
        client.create_registered_model(name)
    except mlflow.exceptions.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # A server takes a logged model only by its id; the store behind it looks the location up.
    made = client.create_model_version(
        name,
        model_uri,
        run_id=run_id,
        tags=tags,
        description=description or None,
        model_id=model_uri.removeprefix("models:/"),
    )
    return str(made.version)


@tells
def set_alias(name: str, alias: str, version: str | None) -> None:
    """Point `alias` at a version, or remove it. The runs' tag `gate_verdict` follows the champion."""
    client = _mlflow().MlflowClient()
    before = client.get_registered_model(name).aliases.get(alias)
    if version is not None:
        client.set_registered_model_alias(name, alias, version)
    elif before is not None:
        client.delete_registered_model_alias(name, alias)
    if alias == "champion" and before != version:
        _call(client, name, before, "former champion")
        _call(client, name, version, "champion")


def _call(client: Any, name: str, version: str | None, verdict: str) -> None:
    """Write the `gate_verdict` of a version and of its run, so that the UI shows one champion a model."""
    if version is not None:
        client.set_model_version_tag(name, version, "gate_verdict", verdict)
        client.set_tag(client.get_model_version(name, version).run_id, "gate_verdict", verdict)


@tells
def made_at(name: str, alias: str) -> float:
    """When the results behind an alias were made, seconds since 1970; 0 where it points at nothing."""
    client = _mlflow().MlflowClient()
    version = client.get_registered_model(name).aliases.get(alias)
    if version is None:
        return 0.0
    found = client.get_model_version(name, version)
    return float(found.tags.get("made", found.creation_timestamp / 1000))


@tells
def version_exists(name: str, version: str) -> bool:
    """Whether the registry has this version."""
    client = _mlflow().MlflowClient()
    return any(str(found.version) == version for found in client.search_model_versions(f"name = '{name}'"))


@tells
def tag_version(name: str, version: str, tags: dict[str, str]) -> None:
    """Write tags on a model version."""
    client = _mlflow().MlflowClient()
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)


@dataclass(frozen=True)
class Registered:
    """A model version as serving sees it."""

    name: str
    version: str
    document: FittedModel
    tags: dict[str, str]
    run_id: str = ""


@tells
def registered(name: str, alias: str) -> Registered | None:
    """The version behind an alias, or None where there is none."""
    client = _mlflow().MlflowClient()
    if not [found for found in client.search_registered_models() if found.name == name]:
        return None
    version = client.get_registered_model(name).aliases.get(alias)
    if version is None:
        return None
    document = fitted.from_json(model_text(name, str(version)))
    found = client.get_model_version(name, version)
    return Registered(name, str(version), document, dict(found.tags), str(found.run_id))


@tells
def model_text(name: str, version: str) -> str:
    """The text of a registered model, downloaded from wherever MLflow keeps it.

    Raises
    ------
    TrackingError
        It is not there; the message says where it should be.
    """
    mlflow = _mlflow()
    place = str(mlflow.MlflowClient().get_model_version_download_uri(name, version)).rstrip("/")
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = mlflow.artifacts.download_artifacts(f"{place}/artifacts/model.json", dst_path=folder)
            return Path(path).read_text()
        except (OSError, mlflow.exceptions.MlflowException) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise TrackingError(
                f"model {name} version {version}: no artifact {place}/artifacts/model.json ({said})"
            ) from error


@tells
def runs() -> pd.DataFrame:
    """All finished runs, newest first, as MLflow tabulates them."""
    found: pd.DataFrame = _mlflow().search_runs(
        experiment_names=[EXPERIMENT], filter_string="attributes.status = 'FINISHED'", order_by=["start_time DESC"]
    )
    return found
