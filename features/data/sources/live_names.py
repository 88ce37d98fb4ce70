"""What the catalogue asks of each vendor, and what a refresh has to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from features.data import catalog
from features.data.sources import fred, vendor_names

BAR_COLUMN = {"volume_etf": "volume", "vix": "close"}  # all other tables read the adjusted close


@dataclass
class Notes:
    """What the user should know about a refresh; goes into the snapshot."""

    not_point_in_time: list[str] = field(default_factory=list)
    substitutions: dict[str, str] = field(default_factory=dict)
    kept_past: dict[str, str] = field(default_factory=dict)
    refetched: list[str] = field(default_factory=list)
    changed_past: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    back_filled: dict[str, str] = field(default_factory=dict)
    missing_last_bar: list[str] = field(default_factory=list)
    membership: str = ""

    def to_json(self) -> dict[str, Any]:
        """Only what there is to say."""
        return {name: value for name, value in vars(self).items() if value}


def names(vendor: str) -> list[str]:
    """Everything the catalogue wants from a vendor."""
    found = [place[1] for series in catalog.CATALOG if (place := vendor_names.live(series)) and place[0] == vendor]
    return list(dict.fromkeys(found))


def allowed(name: str) -> bool:
    """First prints are served by ALFRED alone, which wants a key."""
    return fred.api_key() is not None or all(s.lag != "vintage" for s in of_fred(name))


def of_fred(name: str) -> list[catalog.Series]:
    """Catalogue series made of one of FRED's."""
    return [series for series in catalog.CATALOG if vendor_names.live(series) == ("fred", name)]


def used(ticker: str) -> tuple[str, ...]:
    """The columns of a ticker's bars that are read; a bar is complete when these are."""
    tables = {series.table for series in catalog.CATALOG if vendor_names.live(series) == ("yahoo", ticker)}
    return tuple(sorted({BAR_COLUMN.get(table, "adjusted") for table in tables})) or ("adjusted",)
