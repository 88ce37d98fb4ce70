"""EDGAR's company facts, one JSON a company, and its list of tickers, which says whose number is whose."""

from __future__ import annotations

import json
from pathlib import Path

from features.data.errors import RegimeError
from features.data.sources import edgar
from features.data.sources.retry import GoneError
from features.data.vendor_files.understood import Target, Understood

TABLE = "earnings_breadth"
LIST = "company_tickers.json"


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """A company's net income as first filed, or the list of company numbers; None when it is neither.

    Raises
    ------
    RegimeError
        The JSON is damaged or cut off.
    """
    if target.table not in (None, TABLE) or not content.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(content)
    except ValueError:
        raise RegimeError(f"{path.name}: the JSON is damaged or cut off") from None
    if "facts" in found and "cik" in found:
        try:
            filed = edgar.first_filed(found)
        except GoneError as error:
            return Understood("EDGAR", {}, "USD", [f"left out: {error}"])
        return Understood("EDGAR", {}, "USD, as first filed", filings={int(found["cik"]): filed})
    if found and all(isinstance(row, dict) and {"ticker", "cik_str"} <= set(row) for row in found.values()):
        note = "today's list: companies that are gone have no number"
        return Understood("EDGAR", {}, "company numbers", [note], numbers=edgar.numbers(found))
    return None
