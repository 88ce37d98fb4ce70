"""The latest call again, when nothing it depends on has changed: no model is loaded, no history read.

The key holds everything a call is made of: the snapshot's digest, both model
versions with the digests of their texts, the session ages are measured
against, what was allowed to be stale, and the program's own text. The
snapshot's files are hashed each time, as a cold call does. An entry carries a
checksum over its key and its text; one that does not match is computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from features.console import err
from features.data import calendar, store
from features.data.errors import RegimeError
from features.data.paths import home
from models.tracking import loader
from models.tracking.registered_name import registry_name
from serving.call import Call, parse_call

ROOMS = ("features", "models", "serving")
KEPT = 20
WRITTEN_LATER = ("scored_", "journal_")  # tags that are added to a version after its registration


def _program() -> str:
    top = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((top / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def latest_key(allowed: tuple[str, ...]) -> str | None:
    """The key of the latest call, or None where nothing is registered yet.

    Raises
    ------
    RegimeError, RefusedError
        There is no snapshot, or it does not verify.
    """
    manifest = store.verified_manifest()
    source = str(manifest["source"])
    clock = str(calendar.last_complete(pd.Timestamp.now("UTC")).date()) if source == "live" else ""
    parts: list[Any] = [manifest["digest"], clock, sorted(allowed), _program()]
    pointers = [loader.pointer(registry_name(source, "path"), alias) for alias in loader.ALIASES]
    if not any(pointers):
        return None
    for at in pointers:
        tags = {} if at is None else {name: tag for name, tag in at.tags.items() if not name.startswith(WRITTEN_LATER)}
        parts.append(None if at is None else [at.version, tags])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _path(key: str) -> Path:
    return home() / "cache" / "calls" / f"{key}.json"


def _checksum(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()


def read(key: str) -> Call | None:
    """The call kept under a key; None where there is none, or a damaged one, which is named on standard error."""
    path = _path(key)
    try:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        checksum = text = ""
    if checksum == _checksum(key, text):
        return parse_call(text)
    err.print(f"the kept call {path.name} was damaged: it is made again", soft_wrap=True, markup=False)
    return None


def keep(key: str, call: Call) -> None:
    """Keep a call under its key.

    Raises
    ------
    RegimeError
        The file cannot be written.
    """
    path, text = _path(key), json.dumps(call.to_json_object())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{_checksum(key, text)}\n{text}")
        Path(draft).replace(path)
        for old in sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise RegimeError(f"{path.parent} cannot be written ({error.strerror})") from error
