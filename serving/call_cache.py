"""The latest call again, when nothing it depends on has changed: no model is loaded, no history read.

The key holds everything a call is made of: the snapshot's digest, both model
versions with the digests of their texts, the session ages are measured
against, what was allowed to be stale, and the program's own text. The
snapshot's files are hashed each time, as a cold call does.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from features.data import calendar, store
from features.data.paths import home
from models.tracking import loader
from models.tracking.registry import registry_name

ROOMS = ("features", "models", "serving")
KEPT = 20
LATER = ("scored_", "journal_")


def _program() -> str:
    top = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((top / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def key(allowed: tuple[str, ...]) -> str | None:
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
        # Tags written after the fact (scores, the journal's head) are not what a call is made of.
        tags = {} if at is None else {name: value for name, value in at.tags.items() if not name.startswith(LATER)}
        parts.append(None if at is None else [at.version, tags])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _path(name: str) -> Path:
    return home() / "cache" / "calls" / f"{name}.json"


def read(name: str) -> dict[str, Any] | None:
    """The call kept under a key, or None."""
    path = _path(name)
    if not path.exists():
        return None
    made: dict[str, Any] = json.loads(path.read_text())
    return made


def keep(name: str, made: dict[str, Any]) -> None:
    """Keep a call under its key."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(made, file)
    Path(draft).replace(path)
    for old in sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
