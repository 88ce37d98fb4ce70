"""Ken French's daily files, CSV or ZIP: lines of text, headings, YYYYMMDD, percent, -99.99 for missing."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from features.data import catalog
from features.data.checks import dates
from features.data.errors import RegimeError
from features.data.sources import vendor_names
from features.data.sources.french import MISSING
from features.data.vendor_files.understood import Target, Understood, wide

MOST_BYTES = 256 << 20
_ROW = re.compile(r"\s*\d{8}\s*,")
FACTORS = {"Mkt-RF", "SMB", "HML", "RF", "MOM", "RMW", "CMA"}


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """The first block of a daily file (value weighted) as decimals, or None when it is no such file.

    Raises
    ------
    RegimeError
        A monthly file, a damaged ZIP, or columns the catalogue does not know.
    """
    text = _text(path.name, content)
    lines = text.splitlines()
    first = next((at for at, line in enumerate(lines) if _ROW.match(line)), None)
    if first is None:
        if "CRSP" in text[:2000] and re.search(r"^\s*\d{6}\s*,", text, re.MULTILINE):
            raise RegimeError(f"{path.name}: a monthly file of Ken French's library; the daily one is needed")
        return None
    headings = _headings(lines[:first])
    if headings is None:
        return None
    end = next((at for at in range(first, len(lines)) if not _ROW.match(lines[at])), len(lines))
    rows = [[field.strip() for field in line.split(",")] for line in lines[first:end]]
    odd = next((at for at, row in enumerate(rows) if len(row) != len(headings) + 1), None)
    if odd is not None:
        raise RegimeError(
            f"{path.name}: row of {rows[odd][0]} has {len(rows[odd])} fields; the file is cut off or damaged"
        )
    try:
        values = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])
    except ValueError as error:
        raise RegimeError(f"{path.name}: {error}") from None
    values = np.where(values > MISSING, values / 100.0, np.nan)
    days = dates.read(f"{path.name}: first column", pd.Series([row[0] for row in rows]))
    columns = _columns(path.name, headings)
    name = "famafrench_factors_daily" if set(columns.values()) <= FACTORS else "famafrench_portfolios_daily"
    if target.table not in (None, name):
        raise RegimeError(f"{path.name}: belongs into {name}, not {target.table}")
    kept = {ours: pd.Series(values[:, headings.index(theirs)]) for theirs, ours in columns.items()}
    left = [heading for heading in headings if heading not in columns]
    notes = ["the first block of the file is read (value weighted)"] if name.startswith("famafrench_port") else []
    notes += [f"not read: {', '.join(left)}"] if left else []
    return Understood(
        "Ken French", {name: wide(days, kept, path.name)}, "decimal daily return (percent in the file)", notes
    )


def _text(name: str, content: bytes) -> str:
    if content[:2] != b"PK":
        return content.decode("utf-8-sig", "replace")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [item for item in archive.infolist() if item.filename.lower().endswith((".csv", ".txt"))]
            if len(inside) != 1:
                raise RegimeError(f"{name}: {len(inside)} CSV files in the ZIP, one is expected")
            if inside[0].file_size > MOST_BYTES:
                raise RegimeError(
                    f"{name}: {inside[0].file_size / 2**20:,.0f} MB in the ZIP are more than a table may have"
                )
            return archive.read(inside[0]).decode("utf-8-sig", "replace")
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise RegimeError(f"{name}: the ZIP cannot be read ({error})") from error


def _headings(lines: list[str]) -> list[str] | None:
    for line in reversed(lines):
        if line.strip():
            fields = [field.strip() for field in line.split(",")]
            return fields[1:] if len(fields) > 1 and not fields[0] else None
    return None


def _columns(name: str, headings: list[str]) -> dict[str, str]:
    """Their heading to our column, for the file whose headings fit."""
    if set(headings) & {"Mkt-RF", "SMB", "HML"} or headings in (["Mom"], ["MOM"], ["WML"]):
        return {
            heading: heading.upper() if heading == "Mom" else heading
            for heading in headings
            if heading.upper() in {factor.upper() for factor in FACTORS}
        }
    if set(catalog.INDUSTRIES) <= set(headings) and len(headings) == 10:
        return {heading: f"IND10_VW_{heading}" for heading in headings}
    known = {**vendor_names.FRENCH_FILES["size"][1], **vendor_names.FRENCH_FILES["small_value"][1]}
    if "Chems" in headings and len(headings) == 12:
        known = vendor_names.FRENCH_FILES["chemicals"][1]
    found = {theirs: ours for ours, theirs in known.items() if theirs in headings}
    # The library writes "Dec 7" or "7-Dec" and "Hi 10" or "Hi 10%", by the age of the file.
    for ours, theirs in known.items():
        turned = "-".join(reversed(theirs.split()))
        if turned in headings:
            found[turned] = ours
    if not found:
        raise RegimeError(f"{name}: a file of Ken French's library, but none of its columns is in the catalogue")
    return found
