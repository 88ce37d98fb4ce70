"""The journal of calls: one JSON line each, chained by hash, appended and never changed.

A line is an `Entry` in canonical JSON. Its hash is the SHA-256 of the line
without it, and each line names the hash of the one before, so an edit breaks
the chain. A cut tail or a journal written anew is found by a head hash kept
elsewhere: in `journal.index` beside it, and wherever the user anchors one.

The first live call of a week is the one that is scored. A later one of the same
week is a correction: it is kept and shown, and changes no score.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from features.data.errors import RegimeError
from features.data.files import lock, sync
from features.data.paths import home
from serving.call import Call
from serving.journal_entry import START, Entry, EntryType, canonical_json, entry_type_at, parse_line
from serving.journal_index import JournalIndex


def path() -> Path:
    """Where the journal lies."""
    return home() / "journal.jsonl"


def read() -> list[Entry]:
    """All entries, checked: each one's form and meaning, and the chain.

    Raises
    ------
    RegimeError
        A line that does not follow from the ones before, by its number and the reason.
    """
    with JournalIndex.in_memory(path()) as index:
        return list(index.extend())


def append(call: Call, now: pd.Timestamp, entry_type: EntryType | None = None) -> Entry:
    """Append a call unless its week, model version, data and claims are there already; the entry either way.

    A call for a week that has one of the same type and registered model corrects
    it: the new entry names the old one. So does a call whose odds, range or
    words differ. Only lines that no earlier command has verified are read, so
    the cost does not grow with the journal.

    Parameters
    ----------
    call : Call
    now : Timestamp
        The clock, with a time zone.
    entry_type : {"live", "replay"}, optional
        By the clock if absent. A clock that stands before the call's own week, or
        before the last live entry, makes a replay, whatever was asked.

    Raises
    ------
    RegimeError
        The journal was changed, or cannot be written.
    """
    with lock(home() / "journal.lock"), JournalIndex.kept(path()) as index:
        list(index.extend())
        asof = str(call.asof)
        entry_type, behind = entry_type_at(asof, now, index.last_live(), entry_type)
        found = index.find(entry_type, asof, call.model.name)
        before = [n for n, *made_of in found if tuple(made_of) == (call.model.version, call.digest)]
        if before:
            entry = index.entry(before[-1])
            if _claims(entry.call) == _claims(call):
                return entry
        tail = index.tail()
        line: dict[str, Any] = {
            "n": tail.n + 1,
            "kind": entry_type,
            "asof": asof,
            "made_at": now.isoformat(timespec="seconds"),
            "corrects": found[-1][0] if found else None,
            "call": call.to_json_object(),
            "previous": tail.hash,
        }
        if behind:
            line["clock_behind"] = True
        line["hash"] = hashlib.sha256(canonical_json(line)).hexdigest()
        text = canonical_json(line)
        entry = parse_line(text, tail, index)  # what is written can be read back
        _write(text + b"\n", tail.stop)
        index.add(entry, len(text) + 1)
        return entry


def _claims(call: Call) -> Any:
    """What a call says of the weeks ahead: odds, range and words; to nine digits, since the last bits are no claim.

    What such ranges were worth is no claim of the weeks ahead.
    """
    document, words = call.to_json_object(), call.direction
    ranges = {
        horizon: {name: value for name, value in one.items() if name != "evidence"}
        for horizon, one in (document.get("range") or {}).items()
    }
    said = [call.verdict, document["probabilities"], ranges, words and [words.size, words.direction]]
    return json.loads(json.dumps(said), parse_float=lambda text: round(float(text), 9))


def _write(text: bytes, end: int) -> None:
    """Write all of `text` at `end`, where the last whole line ends, and have the disk take it."""
    file = path()
    try:
        new = not file.exists()
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            os.ftruncate(handle, end)  # a line that a crash left unfinished goes, nothing else can
            os.lseek(handle, end, os.SEEK_SET)
            rest = memoryview(text)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            sync(file.parent)
    except OSError as error:
        raise RegimeError(f"{file} cannot be written ({error.strerror}); the call is not in the journal") from error


def verify(head: str | None = None) -> tuple[int, str]:
    """Number of entries and the head's hash, after checking the whole chain.

    Parameters
    ----------
    head : str, optional
        A head hash kept elsewhere; it must be that of some entry.

    Raises
    ------
    RegimeError
        The chain or an entry is wrong, or `head` or the head noted in
        `journal.index` is not there: the tail was cut or the journal written anew.
    """
    with lock(home() / "journal.lock"), JournalIndex.kept(path()) as index:
        noted = index.tail()
        index.clear()
        hashes = [entry.hash for entry in index.extend()]
        if noted.n and (noted.n > len(hashes) or hashes[noted.n - 1] != noted.hash):
            raise index.lost(noted)
    if head is not None and head not in {*hashes, START}:
        raise RegimeError(
            f"{path()}: no entry has the hash {head}: the tail was cut or the journal written anew "
            f"({len(hashes)} entries)"
        )
    return len(hashes), hashes[-1] if hashes else START


def of_model(entries: Iterable[Entry], name: str) -> list[Entry]:
    """Entries of one registered model: the sample and a user's own data share the journal."""
    return [entry for entry in entries if entry.call.model.name == name]


def scored(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that count: the first live call of each week and model, and the latest replay.

    A live call was made without knowing the outcome, and so only the first can
    count; a replay claims nothing, and the latest is of the model and data in force.
    """
    live: dict[tuple[str, str], Entry] = {}
    replays: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        week = (str(entry.asof), entry.call.model.name)
        if entry.entry_type == "live":
            live.setdefault(week, entry)
        else:
            replays[week] = entry
    return sorted([*live.values(), *replays.values()], key=lambda entry: entry.n)


def corrections(entries: Iterable[Entry]) -> list[Entry]:
    """Live entries that correct an earlier one: kept and shown, never scored."""
    return [entry for entry in entries if entry.entry_type == "live" and entry.corrects is not None]
