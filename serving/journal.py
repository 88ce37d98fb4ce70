"""The journal of calls: one JSON line each, chained by hash, appended and never changed.

Line: `n`, `kind` (`live`, or `replay` for a call made later than a week after
its decision), `asof`, `made_at`, `call`, `corrects` (the `n` of the line it
replaces, or null), `previous` (hash of the line before), `hash` (SHA-256 of the
line without it, canonical JSON). An edit breaks the chain; a cut tail or a
whole rewrite is found with a head hash kept elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from features.data.errors import RegimeError
from features.data.paths import home

START = "0" * 64
LIVE_DAYS = 7
Line = dict[str, Any]


def path() -> Path:
    """Where the journal lies."""
    return home() / "journal.jsonl"


def _hash(line: Line) -> str:
    body = {key: value for key, value in line.items() if key != "hash"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@contextmanager
def _locked() -> Iterator[None]:
    with (home() / "journal.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _whole(raw: bytes) -> bytes:
    """Without a last line that a crash left unfinished: it was never there."""
    return raw[: raw.rfind(b"\n") + 1]


def read() -> list[Line]:
    """All lines, checked.

    Raises
    ------
    RegimeError
        A line that is not JSON or does not follow from the one before, by its number.
    """
    raw = _whole(path().read_bytes()) if path().exists() else b""
    lines: list[Line] = []
    previous = START
    for number, text in enumerate(raw.splitlines(), start=1):
        try:
            line: Line = json.loads(text)
        except ValueError as error:
            raise RegimeError(f"{path()}: line {number} is not JSON; the journal was changed") from error
        good = isinstance(line, dict) and line.get("previous") == previous and line.get("hash") == _hash(line)
        if not good or line.get("n") != number:
            raise RegimeError(f"{path()}: line {number} does not follow from the one before; the journal was changed")
        previous = line["hash"]
        lines.append(line)
    return lines


def _same(line: Line, call: dict[str, Any]) -> bool:
    old = line["call"]
    return all(
        (
            old["asof"] == call["asof"],
            old["model"]["name"] == call["model"]["name"],
            old["model"]["version"] == call["model"]["version"],
            old["digest"] == call["digest"],
        )
    )


def kind_of(asof: str, now: pd.Timestamp) -> str:
    """`live` within a week of the decision, `replay` after."""
    age = now.tz_convert("America/New_York").tz_localize(None).normalize() - pd.Timestamp(asof)
    return "live" if age <= pd.Timedelta(days=LIVE_DAYS) else "replay"


def append(call: dict[str, Any], now: pd.Timestamp, kind: str | None = None) -> Line:
    """Append a call unless its week, model version and digest stand there already; the line either way.

    A call for a week that has one of the same kind already corrects it: a new
    line that names the old one.
    """
    call = json.loads(json.dumps(call))
    kind = kind or kind_of(call["asof"], now)
    with _locked():
        lines = read()
        mine = [line for line in lines if line["kind"] == kind]
        for line in mine:
            if _same(line, call):
                return line
        older = [line["n"] for line in mine if line["asof"] == call["asof"]]
        line = {
            "n": len(lines) + 1,
            "kind": kind,
            "asof": call["asof"],
            "made_at": now.isoformat(timespec="seconds"),
            "corrects": older[-1] if older else None,
            "call": call,
            "previous": lines[-1]["hash"] if lines else START,
        }
        line["hash"] = _hash(line)
        _write(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return line


def _write(text: bytes) -> None:
    file = path()
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            end = len(_whole(file.read_bytes()))
            os.ftruncate(handle, end)  # an unfinished line of a crash goes, nothing else can
            os.lseek(handle, end, os.SEEK_SET)
            os.write(handle, text)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise RegimeError(f"{file} cannot be written ({error.strerror}); the call is not in the journal") from error


def verify(head: str | None = None) -> tuple[int, str]:
    """Number of lines and the head's hash, after checking the chain.

    Raises
    ------
    RegimeError
        The chain is broken, or `head` is the hash of no line: the tail was cut
        or the journal was written anew.
    """
    lines = read()
    if head is not None and head not in {line["hash"] for line in lines} | {START}:
        raise RegimeError(
            f"{path()}: no line has the hash {head}: the tail was cut or the journal written anew ({len(lines)} lines)"
        )
    return len(lines), lines[-1]["hash"] if lines else START


def standing(lines: list[Line]) -> list[Line]:
    """Lines that no later line corrects."""
    corrected = {(line["kind"], line["corrects"]) for line in lines}
    return [line for line in lines if (line["kind"], line["n"]) not in corrected]
