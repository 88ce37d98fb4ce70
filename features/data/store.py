"""Immutable snapshots, one pointer, and reading as of a date.

Layout of the data directory::

    snapshots/<digest>/<table>.parquet   never changed once there; or in parts, see `table_files`
    snapshots/<digest>/manifest.json     source, legs, tables with their SHA-256
    CURRENT                              the digest in force
    CURRENT.<source>                     the digest to go back to, for a source that is not in force

A refresh writes a whole snapshot beside the others and then replaces CURRENT in
one step: a crash, or two refreshes at once, leave the old or the new.
Sample, folder and live data lie side by side; `use` chooses which is in force.
The digest is the SHA-256 over the tables' own digests, source and legs, so the
same content always has the same name.

Every table carries `available_at`: the first session at whose cut-off (close
plus 20 minutes) the row could be known. `as_of(t)` keeps rows with
``available_at <= t``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.data import files, retention, table_files
from features.data.arrays import Tables
from features.data.errors import RefusedError, RegimeError
from features.data.manifest import Manifest
from features.data.paths import home

_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Snapshot:
    """Tables of one snapshot, perhaps cut at an as-of date.

    Attributes
    ----------
    digest : str
        Content digest of the whole snapshot, also after a cut.
    source : str
        ``sample``, ``folder`` or ``live``.
    legs : str
        Which definition of the legs its columns support: ``us`` or ``sample``.
    last : Timestamp
        The last session with a price, at or before the as-of date.
    tables : dict of DataFrame
        Each with an `available_at` column (membership intervals: start and end).
    notes : dict
        What a live refresh has to say, JSON-ready: `substitutions`, `not_point_in_time`,
        `missing`, `quarantined`, `kept_past`, `refetched`. Part of the digest.
    """

    digest: str
    source: str
    legs: str
    last: pd.Timestamp
    tables: Tables
    notes: dict[str, Any] = field(default_factory=dict)

    def as_of(self, date: pd.Timestamp) -> Snapshot:
        """Only what was available at the cut-off of session `date`."""
        tables = {name: _cut(table, date) for name, table in self.tables.items()}
        return Snapshot(self.digest, self.source, self.legs, min(self.last, date), tables, self.notes)

    @cached_property
    def fred(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The long table by series: dates, values, available_at."""
        table = self.tables.get("fred")
        if table is None:
            return {}
        columns = [table["date"].to_numpy("datetime64[ns]"), table["value"].to_numpy(float)]
        columns.append(table["available_at"].to_numpy("datetime64[ns]"))
        codes, names = pd.factorize(table["series"])
        order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
        rows = (order[a:b] for a, b in pairwise(edges))
        return {str(name): (columns[0][r], columns[1][r], columns[2][r]) for name, r in zip(names, rows, strict=True)}


