"""Open MLflow: quietly, at the tracking URI in force, with failures told in one line.

mlflow is imported inside the functions: only a command that needs it pays for it.
"""

from __future__ import annotations

import functools
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from features.data import files
from features.data.errors import RegimeError
from models.tracking import database, location, relocation, server, shared_view
from models.tracking.errors import TrackingError
from models.tracking.process_environment import settings
from models.tracking.relocation import ARTIFACTS, EXPERIMENT

MAKING = 120.0  # seconds to wait for a process that makes the tables: on a busy machine it takes tens
CLOCK = 60.0  # seconds by which a process's start may seem to shift when the clock is set

P = ParamSpec("P")
T = TypeVar("T")


def translate_errors(call: Callable[P, T]) -> Callable[P, T]:
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
        except ModuleNotFoundError as error:  # the driver that a database's address asks for
            raise TrackingError(f"{location.redacted(location.uri())} needs the package {error.name!r}") from error

    return wrapped


def _line(error: Exception) -> str:
    where = location.uri()
    if location.is_server(where):
        try:
            server.probe(where)
        except TrackingError as gone:
            return str(gone)
        where = f"the MLflow server {where}"
    else:
        where = f"the MLflow database {location.database(where) or where}"
    said = str(error).strip().splitlines() or [type(error).__name__]
    return location.redacted(f"{where} fails: {said[0][:300]}")


@translate_errors
def open_mlflow() -> Any:
    """Return the mlflow module, quiet, pointed at the tracking URI in force and with the experiment there.

    Stored locations of a database that was moved are rewritten first.

    Raises
    ------
    TrackingError
        The server does not answer, or the database is locked, unusable or of a newer MLflow.
    """
    mlflow, where = _imported(), location.uri()
    path = location.database(where)
    if location.is_server(where):
        server.probe(where)
    mlflow.set_tracking_uri(where)
    mlflow.set_registry_uri(where)
    if path is None:
        _create_experiment(mlflow, None)
    else:
        _open_database(mlflow, path)
    mlflow.set_experiment(EXPERIMENT)
    return mlflow


def client() -> Any:
    """Return MLflow's client at the tracking URI in force."""
    return open_mlflow().MlflowClient()


def _imported() -> Any:
    if "mlflow" not in sys.modules:
        # Telemetry is decided during the import; whatever the process's own settings are, they stand again after it.
        with warnings.catch_warnings(), _for_now(settings()):
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            import mlflow
    import mlflow

    # Only what is fatal: `translate_errors` tells a failure in one line, MLflow's own tracebacks are not wanted.
    for name in ("alembic", "mlflow", "mlflow.tracking", "mlflow.store", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("urllib3.connectionpool", "mlflow.utils.requirements_utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return mlflow


@contextmanager
def _for_now(values: dict[str, str]) -> Iterator[None]:
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name, None)


def _open_database(mlflow: Any, path: Path) -> None:
    """Check and relocate a database, and make the project's experiment beside it where it is missing.

    One process at a time: MLflow makes its tables in many steps, and to a
    second process a database between two of them is one without a schema.
    """
    busy = f"the MLflow database {path} is being opened by another process ({MAKING:.0f} s)"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.lock(path.with_name(path.name + ".lock"), wait=MAKING, busy=busy):
            database.check_writable(path)
            relocation.relocate(path)
            if database.experiment_id(path, EXPERIMENT) is None:
                _create_experiment(mlflow, (path.resolve().parent / ARTIFACTS).as_uri())
    except OSError as error:
        raise TrackingError(f"the MLflow database {path} cannot be used ({error.strerror})") from error
    except TrackingError:
        raise
    except RegimeError as error:
        raise TrackingError(str(error)) from error


def _create_experiment(mlflow: Any, artifacts: str | None) -> None:
    made = mlflow.MlflowClient()
    if made.get_experiment_by_name(EXPERIMENT) is None:
        try:
            made.create_experiment(EXPERIMENT, artifact_location=artifacts)
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another client of the server was quicker
                raise


@translate_errors
def prepare_experiment() -> None:
    """Bring the experiment's note and shared view up to date and mark runs failed whose process is gone.

    For the start of what writes; `open_mlflow` alone changes no run.
    """
    opened = client()
    found = opened.get_experiment_by_name(EXPERIMENT)
    wanted = shared_view.tags()
    guide = shared_view.note(found.experiment_id)
    if guide not in found.tags.get(shared_view.NOTE_TAG, ""):  # `front_page` puts the champion above it
        wanted[shared_view.NOTE_TAG] = guide
    for name, value in wanted.items():
        if found.tags.get(name) != value:
            opened.set_experiment_tag(found.experiment_id, name, value)
    mine = f"attributes.status = 'RUNNING' and tags.host = {quoted(socket.gethostname())}"
    for run in list(every(opened.search_runs, [found.experiment_id], mine)):
        if _gone(run.data.tags):
            opened.set_tag(run.info.run_id, "ended", "its process is gone")
            opened.set_terminated(run.info.run_id, "FAILED")


def quoted(text: str) -> str:
    """Return a text as a literal in a search of MLflow, whose language has no escapes.

    Raises
    ------
    TrackingError
        The text has both kinds of quotes.
    """
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    raise TrackingError(f"{text[:60]!r} cannot be searched for in MLflow: it has both kinds of quotes")


def every(search: Callable[..., Any], *args: Any, **words: Any) -> Iterator[Any]:
    """Yield all that a search of MLflow's client finds, page after page."""
    token = None
    while True:
        page = search(*args, page_token=token, **words)
        yield from page
        token = page.token
        if not token:
            return


def process_tags() -> dict[str, str]:
    """Return tags that let a later process tell whether the one behind a run is still alive."""
    return {"host": socket.gethostname(), "pid": str(os.getpid()), "process_start": f"{_start(os.getpid()):.2f}"}


def _start(pid: int) -> float:
    import psutil

    return float(psutil.Process(pid).create_time())


def is_abandoned(tags: dict[str, str]) -> bool:
    """Whether nobody but this process can still be at work on an open run with these tags."""
    own = process_tags()
    if tags.get("host") != own["host"]:
        return False  # another machine's process cannot be seen
    return all(tags.get(key) == value for key, value in own.items()) or _gone(tags)


def _gone(tags: dict[str, str]) -> bool:
    import psutil

    try:
        return abs(_start(int(tags["pid"])) - float(tags["process_start"])) > CLOCK  # the number was given anew
    except psutil.NoSuchProcess:
        return True
    except (psutil.AccessDenied, KeyError, ValueError):
        return False  # it is alive, or the run is not one of ours
