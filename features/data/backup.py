"""One file with everything that cannot be computed again, and its way back, verified on arrival.

The file is a tar archive: the data directory without caches, locks and drafts
(snapshots, vendors' items, journal, kept results, settings) under ``home/``, the
MLflow database with its artifacts under ``runs/``, and ``backup.json`` with the
SHA-256 and size of every file. Restoring writes into empty places only, and
moves nothing there before every file has been checked.
"""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from features.data import files
from features.data.errors import RegimeError
from features.data.table_files import sha256

FORMAT = 1
INDEX = "backup.json"
NOT_KEPT = ("cache", "logs")  # folders of the data directory that are computed again, or only explain
ROOTS = ("home", "runs")
_DATABASES = (".db",)
_BLOCK = 2**20


@dataclass(frozen=True)
class Report:
    """What a backup holds, or what was restored: files and bytes by root, and the snapshot in force."""

    files: dict[str, int]
    bytes: int
    digest: str | None


def _kept(root: Path) -> list[Path]:
    """Files of the data directory that belong into a backup."""
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and not hidden and parts[0] not in NOT_KEPT and not _passing(path.name):
            found.append(path)
    return found


def _runs(root: Path) -> list[Path]:
    """Databases and artifacts; whatever else stands beside them is not the program's."""
    databases = sorted(path for path in root.glob("*") if path.suffix in _DATABASES and path.is_file())
    return databases + sorted(path for path in (root / "artifacts").rglob("*") if path.is_file())


def _passing(name: str) -> bool:
    """Whether a file belongs to a running process: a lock, or the journal of a database that is copied whole."""
    return name.endswith((".lock", ".db-wal", ".db-shm", ".db-journal"))


def _content(path: Path, scratch: Path) -> Path:
    """The file to read for `path`: itself, or a consistent copy of a database or of a growing text."""
    copy = scratch / "copy"
    copy.unlink(missing_ok=True)
    if path.suffix in _DATABASES:
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy
    if path.suffix == ".jsonl":  # up to the last whole line: another process may be at work on the next
        whole = path.read_bytes()
        copy.write_bytes(whole[: whole.rfind(b"\n") + 1])
        return copy
    return path


def create(target: Path, home: Path, runs: Path | None) -> Report:
    """Write the backup file `target`.

    Parameters
    ----------
    target : Path
        Must not exist, and must not lie in what is backed up.
    home : Path
        The data directory.
    runs : Path or None
        Directory of the MLflow database and its artifacts; None where runs are kept by a server.

    Raises
    ------
    RegimeError
        There is nothing to back up, a file cannot be read, or the backup cannot be written.
    """
    if target.exists():
        raise RegimeError(f"{target} exists already: choose another name")
    roots = {"home": home} | ({"runs": runs} if runs is not None and runs.is_dir() else {})
    if home.resolve() in target.resolve().parents:
        raise RegimeError(f"{target} lies in what is backed up: choose a place outside {home}")
    named = {name: _kept(root) if name == "home" else _runs(root) for name, root in roots.items()}
    if runs is not None and runs.is_relative_to(home):  # an installed package keeps its runs in the data directory
        named["home"] = [path for path in named["home"] if not path.is_relative_to(runs)]
    if not any(named.values()):
        raise RegimeError(f"{home} holds nothing to back up yet")
    index: dict[str, Any] = {"format": FORMAT, "digest": _in_force(home), "files": {}}
    try:
        with (
            tempfile.TemporaryDirectory() as scratch,
            files.drafted(target) as draft,
            tarfile.open(draft, "w") as archive,
        ):
            for name, paths in named.items():
                for path in paths:
                    place = f"{name}/{path.relative_to(roots[name]).as_posix()}"
                    content = _content(path, Path(scratch))
                    index["files"][place] = [sha256(content), content.stat().st_size]
                    archive.add(content, place)
            text = json.dumps(index, indent=1).encode()
            entry = tarfile.TarInfo(INDEX)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    except (sqlite3.Error, OSError) as error:
        raise RegimeError(f"the backup {target} cannot be made ({error})") from error
    return _report(index)


