"""The latest call again, when nothing it depends on has changed: no model is loaded, no history read.

The key holds everything a call is made of: the snapshot's digest, both model
versions with the digests of their texts, the session ages are measured
against, what was allowed to be stale, and the program's own text. The
snapshot's files are hashed each time, as a cold call does. A damaged entry is
computed again (`features.data.cache`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from features.data import cache, calendar, store
from models.tracking import destination_runs, loader, range_registry
from models.tracking.registry import registry_name
from serving.call import Call, parse_call

ROOMS = ("features", "models", "serving")
TOP = Path(__file__).resolve().parent.parent
CACHE = "calls"
WRITTEN_LATER = ("scored_", "journal_")  # tags that are added to a version after its registration


def latest_key(allowed: tuple[str, ...]) -> str | None:
    """The key of the latest call, or None where nothing is registered yet.

    Raises
    ------
    RegimeError, RefusedError
        There is no snapshot, or it does not verify.
    """
    manifest = store.verified_manifest()
    source = manifest.source
    clock = str(calendar.last_complete(pd.Timestamp.now("UTC")).date()) if source != "sample" else ""
    parts: list[Any] = [manifest.digest, clock, sorted(allowed)]
    pointers = [loader.pointer(registry_name(source, "path"), alias) for alias in loader.ALIASES]
    if not any(pointers):
        return None
    pointers += [loader.pointer(range_registry.registry_name(source), alias) for alias in loader.ALIASES]
    pointers.append(loader.pointer(destination_runs.NAME, "challenger"))
    for at in pointers:
        tags = {} if at is None else {name: tag for name, tag in at.tags.items() if not name.startswith(WRITTEN_LATER)}
        parts.append(None if at is None else [at.version, tags])
    return cache.entry_key([TOP / room for room in ROOMS], [json.dumps(parts, sort_keys=True)])


def read(key: str) -> Call | None:
    """The call kept under a key; None where there is none, or a damaged one, which is logged."""
    kept = cache.read(CACHE, key)
    return None if kept is None else parse_call(kept)


def write(key: str, call: Call) -> None:
    """Keep a call under its key."""
    cache.write(CACHE, key, json.dumps(call.to_json_object()).encode())
