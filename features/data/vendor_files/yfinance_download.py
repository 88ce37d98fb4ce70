"""What ``yfinance.download(...).to_csv()`` writes: two rows of headings, then the name of the index."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from features.data import catalog
from features.data.checks import dates
from features.data.errors import RegimeError
from features.data.vendor_files.bars import numbers
from features.data.vendor_files.understood import Target, Understood, place, wide


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """Adjusted closes (and volumes the catalogue wants) of all tickers, or None when it is no such file.

    Raises
    ------
    RegimeError
        A ticker the catalogue does not know and no table was named, or a file without closes.
    """
    lines = content.decode("utf-8-sig", "replace").splitlines()
    heads = list(csv.reader(lines[:3]))
    if len(heads) < 3 or not all(heads) or {row[0] for row in heads[:2]} not in ({"Price", "Ticker"}, {""}):
        return None
    first = 0 if "Close" in heads[0] else 1 if "Close" in heads[1] else None
    if first is None:
        return None
    fields, tickers = heads[first][1:], heads[1 - first][1:]
    named = heads[2][0] in ("Date", "Datetime") and not any(heads[2][1:])
    body = pd.read_csv(io.StringIO("\n".join(lines[3 if named else 2 :])), header=None, dtype=str)
    if body.shape[1] != len(fields) + 1:
        raise RegimeError(f"{path.name}: {body.shape[1]} fields a row, {len(fields) + 1} are expected; is it cut off?")
    days = dates.read(f"{path.name}: column Date", body[0])
    value = "Adj Close" if "Adj Close" in fields else "Close"
    found: dict[str, dict[str, pd.Series]] = {}
    for at, (field, ticker) in enumerate(zip(fields, tickers, strict=True), start=1):
        if field == value:
            name, column = place(path.name, ticker, Target(target.table))
            found.setdefault(name, {})[column] = numbers(path.name, body[at])
        elif field == "Volume" and ticker in catalog.VOLUME_FUNDS:
            found.setdefault("volume_etf", {})[ticker] = numbers(path.name, body[at])
    out = {name: wide(days, columns, path.name) for name, columns in found.items()}
    notes = [f"not read: {', '.join(sorted(set(fields) - {value, 'Volume'}))}"]
    if value == "Close":
        notes.append("Close is taken as adjusted for splits and dividends (the client's default, auto_adjust=True)")
    return Understood("yfinance", out, f"{value}: adjusted price in USD, index level, or percent a year (VIX)", notes)
