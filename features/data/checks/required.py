"""What the legs need: required series have values, and the legs one for every session between."""

from __future__ import annotations

import pandas as pd

from features.data import calendar, catalog
from features.data.arrays import Tables
from features.data.checks.screen import Accepted
from features.data.errors import RegimeError


def check(raw: Tables, legs: str, accepted: Accepted) -> None:
    """Required series of the tables that are there.

    Raises
    ------
    RegimeError
        A required series without a value, or a leg without a price on a session between its first and last.
    """
    for key in catalog.REQUIRED[legs]:
        values = _values(raw, catalog.BY_KEY[key])
        if values is not None and not values.notna().any():
            raise RegimeError(f"{key} is required and has no value at all in {catalog.BY_KEY[key].table}")
    for key in catalog.LEGS[legs]:
        values = _values(raw, catalog.BY_KEY[key])
        if values is None:
            continue
        known = values.dropna().index
        days = calendar.sessions(known[0], known[-1])
        holes = days[~days.isin(known)]
        if len(holes) and not any(name == key and day in holes for name, day in accepted):
            shown = ", ".join(str(day.date()) for day in holes[:3])
            raise RegimeError(
                f"{key} has no price on {len(holes)} sessions between {known[0].date()} and {known[-1].date()} "
                f"({shown}{', …' if len(holes) > 3 else ''}); fill them, or --accept {key}:{holes[0].date()}"
            )


def _values(raw: Tables, series: catalog.Series) -> pd.Series | None:
    table = raw.get(series.table)
    if table is None:
        return None
    if series.table == "fred":
        part = table[table["series"] == series.column]
        return part.set_index("date")["value"] if len(part) else None
    found: pd.Series | None = table.get(series.column)
    return found
