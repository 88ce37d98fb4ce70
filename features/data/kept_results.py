"""Tables that a run leaves for the person: `REGIME_HOME/predictions/<run id>/`, the newest within a bound.

MLflow holds the same tables; what is removed here can be had from there.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd

from features.data import files
from features.data.paths import home

LIMIT = 256 * 2**20  # bytes; about a thousand runs


def folder(run_id: str) -> Path:
    """Where the tables of a run are kept."""
    return home() / "predictions" / run_id


def write(run_id: str, name: str, table: pd.DataFrame) -> Path:
    """Keep a table of a run as Parquet, then hold all of them to the bound; its file.

    Raises
    ------
    RegimeError
        The table cannot be written.
    """
    path = folder(run_id) / name
    with files.drafted(path, durable=False) as draft:
        table.to_parquet(draft, index=False)
    _evict(path.parent)
    return path


def _evict(keep: Path) -> None:
    """Remove the runs written longest ago until the rest is within the bound; `keep` stays."""
    found = []
    for run in keep.parent.iterdir():
        with suppress(OSError):  # another process removes it
            found.append((run.stat().st_mtime, sum(one.stat().st_size for one in run.glob("*")), run))
    total = sum(size for _, size, _ in found)
    for _, size, run in sorted(found):
        if total <= LIMIT:
            return
        if run != keep:
            files.remove(run)
            total -= size
