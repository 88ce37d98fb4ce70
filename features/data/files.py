"""The one way files are written and locked: a reader sees the old content or the new, never a part.

A file is drafted in the folder it will stand in, flushed to the disk, and moved
to its name in one step. Drafts carry the host and process that write them, so
those of a killed process are recognised and removed. Files and folders get the
mode of the user's umask. An error of the operating system (a full disk, a
read-only or vanished folder) becomes a `RegimeError` of one line.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.data.errors import RegimeError

DRAFT_PREFIX = ".draft-"
DAMAGED_PREFIX = ".damaged-"  # what did not verify, put aside by what replaced it; `regime data clean` removes it
STALE_DRAFT_SECONDS = 24 * 3600.0  # an older draft is abandoned, whoever wrote it
_DRAFT_NAME = re.compile(r"\.draft-([0-9a-f]{8})-(\d+)-[0-9a-f]+(-.*)?")
_OLD_DRAFT_PREFIXES = (DRAFT_PREFIX, ".CURRENT-")  # as the version of October 2026 named them


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _draft_path(target: Path) -> Path:
    # The suffix stays last: some writers choose their format by it.
    return target.with_name(f"{DRAFT_PREFIX}{_host()}-{os.getpid()}-{secrets.token_hex(4)}-{target.name[-80:]}")


def _storage_error(target: Path, error: OSError) -> RegimeError:
    reason = error.strerror or str(error) or type(error).__name__
    return RegimeError(f"{target} cannot be written ({reason}): what was there before is untouched")


def sync(path: Path) -> None:
    """Have the disk take a file's content, or a folder's entries, now."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no handle on a folder; its file systems order renames themselves
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; no for one that the system cannot even look for (too long a name)."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def drafted(target: Path, durable: bool = True) -> Iterator[Path]:
    """Draft of the file `target`, for libraries that write to a path; in force when the block ends.

    Parameters
    ----------
    target : Path
        Its folder is made if absent.
    durable : bool
        Whether the content must survive a power cut; not needed where it is verified on reading.

    Raises
    ------
    RegimeError
        The file cannot be written; the old one stays.
    """
    draft = _draft_path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        if durable:
            sync(draft)
        draft.replace(target)
        if durable:
            sync(target.parent)
    except OSError as error:
        raise _storage_error(target, error) from error
    finally:
        remove(draft)


@contextmanager
def drafted_folder(parent: Path) -> Iterator[Path]:
    """A draft folder in `parent`; the block fills it and calls `publish`, else it is removed.

    Raises
    ------
    RegimeError
        The folder cannot be written; nothing has appeared in `parent`.
    """
    draft = _draft_path(parent / "folder")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        yield draft
    except OSError as error:
        raise _storage_error(parent, error) from error
    finally:
        remove(draft)


def publish(draft: Path, target: Path) -> None:
    """Flush a drafted folder with everything in it and move it to `target`.

    A folder that is already there stays: folders written this way are named by their content.
    """
    for path in sorted(draft.rglob("*"), reverse=True):
        sync(path)
    sync(draft)
    if not target.exists():
        try:
            draft.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was first with the same content
                raise
    sync(target.parent)


def write_file(target: Path, content: bytes | str, durable: bool = True) -> None:
    """Make `content` the file `target`, text in UTF-8; see `drafted`."""
    with drafted(target, durable) as draft:
        write_all(draft, content.encode() if isinstance(content, str) else content)


def write_all(path: Path, content: bytes, append: bool = False) -> None:
    """Write every byte to a new file, or to the end of one; raises OSError, never stops short."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_EXCL) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def append_line(target: Path, line: str) -> None:
    """Append a line to a file and flush it to the disk; call it under a `lock`.

    A line that cannot be written whole is taken back.

    Raises
    ------
    RegimeError
        The line cannot be written; the file is as before.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        size = target.stat().st_size if target.exists() else 0
        try:
            write_all(target, line.rstrip("\n").encode() + b"\n", append=True)
            sync(target)
        except OSError:
            if target.exists():
                os.truncate(target, size)
            raise
        if not size:
            sync(target.parent)
    except OSError as error:
        raise _storage_error(target, error) from error


@contextmanager
def lock(path: Path, wait: float = -1.0, busy: str = "") -> Iterator[None]:
    """Hold the lock file `path` during the block; the operating system frees it when the process ends.

    Parameters
    ----------
    path : Path
    wait : float
        Seconds to wait for another holder; negative waits for ever.
    busy : str
        The message when the lock is still held after `wait`.

    Raises
    ------
    RegimeError
        The lock is held by another process, or cannot be made.
    """
    import filelock  # here, as psutil below: a call that finds its answer in a cache needs neither

    held = filelock.FileLock(path, timeout=wait)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except filelock.Timeout as error:
        raise RegimeError(busy or f"another process holds {path}: try again when it has ended") from error
    except OSError as error:
        raise _storage_error(path, error) from error
    try:
        yield
    finally:
        held.release()


def abandoned_drafts(folder: Path) -> list[Path]:
    """Drafts under `folder` whose process is gone, or that are older than a day."""
    if not folder.is_dir():
        return []
    names = [path for prefix in _OLD_DRAFT_PREFIXES for path in folder.rglob(f"{prefix}*")]
    inside = set(names)
    return sorted(path for path in names if not inside & set(path.parents) and _abandoned(path))


def _abandoned(draft: Path) -> bool:
    try:
        age = time.time() - draft.stat().st_mtime
    except OSError:  # its writer has just moved it
        return False
    import psutil

    named = _DRAFT_NAME.fullmatch(draft.name)
    here = named is not None and named.group(1) == _host()
    gone = named is not None and here and not psutil.pid_exists(int(named.group(2)))
    return gone or age > STALE_DRAFT_SECONDS


def remove_abandoned_drafts(folder: Path) -> int:
    """Remove the drafts of killed processes under `folder`; how many there were."""
    found = abandoned_drafts(folder)
    for path in found:
        remove(path)
    return len(found)


def remove(path: Path) -> None:
    """Remove a file or a folder that may be gone already; one that cannot be removed stays for the next time."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
