"""The registry as serving sees it, without importing mlflow where that can be helped.

With the local SQLite database an alias is one read-only query, with a server one
REST call. The model's text is copied once a version into `REGIME_HOME`, and
every reading of it is checked against the SHA-256 written on the version when
it was registered. Any other tracking URI, and the first copy from a server, go
through mlflow itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from features.data.errors import RefusedError, RegimeError
from features.data.paths import home
from models import fitted
from models.tracking import connection, relocation, runs

TIMEOUT = 10.0  # seconds
ALIASES = ("champion", "challenger")


@dataclass(frozen=True)
class Pointer:
    """What an alias points at."""

    name: str
    version: str
    run_id: str
    place: str
    tags: dict[str, str]


def pointer(name: str, alias: str) -> Pointer | None:
    """The version behind an alias, or None where there is none.

    Raises
    ------
    RegimeError
        The server or database does not answer.
    """
    where = connection.uri()
    database = connection.database(where)
    if database is not None:
        return _from_database(database, name, alias)
    if connection.is_server(where):
        return _from_server(where, name, alias)
    found = runs.registered(name, alias)
    return None if found is None else Pointer(name, found.version, found.run_id, "", found.tags)


def _from_database(path: Path, name: str, alias: str) -> Pointer | None:
    if not path.exists():
        return None
    relocation.relocate(path)
    try:
        base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=TIMEOUT)
        try:
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
        finally:
            base.close()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None  # a database that nothing was ever registered in
        raise RegimeError(f"the MLflow database {path} cannot be read ({error})") from error
    place = relocation.local_path(row[2] or "")
    return Pointer(name, str(row[0]), str(row[1]), str(place or ""), dict(tags))


def _from_server(where: str, name: str, alias: str) -> Pointer | None:
    query = urllib.parse.urlencode({"name": name, "alias": alias})
    address = f"{where.rstrip('/')}/api/2.0/mlflow/registered-models/alias?{query}"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            found = json.load(answer)["model_version"]
    except urllib.error.HTTPError as error:
        if error.code in (400, 404):  # no such model, or no such alias
            return None
        if error.code in (401, 403):  # mlflow knows more ways to sign in
            known = runs.registered(name, alias)
            return None if known is None else Pointer(name, known.version, known.run_id, "", known.tags)
        raise RegimeError(f"the MLflow server {where} answers with status {error.code}") from error
    except OSError as error:
        raise RegimeError(f"the MLflow server {where} cannot be reached ({error})") from error
    tags = {tag["key"]: tag["value"] for tag in found.get("tags", [])}
    return Pointer(name, str(found["version"]), str(found.get("run_id", "")), "", tags)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def registered(name: str, alias: str) -> runs.Registered | None:
    """The version behind an alias with its model, from the verified local copy where there is one.

    Raises
    ------
    RefusedError
        The model's text is not the one that was registered.
    """
    at = pointer(name, alias)
    if at is None:
        return None
    want = at.tags.get("document_sha256")
    copy = home() / "cache" / "models" / f"{want}.json"
    text = copy.read_text() if want and copy.exists() else None
    if text is None or _digest(text) != want:
        text = _fetched(at)
        if want and _digest(text) != want:
            raise RefusedError(f"model {name} version {at.version} is not the one that was registered: it was changed")
        if want:
            copy.parent.mkdir(parents=True, exist_ok=True)
            draft = copy.with_suffix(f".{os.getpid()}")
            draft.write_text(text)
            draft.replace(copy)
    return runs.Registered(name, at.version, fitted.from_json(text), at.tags, at.run_id)


def _fetched(at: Pointer) -> str:
    path = Path(at.place) / "artifacts" / "model.json"
    if at.place and path.exists():
        return path.read_text()
    return runs.model_text(at.name, at.version)
