"""What a live refresh has fetched so far, one parquet file an item, each replaced in one step.

It is why a refresh can be interrupted and resumed, and why a history a vendor
shortens is not lost. Snapshots are built from it; nothing else reads it.
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from features.data import files
from features.data.paths import home


def _path(vendor: str, name: str) -> Path:
    # A caret or a slash in a name must not become part of a path.
    return home() / "live" / vendor / f"{name.replace('^', '_').replace('/', '_')}.parquet"


def read(vendor: str, name: str) -> pd.DataFrame | None:
    """The stored item, its `attrs` as written, or None."""
    path = _path(vendor, name)
    # Read in one go: another refresh may replace the file between the reading of its footer and of its pages.
    return pd.read_parquet(io.BytesIO(path.read_bytes())) if path.exists() else None


def write(vendor: str, name: str, table: pd.DataFrame, **attrs: str) -> None:
    """Store an item; a crash leaves the old one.

    Raises
    ------
    RegimeError
        The file cannot be written (a full disk, no permission).
    """
    path = _path(vendor, name)
    table.attrs = dict(attrs)
    with files.drafted(path) as draft:
        table.to_parquet(draft)
