"""A team's tracking server as it runs for real: PostgreSQL and an S3-compatible store behind MLflow, on loopback."""

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import Server, free_port

BUCKET = "regime"
KEYS = {"AWS_ACCESS_KEY_ID": "loopback", "AWS_SECRET_ACCESS_KEY": "loopback", "AWS_DEFAULT_REGION": "us-east-1"}


def _programs():
    """Directory of PostgreSQL's own programs; None where it is not installed (Debian: postgresql)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else (Path(on_path).parent if on_path else None)


# In CI there must be one: the tests then run, and fail without it.
needs_postgresql = pytest.mark.skipif(
    _programs() is None and os.environ.get("CI", "").lower() not in ("1", "true"),
    reason="no PostgreSQL is installed (Debian: postgresql)",
)


def _as_owner(words):
    """PostgreSQL does not run as root: as the user that its package made then."""
    return ["runuser", "-u", "postgres", "--", *words] if getpass.getuser() == "root" else words


@contextmanager
def postgresql():
    """A PostgreSQL of its own; gives the URI of a database."""
    # Not in pytest's directory, which is for its owner alone: as root, PostgreSQL runs as another user.
    with tempfile.TemporaryDirectory(prefix="regime-postgresql-") as place:
        if getpass.getuser() == "root":
            shutil.chown(place, "postgres")
        with _running(Path(place) / "data") as uri:
            yield uri


@contextmanager
def _running(data):
    port, programs = free_port(), _programs()
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(_as_owner([programs / "initdb", "-D", data, "-U", "regime", "--auth=trust", "--no-sync"]), **run)
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control = [programs / "pg_ctl", "-D", data, "-w", "-o", settings, "-l", data / "server.log"]
    subprocess.run(_as_owner([*control, "start"]), **run)
    try:
        subprocess.run([programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "regime", "mlflow"], **run)
        yield f"postgresql+psycopg2://regime@127.0.0.1:{port}/mlflow"
    finally:
        subprocess.run(_as_owner([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"]), **run)


@contextmanager
def s3(folder):
    """An S3-compatible store with one bucket; gives its address."""
    import boto3

    port = free_port()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = Server(words, port, folder / "s3.log", health="/moto-api/")
    try:
        client = boto3.client(
            "s3",
            endpoint_url=server.url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=KEYS["AWS_DEFAULT_REGION"],
        )
        client.create_bucket(Bucket=BUCKET)
        yield server.url
    finally:
        server.kill()


@contextmanager
def team_server(folder, database, store, *more, **env):
    """A tracking server over a database URI and an S3 address, with the command line of `docs/tracking.md`."""
    port = free_port()
    words = [sys.executable, "-m", "mlflow", "server", "--workers", "2", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--backend-store-uri", database, "--serve-artifacts"]
    words += ["--artifacts-destination", f"s3://{BUCKET}/regime", *more]
    own = {"MLFLOW_S3_ENDPOINT_URL": store, "MLFLOW_DISABLE_TELEMETRY": "true"} | KEYS
    server = Server(words, port, folder / "team.log", **(own | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | env))
    try:
        yield server
    finally:
        server.kill()
