"""New data against the stored snapshot of the same source: nothing known goes missing without a word."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data import store, table_files
from features.data.arrays import Tables
from features.data.checks.limits import Limits
from features.data.checks.values import Finding
from features.data.errors import RegimeError
from features.data.manifest import Manifest
from features.data.paths import home
from features.data.percent import percent

SHARE = 0.1  # of a table's or a series' values that may go without --replace
CONTRADICTED = 0.1  # log return beyond which a new jump is looked up in the stored past
COMPARED = ("prices_etf", "prices_mag7", "indices", "vix")


def stored(source: str, legs: str | None = None) -> Manifest | None:
    """Manifest of the snapshot in force if it has this source (and legs) and can be read, else None."""
    try:
        manifest = store.current_manifest()
    except (RegimeError, OSError, ValueError):
        return None  # nothing stored yet, or damaged: a refresh is how it is mended
    if manifest.source != source or (legs is not None and manifest.legs != legs):
        return None
    return manifest


def past(manifest: Manifest | None) -> Tables:
    """The stored tables whose returns new ones are compared with; those that cannot be read are left out."""
    if manifest is None:
        return {}
    folder = home() / "snapshots" / manifest.digest
    found = {}
    for name in COMPARED:
        if name in manifest.tables:
            try:
                found[name] = table_files.read(folder, name, manifest.tables[name])
            except (OSError, ValueError):
                continue  # damaged: `store.load` refuses it, and a refresh is how it is mended
    return found


def contradicted(dates: pd.DatetimeIndex, values: np.ndarray, before: pd.Series, limits: Limits) -> list[Finding]:
    """Jumps of a series that the stored series does not have on the same day."""
    if limits.scale != "log" or limits.levels:
        return []
    with np.errstate(invalid="ignore", divide="ignore"):
        new = pd.Series(np.log(np.where((values > 0) & np.isfinite(values), values, np.nan)), dates).dropna().diff()
        old = np.log(before.where(before > 0)).dropna().diff().reindex(new.index)
    gap = ((new - old).abs() > CONTRADICTED) & (new.abs() > CONTRADICTED) & (new.abs() > old.abs())
    rows = dates.get_indexer(new.index[gap])
    return [
        Finding(
            np.array([row]),
            f"a change of {percent(np.expm1(new.iloc[at]), sign=True)} where "
            f"{percent(np.expm1(old.iloc[at]), sign=True)} is stored",
        )
        for row, at in zip(rows, np.flatnonzero(gap), strict=True)
    ]


def check_nothing_lost(tables: Tables, last: pd.Timestamp, manifest: Manifest | None) -> None:
    """Compare with the stored snapshot.

    Raises
    ------
    RegimeError
        The last session moves backwards, a table or a series is gone, or more than `SHARE` of its values are.
    """
    if manifest is None:
        return
    say = "the stored snapshot stays; --replace takes the new data all the same"
    reached = pd.Timestamp(manifest.last)
    if last < reached:
        raise RegimeError(f"the data end on {last.date()}, the stored snapshot reaches {reached.date()}: {say}")
    folder = home() / "snapshots" / manifest.digest
    for name, entry in manifest.tables.items():
        try:
            then = table_files.counts(folder, name, entry)
        except (OSError, ValueError):
            continue  # gone or damaged: a refresh is how it is mended
        if name not in tables:
            raise RegimeError(f"table {name} is stored and not among the new data: {say}")
        now = tables[name]
        _compare(name, "rows", then["rows"], len(now), say)
        if len(then) > 200:  # members come and go; their values are counted together
            values = int(now.drop(columns="available_at", errors="ignore").count().sum())
            _compare(name, "values", sum(then.values()) - then["rows"] - then.get("available_at", 0), values, say)
            continue
        for column, count in then.items():
            if column in ("rows", "date", "__index_level_0__", "available_at"):
                continue
            _compare(name, f"values of {column}", count, int(now[column].count()) if column in now else 0, say)


def _compare(name: str, what: str, then: int, now: int, say: str) -> None:
    if now < (1 - SHARE) * then:
        raise RegimeError(
            f"table {name}: {now:,} {what}, {then:,} are stored (more than {percent(SHARE, 0)} fewer): {say}"
        )
