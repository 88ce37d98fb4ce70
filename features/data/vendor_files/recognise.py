"""Which vendor wrote a file."""

from __future__ import annotations

import csv
from pathlib import Path

from features.data.checks import tables
from features.data.errors import RegimeError
from features.data.vendor_files import (
    bars,
    cftc_report,
    company_facts,
    fred_export,
    french_library,
    members,
    yfinance_download,
)
from features.data.vendor_files.understood import Target, Understood

READERS = (
    cftc_report.read,
    company_facts.read,
    members.read,
    yfinance_download.read,
    fred_export.read,
    bars.read,
    french_library.read,
)
KNOWN = (
    "Cboe index histories, Yahoo and Stooq one-ticker CSVs, yfinance.download().to_csv(), FRED exports, Ken French's "
    "daily CSV or ZIP, TradingView and investing.com exports, lists of S&P 500 members, "
    "the CFTC's Traders in Financial Futures by year (text or ZIP), EDGAR's company facts"
)


def read(path: Path, target: Target) -> Understood:
    """What a file says, by the first reader that knows its form.

    Raises
    ------
    RegimeError
        No reader knows it, or the one that does finds it damaged.
    """
    try:
        if not path.is_file():
            raise RegimeError(f"{path}: no such file")
        if path.stat().st_size > tables.MOST_BYTES:
            raise RegimeError(f"{path.name}: larger than a table may be")
        content = path.read_bytes()
    except OSError as error:
        raise RegimeError(f"{path}: cannot be read ({error.strerror})") from error
    if not content.strip():
        raise RegimeError(f"{path.name}: the file is empty")
    if content.lstrip()[:1] == b"<" and not content.lstrip().startswith(b"<TICKER>"):
        raise RegimeError(f"{path.name}: a web page, not a table; download the CSV again")
    for reader in READERS:
        try:
            found = reader(path, content, target)
        except (ValueError, KeyError, csv.Error) as error:
            said = (str(error).splitlines() or [""])[0][:120]
            raise RegimeError(f"{path.name}: cannot be read ({type(error).__name__}: {said})") from error
        if found is not None:
            return found
    raise RegimeError(f"{path.name}: no format this program knows; it reads {KNOWN}")
