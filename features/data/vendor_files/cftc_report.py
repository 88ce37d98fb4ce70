"""The CFTC's Traders in Financial Futures, text or ZIP, as the CFTC offers them by year."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from features.data.errors import RegimeError
from features.data.sources import cftc
from features.data.sources.retry import UnavailableError
from features.data.vendor_files.understood import Target, Understood

TABLE = "cftc_positioning"
SIGN = b"CFTC"  # in the headings of every report of positions


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """Net positions over open interest, or None when it is no report of the CFTC.

    Raises
    ------
    RegimeError
        Another of its reports (legacy, disaggregated), a row cut off, or none of the contracts that are read.
    """
    if target.table not in (None, TABLE) or SIGN not in _headings(content):
        return None
    try:
        table = cftc.shares(cftc.parse(cftc.text_of(content, path.name)))
    except UnavailableError as error:
        raise RegimeError(f"{path.name}: {error}") from None
    wanted = [contract.name for contract in cftc.CONTRACTS]
    if table.empty:
        raise RegimeError(f"{path.name}: no row of {', '.join(wanted)}: their contract codes are not in the file")
    notes = []
    missing = [name for name in wanted if not any(column.startswith(name) for column in table)]
    if missing:
        notes.append(f"no row of {', '.join(missing)}")
    if table.index[0] < cftc.PUBLISHED_SINCE:
        notes.append(f"reports before {cftc.PUBLISHED_SINCE.date()} were published afterwards")
    return Understood("CFTC", {TABLE: table}, "net position over open interest, by report date", notes)


def _headings(content: bytes) -> bytes:
    """The first line, also of the one file in an archive."""
    if not content.startswith(b"PK"):
        return content[:4096].split(b"\n", 1)[0]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(archive.infolist()[0]) as inside:
            return inside.readline(4096)
    except (zipfile.BadZipFile, IndexError, EOFError, OSError, RuntimeError):
        return b""  # whose it is cannot be told
