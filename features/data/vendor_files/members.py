"""Lists of the S&P 500's members: intervals, dated lists, or today's companies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.data.checks import dates, tables
from features.data.errors import RegimeError
from features.data.vendor_files.understood import Target, Understood

MEMBERSHIP = "sp500_membership"
LEAST = 400  # members of a day; fewer is another index
UNIT = "dates; the end is exclusive, empty for a member of today"


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """Intervals of membership, or None when the headings are no list of members.

    Raises
    ------
    RegimeError
        Dates that cannot be read, or a list too short for this index.
    """
    if target.table not in (None, MEMBERSHIP):
        return None
    first = content.decode("utf-8-sig", "replace").splitlines()[:1]
    headings = [heading.strip().strip('"') for heading in first[0].split(",")] if first else []
    if headings[:3] in (["ticker", "start_date", "end_date"], ["ticker", "start", "end"]):
        table = tables.parse_csv(path.name, content, tables.ALL_TEXT)
        return _intervals(path.name, table, headings[1], headings[2])
    if headings == ["date", "tickers"]:
        return _dated_lists(path.name, tables.parse_csv(path.name, content, tables.ALL_TEXT))
    if headings[:1] == ["Symbol"] and "Date added" in headings:
        return _today(path.name, tables.parse_csv(path.name, content, tables.ALL_TEXT))
    return None


def _yahoo(tickers: pd.Series) -> pd.Series:
    return tickers.str.strip().str.replace(".", "-")


def _table(tickers: pd.Series, start: pd.DatetimeIndex, end: pd.DatetimeIndex) -> pd.DataFrame:
    names = _yahoo(tickers).to_numpy()
    return pd.DataFrame({"ticker": names, "start": start, "end": end, "price_col": names})


def _intervals(name: str, table: pd.DataFrame, begin: str, finish: str) -> Understood:
    table = tables.blank_rows_dropped(table, "ticker")
    start = dates.read(f"{name}: column {begin}", table[begin])
    end = dates.read(f"{name}: column {finish}", table[finish], empty=True)
    return Understood("S&P 500 members", {MEMBERSHIP: _table(table["ticker"], start, end)}, UNIT, [])


def _dated_lists(name: str, table: pd.DataFrame) -> Understood:
    """One row a change, all tickers of the day in one cell."""
    days = dates.read(f"{name}: column date", table["date"])
    order = days.argsort()
    days, lists = days[order], [set(filter(None, cell.split(","))) for cell in table["tickers"].iloc[order]]
    if len(lists[-1]) < LEAST:
        raise RegimeError(f"{name}: {len(lists[-1])} tickers on {days[-1].date()}, too few for the S&P 500")
    since: dict[str, pd.Timestamp] = {}
    rows = []
    for day, members in zip(days, lists, strict=True):
        for ticker in [ticker for ticker in since if ticker not in members]:
            rows.append((ticker, since.pop(ticker), day))
        for ticker in members:
            since.setdefault(ticker, day)
    rows += [(ticker, day, pd.NaT) for ticker, day in since.items()]
    frame = pd.DataFrame(sorted(rows, key=lambda row: (row[0], row[1])), columns=["ticker", "start", "end"])
    out = _table(frame["ticker"], pd.DatetimeIndex(frame["start"]), pd.DatetimeIndex(frame["end"]))
    return Understood("S&P 500 members", {MEMBERSHIP: out}, UNIT, [f"{len(days)} dated lists made into intervals"])


def _today(name: str, table: pd.DataFrame) -> Understood:
    """Today's companies with the day each joined: those that left are not in it."""
    if len(table) < LEAST:
        raise RegimeError(f"{name}: {len(table)} companies, too few for the S&P 500")
    known = table[table["Date added"].notna()]
    start = dates.read(f"{name}: column Date added", known["Date added"])
    out = _table(known["Symbol"], start, pd.DatetimeIndex([pd.NaT] * len(known)))
    note = "today's members only: who left is missing, so breadth of the past is biased upwards (survivorship)"
    return Understood("S&P 500 members", {MEMBERSHIP: out}, UNIT, [note])
