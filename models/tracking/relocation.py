"""MLflow stores absolute locations; when the directory of its database has moved, they follow. Needs no mlflow.

The recorded root is the parent of the artifact location of the project's
experiment, which `connection` sets to `artifacts` beside the database. Where it
differs from where the database now is, every stored location below the old root
is rewritten in one transaction, so a crash leaves the old locations or the new.
"""

from __future__ import annotations

import urllib.parse
import urllib.request
from pathlib import Path

from models.tracking import database

EXPERIMENT = "regime"
ARTIFACTS = "artifacts"


def local_path(location: str) -> Path | None:
    """Return the path a stored location names, or None where it is not on this machine's file system."""
    parts = urllib.parse.urlsplit(location)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    path = Path(location)
    return path if path.is_absolute() else None


def recorded_root(location: str | None) -> Path | None:
    """Return the root that an experiment's artifact location belongs to, or None where it is not a local one."""
    place = local_path(location or "")
    return place.parent if place is not None and place.name == ARTIFACTS else None


def relocate(path: Path) -> bool:
    """Rewrite the stored locations of an MLflow SQLite database that has moved; return whether it rewrote any.

    A database that was moved without its artifacts keeps pointing at them, as
    long as they are where they were.

    Raises
    ------
    TrackingError
        The database is locked for too long, cannot be written, or is of a newer MLflow.
    """
    here = path.resolve().parent
    if not _moved(recorded_root(database.read_artifact_location(path, EXPERIMENT)), here):
        return False
    with database.transaction(path) as base:
        old = recorded_root(database.artifact_location(base, EXPERIMENT))  # another process may have been quicker
        if old is not None and _moved(old, here):
            database.replace_prefix(base, old.as_uri(), here.as_uri())
            database.replace_prefix(base, str(old), str(here))
    return True


def _moved(old: Path | None, here: Path) -> bool:
    if old is None or old == here:
        return False
    return (here / ARTIFACTS).exists() or not (old / ARTIFACTS).exists()
