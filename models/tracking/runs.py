"""Log one model of one experiment as a run."""

from __future__ import annotations

import json
import re
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from models.fitted import FittedModel
from models.tracking import connection, logged_model, provenance, run_tables, shared_view
from models.tracking.connection import translate_errors
from models.tracking.metric_names import curve_in_mlflow, in_mlflow, of_any_version
from models.tracking.relocation import EXPERIMENT

CANDIDATE, BASELINE = "candidate", "baseline"  # the role of a result, and its run's tag `role`
RUN_ID = re.compile(r"[0-9a-f]{32}")
BASELINE_RUNS = "baseline_runs"  # the tag of a candidate that names its baselines' runs, as JSON by kind
LOGGED = "logged"  # the tag that says when a run was wholly there, in seconds since 1970
BATCH = 1000  # metrics a request, the most MLflow takes


Point = tuple[int, int, float]


def baseline_runs(text: object) -> dict[str, str]:
    """Run id by kind, from the tag `BASELINE_RUNS`; empty where there is none, or somebody changed it."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {kind: run_id for kind, run_id in found.items() if RUN_ID.fullmatch(str(run_id))}


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
    curves : dict of str to list of (step, time, value)
        Stepped metrics; a step is the number of the test week from 0, its time the week's date in ms since 1970.
    files : dict of str to str or bytes
        Further artifacts by path below the run's artifact root.
    parent : str or None
        Run id of the parent run.
    description : str
        Markdown, shown on the run's page and kept as the model version's description.
    id : str
        Names this result wherever it goes: however often it is sent, it is one run and one version.
    tables : dict of str to DataFrame
        Further tables that the UI shows, by name.
    role : str
        `candidate`: it becomes a version of the registered model; `baseline`: only if an alias points at it. Results
        kept by an earlier version of the program have none: all of them become versions.
    began, ended : float
        When its training began and ended, in seconds since 1970; 0: when it is logged.
    """

    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    predictions: pd.DataFrame
    document: FittedModel
    curves: dict[str, list[Point]] = field(default_factory=dict)
    files: dict[str, str | bytes] = field(default_factory=dict)
    parent: str | None = None
    description: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    role: str = ""
    began: float = 0.0
    ended: float = 0.0


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
        told = {"snapshot": self.digest, "command": f"regime data refresh --source {self.source}"}
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
    tags |= {"document_sha256": logged_model.digest(result.document.to_json())}
    tags |= provenance.tags() | connection.process_tags() | ({"role": result.role} if result.role else {})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        result.predictions.to_parquet(folder / "files" / "predictions.parquet", index=False)
        _write_files(folder / "files", result.files)
        with _running(mlflow, result, tags) as run:
            mlflow.log_params(result.params)
            mlflow.log_input(data.logged, context="train")
            info = logged_model.log(mlflow, folder, result.document, data.table.iloc[-1:])
            _log_metrics(mlflow, run.info.run_id, info.model_id, result, run_tables.test_weeks(result, data))
            mlflow.log_artifacts(str(folder / "files"))
            for name, table in (run_tables.tables(result.predictions) | result.tables).items():
                mlflow.MlflowClient().log_table(run.info.run_id, table, f"tables/{name}.json")
    return _settled(mlflow, result, str(run.info.run_id), str(info.model_uri))


@contextmanager
def _running(mlflow: Any, result: Result, tags: dict[str, str]) -> Iterator[Any]:
    """A run that is open until its results are there, with the start and end of its training."""
    client = mlflow.MlflowClient()
    if result.description:
        tags = tags | {"mlflow.note.content": result.description}
    if result.parent is not None:
        tags = tags | {"mlflow.parentRunId": result.parent}
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    began = int(result.began * 1000) or None
    made = client.create_run(experiment, start_time=began, tags=tags | _user(mlflow), run_name=result.name)
    with mlflow.start_run(run_id=made.info.run_id) as run:
        yield run
    if result.ended:
        client.set_terminated(made.info.run_id, end_time=int(result.ended * 1000))
    client.set_tag(made.info.run_id, LOGGED, f"{time.time():.6f}")


def _user(mlflow: Any) -> dict[str, str]:
    """The tags that MLflow writes itself on a run it starts: who, and by which program."""
    return {str(key): str(value) for key, value in mlflow.tracking.context.registry.resolve_tags().items()}


def _settled(mlflow: Any, result: Result, run_id: str, uri: str) -> tuple[str, str]:
    """Run id and model URI of a result whose run has ended; two processes may have logged one baseline at once.

    The run that ended first stays and the other is deleted, whoever looks.
    """
    if result.role != "baseline":
        return run_id, uri
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    found = client.search_runs([experiment], f"tags.result_id = '{result.id}' and attributes.status = 'FINISHED'")
    first = min(found, key=lambda run: (run.data.tags.get(LOGGED, "~"), run.info.run_id))
    if first.info.run_id == run_id:
        return run_id, uri
    client.delete_run(run_id)
    (model,) = client.get_run(first.info.run_id).outputs.model_outputs
    return str(first.info.run_id), f"models:/{model.model_id}"


def _logged(mlflow: Any, result_id: str) -> tuple[str, str] | None:
    """Run id and model URI of a result that is wholly there.

    What an earlier attempt of this process, or one of a process that is gone, left behind is marked failed.
    """
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    for run in client.search_runs([experiment], f"tags.result_id = '{result_id}'"):
        if run.info.status == "FINISHED":
            (model,) = client.get_run(run.info.run_id).outputs.model_outputs
            return str(run.info.run_id), f"models:/{model.model_id}"
        if run.info.status == "RUNNING" and connection.is_abandoned(run.data.tags):
            client.set_terminated(run.info.run_id, "FAILED")
    return None


def _log_metrics(mlflow: Any, run_id: str, model_id: str, result: Result, weeks: Any) -> None:
    """Log figures and curves in as few requests as MLflow takes; the key figures belong to model and test weeks too."""
    key = {name: value for name, value in result.metrics.items() if name in shared_view.METRICS}
    mlflow.log_input(weeks, context="test")
    mlflow.log_metrics({in_mlflow(name): value for name, value in key.items()}, model_id=model_id, dataset=weeks)
    now = int(time.time() * 1000)
    points = [(of_any_version(name), value, now, 0) for name, value in result.metrics.items() if name not in key]
    for name, curve in result.curves.items():
        points += [(curve_in_mlflow(name), value, when, step) for step, when, value in curve]
    log_points(mlflow, run_id, points)


def log_points(mlflow: Any, run_id: str, points: Sequence[tuple[str, float, int, int]]) -> None:
    """Log (name in MLflow, value, milliseconds since 1970, step) in batches."""
    metrics = [mlflow.entities.Metric(*point) for point in points]
    for first in range(0, len(metrics), BATCH):
        mlflow.MlflowClient().log_batch(run_id, metrics=metrics[first : first + BATCH])


def dated(step: int) -> int:
    """The time in milliseconds of a step as version 0.1 counted them, YYYYMMDD."""
    return int(pd.Timestamp(str(step)).as_unit("ms").value // 1_000_000)


def _write_files(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
