"""The way to MLflow: where it is, how it is opened, how long it is waited for, and what its failures say.

mlflow is imported inside the functions: only a command that needs it pays for it.
"""

from __future__ import annotations

import functools
import logging
import os
import socket
import sqlite3
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from features.data.errors import RegimeError
from features.data.paths import home
from models.tracking import relocation, shared_view
from models.tracking.relocation import ARTIFACTS, EXPERIMENT, WAIT

TOP = Path(__file__).resolve().parents[2]
PROBE = 10.0  # seconds for a server to answer at all
CLOCK = 60.0  # seconds by which a process's start may seem to shift when the clock is set
# MLflow's own defaults wait four minutes for a server that is gone, and report on their use over the network.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_ENV_MANAGER_CONDA_WARNING": "TRUE",
    # Its bar appears only on slow machines, and would stand before the one line of an error.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # standard output is the command's own
    "GIT_PYTHON_REFRESH": "quiet",
}

P = ParamSpec("P")
T = TypeVar("T")


class TrackingError(RegimeError):
    """MLflow cannot be reached, or did not do what it was asked."""


def root() -> Path:
    """Where runs go by default: `mlruns/` of a checkout, else (an installed wheel) of the data directory."""
    return (TOP if (TOP / "pyproject.toml").is_file() else home()) / "mlruns"


def uri() -> str:
    """The tracking URI in force: the environment's, else that of the project's own database."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"


def database(where: str) -> Path | None:
    """The file of a SQLite tracking URI, or None for any other."""
    return Path(where.removeprefix("sqlite:///").partition("?")[0]) if where.startswith("sqlite:///") else None


def is_server(where: str) -> bool:
    """Whether a tracking URI is that of a server."""
    return where.startswith(("http://", "https://"))


def environment() -> None:
    """Set `ENVIRONMENT` where the user has not said otherwise."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def tells(call: Callable[P, T]) -> Callable[P, T]:
    """Make a function that talks to MLflow fail with one line, a `TrackingError`."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        mlflow = _imported()
        import requests
        import sqlalchemy

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # mlflow's own deprecations are not ours to mend
                return call(*args, **kwargs)
        except (mlflow.exceptions.MlflowException, requests.RequestException, sqlalchemy.exc.SQLAlchemyError) as error:
            raise TrackingError(_line(error)) from error

    return wrapped


def _line(error: Exception) -> str:
    where = uri()
    if is_server(where):
        try:
            probe(where)
        except TrackingError as gone:
            return str(gone)
        where = f"the MLflow server {where}"
    else:
        where = f"the MLflow database {database(where) or where.partition('://')[0]}"
    said = str(error).strip().splitlines() or [type(error).__name__]
    return f"{where} fails: {said[0][:300]}"


@tells
def module() -> Any:
    """The mlflow module, quiet, pointed at the tracking URI in force and with the experiment there.

    The first time in a process that a URI is used, stored locations of a moved
    database are rewritten and runs whose process is gone are marked failed.

    Raises
    ------
    TrackingError
        The server does not answer, or the database is locked or unusable.
    """
    mlflow, where = _imported(), uri()
    if is_server(where):
        probe(where)
    mlflow.set_tracking_uri(where)
    mlflow.set_registry_uri(where)
    _open(where)
    mlflow.set_experiment(EXPERIMENT)
    return mlflow


def _imported() -> Any:
    environment()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        import mlflow
    # Only what is fatal: a failure is told in one line by `tells`, not by MLflow's own tracebacks.
    for name in ("alembic", "mlflow", "mlflow.tracking", "mlflow.store", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("urllib3.connectionpool", "mlflow.utils.requirements_utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return mlflow


@functools.lru_cache(maxsize=16)
def _open(where: str) -> None:
    from filelock import FileLock, Timeout  # here, as psutil below: a call that finds its answer kept needs neither

    path = database(where)
    if path is None:
        _prepare(None)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # MLflow's own first steps on an empty database are not safe against a second process.
        with FileLock(path.with_name(path.name + ".lock"), timeout=WAIT):
            _writable(path)
            if path.exists():
                relocation.relocate(path)
            _prepare((path.resolve().parent / ARTIFACTS).as_uri())
    except Timeout as error:
        raise TrackingError(f"the MLflow database {path} is being opened by another process ({WAIT:.0f} s)") from error
    except OSError as error:
        raise TrackingError(f"the MLflow database {path} cannot be used ({error.strerror})") from error


def _writable(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            base.execute("ROLLBACK")
    except sqlite3.Error as error:
        waited = f" for {WAIT:.0f} s: another process holds it" if "locked" in str(error) else ""
        raise TrackingError(f"the MLflow database {path} cannot be used ({error}{waited})") from error


def _prepare(artifacts: str | None) -> None:
    """Make the experiment (beside the database; a server chooses its own place), then end what died."""
    import mlflow

    client = mlflow.MlflowClient()
    if client.get_experiment_by_name(EXPERIMENT) is None:
        try:
            client.create_experiment(EXPERIMENT, artifact_location=artifacts)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another client of the server was quicker
                raise
    found = client.get_experiment_by_name(EXPERIMENT)
    for name, value in shared_view.tags(found.experiment_id).items():
        if found.tags.get(name) != value:
            client.set_experiment_tag(found.experiment_id, name, value)
    _end_dead_runs(client, found.experiment_id)


def process_tags() -> dict[str, str]:
    """Tags that let a later process tell whether the one behind a run still lives."""
    return {"host": socket.gethostname(), "pid": str(os.getpid()), "process_start": f"{_start(os.getpid()):.2f}"}


def _start(pid: int) -> float:
    import psutil

    return float(psutil.Process(pid).create_time())


def _gone(tags: dict[str, str]) -> bool:
    import psutil

    try:
        return abs(_start(int(tags["pid"])) - float(tags["process_start"])) > CLOCK  # the number was given anew
    except psutil.NoSuchProcess:
        return True
    except (psutil.AccessDenied, KeyError, ValueError):
        return False  # it lives, or the run is not one of ours


def _end_dead_runs(client: Any, experiment: str) -> None:
    mine = f"attributes.status = 'RUNNING' and tags.host = '{socket.gethostname()}'"
    for run in client.search_runs([experiment], mine):
        if _gone(run.data.tags):
            client.set_tag(run.info.run_id, "ended", "its process is gone")
            client.set_terminated(run.info.run_id, "FAILED")


def probe(where: str) -> None:
    """Ask a server for any answer at all.

    Raises
    ------
    TrackingError
        There is none within `PROBE` seconds.
    """
    try:
        with urllib.request.urlopen(where.rstrip("/") + "/health", timeout=PROBE):
            pass
    except urllib.error.HTTPError:
        pass  # it answers; whether it lets us in is MLflow's to find out
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TrackingError(f"the MLflow server {where} cannot be reached ({reason})") from error
