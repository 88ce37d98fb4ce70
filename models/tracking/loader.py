"""The registry as serving reads it, without importing mlflow where that can be helped.

With the local SQLite database an alias is one read-only query, with a server one
REST call. The model's text is copied once a version into the cache, and
every reading of it is checked against the SHA-256 written on the version when
it was registered: a version without that tag is not served. Any other tracking
URI, and the first copy from a server, go through mlflow itself.
"""

from __future__ import annotations

import json
import math
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.data import cache
from features.data.errors import RefusedError, RegimeError
from models import fitted
from models.fitted import FittedModel
from models.spec import from_json
from models.tracking import database, location, logged_model, registry, relocation, server
from models.tracking.errors import TrackingError
from models.tracking.registry import Registered

CACHE = "models"
ALIASES = ("champion", "challenger")
SHOWN = 60  # characters of an odd tag in a message


@dataclass(frozen=True)
class Pointer:
    """What an alias points at."""

    name: str
    version: str
    run_id: str
    place: str
    tags: dict[str, str]


def pointer(name: str, alias: str) -> Pointer | None:
    """Return the version behind an alias, or None where there is none.

    Raises
    ------
    TrackingError
        The server or database does not answer, or is not MLflow's.
    """
    where = location.uri()
    path = location.database(where)
    if path is not None:
        return _from_database(path, name, alias)
    return _from_server(where, name, alias) if location.is_server(where) else _from_mlflow(name, alias)


def _from_database(path: Path, name: str, alias: str) -> Pointer | None:
    if not path.exists():
        return None
    relocation.relocate(path)
    found = database.version_of(path, name, alias)
    if found is None:
        return None
    return Pointer(name, found.version, found.run_id, str(relocation.local_path(found.location) or ""), found.tags)


def _from_mlflow(name: str, alias: str) -> Pointer | None:
    found = registry.version_of(name, alias)
    return None if found is None else Pointer(name, found[0], found[1], "", found[2])


def _from_server(where: str, name: str, alias: str) -> Pointer | None:
    query = urllib.parse.urlencode({"name": name, "alias": alias})
    status, body = server.get(where, f"/api/2.0/mlflow/registered-models/alias?{query}")
    if status in (401, 403):  # mlflow knows more ways to sign in
        return _from_mlflow(name, alias)
    said = _object(body)
    if status in (400, 404) and "error_code" in said:  # no such model, or no such alias
        return None
    shown = location.redacted(where)
    if status != 200:
        raise TrackingError(f"the MLflow server {shown} has no model registry that answers (status {status})")
    try:
        found = said["model_version"]
        tags = {str(tag["key"]): str(tag["value"]) for tag in found.get("tags", [])}
        return Pointer(name, str(found["version"]), str(found.get("run_id", "")), "", tags)
    except (KeyError, TypeError, AttributeError) as error:
        raise TrackingError(f"{shown} is not an MLflow server: its answer about {name}@{alias} is none") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _digest_tag(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(text)
    return text


# What serving reads from a version's tags, and what it takes each for. Anyone who can write to the registry can
# write these, so they are checked once, here.
TAGS: dict[str, Callable[[str], object]] = {
    "document_sha256": _digest_tag,
    "spec": from_json,
    "skill": _finite,
    "skill_p": _finite,
    "head_to_head_p": _finite,
}


def _checked_digest(at: Pointer, tags: dict[str, Callable[[str], object]], command: str) -> str:
    """Return the digest of a version's text; refuse a version whose tags are not those that the program writes."""
    digest = at.tags.get("document_sha256")
    if digest is None:
        raise RefusedError(
            f"model {at.name} version {at.version} has no tag document_sha256, so its text cannot be verified: "
            f"nothing is served from it; train again with `{command}`"
        )
    for name, read in tags.items():
        text = at.tags.get(name)
        if text is None:
            continue
        try:
            read(text)
        except (ValueError, RegimeError) as error:
            raise RefusedError(
                f"model {at.name} version {at.version}: the tag {name} is {text[:SHOWN]!r}, which the program did not "
                f"write; train again with `{command}`"
            ) from error
    return digest


def registered(name: str, alias: str) -> Registered | None:
    """Return the version behind an alias with its model, from the verified local copy where there is one.

    Raises
    ------
    RefusedError
        The model's text is not the one that was registered, its digest is not
        on the version, or a tag is not one that the program writes.
    TrackingError
        The server or database does not answer.
    """
    at = pointer(name, alias)
    return None if at is None else Registered(name, at.version, _document(at, verified_text(at)), at.tags, at.run_id)


def verified_text(
    at: Pointer, tags: dict[str, Callable[[str], object]] = TAGS, command: str = "regime train run default"
) -> str:
    """The text of a version, its digest and tags checked; raises as `registered`, and names `command` as the remedy."""
    want = _checked_digest(at, tags, command)
    copy = cache.read(CACHE, want)
    text = None if copy is None else copy.decode()
    if text is None or logged_model.digest(text) != want:
        text = _fetched(at)
        if logged_model.digest(text) != want:
            name, version = at.name, at.version
            raise RefusedError(f"model {name} version {version} is not the one that was registered: it was changed")
        cache.write(CACHE, want, text.encode())
    return text


def _document(at: Pointer, text: str) -> FittedModel:
    try:
        return fitted.from_json(text)
    except ValueError as error:
        raise RefusedError(
            f"model {at.name} version {at.version} cannot be read by this program ({error}); train again with "
            "`regime train run default`"
        ) from error


def _fetched(at: Pointer) -> str:
    path = Path(registry.text_place(at.place))
    try:
        if at.place and path.exists():
            return path.read_text(encoding="utf-8")
        return registry.model_text(at.name, at.version)
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(
            f"model {at.name} version {at.version} cannot be read ({type(error).__name__}): its text was changed or is "
            "gone; put it back from a backup, or train again"
        ) from error
