"""MLflow's SQLite tables: the one place that reads or writes them without MLflow.

Reading an alias here takes milliseconds, importing MLflow seconds. The tables
are MLflow's own, so each opening checks the schema revision (`alembic_version`)
against the migrations of the installed MLflow.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.tracking.errors import TrackingError

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


@dataclass(frozen=True)
class Version:
    """A row of the registry: a model version, its run, where its files are and its tags."""

    version: str
    run_id: str
    location: str
    tags: dict[str, str]


def known_revisions() -> frozenset[str]:
    """Return the schema revisions that the installed MLflow can read, from the names of its migration files."""
    found = importlib.util.find_spec("mlflow")
    if found is None or found.origin is None:
        return frozenset()
    folder = Path(found.origin).parent / "store" / "db_migrations" / "versions"
    return frozenset(path.name.partition("_")[0] for path in folder.glob("*_*.py"))


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a database whose schema is known, and turn SQLite's errors into one line."""
    try:
        where = f"{path.resolve().as_uri()}?mode={mode}"
        # Transactions begin where this module says so.
        with closing(sqlite3.connect(where, uri=True, timeout=WAIT, isolation_level=None)) as base:
            _check_schema(base, path)
            yield base
    except sqlite3.Error as error:
        raise TrackingError(f"the MLflow database {path} cannot be used ({_reason(error)})") from error


def _reason(error: sqlite3.Error) -> str:
    busy = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return f"{error} for {WAIT:g} s: another process holds it" if busy else str(error)


def _has(base: sqlite3.Connection, table: str) -> bool:
    found = base.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return found is not None


def _check_schema(base: sqlite3.Connection, path: Path) -> None:
    if not _has(base, "experiments"):
        return  # empty: MLflow has not made its tables yet
    row = base.execute("SELECT version_num FROM alembic_version").fetchone() if _has(base, "alembic_version") else None
    if row is None or row[0] not in known_revisions():
        revision = "no revision" if row is None else f"revision {row[0]}"
        raise TrackingError(
            f"the MLflow database {path} has a schema ({revision}) that the installed MLflow does not know: "
            "it is being made, or was written by a newer MLflow; install that version, or set MLFLOW_TRACKING_URI to "
            "another database"
        )


def check_writable(path: Path) -> None:
    """Wait for the right to write a database (made empty if absent) and give it back.

    Raises
    ------
    TrackingError
        Locked for longer than `WAIT`, no database, or of a newer MLflow.
    """
    with _opened(path, "rwc") as base:
        base.execute("BEGIN IMMEDIATE")
        base.execute("ROLLBACK")


def experiment_id(path: Path, name: str) -> str | None:
    """Return the id of the experiment of this name, or None where there is none."""
    if not path.exists():
        return None
    with _opened(path, "ro") as base:
        if not _has(base, "experiments"):
            return None
        row = base.execute("SELECT experiment_id FROM experiments WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def has_experiment_tag(path: Path, experiment: str, key: str) -> bool:
    """Return whether the experiment with this id has a tag of this key."""
    with _opened(path, "ro") as base:
        found = base.execute("SELECT 1 FROM experiment_tags WHERE experiment_id = ? AND key = ?", (experiment, key))
        return found.fetchone() is not None


def version_of(path: Path, name: str, alias: str) -> Version | None:
    """Return the model version an alias points at, or None where there is none.

    Raises
    ------
    TrackingError
        The file is no database, locked, or of a newer MLflow.
    """
    if not path.exists():
        return None
    with _opened(path, "ro") as base:
        if not _has(base, "registered_model_aliases"):
            return None
        row = base.execute(
            "SELECT v.version, v.run_id, v.storage_location FROM registered_model_aliases a "
            "JOIN model_versions v ON v.name = a.name AND v.version = a.version WHERE a.name = ? AND a.alias = ?",
            (name, alias),
        ).fetchone()
        if row is None:
            return None
        tags = base.execute(
            "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", (name, row[0])
        ).fetchall()
    return Version(str(row[0]), str(row[1] or ""), str(row[2] or ""), dict(tags))


def runs_with_tags(path: Path, experiment: str, wanted: dict[str, str], keys: tuple[str, ...]) -> list[dict[str, str]]:
    """Return `run_uuid` and the tags `keys` of the runs of an experiment that have all the tags `wanted`, oldest first.

    Deleted runs too. A key that a run has not is absent.
    """
    with _opened(path, "ro") as base:
        found: dict[str, dict[str, str]] = {}
        having = " ".join(
            f"JOIN tags w{i} ON w{i}.run_uuid = r.run_uuid AND w{i}.key = ? AND w{i}.value = ?"
            for i in range(len(wanted))
        )
        marks = ", ".join("?" * len(keys))
        rows = base.execute(
            f"SELECT r.run_uuid, t.key, t.value FROM runs r {having} JOIN tags t ON t.run_uuid = r.run_uuid "
            f"AND t.key IN ({marks}) WHERE r.experiment_id = ? ORDER BY r.start_time, r.rowid",
            (*(part for pair in wanted.items() for part in pair), *keys, int(experiment)),
        )
        for run, key, value in rows:
            found.setdefault(str(run), {"run_uuid": str(run)})[str(key)] = str(value)
    return list(found.values())


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for one all-or-nothing change of locations."""
    with _opened(path, "rw") as base:
        base.execute("BEGIN IMMEDIATE")
        yield base
        base.execute("COMMIT")  # not reached after an error: SQLite rolls back when the connection closes


def artifact_location(base: sqlite3.Connection, experiment: str) -> str | None:
    """Return the artifact location of an experiment, or None where there is no such experiment."""
    row = base.execute("SELECT artifact_location FROM experiments WHERE name = ?", (experiment,)).fetchone()
    return None if row is None else str(row[0] or "")


def read_artifact_location(path: Path, experiment: str) -> str | None:
    """Return the same from a database that is not open yet."""
    with _opened(path, "ro") as base:
        return artifact_location(base, experiment) if _has(base, "experiments") else None


def replace_prefix(base: sqlite3.Connection, before: str, after: str) -> None:
    """Rewrite every stored location that is `before` or lies below it."""
    for table, column in LOCATIONS:
        if _has(base, table):
            base.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (after, len(before) + 1, before, len(before) + 1, before + "/"),
            )
