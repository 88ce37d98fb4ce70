"""MLflow stores absolute locations; when the directory of its database has moved, they follow. Needs no mlflow.

The root on record is the parent of the artifact location of the project's
experiment, which `connection` sets to `artifacts` beside the database. Where it
differs from where the database now is, every stored location below the old root
is rewritten in one transaction, so a crash leaves the old locations or the new.
"""

from __future__ import annotations

import sqlite3
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

from features.data.errors import RegimeError

EXPERIMENT = "regime"
ARTIFACTS = "artifacts"
WAIT = 20.0  # seconds to wait for a lock, as long as MLflow itself does
# Every column of MLflow 3's schema that holds a location of its own making (a test looks for others).
LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
    ("trace_tags", "value"),
)


def local_path(location: str) -> Path | None:
    """The path a stored location names, or None where it is not on this machine's file system."""
    parts = urllib.parse.urlsplit(location)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    return Path(location) if location.startswith("/") else None


def recorded_root(base: sqlite3.Connection) -> Path | None:
    """The root the stored locations belong to, or None where there is no local one yet."""
    row = base.execute("SELECT artifact_location FROM experiments WHERE name = ?", (EXPERIMENT,)).fetchone()
    place = local_path(row[0] or "") if row else None
    return place.parent if place is not None and place.name == ARTIFACTS else None


def relocate(database: Path) -> bool:
    """Rewrite the stored locations of an MLflow SQLite database that has moved; whether anything was rewritten.

    A database that was moved without its artifacts keeps pointing at them, as
    long as they are where they were.

    Raises
    ------
    RegimeError
        The database is locked for longer than `WAIT`, or cannot be written.
    """
    here = database.resolve().parent
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=WAIT)) as base:
            base.isolation_level = None  # transactions begin where this code says so
            if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
                return False
            if not _moved(recorded_root(base), here):
                return False
            base.execute("BEGIN IMMEDIATE")
            old = recorded_root(base)  # another process may have been quicker
            if old is not None and _moved(old, here):
                _rewrite(base, old, here)
            base.execute("COMMIT")
            return True
    except sqlite3.Error as error:
        raise RegimeError(f"the MLflow database {database} cannot be used ({error})") from error


def _moved(old: Path | None, here: Path) -> bool:
    if old is None or old == here:
        return False
    return (here / ARTIFACTS).exists() or not (old / ARTIFACTS).exists()


def _rewrite(base: sqlite3.Connection, old: Path, here: Path) -> None:
    present = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, column in LOCATIONS:
        if table not in present:
            continue
        for before, after in ((old.as_uri(), here.as_uri()), (str(old), str(here))):
            base.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (after, len(before) + 1, before, len(before) + 1, before + "/"),
            )
