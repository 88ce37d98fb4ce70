"""Files of a folder: which are there, and their contents read within bounds.

A file is measured before it is read: a small compressed file may hold more than fits into memory.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.data.errors import RegimeError

MOST_BYTES = 1 << 30  # on disk, and again once uncompressed
MOST_ROWS = 5_000_000
MOST_COLUMNS = 20_000
MOST_CELLS = 60_000_000  # about seven times the members of the S&P 500 since 1990
SUFFIXES = (".parquet", ".csv")
ALL_TEXT = ("*",)


def one_a_table(paths: list[Path]) -> dict[str, Path]:
    """Paths by table name.

    Raises
    ------
    RegimeError
        A table is there both as Parquet and as CSV, or a path is no ordinary file.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            raise RegimeError(f"{path.name}: not an ordinary file")
        if path.stem in found:
            raise RegimeError(f"{found[path.stem].name} and {path.name} are both there; keep the one that counts")
        found[path.stem] = path
    return found


def read(path: Path, texts: tuple[str, ...] = ()) -> pd.DataFrame:
    """A file's table; columns of a CSV named in `texts` (or `ALL_TEXT`) stay text.

    Raises
    ------
    RegimeError
        The file is too large, damaged, cut off, or repeats a heading.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise RegimeError(f"{path.name}: {size / 2**20:,.0f} MB is more than a table may have (1,024 MB)")
        if not size:
            raise RegimeError(f"{path.name}: the file is empty")
        table = _parquet(path) if path.suffix == ".parquet" else parse_csv(path.name, path.read_bytes(), texts)
    except RegimeError:
        raise
    except (OSError, ValueError, KeyError, pa.ArrowException, NotImplementedError, OverflowError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise RegimeError(f"{path.name}: cannot be read ({said})") from error
    if isinstance(table.columns, pd.MultiIndex):
        raise RegimeError(f"{path.name}: headings in several rows; one row is expected (try `regime data import`)")
    table.columns = [str(column) for column in table.columns]
    _no_repeats(path.name, list(table.columns))
    return table


def _bounded(name: str, rows: int, columns: int) -> None:
    if rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise RegimeError(f"{name}: {rows:,} rows by {columns:,} columns is more than a table may have")


def _no_repeats(name: str, headings: list[str]) -> None:
    twice = [heading for heading, count in Counter(headings).items() if count > 1]
    if twice:
        raise RegimeError(f"{name}: heading {twice[0] or '(empty)'} stands there twice")


def _parquet(path: Path) -> pd.DataFrame:
    with pq.ParquetFile(path) as file:
        about, schema = file.metadata, file.schema_arrow
        _bounded(path.name, about.num_rows, about.num_columns)
        _no_repeats(path.name, schema.names)
        nested = [field.name for field in schema if pa.types.is_nested(field.type)]
        if nested:
            raise RegimeError(f"{path.name}: column {nested[0]} holds lists or records, single values are expected")
        bulk = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if bulk > 2 * MOST_BYTES:
            raise RegimeError(f"{path.name}: {bulk / 2**20:,.0f} MB uncompressed is more than a table may have")
    return pd.read_parquet(path)


def parse_csv(name: str, content: bytes, texts: tuple[str, ...] = ()) -> pd.DataFrame:
    """The table of a CSV: one heading row, every row as long as it, nothing but UTF-8.

    Raises
    ------
    RegimeError
        Rows of another length (a cut-off file ends in one), or bytes that are not text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RegimeError(f"{name}: not text in UTF-8 (byte {error.start})") from None
    if "\0" in text:
        raise RegimeError(f"{name}: holds NUL bytes; it is damaged or not a CSV")
    lines = text.splitlines()
    while lines and not lines[-1].strip(", \t"):
        lines.pop()
    if not lines:
        raise RegimeError(f"{name}: the file is empty")
    headings = next(csv.reader(lines[:1]))
    _bounded(name, len(lines), len(headings))
    _no_repeats(name, [heading.strip() for heading in headings])
    _same_length(name, lines, len(headings))
    # The dot is FRED's missing value. Where text is read, "NA" may be a ticker (and "TRUE" one too).
    missing: dict[str, Any] = (
        {"keep_default_na": False, "na_values": [""]} if texts == ALL_TEXT else {"na_values": ["."]}
    )
    kinds: Any = str if texts == ALL_TEXT else dict.fromkeys(texts, str)
    table = pd.read_csv(io.StringIO("\n".join(lines)), dtype=kinds, low_memory=False, **missing)
    if not isinstance(table.index, pd.RangeIndex):
        raise RegimeError(f"{name}: rows have more fields than there are headings")
    return table.rename(columns=lambda heading: str(heading).strip())


def _same_length(name: str, lines: list[str], fields: int) -> None:
    quoted = any('"' in line for line in lines)
    if quoted:
        try:
            counts = np.array([len(row) for row in csv.reader(lines, strict=True) if row])
        except csv.Error as error:
            raise RegimeError(f"{name}: quotes that do not close ({error}); the file is cut off or damaged") from error
    else:
        counts = np.array([line.count(",") + 1 for line in lines if line.strip()])
    odd = np.flatnonzero(counts != fields)
    if len(odd):
        where = int(odd[0])
        cut = "; the file is cut off" if where == len(counts) - 1 and counts[where] < fields else ""
        raise RegimeError(f"{name}: row {where + 1} has {counts[where]} fields, {fields} are expected{cut}")


def blank_rows_dropped(table: pd.DataFrame, date: str) -> pd.DataFrame:
    """`table` without the rows in which neither the date nor anything else is filled in."""
    empty = table[date].isna() & table.drop(columns=date).isna().all(axis=1)
    return table[~empty] if empty.any() else table


def numbers(name: str, column: str, values: pd.Series) -> pd.Series:
    """A column of numbers as floats.

    Raises
    ------
    RegimeError
        Text, booleans, complex numbers or times; the message shows the first that is no number.
    """
    kind = values.dtype
    wanted = pd.api.types.is_numeric_dtype(kind)
    if wanted and not pd.api.types.is_bool_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return values if kind in (np.float64, np.float32) else values.astype("float64")
    if values.isna().all():
        return pd.Series(np.nan, values.index, name=values.name)
    shown = ""
    if pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.StringDtype):
        odd = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()]
        shown = f" ({str(odd.iloc[0])[:30]!r})" if len(odd) else ""
        kind = "text"
    raise RegimeError(f"{name}: column {column} holds {kind}{shown}, numbers are expected")
