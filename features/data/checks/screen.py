"""All tables against the limits of their units: required series are refused, others set aside and named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import bottleneck as bn
import numpy as np
import pandas as pd

from features.data import catalog
from features.data.arguments import parse_date
from features.data.arrays import Floats, Tables
from features.data.checks import limits as bounds
from features.data.checks.history import contradicted
from features.data.checks.values import Finding, examine
from features.data.errors import RegimeError

MEMBERS = "prices_sp500"
PEERS = ("prices_etf",)  # tables whose columns move together
CONTRADICTED = "a jump that the close, a dividend or a split of that day contradicts"
NAMED = 3  # findings told in an error line
Accepted = frozenset[tuple[str, pd.Timestamp]]


@dataclass
class Screen:
    """Looks at series one after the other and remembers what it found.

    Attributes
    ----------
    required : set of str
        Keys whose findings refuse the whole refresh.
    accepted : set of (key, date)
        Findings a person has said yes to.
    past : dict of DataFrame
        Stored tables of the same source; a jump they do not have is found.
    contradicted : dict of DatetimeIndex
        By series, days whose jump the source's own evidence contradicts.
    set_aside : dict
        By series, one line a finding; goes into the snapshot's notes.
    holidays : dict
        By table, how many rows on exchange holidays were left out.
    refused : list of str
        What `close` raises.
    """

    required: frozenset[str] = frozenset()
    accepted: Accepted = frozenset()
    past: Tables = field(default_factory=dict)
    contradicted: dict[str, pd.DatetimeIndex] = field(default_factory=dict)
    set_aside: dict[str, list[str]] = field(default_factory=dict)
    holidays: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def series(
        self,
        key: str,
        dates: pd.DatetimeIndex,
        values: Floats,
        limits: bounds.Limits,
        peers: Floats | None = None,
        before: pd.Series | None = None,
    ) -> Floats:
        """`values` with everything found missing; what was found is remembered."""
        items = []
        if len(days := self.contradicted.get(key, dates[:0])):
            rows = np.flatnonzero(dates.isin(days) & ~np.isnan(values))
            items = [Finding(rows[at : at + 1], CONTRADICTED) for at in range(len(rows))]
        told = {int(row) for item in items for row in item.rows}
        items += [item for item in examine(values, limits, peers) if not told.issuperset(item.rows.tolist())]
        if before is not None:
            items += contradicted(dates, values, before, limits)
        findings = [kept for item in items if (kept := self._open(key, dates, item))]
        if not findings:
            return values
        lines = [_line(dates, values, item) for item in findings]
        if key in self.required:
            day = dates[findings[0].rows[0]].date()
            hint = "" if findings[0].final else f" (if it is right: --accept {key}:{day})"
            self.refused.append(f"{key} {lines[0]}{hint}")
            return values
        self.set_aside[key] = lines
        out = values.astype(float, copy=True)
        for item in findings:
            out[item.rows] = np.nan
        return out

    def _open(self, key: str, dates: pd.DatetimeIndex, item: Finding) -> Finding | None:
        """The part of a finding nobody has accepted."""
        days = {day for name, day in self.accepted if name == key}
        if not days or item.final:
            return item
        said = np.array([dates[row] in days for row in item.rows])
        if item.whole:
            return None if said.any() else item
        rows = item.rows[~said]
        return Finding(rows, item.reason) if len(rows) else None

    def notes(self) -> dict[str, object]:
        """What the snapshot should say: only what there is."""
        found = {"set_aside": self.set_aside, "holiday_rows": self.holidays}
        return {name: value for name, value in found.items() if value}

    def close(self) -> None:
        """Raise for what required series had.

        Raises
        ------
        RegimeError
            One line with the first findings and how to accept them.
        """
        if self.refused:
            more = f"; and {len(self.refused) - NAMED} more series" if len(self.refused) > NAMED else ""
            raise RegimeError("; ".join(self.refused[:NAMED]) + more)


def _line(dates: pd.DatetimeIndex, values: Floats, item: Finding) -> str:
    first, last = dates[item.rows[0]].date(), dates[item.rows[-1]].date()
    if len(item.rows) == 1:
        return f"{first} is {values[item.rows[0]]:g}: {item.reason}"
    return f"{first} to {last}, {len(item.rows)} values: {item.reason}"


def parse_accepted(words: Iterable[str]) -> Accepted:
    """(series, date) pairs from ``SERIES:YYYY-MM-DD``.

    Raises
    ------
    RegimeError
        A word of another form.
    """
    out = set()
    for word in words:
        key, colon, day = word.rpartition(":")
        if not (key and colon):
            raise RegimeError(f"--accept {word}: SERIES:YYYY-MM-DD is expected, for instance SPY:2024-01-02")
        out.add((key, parse_date(day, f"--accept {key}:")))
    return frozenset(out)


def check_accepted(words: Iterable[str], tables: Tables) -> None:
    """Raise for a series that was accepted and is in none of the tables: its name was mistyped."""
    known = {str(column) for table in tables.values() for column in table.columns}
    known |= set(tables["fred"]["series"].unique()) if "fred" in tables else set()
    for word in words:
        if (key := word.rpartition(":")[0]) not in known:
            raise RegimeError(f"--accept {word}: no series {key} is among the data that were read")


def wide(screen: Screen, name: str, table: pd.DataFrame) -> pd.DataFrame:
    """A wide table's catalogue columns (all of the members') after the screen."""
    if name == MEMBERS:
        return _members(screen, table)
    known = {series.column: series for series in catalog.CATALOG if series.table == name}
    columns = [column for column in table.columns if column in known]
    if not columns:
        return table
    values = table[columns].to_numpy(float)
    peers = _peers(values) if name in PEERS and len(columns) > 2 else None
    dates, stored = pd.DatetimeIndex(table.index), screen.past.get(name)
    changed = {}
    for place, column in enumerate(columns):
        series = known[column]
        before = values[:, place]
        past = stored[column] if stored is not None and column in stored else None
        kept = screen.series(series.key, dates, before, bounds.of(series), peers, past)
        if kept is not before:
            changed[column] = kept
    return table.assign(**changed) if changed else table


def _peers(values: Floats) -> Floats:
    """Median log change of a table's columns at each row, shape (rows,); NaN where fewer than three are known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where((values > 0) & np.isfinite(values), values, np.nan))
    change = np.full(values.shape, np.nan)
    change[1:] = np.diff(logs, axis=0)
    known = (~np.isnan(change)).sum(axis=1) >= 3
    out = np.full(len(values), np.nan)
    out[known] = bn.nanmedian(change[known], axis=1)
    return out