def _in_force(home: Path) -> str | None:
    pointer = home / "CURRENT"
    return pointer.read_text().strip() if pointer.is_file() else None


def _report(index: dict[str, Any]) -> Report:
    counts = {root: sum(place.startswith(f"{root}/") for place in index["files"]) for root in ROOTS}
    return Report(counts, sum(size for _, size in index["files"].values()), index["digest"])


def restore(source: Path, home: Path, runs: Path | None) -> Report:
    """Put a backup in place after checking every file of it.

    Parameters
    ----------
    source : Path
        A file that `create` wrote.
    home, runs : Path
        As for `create`; what would be written must not be there yet.

    Raises
    ------
    RegimeError
        The file is no backup or was damaged, or something is there already; nothing is written then.
    """
    try:
        with files.drafted_folder(home) as draft:
            index = _unpacked(source, draft)
            if runs is None and any(place.startswith("runs/") for place in index["files"]):
                raise RegimeError(f"{source} holds runs, and MLFLOW_TRACKING_URI names a server: unset it to restore")
            targets = {"home": home} | ({"runs": runs} if runs is not None else {})
            _refuse_to_overwrite(draft, targets)
            for root, target in targets.items():
                _move_in(draft / root, target)
    except (OSError, tarfile.TarError) as error:
        raise RegimeError(f"the backup {source} cannot be restored ({error}): nothing was overwritten") from error
    return _report(index)


def _unpacked(source: Path, draft: Path) -> dict[str, Any]:
    """Extract the archive into `draft` and check it against its index."""
    damaged = f"{source} is no backup of this program, or was damaged"
    try:
        handle = source.open("rb")
    except OSError as error:
        raise RegimeError(f"{source} cannot be read ({error.strerror})") from error
    try:
        with handle, tarfile.open(fileobj=handle, mode="r:") as archive:
            archive.extractall(draft, filter="data")
        index: dict[str, Any] = json.loads((draft / INDEX).read_text())
        wanted: dict[str, list[Any]] = index["files"]
        index["digest"]
        version = index["format"]
    except FileNotFoundError as error:
        raise RegimeError(damaged) from error
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise RegimeError(f"{damaged} ({error})") from error
    if version != FORMAT:
        raise RegimeError(f"{source} has the format {version}, and this program reads {FORMAT}: update it")
    found = {path.relative_to(draft).as_posix() for path in draft.rglob("*") if not path.is_dir()} - {INDEX}
    if odd := sorted(found ^ set(wanted)):
        raise RegimeError(f"{damaged}: {odd[0]} is {'not in its index' if odd[0] in found else 'missing'}")
    for place, (digest, size) in wanted.items():
        path = draft / place
        root = PurePosixPath(place).parts[0]
        if root not in ROOTS or path.is_symlink() or path.stat().st_size != size or sha256(path) != digest:
            raise RegimeError(f"{damaged}: {place} is not what was backed up")
    return index


def _refuse_to_overwrite(draft: Path, targets: dict[str, Path]) -> None:
    for root, target in targets.items():
        for path in sorted((draft / root).glob("*")):
            if (target / path.name).exists():
                raise RegimeError(
                    f"{target / path.name} is there already: a backup is restored into an empty REGIME_HOME and an "
                    "empty directory of runs"
                )


def _move_in(draft: Path, target: Path) -> None:
    if not draft.is_dir():
        return
    for path in sorted(draft.rglob("*")):
        files.sync(path)
    target.mkdir(parents=True, exist_ok=True)
    # The pointers last: a restore that is killed leaves no data in force.
    for path in sorted(draft.iterdir(), key=lambda one: (one.name.startswith("CURRENT"), one.name)):
        shutil.move(path, target / path.name)
    files.sync(target)
