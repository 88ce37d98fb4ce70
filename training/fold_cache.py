"""Folds of a walk-forward, kept in the cache `folds`: a fold whose inputs are unchanged is read, not fitted.

A fold is one entry, its table of predictions; the last fold is two, for its
model, compressed, is read as well.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.data import cache
from features.dataset import Dataset
from models import fingerprint, fitted
from models.fit import seen_by
from models.fitted import FittedModel
from models.spec import ModelSpec

CACHE = "folds"
TABLE, MODEL = ".table", ".model"
Span = tuple[pd.Timestamp, pd.Timestamp | None]


def test_rows(dataset: Dataset, span: Span) -> pd.DataFrame:
    """Feature rows of a fold's test weeks: from its refit up to the next; `dataset` as the fold's model sees it."""
    start, end = span
    index = dataset.X.index
    return dataset.X[(index >= start) & (index < end)] if end is not None else dataset.X[index >= start]


def keys(dataset: Dataset, spec: ModelSpec, spans: Sequence[Span], program: Sequence[Path]) -> list[str]:
    """Key of each fold: its fit, its test rows, and the source files `program` that make a fold of them."""
    found = []
    # Of one data set the pasts are hashed in one pass; as published, each refit may see another.
    same = [] if spec.as_published else fingerprint.digests(dataset, [start for start, _ in spans])
    for place, span in enumerate(spans):
        seen = seen_by(dataset, spec, span[0])
        past = same[place] if same else fingerprint.digests(seen, [span[0]])[0]
        rows = test_rows(seen, span)
        dates = pd.DatetimeIndex(rows.index).as_unit("ns").to_numpy()
        parts = [fingerprint.fit_key(past, spec, span[0]), dates, rows.to_numpy(dtype=float)]
        found.append(cache.entry_key(program, parts))
    return found


def read(key: str, index: pd.Index, with_model: bool) -> tuple[pd.DataFrame, FittedModel | None] | None:
    """The fold kept under `key`, or None; its model only on request."""
    table = cache.read(CACHE, key + TABLE)
    text = cache.read(CACHE, key + MODEL) if table is not None and with_model else b""
    if table is None or text is None:
        return None
    made = json.loads(table)
    model = fitted.from_json(zlib.decompress(text).decode()) if text else None
    return pd.DataFrame(made["data"], index=index, columns=made["columns"], dtype=float), model


def write(key: str, table: pd.DataFrame, model: FittedModel | None) -> None:
    """Keep a fold; `cache.trim` afterwards holds the cache to its bound."""
    if model is not None:  # first, so that a kill in between leaves no table without it
        cache.write(CACHE, key + MODEL, zlib.compress(model.to_json().encode(), level=1), trimmed=False)
    text = json.dumps({"columns": list(table.columns), "data": table.to_numpy().tolist()})
    cache.write(CACHE, key + TABLE, text.encode(), trimmed=False)
