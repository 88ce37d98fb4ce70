"""A snapshot read back and built from in small, before it becomes the one in force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.data.store import Snapshot
from features.panel import build_inputs

SPAN = pd.Timedelta(days=400)  # of the newest rows: more than a year of sessions


def check(snapshot: Snapshot) -> None:
    """Read the newest rows as of the last session and build the panel from them.

    Raises
    ------
    RegimeError
        The tables cannot be read point in time, or a leg has no return in the last year.
    """
    since = snapshot.last - SPAN
    recent = dict(snapshot.tables)
    if snapshot.legs == "us":  # the sample is small, and its panel begins with its tables
        recent = {name: table[table.index >= since] if _dated(table) else table for name, table in recent.items()}
    try:
        panel = build_inputs(replace(snapshot, tables=recent).as_of(snapshot.last)).panel
    except RegimeError:
        raise
    except Exception as error:
        said = (str(error).splitlines() or [""])[0][:160]
        raise RegimeError(
            f"what would be stored cannot be read back ({type(error).__name__}: {said}); the stored snapshot stays"
        ) from error
    year = panel.loc[panel.index > since, ["ret_broad", "ret_cap"]]
    empty = [name for name in year if not np.isfinite(year[name]).any()]
    if empty and snapshot.legs == "us":
        raise RegimeError(
            f"no return of {' and '.join(empty)} in the year to {snapshot.last.date()}: the legs are needed"
        )


def _dated(table: pd.DataFrame) -> bool:
    return isinstance(table.index, pd.DatetimeIndex)
