"""Which snapshots stay: those in force, the newest of each source, and those that something stored names."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from features.data import files
from features.data.errors import RegimeError
from features.data.paths import home

if TYPE_CHECKING:  # it imports pydantic, which a command's help does without
    from features.data.manifest import Manifest

KEEP = 8  # snapshots of each source, the newest first


def link_equal_files(draft: Path, digests: dict[str, str]) -> int:
    """Replace drafted files that another snapshot holds by hard links to it; how many there were.

    Snapshots never change, so two may share a file. Where the file system knows
    no links the file is stored twice.
    """
    stored = {
        (name, digest): path.parent / name
        for path in sorted(draft.parent.glob("[!.]*/manifest.json"))
        for name, digest in _files(path).items()
    }
    linked = 0
    for name, digest in digests.items():
        twin, drafted = stored.get((name, digest)), draft / name
        # A damaged twin must not replace what has just been written whole.
        if twin is None or not twin.is_file() or twin.read_bytes() != drafted.read_bytes():
            continue
        with suppress(OSError):
            spare = drafted.with_suffix(".link")
            os.link(twin, spare)
            spare.replace(drafted)
            linked += 1
    return linked


def _files(manifest: Path) -> dict[str, str]:
    from features.data.table_files import all_files  # here: it imports pandas, and a command's help needs the rest

    found = _read(manifest)
    return {} if found is None else all_files(found.tables)


def _read(manifest: Path) -> Manifest | None:
    from features.data.manifest import Manifest

    try:
        return Manifest.model_validate_json(manifest.read_bytes())
    except (OSError, ValueError):  # damaged: it shares nothing, and `prune` leaves it to its owner
        return None


def _named(digests: set[str]) -> set[str]:
    """Snapshots that a pointer, the journal or kept results name."""
    places = [*home().glob("CURRENT*"), home() / "journal.jsonl", *(home() / "outbox").glob("*/batch.json")]
    text = "".join(path.read_text(errors="replace") for path in places if path.is_file())
    return {digest for digest in digests if digest in text}


def prune(keep: int = KEEP, dry_run: bool = False) -> list[str]:
    """Remove snapshots that are neither among the `keep` newest of their source nor named; the removed digests.

    A snapshot is named by a pointer, by a call in the journal or by results that wait for the registry.

    Raises
    ------
    RegimeError
        A snapshot cannot be removed.
    """
    root = home() / "snapshots"
    ages: dict[str, list[tuple[float, str]]] = {}
    for path in root.glob("[!.]*/manifest.json"):
        if (manifest := _read(path)) is not None:
            ages.setdefault(manifest.source, []).append((path.parent.stat().st_mtime, path.parent.name))
    old = {digest for group in ages.values() for _, digest in sorted(group, reverse=True)[keep:]}
    removed = sorted(old - _named(old))
    if not dry_run:
        for digest in removed:
            _remove(root / digest)
    return removed


def _remove(snapshot: Path) -> None:
    # Out of the readers' sight in one step; what a kill leaves behind is an abandoned draft.
    gone = snapshot.with_name(f"{files.DRAFT_PREFIX}pruned-{snapshot.name}")
    try:
        snapshot.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise RegimeError(f"snapshot {snapshot} cannot be removed ({error.strerror})") from error
