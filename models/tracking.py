"""The one door to MLflow. mlflow is imported inside the functions: only those who need it pay for it."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from models import predictor

ROOT = Path(__file__).resolve().parent.parent / "mlruns"
EXPERIMENT = "regime"
BATCH = 1000  # metrics a request, the most MLflow takes


def _mlflow() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_DISABLE_ENV_MANAGER_CONDA_WARNING", "TRUE")
    # Its bar appears only on slow machines, and would stand before the one line of an error.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        import mlflow
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        ROOT.mkdir(exist_ok=True)
        uri = f"sqlite:///{ROOT / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    for name in ("alembic", "mlflow", "mlflow.tracking", "mlflow.store"):
        logging.getLogger(name).setLevel(logging.ERROR)
    client = mlflow.MlflowClient()
    if client.get_experiment_by_name(EXPERIMENT) is None:
        # Beside the database, wherever that is; a server chooses its own place.
        place = Path(uri.removeprefix("sqlite:///")).parent / "artifacts" if uri.startswith("sqlite:///") else None
        client.create_experiment(EXPERIMENT, artifact_location=place.resolve().as_uri() if place else None)
    mlflow.set_experiment(EXPERIMENT)
    return mlflow


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
    document : dict
        The fitted model of the last fold.
    curves : dict of str to list of (step, value)
        Stepped metrics; a step is the test week as an integer date, YYYYMMDD.
    files : dict of str to str or bytes
        Further artifacts by path below the run's artifact root.
    parent : str or None
        Run id of the parent run.
    """

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    predictions: pd.DataFrame
    document: dict[str, Any]
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    files: dict[str, str | bytes] = field(default_factory=dict)
    parent: str | None = None


def log(result: Result, data: pd.DataFrame, digest: str, source: str) -> tuple[str, str]:
    """Log one run with its model, predictions and data set; returns run id and model URI."""
    mlflow = _mlflow()
    example = data.iloc[-1:]
    outputs = pd.DataFrame([result.document["base"]], columns=result.document["outcomes"])
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as name:
        # mlflow's own deprecations are not ours to mend.
        warnings.simplefilter("ignore")
        folder = Path(name)
        (folder / "model.json").write_text(json.dumps(result.document))
        code = folder / "regime_model.py"
        here = Path(predictor.__file__)
        code.write_text(here.read_text() + "\n\n" + here.with_name("pyfunc_tail.py").read_text())
        result.predictions.to_parquet(folder / "predictions.parquet", index=False)
        with mlflow.start_run(run_name=result.name, tags=result.tags, parent_run_id=result.parent) as run:
            mlflow.log_params(result.params)
            mlflow.log_metrics(result.metrics)
            _log_curves(mlflow, run.info.run_id, result.curves)
            _log_files(mlflow, folder / "files", result.files)
            mlflow.log_artifact(str(folder / "predictions.parquet"))
            mlflow.log_input(
                mlflow.data.from_pandas(data.reset_index(), name=source, digest=digest[:16]), context="train"
            )
            columns = example[result.document["features"]] if result.document["features"] else example
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(code),
                artifacts={"model": str(folder / "model.json")},
                signature=mlflow.models.infer_signature(columns, outputs),
                pip_requirements=_requirements(),
            )
    return str(run.info.run_id), str(info.model_uri)


def _log_curves(mlflow: Any, run_id: str, curves: dict[str, list[tuple[int, float]]]) -> None:
    now = int(time.time() * 1000)
    points = [mlflow.entities.Metric(key, value, now, step) for key, curve in curves.items() for step, value in curve]
    for first in range(0, len(points), BATCH):
        mlflow.MlflowClient().log_batch(run_id, metrics=points[first : first + BATCH])


def _log_files(mlflow: Any, folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if files:
        mlflow.log_artifacts(str(folder))


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in ("mlflow", "lightgbm", "numpy", "pandas")]


def register(name: str, model_uri: str, run_id: str, tags: dict[str, str]) -> str:
    """Register a logged model; returns its version."""
    mlflow = _mlflow()
    client = mlflow.MlflowClient()
    if not [found for found in client.search_registered_models() if found.name == name]:
        client.create_registered_model(name)
    made = client.create_model_version(name, model_uri, run_id=run_id, tags=tags)
    return str(made.version)


def set_alias(name: str, alias: str, version: str | None) -> None:
    """Point `alias` at a version, or remove it."""
    client = _mlflow().MlflowClient()
    if version is not None:
        client.set_registered_model_alias(name, alias, version)
    elif alias in client.get_registered_model(name).aliases:
        client.delete_registered_model_alias(name, alias)


def version_exists(name: str, version: str) -> bool:
    """Whether the registry has this version."""
    client = _mlflow().MlflowClient()
    return any(str(found.version) == version for found in client.search_model_versions(f"name = '{name}'"))


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
    document: dict[str, Any]
    tags: dict[str, str]
    run_id: str = ""


def registered(name: str, alias: str) -> Registered | None:
    """The version behind an alias, or None where there is none."""
    client = _mlflow().MlflowClient()
    if not [found for found in client.search_registered_models() if found.name == name]:
        return None
    version = client.get_registered_model(name).aliases.get(alias)
    if version is None:
        return None
    document = predictor.loads(model_text(name, str(version)))
    found = client.get_model_version(name, version)
    return Registered(name, str(version), document, dict(found.tags), str(found.run_id))


def model_text(name: str, version: str) -> str:
    """The text of a registered model, downloaded from wherever MLflow keeps it."""
    mlflow = _mlflow()
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=folder)
        return (Path(path) / "artifacts" / "model.json").read_text()


def runs() -> pd.DataFrame:
    """All finished runs, newest first, as MLflow tabulates them."""
    found: pd.DataFrame = _mlflow().search_runs(
        experiment_names=[EXPERIMENT], filter_string="attributes.status = 'FINISHED'", order_by=["start_time DESC"]
    )
    return found
