"""Log one model of one experiment as a run, and list the runs."""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from models.fitted import FittedModel
from models.tracking import connection, logged_model, provenance, shared_view
from models.tracking.connection import translate_errors
from models.tracking.relocation import EXPERIMENT

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


@translate_errors
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
    mlflow = connection.open_mlflow()
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
            info = logged_model.log(mlflow, folder, result.document, data.table.iloc[-1:])
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


@translate_errors
def finished_runs() -> pd.DataFrame:
    """Return all finished runs, newest first, as MLflow tabulates them."""
    found: pd.DataFrame = connection.open_mlflow().search_runs(
        experiment_names=[EXPERIMENT], filter_string="attributes.status = 'FINISHED'", order_by=["start_time DESC"]
    )
    return found
