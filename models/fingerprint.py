"""What a fit can have seen, as a digest: the key under which a fitted model, or a fold, may be kept.

`fit_at(dataset, spec, date)` depends on the data set only through its prefix at
`date`: the rows decided by then, and the outcomes whose label had ended before.
Two data sets with the same prefix give the same model, so a longer history or
another snapshot that leaves the past alone keeps every key.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features.dataset import FAMILY_OF, PUBLISHED_SINCE, REVISED, Dataset
from models.spec import ModelSpec

TOP = Path(__file__).resolve().parent.parent
LIBRARIES = ("lightgbm", "numpy", "pandas", "pandas-market-calendars", "scikit-learn", "scipy")
# Fields of `Dataset` and how they enter: what describes the data, what is known row by row, what matures.
# `digest` and `source` say where data came from, not what they are; the margin's outcome is never trained on. Whoever
# fits on the data of `then` takes the digest of those.
DESCRIBING = ("label", "legs", "outcomes", "rows_per_year")
BY_ROW = ("X", "faltering", "returns")
MATURING = ("outcome", "label_end")
LEFT_OUT = ("digest", "source", "outcome_margin", "then")


def program_files() -> list[Path]:
    """The modules a fit runs through: `models/fit.py`, what it imports in `models/`, what these import of `features/`.

    What lies further down in `features/` enters by its results: the data
    themselves and the facts about columns.
    """
    found: set[Path] = set()
    waiting = [TOP / "models" / "fit.py"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if TOP / "models" in path.parents:
            waiting += _imported(path)
    return sorted(found)


def _imported(path: Path) -> list[Path]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    rooms = [name for name in names if name.startswith(("models.", "features."))]
    files = [TOP / Path(*name.split(".")).with_suffix(".py") for name in rooms]
    return [file for file in files if file.exists()]


@lru_cache(maxsize=1)
def environment() -> str:
    """Digest of what decides a fit besides data, specification and date: program, column facts, libraries, machine."""
    digest = hashlib.sha256()
    for path in program_files():
        digest.update(path.read_bytes())
    since = {name: str(day) for name, day in PUBLISHED_SINCE.items()}
    libraries = {name: version(name) for name in LIBRARIES}
    facts = [FAMILY_OF, sorted(REVISED), since, libraries, platform.machine(), platform.python_version()]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    return digest.hexdigest()


def digests(dataset: Dataset, dates: Sequence[pd.Timestamp] | pd.DatetimeIndex) -> list[str]:
    """Digest of the prefix of `dataset` at each of `dates`, in one pass along the rows.

    Parameters
    ----------
    dates : sequence of Timestamp, ascending
        Decision dates.

    Raises
    ------
    ValueError
        The dates do not ascend.
    """
    moments = pd.DatetimeIndex(dates).as_unit("ns")
    if not moments.is_monotonic_increasing:
        raise ValueError("the dates of prefix digests must ascend")
    head = json.dumps([getattr(dataset, name) for name in DESCRIBING] + [list(map(str, dataset.X.columns))]).encode()
    weeks = _nanoseconds(dataset.X.index)
    rows = np.column_stack([weeks, _bits(dataset.X), dataset.faltering.to_numpy(dtype=np.int64)])
    days = _nanoseconds(dataset.returns.index)
    returns = np.column_stack([days, _bits(dataset.returns)])
    ends = _nanoseconds(dataset.label_end)
    codes = pd.Categorical(dataset.outcome, categories=list(dataset.outcomes)).codes.astype(np.int64)
    order = np.lexsort([weeks, ends])  # in the order in which they mature
    matured = np.column_stack([weeks, ends, codes])[order]
    at = moments.to_numpy().astype(np.int64)
    parts = zip(
        _along(rows, np.searchsorted(weeks, at, side="right")),
        _along(returns, np.searchsorted(days, at, side="right")),
        _along(matured, np.searchsorted(ends[order], at, side="left")),
        strict=True,
    )
    return [hashlib.sha256(b"".join([head, *part])).hexdigest() for part in parts]


def _nanoseconds(dates: pd.Index | pd.Series) -> np.ndarray:
    return np.asarray(pd.DatetimeIndex(dates).as_unit("ns").to_numpy().astype(np.int64))


def _bits(frame: pd.DataFrame) -> np.ndarray:
    return np.ascontiguousarray(frame.to_numpy(dtype=float)).view(np.int64)


def _along(rows: np.ndarray, counts: np.ndarray) -> list[bytes]:
    """Digest of the first `count` rows for each of the ascending `counts`."""
    running, done, out = hashlib.sha256(), 0, []
    for count in counts:
        running.update(np.ascontiguousarray(rows[done:count]).data)
        done = int(count)
        out.append(running.digest())  # hashing goes on after a digest is taken
    return out


def fit_key(prefix: str, spec: ModelSpec, date: pd.Timestamp) -> str:
    """Key of `fit_at(dataset, spec, date)`, where `prefix` is the data set's digest at `date`."""
    return hashlib.sha256(json.dumps([prefix, spec.identity, str(date), environment()]).encode()).hexdigest()