def _members(screen: Screen, table: pd.DataFrame) -> pd.DataFrame:
    """Members' prices: a quick look at the whole array, a close one at the columns that look odd."""
    values, limits = table.to_numpy(), bounds.MEMBER
    odd = np.zeros(values.shape[1], bool)
    for at in range(0, values.shape[1], 32):
        odd[at : at + 32] = _odd(values[:, at : at + 32], limits)
    dates = pd.DatetimeIndex(table.index)
    changed = {}
    for place in np.flatnonzero(odd):
        ticker = str(table.columns[place])
        column = values[:, place].astype(float)
        kept = screen.series(ticker, dates, column, limits)
        if kept is not column:
            changed[table.columns[place]] = kept.astype(values.dtype)
    return table.assign(**changed) if changed else table


def _odd(values: Floats, limits: bounds.Limits) -> np.ndarray:
    """Columns, of some few that fit into a processor's cache, that need a close look."""
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = ((values < limits.lowest) | (values > limits.highest)).any(axis=0)
        ratio = values[1:] / bn.push(values, axis=0)[:-1]
    far = np.exp(limits.spike)
    found: np.ndarray = outside | ((ratio > far) | (ratio < 1 / far)).any(axis=0) | _still(ratio, int(limits.flat))
    return found


def _still(ratio: Floats, length: int) -> np.ndarray:
    """Whether a column may hold a run of `length` repeated values: some stride of rows without a change."""
    stride = max(length // 2, 1)
    still = np.zeros(ratio.shape[1], bool)
    for start in range(0, len(ratio) - stride + 1, stride):
        still |= (ratio[start : start + stride] == 1.0).all(axis=0)
    return still


def long(screen: Screen, table: pd.DataFrame) -> pd.DataFrame:
    """The long table (sorted by series and date) after the screen: rows of what was found are dropped."""
    known = {series.column: series for series in catalog.CATALOG if series.table == "fred"}
    codes, names = pd.factorize(table["series"])
    edges = np.searchsorted(codes, np.arange(len(names) + 1))
    dates, values = pd.DatetimeIndex(table["date"]), table["value"].to_numpy(float)
    keep = np.ones(len(table), bool)
    for name, first, end in zip(names, edges[:-1], edges[1:], strict=True):
        if (series := known.get(str(name))) is None:
            continue
        before = values[first:end]
        kept = screen.series(series.key, dates[first:end], before, bounds.of(series))
        if kept is not before:
            keep[first:end] = ~np.isnan(kept) | np.isnan(before)
    return table if keep.all() else table[keep].reset_index(drop=True)