def _cut(table: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    if "available_at" in table:
        return table[table["available_at"] <= date]
    known = table[table["start"] <= date]  # membership: who joins or leaves later is not known yet
    return known.assign(end=known["end"].where(known["end"] <= date))


def write(
    tables: Tables,
    source: str,
    legs: str,
    last: pd.Timestamp,
    notes: dict[str, Any] | None = None,
    prove: Callable[[Snapshot], None] | None = None,
) -> str:
    """Write a snapshot, make it the current one, and return its digest.

    `prove` gets the snapshot as read back from the files, before the pointer moves; what it raises
    leaves the stored snapshot in force.

    Raises
    ------
    RegimeError
        The store cannot be written; the snapshot in force stays in force.
    """
    root = home() / "snapshots"
    with files.drafted_folder(root) as draft:
        year = None if source == "sample" else last.year  # the sample does not grow
        entries = {name: table_files.write(draft, name, table, year) for name, table in sorted(tables.items())}
        said = {"notes": notes} if notes else {}
        manifest = Manifest(source=source, legs=legs, last=last.date(), tables=entries, **said)
        digest = manifest.digest
        files.write_all(draft / "manifest.json", manifest.to_json().encode())
        if prove is not None:
            written = {name: table_files.read(draft, name, entry, sample=True) for name, entry in entries.items()}
            prove(Snapshot(digest, source, legs, last, written, notes or {}))
        _move_damaged(root / digest, manifest)
        retention.link_equal_files(draft, table_files.all_files(entries))
        files.publish(draft, root / digest)
        os.utime(root / digest)  # a snapshot that comes back is a new one to `retention`
    _put_in_force(digest, source)
    return digest


def _move_damaged(folder: Path, manifest: Manifest) -> None:
    """Make room for a snapshot whose stored copy was changed or is not whole, so that a refresh mends it."""
    if not folder.exists():
        return
    try:
        same = _read(folder) == manifest
    except (OSError, ValueError):
        same = False
    if not same or table_files.first_damaged(folder, manifest.tables) is not None:
        aside = folder.with_name(f"{files.DAMAGED_PREFIX}{folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def _put_in_force(digest: str, source: str) -> None:
    """Point CURRENT at a snapshot; one of another source that was in force stays within reach of `use`."""
    try:
        before = current_manifest()
    except RegimeError:  # nothing is stored yet, or it does not verify: nothing to go back to
        before = None
    if before is not None and before.source != source:
        files.write_file(home() / f"CURRENT.{before.source}", f"{before.digest}\n")
    files.write_file(home() / "CURRENT", digest + "\n")


def stored() -> dict[str, Manifest]:
    """Return a manifest for every source that has a snapshot, by source.

    It is that of the snapshot in force, else of the one a pointer names, else of the last one written.
    A snapshot whose manifest does not verify is left out, and so is a pointer that cannot be read.
    """
    whole: dict[str, Manifest] = {}
    paths = [path for path in (home() / "snapshots").glob("[!.]*/manifest.json") if path.is_file()]
    for path in sorted(paths, key=lambda one: one.stat().st_mtime_ns):
        with suppress(RegimeError):
            whole[path.parent.name] = _manifest(path.parent.name)
    found = {manifest.source: manifest for manifest in whole.values()}
    for pointer in (*home().glob("CURRENT.*"), *home().glob("CURRENT")):
        with suppress(RegimeError):
            digest = _named(pointer)
            if digest in whole:
                found[whole[digest].source] = whole[digest]
    return found


def use(source: str) -> Manifest:
    """Put the stored snapshot of a source in force; returns its manifest.

    Raises
    ------
    RegimeError
        Nothing is stored of that source.
    RefusedError
        Its manifest was changed.
    """
    found = stored()
    if source not in found:
        have = ", ".join(sorted(found)) or "nothing"
        folder = " --folder PATH" if source == "folder" else ""
        raise RegimeError(
            f"no {source} data in {home()} (stored: {have}): run `regime data refresh --source {source}{folder}`"
        )
    _put_in_force(found[source].digest, source)
    return current_manifest()


def current_manifest() -> Manifest:
    """The manifest of the snapshot in force."""
    pointer = home() / "CURRENT"
    if not pointer.exists():
        raise RegimeError(
            f"no data in {home()} yet: run `regime data refresh --source sample` (or folder, with --folder)"
        )
    return _manifest(_named(pointer))


def _named(pointer: Path) -> str:
    """The digest a pointer holds."""
    try:
        text = pointer.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not _DIGEST.fullmatch(text):
        raise RefusedError(
            f"{pointer} names no snapshot: `regime data use SOURCE` puts stored data in force, and so does "
            "`regime data refresh`"
        )
    return text


def _read(folder: Path) -> Manifest:
    return Manifest.model_validate_json((folder / "manifest.json").read_bytes())


def _manifest(digest: str) -> Manifest:
    """The manifest of a snapshot, verified."""
    folder = home() / "snapshots" / digest
    if not (folder / "manifest.json").exists():
        raise RegimeError(f"snapshot {digest} is not there: run `regime data refresh` again")
    try:
        manifest = _read(folder)
        whole = manifest.digest == digest
    except (OSError, ValueError):
        whole = False
    if not whole:
        raise RefusedError(
            f"snapshot {digest} does not verify (its manifest was changed): run `regime data refresh` again"
        )
    return manifest


def in_force() -> Manifest | None:
    """The manifest of the snapshot in force, or None where there are no data yet."""
    return current_manifest() if (home() / "CURRENT").exists() else None


def verified_manifest() -> Manifest:
    """The manifest of the snapshot in force, after hashing every file."""
    manifest = current_manifest()
    damaged = table_files.first_damaged(home() / "snapshots" / manifest.digest, manifest.tables)
    if damaged is not None:
        raise RefusedError(
            f"snapshot {manifest.digest} does not verify: {damaged} was changed or is gone: run "
            "`regime data refresh` again, which mends it"
        )
    return manifest


def load() -> Snapshot:
    """Read the snapshot in force, verifying every table against its digest."""
    manifest = verified_manifest()
    folder = home() / "snapshots" / manifest.digest
    tables = {name: table_files.read(folder, name, entry) for name, entry in manifest.tables.items()}
    return Snapshot(
        manifest.digest, manifest.source, manifest.legs, pd.Timestamp(manifest.last), tables, dict(manifest.notes)
    )
