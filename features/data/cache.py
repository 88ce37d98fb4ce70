"""What is computed once and kept: entries in `REGIME_HOME/cache`, named by everything they depend on.

The key of an entry is a digest of the data it is computed from and of the text
of the code that computes it, so another model, library or price is another
entry. Each entry begins with a SHA-256 over its key and content: one that was
edited, cut short or moved is computed again, with a note on the log. A cache
that exceeds its bound loses the entries that were read longest ago. Several
processes may share a cache.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from features.data import files
from features.data.errors import RegimeError
from features.data.paths import home

MEGABYTE = 2**20
# Bound of each cache in bytes. One January's history of all features is about 30 MB.
LIMITS: dict[str, int] = {
    "features": 256 * MEGABYTE,
    "regime": 4 * MEGABYTE,
    "folds": 512 * MEGABYTE,
    "calls": 8 * MEGABYTE,
    "models": 128 * MEGABYTE,
    "ledger": 128 * MEGABYTE,
    "scores": 16 * MEGABYTE,
    "sessions": MEGABYTE,
}
_CHECKSUM_BYTES = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Usage:
    """Size of one cache, or of what lies about: files and bytes."""

    name: str
    files: int
    bytes: int


def entry_key(code: Iterable[Path], parts: Iterable[bytes | str | np.ndarray]) -> str:
    """Key of an entry: hexadecimal SHA-256 over code and data.

    Parameters
    ----------
    code : iterable of Path
        Source files that compute the entry; of a folder, every ``.py`` below it.
    parts : iterable of bytes, str or ndarray
        The data, with options and library versions; boundaries between parts count.
    """
    digest = hashlib.sha256()
    for place in code:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            _add(digest, path.read_bytes())
    for part in parts:
        if isinstance(part, np.ndarray):
            _add(digest, f"{part.dtype.str}{part.shape}".encode())
            _add(digest, np.ascontiguousarray(part).view(np.uint8).data if part.size else b"")
        else:
            _add(digest, part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, part: bytes | memoryview) -> None:
    digest.update(len(part).to_bytes(8, "little") if isinstance(part, bytes) else part.nbytes.to_bytes(8, "little"))
    digest.update(part)


def folder(name: str) -> Path:
    """Where the entries of the cache `name` are."""
    if name not in LIMITS:
        raise ValueError(f"unknown cache {name!r}: known are {', '.join(LIMITS)}")
    return home() / "cache" / name


def _checksum(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + content).digest()


def read(name: str, key: str) -> bytes | None:
    """Content kept in the cache `name` under `key`; None if there is none, or none that verifies."""
    path = folder(name) / key
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("cache entry %s/%s cannot be read (%s): it is computed again", name, key[:12], error.strerror)
        return None
    content = whole[_CHECKSUM_BYTES:]
    if _checksum(key, content) != whole[:_CHECKSUM_BYTES]:
        _log.warning("cache entry %s/%s does not verify: it is computed again", name, key[:12])
        return None
    with suppress(OSError):  # a cache that may be read but not written keeps its order
        os.utime(path)
    return content


def write(name: str, key: str, content: bytes, trimmed: bool = True) -> None:
    """Keep `content` under `key`, then hold the cache to its bound.

    A cache that cannot be written costs time, not the result: it is logged.
    Whoever writes many entries at once passes ``trimmed=False`` and calls `trim` after the last.
    """
    path = folder(name) / key
    try:
        files.write_file(path, _checksum(key, content) + content, durable=False)
    except RegimeError as error:
        _say_once(path.parent, getattr(error.__cause__, "strerror", None) or str(error))
        return
    if trimmed:
        trim(name, keep=path)


@lru_cache(maxsize=64)
def _say_once(place: Path, reason: str) -> None:
    """One line a cache and command: a command may have hundreds of entries to keep."""
    _log.warning("%s cannot be written (%s): what is computed is not kept", place, reason)


def _entries(place: Path) -> list[tuple[float, int, Path]]:
    """Last use, size and path of every file, the least recently used first."""
    found = []
    for path in place.rglob("*"):
        with suppress(OSError):  # another process removed or moved it
            status = path.lstat()
            if not path.is_dir() and not path.name.startswith(files.DRAFT_PREFIX):
                found.append((status.st_mtime, status.st_size, path))
    return sorted(found)


def trim(name: str, keep: Path | None = None) -> None:
    """Remove the least recently used entries beyond the bound of the cache `name`, but never `keep`."""
    found = _entries(folder(name))
    total = sum(size for _, size, _ in found)
    for _, size, path in found:
        if total <= LIMITS[name]:
            return
        if path != keep:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                total -= size


def clean(dry_run: bool = False) -> list[Usage]:
    """Remove every cache entry, abandoned draft and damaged file in `REGIME_HOME`; what was (or would be) removed.

    Snapshots, live items, the journal and kept results are not touched.
    """
    top = home() / "cache"
    places = sorted(path for path in top.iterdir() if path.is_dir()) if top.is_dir() else []
    found = [(place.name, [(size, path) for _, size, path in _entries(place)]) for place in places]
    drafts = files.abandoned_drafts(home())
    usage = [Usage(name, len(entries), sum(size for size, _ in entries)) for name, entries in found]
    damaged = sorted(home().rglob(f"{files.DAMAGED_PREFIX}*"))
    usage.append(Usage("abandoned drafts", len(drafts), sum(map(_size, drafts))))
    usage.append(Usage("damaged, put aside", len(damaged), sum(map(_size, damaged))))
    if not dry_run:
        for _, entries in found:
            for _, path in entries:
                _unlink(path)
        files.remove_abandoned_drafts(home())
        for path in damaged:
            files.remove(path)
    return [one for one in usage if one.files]


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RegimeError(f"{path} cannot be removed ({error.strerror})") from error


def _size(path: Path) -> int:
    parts = [path, *path.rglob("*")] if path.is_dir() else [path]
    total = 0
    for part in parts:
        with suppress(OSError):
            total += part.lstat().st_size if not part.is_dir() else 0
    return total
