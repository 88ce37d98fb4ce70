"""How a table of a snapshot lies on the disk: in one file, or in parts that later snapshots share.

From week to week a table gains some rows and, in the members' table, now and then
a column. So a table is cut at the first day of the snapshot's last year, and a
wide one into groups of columns by their names. The parts of past years, and all
groups without a new column, then come out the same byte for byte, and
`retention.link_equal_files` stores them once.

The manifest names for each table its file with its SHA-256 or, of a table in
parts, every file with its SHA-256 and the order of the columns.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import pandas as pd

from features.data.manifest import Entry, Parts

GROUPS = 16  # of columns, in a wide table
WIDE = 200  # columns from which a table is wide
SHORT = 1000  # rows up to which a table is one file


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write(folder: Path, name: str, table: pd.DataFrame, year: int | None) -> Entry:
    """Write a table into `folder`; its entry in the manifest.

    Parameters
    ----------
    folder : Path
    name : str
    table : DataFrame
        Wide, with a date index, or long, with columns `series` and `date`; any other is one file.
    year : int or None
        The last year of the snapshot, which is cut off; None for one file.
    """
    pieces = {} if year is None else _pieces(table, year)
    if not pieces:
        path = folder / f"{name}.parquet"
        table.to_parquet(path, compression="zstd")
        return sha256(path)
    digests = {}
    for part, piece in pieces.items():
        path = folder / f"{name}.{part}.parquet"
        piece.to_parquet(path, compression="zstd")
        digests[path.name] = sha256(path)
    return Parts(files=digests, columns=[str(column) for column in table.columns])


def _pieces(table: pd.DataFrame, year: int) -> dict[str, pd.DataFrame]:
    """The parts of a table by what distinguishes them; none where it must stay whole."""
    cut = pd.Timestamp(year, 1, 1)
    if len(table) <= SHORT or not all(isinstance(column, str) for column in table.columns):
        return {}
    if isinstance(table.index, pd.DatetimeIndex):
        if not table.index.is_monotonic_increasing or not table.columns.is_unique:
            return {}
        row = int(table.index.searchsorted(cut))
        spans = {f"to-{year - 1}": table.iloc[:row], str(year): table.iloc[row:]}
        return {
            f"{group}{span}": rows[columns]
            for group, columns in _groups(table).items()
            for span, rows in spans.items()
            if len(rows)
        }
    if not {"series", "date"} <= set(table.columns):
        return {}
    old = (table["date"] < cut).to_numpy()
    found = {f"to-{year - 1}": table[old].reset_index(drop=True), str(year): table[~old].reset_index(drop=True)}
    found = {span: rows for span, rows in found.items() if len(rows)}
    return found if _stacked(list(found.values())).equals(table) else {}


def _groups(table: pd.DataFrame) -> dict[str, list[str]]:
    """Columns by their group, each group in the table's order; when a value was known is in the first."""
    if len(table.columns) <= WIDE:
        return {"": list(table.columns)}
    groups: dict[str, list[str]] = {f"{number:02d}.": [] for number in range(GROUPS)}
    for column in table.columns:
        number = 0 if column == "available_at" else zlib.crc32(column.encode()) % GROUPS
        groups[f"{number:02d}."].append(column)
    return {name: columns for name, columns in groups.items() if columns}


def _stacked(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts of a span of years, one below the other; of a long table each series in one piece."""
    whole = pieces[0] if len(pieces) == 1 else pd.concat(pieces)
    if isinstance(whole.index, pd.DatetimeIndex):
        return whole
    ranks = pd.factorize(whole["series"])[0]
    return whole.iloc[ranks.argsort(kind="stable")].reset_index(drop=True)


def files_of(name: str, entry: Entry) -> dict[str, str]:
    """The files of a table with their SHA-256."""
    return {f"{name}.parquet": entry} if isinstance(entry, str) else entry.files


def all_files(entries: Mapping[str, Entry]) -> dict[str, str]:
    """The files of all tables of a manifest with their SHA-256."""
    return {file: digest for name, entry in entries.items() for file, digest in files_of(name, entry).items()}


def first_damaged(folder: Path, entries: Mapping[str, Entry]) -> str | None:
    """The first file in `folder` that is not as it was written, or None."""
    for file, want in all_files(entries).items():
        try:
            if sha256(folder / file) != want:
                return file
        except OSError:
            return file
    return None


def read(folder: Path, name: str, entry: Entry, sample: bool = False) -> pd.DataFrame:
    """A table as it was written.

    Parameters
    ----------
    folder : Path
    name : str
    entry : str or Parts
        As in the manifest.
    sample : bool
        Of a wide table only about a tenth of the columns, which shows as much in a tenth of the time.
    """
    if isinstance(entry, str):
        return _whole(folder / f"{name}.parquet", sample)
    groups: dict[str, list[Path]] = {}
    for file in sorted(entry.files, key=lambda one: ("to-" not in one, one)):  # past years first
        groups.setdefault(_group(file), []).append(folder / file)
    chosen = list(groups.values())[: 2 if sample and len(groups) > 1 else None]
    columns = [_stacked([pd.read_parquet(path) for path in paths]) for paths in chosen]
    if len(columns) == 1:
        return columns[0]
    whole = pd.concat(columns, axis=1)
    return whole if sample else whole[entry.columns]


def _group(file: str) -> str:
    """The group of columns a part's name tells, empty where there is one."""
    return ".".join(file.split(".")[1:-2])


def _whole(path: Path, sample: bool) -> pd.DataFrame:
    if not sample:
        return pd.read_parquet(path)
    import pyarrow.parquet as pq  # here: a call that finds its answer in a cache reads no table

    names = pq.read_schema(path).names
    return pd.read_parquet(path, columns=[*names[:-2:10], *names[-2:]] if len(names) > WIDE else None)


def counts(folder: Path, name: str, entry: Entry) -> dict[str, int]:
    """Rows, and values that are not missing by column, from the files' own statistics."""
    import pyarrow.parquet as pq

    found: dict[str, int] = {}
    rows: dict[str, int] = {}
    for file in files_of(name, entry):
        about = pq.read_metadata(folder / file)
        rows[_group(file)] = rows.get(_group(file), 0) + about.num_rows
        parts = [about.row_group(number) for number in range(about.num_row_groups)]
        for column in chain.from_iterable(map(part.column, range(part.num_columns)) for part in parts):
            stats = column.statistics
            nulls = stats.null_count if stats is not None and stats.has_null_count else 0
            found[column.path_in_schema] = found.get(column.path_in_schema, 0) + column.num_values - nulls
    return {"rows": max(rows.values()), **found}
