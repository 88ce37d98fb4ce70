"""MLflow's own user interface over the runs of this project."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from features.data import store
from features.data.errors import RegimeError
from features.data.source import Source
from models.tracking import database, location, process_environment, relocation, shared_view
from models.tracking.relocation import ARTIFACTS, EXPERIMENT


def command(port: int) -> list[str]:
    """Return the command line that serves the interface on loopback.

    Raises
    ------
    RegimeError
        The runs are on a server, which has an interface of its own.
    """
    where = location.uri()
    if location.is_server(where):
        raise RegimeError(f"the runs are on a server: open {location.redacted(where)} in a browser")
    words = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    path = location.database(where)
    if path is not None:
        words += ["--artifacts-destination", (path.resolve().parent / ARTIFACTS).as_uri()]
    return words


def child_environment() -> dict[str, str]:
    """Return the server's environment; the database goes there, since a list of processes shows command lines."""
    # MLflow's background jobs are for language models: three more processes that nothing here uses.
    own = {"MLFLOW_BACKEND_STORE_URI": location.uri()}
    return {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | os.environ | process_environment.settings() | own


def address(port: int) -> str:
    """Return where the interface opens: the comparison of the runs on the data in force, or of all runs where there
    are no data or the store is from before there were such views; its front page if there are no runs.
    """
    front, path = f"http://127.0.0.1:{port}", location.database(location.uri())
    found = None if path is None else database.experiment_id(path, EXPERIMENT)
    if path is None or found is None:
        return front
    every, source = front + shared_view.PATH.format(experiment=found), _source_in_force()
    if source is None or not database.has_experiment_tag(path, found, shared_view.TAG + shared_view.key_of(source)):
        return every
    return every.removesuffix(shared_view.KEY) + shared_view.key_of(source)


def _source_in_force() -> Source | None:
    try:
        return Source(store.current_manifest().source)
    except RegimeError:  # no data yet, or none that can be read: the runs are there all the same
        return None


# Waits in a process of its own, for the command becomes the server.
_OPENER = """
import sys, time, urllib.request, webbrowser
for _ in range(240):
    try:
        urllib.request.urlopen(sys.argv[1], timeout=5).close()
        break
    except OSError:
        time.sleep(0.5)
webbrowser.open(sys.argv[2])
"""


def open_when_ready(port: int) -> None:
    """Open the comparison of the project's runs in the user's browser once the server answers."""
    words = [sys.executable, "-c", _OPENER, f"http://127.0.0.1:{port}/health", address(port)]
    subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def check_free(port: int) -> None:
    """Raise a `RegimeError` if another program has the port: MLflow says so in the midst of a log and exits with 0."""
    with socket.socket() as probe:
        if os.name == "posix":  # elsewhere the option lets two programs share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RegimeError(
                f"port {port} cannot be used ({error.strerror}): choose another, such as `regime ui --port "
                f"{port + 1 if port < 65535 else port - 1}`"
            ) from error


def serve(port: int) -> int:
    """Run the server until it ends, over the locations of a database that was moved; return its exit status.

    Where the system can, this process becomes the server and nothing returns.
    """
    words = command(port)
    path = location.database(location.uri())
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            relocation.relocate(path)
    if os.name == "posix":
        os.execve(words[0], words, child_environment())
    try:
        return subprocess.run(words, env=child_environment(), check=False).returncode
    except KeyboardInterrupt:
        return 0
