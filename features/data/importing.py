"""Make vendors' files into the folder's tables."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd

from features.data.arrays import Tables
from features.data.catalog import MEMBERSHIP
from features.data.checks import dates, screen, tables
from features.data.errors import RegimeError
from features.data.files import drafted
from features.data.sources import edgar, folder, reports
from features.data.vendor_files import company_facts, recognise
from features.data.vendor_files.understood import Target, Understood

LEAST_COVERED = 0.9  # of what the stored table covers


def target_of(word: str | None) -> Target:
    """Table, or table and column, from ``--as``.

    Raises
    ------
    RegimeError
        No table of the folder.
    """
    if word is None:
        return Target()
    table, _, column = word.partition(":")
    if table not in folder.LAYOUTS:
        raise RegimeError(f"--as {word}: no table of the folder; it has {', '.join(sorted(folder.LAYOUTS))}")
    return Target(table, column or None)


def import_files(files: Iterable[Path], into: Path, named: str | None = None) -> list[dict[str, Any]]:
    """Read vendors' files and write them into a folder's tables; one report a file, JSON-ready.

    All files are read before anything is written. What a table already holds stays, except where a file
    has another value for the same day.

    Raises
    ------
    RegimeError
        A file is not understood, or the folder cannot be written; nothing has changed then.
    """
    target = target_of(named)
    read = [(path, recognise.read(path, target)) for path in files]
    merged: Tables = {}
    said = []
    for path, found in read:
        replaced = 0
        for name, table in found.tables.items():
            before = merged[name] if name in merged else _existing(into, name)
            merged[name], changed = _merge(name, before, table)
            replaced += changed
        said.append(_report(path, found, replaced))
    if any(found.filings for _, found in read):
        said.append(_earnings([found for _, found in read], merged, into))
    _write_all(into, merged)
    return said


def _earnings(read: list[Understood], merged: Tables, into: Path) -> dict[str, Any]:
    """The share of members whose earnings grew, of all companies that were read, into `merged`; what is said of it."""
    name, listed = company_facts.TABLE, company_facts.LIST
    filings = {number: filed for found in read for number, filed in found.filings.items()}
    numbers = {ticker: number for found in read for ticker, number in found.numbers.items()}
    members = merged[MEMBERSHIP] if MEMBERSHIP in merged else _existing(into, MEMBERSHIP)
    if not numbers:
        raise RegimeError(f"company facts say no ticker: give EDGAR's {listed} beside them")
    if members is None:
        raise RegimeError(f"company facts need the members by date: {MEMBERSHIP} in {into}, or a list beside them")
    names = set(members["price_col"].dropna().astype(str))
    known = {ticker: filings[numbers[ticker]] for ticker in names & set(numbers) if numbers[ticker] in filings}
    table = reports.earnings_table(members, known)
    if table is None:
        raise RegimeError(f"{len(filings)} companies: none is a member with two quarters a year apart")
    before = _existing(into, name)
    if before is not None:
        old, new = (one[edgar.COVERED] for one in before.align(table, join="inner"))
        if new.mean() < LEAST_COVERED * old.mean():
            raise RegimeError(
                f"{name}: these {len(filings)} companies cover {new.mean():.0%} of the members where the table has "
                f"{old.mean():.0%}: give the files of all companies at once"
            )
    merged[name], replaced = _merge(name, before, table)
    covered = float(table[edgar.COVERED].iloc[-1])
    notes = [f"{len(known)} of {len(filings)} companies are members; {covered:.0%} of the last day's are covered"]
    found = Understood("EDGAR", {name: table}, "share of members", notes)
    return _report(Path(listed), found, replaced) | {"file": f"{len(filings)} companies"}


def _report(path: Path, found: Understood, replaced: int) -> dict[str, Any]:
    look = screen.Screen()
    columns: dict[str, list[str]] = {}
    spans = []
    for name, table in found.tables.items():
        if name == "fred":
            columns[name] = sorted(table["series"].unique())
            screen.long(look, table.sort_values(["series", "date"], ignore_index=True))
        elif name == MEMBERSHIP:
            columns[name] = [f"{len(table)} intervals"]
        else:
            columns[name] = [str(column) for column in table]
            screen.wide(look, name, table)
        days = table["date"] if name == "fred" else table["start"] if name == MEMBERSHIP else table.index
        spans.append((days.min(), days.max()))
    spans += [(filed["filed"].min(), filed["filed"].max()) for filed in found.filings.values() if len(filed)]
    return {
        "file": path.name,
        "vendor": found.vendor,
        "unit": found.unit,
        "tables": columns,
        "first": str(min(first for first, _ in spans).date()) if spans else None,
        "last": str(max(last for _, last in spans).date()) if spans else None,
        "replaced": replaced,
        "notes": found.notes,
        "doubtful": look.set_aside,
    }


def _path(into: Path, name: str) -> Path:
    found = [into / f"{name}{suffix}" for suffix in tables.SUFFIXES if (into / f"{name}{suffix}").exists()]
    return found[0] if found else into / f"{name}.parquet"


def _existing(into: Path, name: str) -> pd.DataFrame | None:
    paths = [path for path in sorted(into.glob(f"{name}.*")) if path.suffix in tables.SUFFIXES] if into.is_dir() else []
    if not paths:
        return None
    path = tables.one_a_table(paths)[name]
    return _fred(path) if name == "fred" else folder.read_table(path, screen.Screen())


def _fred(path: Path) -> pd.DataFrame:
    """The long table as it stands, series outside the catalogue included."""
    table = tables.read(path, folder.FRED_TEXTS)
    return table.assign(
        date=dates.read(f"{path.name}: column date", table["date"]),
        realtime_start=dates.read(f"{path.name}: column realtime_start", table["realtime_start"], empty=True),
        value=tables.numbers(path.name, "value", table["value"]),
    )


def _merge(name: str, before: pd.DataFrame | None, table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Both tables in one, and how many values of the older one have changed; missing never replaces known."""
    if before is None:
        return table, 0
    if name == MEMBERSHIP:
        return table, len(before)
    if name == "fred":
        keys = ["series", "date", "vintage", "realtime_start"]
        both = before.merge(table, on=keys[:3], suffixes=("", "_new"))
        changed = int((both["value"] != both["value_new"]).sum())
        joined = pd.concat([before, table], ignore_index=True).drop_duplicates(keys, keep="last")
        return joined.sort_values(["series", "date"], ignore_index=True), changed
    old, new = before.align(table, join="inner")
    changed = int(((old != new) & old.notna() & new.notna()).sum().sum())
    order = [*before.columns, *(column for column in table if column not in before)]
    return table.combine_first(before)[order].rename_axis("date"), changed


def _write_all(into: Path, merged: Tables) -> None:
    """Every table to a draft beside its place, then all of them into place."""
    with ExitStack() as drafts:
        for name, table in merged.items():
            path = _path(into, name)
            draft = drafts.enter_context(drafted(path))
            indexed = name not in ("fred", MEMBERSHIP)
            if path.suffix == ".csv":
                table.to_csv(draft, index=indexed)
            else:
                table.to_parquet(draft, index=indexed)
