"""MLflow's own user interface over the database in force."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing

from features.data.errors import RegimeError
from models.tracking import connection, relocation, shared_view
from models.tracking.relocation import ARTIFACTS, EXPERIMENT


def command(port: int) -> list[str]:
    """The command line that serves the interface on loopback.

    Raises
    ------
    RegimeError
        The runs are on a server, which has an interface of its own.
    """
    where = connection.uri()
    if connection.is_server(where):
        raise RegimeError(f"the runs are on a server: open {where} in a browser")
    words = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--backend-store-uri", where]
    path = connection.database(where)
    if path is not None:
        words += ["--artifacts-destination", (path.resolve().parent / ARTIFACTS).as_uri()]
    return words


def address(port: int) -> str:
    """Where the interface opens on the comparison of the project's runs; on its front page if there are none yet."""
    front, path = f"http://127.0.0.1:{port}", connection.database(connection.uri())
    if path is None or not path.exists():
        return front
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        try:
            found = base.execute("SELECT experiment_id FROM experiments WHERE name = ?", (EXPERIMENT,)).fetchone()
        except sqlite3.OperationalError:  # a database without MLflow's tables yet
            found = None
    return front if found is None else front + shared_view.PATH.format(experiment=found[0])


def serve(port: int) -> None:
    """Become the server: without telemetry, and with the locations of a database that was moved put right."""
    words = command(port)
    path = connection.database(connection.uri())
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            relocation.relocate(path)
    connection.environment()
    # MLflow's background jobs are for language models: three more processes that nothing here uses.
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    os.execv(words[0], words)
