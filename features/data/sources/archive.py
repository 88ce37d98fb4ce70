"""What a live refresh has fetched so far, one file an item, each replaced in one step.

It is why a refresh can be interrupted and resumed, and why a history a vendor
shortens is not lost. Snapshots are built from it; nothing else reads it. A file is
a SHA-256 over the item's name and content, and the content as Parquet; those that
October 2026's version wrote are Parquet alone. A damaged item is put aside and
fetched whole again.
"""

from __future__ import annotations

import hashlib
import io
import logging
from pathlib import Path

import pandas as pd

from features.data import files
from features.data.errors import RegimeError
from features.data.paths import home

MAGIC = b"REGIME1\n"
_PARQUET = b"PAR1"
_SUM = 32  # bytes
_log = logging.getLogger(__name__)


def _path(vendor: str, name: str) -> Path:
    # A caret or a slash in a name must not become part of a path.
    return home() / "live" / vendor / f"{name.replace('^', '_').replace('/', '_')}.parquet"


def _checksum(vendor: str, name: str, content: bytes) -> bytes:
    return hashlib.sha256(f"{vendor}/{name}\0".encode() + content).digest()


def read(vendor: str, name: str, again: bool = True) -> pd.DataFrame | None:
    """The stored item, its `attrs` as written; None where there is none, or a damaged one, which is logged.

    Parameters
    ----------
    vendor, name : str
    again : bool
        Whether the vendor can be asked for all of it again.

    Raises
    ------
    RegimeError
        The item is damaged and cannot be had again.
    """
    found = _read(vendor, name)
    if isinstance(found, str):
        path = _path(vendor, name)
        if not again:
            raise RegimeError(
                f"{path} was damaged ({found}) and no vendor has it: put it back from a backup, or remove it to begin "
                "anew"
            )
        _put_aside(path, vendor, name, found)
        return None
    return found


def _read(vendor: str, name: str) -> pd.DataFrame | str | None:
    """The stored item, what is wrong with it, or None."""
    path = _path(vendor, name)
    try:
        # In one go: another refresh may replace the file between the reading of its footer and of its pages.
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    content = whole
    if not whole.startswith(_PARQUET):
        start = len(MAGIC) + _SUM
        content = whole[start:]
        if not whole.startswith(MAGIC) or whole[len(MAGIC) : start] != _checksum(vendor, name, content):
            return "it was changed"
    try:
        return pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError) as error:
        return type(error).__name__


def _put_aside(path: Path, vendor: str, name: str, reason: str) -> None:
    """Keep a damaged item for who wants to look at it, out of the way of the one that is fetched instead."""
    aside = path.with_name(f"{files.DAMAGED_PREFIX}{path.name}")
    try:
        files.remove(aside)
        path.rename(aside)
    except OSError:
        aside = path
    _log.warning(
        "%s %s was damaged (%s): it is fetched whole again; the damaged file is %s", vendor, name, reason, aside
    )


def write(vendor: str, name: str, table: pd.DataFrame, **attrs: str) -> None:
    """Store an item; a crash leaves the old one.

    Raises
    ------
    RegimeError
        The file cannot be written (a full disk, no permission).
    """
    table.attrs = dict(attrs)
    packed = io.BytesIO()
    table.to_parquet(packed)
    content = packed.getvalue()
    files.write_file(_path(vendor, name), MAGIC + _checksum(vendor, name, content) + content)
