"""Scores of tables of predictions, kept in the cache `scores`: what was scored by the same program is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features.data import cache, calendar
from models import evaluation

CACHE = "scores"
PROGRAM = (Path(evaluation.__file__).parent, Path(calendar.__file__))
LIBRARIES = ("bottleneck", "numpy", "pandas", "scipy", "statsmodels")
Scores = dict[str, float]


def kept(work: Callable[..., Scores], table: pd.DataFrame, other: pd.DataFrame, *words: str) -> Scores:
    """`work(table, other, *words)`, a function of `models.evaluation`, from the cache where it was computed before.

    The key covers both tables, row by row, the words, and the source and libraries that score; the value is the
    same to the last bit. Whoever scores many tables calls `cache.trim` with `CACHE` after the last.
    """
    parts = [work.__qualname__, json.dumps(words), *(f"{name} {version(name)}" for name in LIBRARIES)]
    key = cache.entry_key(PROGRAM, [*parts, *_content(table), *_content(other)])
    if (text := cache.read(CACHE, key)) is not None:
        found: Scores = json.loads(text)
        return found
    scores = work(table, other, *words)
    cache.write(CACHE, key, json.dumps(scores).encode(), trimmed=False)
    return scores


def _content(table: pd.DataFrame) -> Iterator[str | np.ndarray]:
    yield json.dumps([str(name) for name in table.columns])
    yield _array(table.index.to_series())
    for _, column in table.items():
        yield _array(column)


def _array(values: pd.Series) -> np.ndarray:
    if values.dtype.kind in "fiubM":
        return np.asarray(values)
    return np.array(json.dumps(values.astype(object).where(values.notna(), None).tolist()).encode())
