"""Where a feature comes from: its catalogue series, and what that says about revision and publication."""

from __future__ import annotations

import pandas as pd

from features.data import catalog
from features.feature import MEMBERS, Feature
from features.panel_columns import COLUMNS

MEMBER_TABLES = ("prices_sp500", "sp500_membership")


def keys(item: Feature) -> tuple[str, ...]:
    """Catalogue keys of everything the feature reads, without the member panel."""
    found = [key for name in item.inputs if name not in MEMBERS for key in COLUMNS[name].keys]
    return tuple(dict.fromkeys(found))


def revised(item: Feature) -> bool:
    """Whether any input is revised and has no vintages in the catalogue."""
    return any(catalog.BY_KEY[key].revised for key in keys(item))


def published_since(item: Feature) -> pd.Timestamp | None:
    """The date before which some input is a back-fill: it was computed later, from data of the time."""
    days = [pd.Timestamp(day) for key in keys(item) if (day := catalog.BY_KEY[key].published_since)]
    return max(days) if days else None


def posted(item: Feature) -> str | None:
    """The latest time of day at which an input is posted in New York; None where none says one."""
    return max((clock for key in keys(item) if (clock := catalog.BY_KEY[key].posted)), default=None)


def lags(item: Feature) -> tuple[str, ...]:
    """How the inputs are lagged, for people."""
    found = {catalog.BY_KEY[key].lag for key in keys(item)}
    if MEMBERS & set(item.inputs):
        found.add("close")
    return tuple(sorted(found))


def tables(item: Feature) -> tuple[str, ...]:
    """The tables of a folder that the feature is read from."""
    found = {catalog.BY_KEY[key].table for key in keys(item)}
    if MEMBERS & set(item.inputs):
        found.update(MEMBER_TABLES)
    return tuple(sorted(found))
