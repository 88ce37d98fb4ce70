"""Folds kept by content in `REGIME_HOME/cache/folds`: one whose inputs are unchanged is read, not fitted.

A fold is two files: its predictions, small, and its model, compressed; only the
last fold's model is ever read. Each starts with the SHA-256 of what follows: an
entry that does not verify is computed anew. Files are written beside their
place and moved there, so several processes may share the directory; the least
recently used are removed beyond `LIMIT`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.data.paths import home
from features.dataset import Dataset
from models import fingerprint, fitted
from models.fitted import FittedModel
from models.spec import ModelSpec

LIMIT = 512 * 2**20  # bytes
TABLE, MODEL = ".table", ".model"
_log = logging.getLogger(__name__)
Span = tuple[pd.Timestamp, pd.Timestamp | None]


def folder() -> Path:
    """Where the folds are."""
    return home() / "cache" / "folds"


def test_rows(dataset: Dataset, span: Span) -> pd.DataFrame:
    """Feature rows of a fold's test weeks: from its refit up to the next."""
    start, end = span
    index = dataset.X.index
    return dataset.X[(index >= start) & (index < end)] if end is not None else dataset.X[index >= start]


def keys(dataset: Dataset, spec: ModelSpec, spans: Sequence[Span], program: bytes) -> list[str]:
    """Key of each fold: its fit's, its test rows', and the text of the `program` that makes a fold of them."""
    found = []
    for span, seen in zip(spans, fingerprint.digests(dataset, [start for start, _ in spans]), strict=True):
        rows = test_rows(dataset, span)
        digest = hashlib.sha256(fingerprint.fit_key(seen, spec, span[0]).encode())
        digest.update(program)
        digest.update(pd.DatetimeIndex(rows.index).as_unit("ns").to_numpy().tobytes())
        digest.update(np.ascontiguousarray(rows.to_numpy(dtype=float)).tobytes())
        found.append(digest.hexdigest())
    return found


def read(key: str, index: pd.Index, with_model: bool) -> tuple[pd.DataFrame, FittedModel | None] | None:
    """The fold kept under `key`, or None; its model only on request."""
    table = _read(folder() / f"{key}{TABLE}")
    text = _read(folder() / f"{key}{MODEL}") if table is not None and with_model else b""
    if table is None or text is None:
        return None
    made = json.loads(table)
    model = fitted.from_json(zlib.decompress(text).decode()) if text else None
    return pd.DataFrame(made["data"], index=index, columns=made["columns"], dtype=float), model


def keep(key: str, table: pd.DataFrame, model: FittedModel) -> None:
    """Keep a fold. A cache that cannot be written costs time, not the result: it is logged."""
    # The model first: a table is only there with its model.
    text = json.dumps({"columns": list(table.columns), "data": table.to_numpy().tolist()})
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _write(folder() / f"{key}{MODEL}", zlib.compress(model.to_json().encode(), level=1))
        _write(folder() / f"{key}{TABLE}", text.encode())
    except OSError as error:
        _log.warning("the fold cache %s cannot be written (%s): the fold is not kept", folder(), error.strerror)


def trim() -> None:
    """Remove the least recently used files until the cache is within `LIMIT`."""
    if not folder().is_dir():
        return
    found: list[tuple[float, int, str]] = []
    with os.scandir(folder()) as entries:
        for entry in entries:
            try:
                status = entry.stat()
            except FileNotFoundError:  # another process removed or moved it
                continue
            found.append((status.st_mtime, status.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= LIMIT:
            return
        Path(path).unlink(missing_ok=True)
        total -= size


def _write(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(hashlib.sha256(content).digest() + content)
    Path(draft).replace(path)


def _read(path: Path) -> bytes | None:
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("the kept fold %s cannot be read (%s): it is computed anew", path.name, error.strerror)
        return None
    with contextlib.suppress(OSError):  # a cache we may read but not write is not ours to trim either
        os.utime(path)
    content = whole[32:]
    if hashlib.sha256(content).digest() != whole[:32]:
        _log.warning("the kept fold %s does not verify: it is computed anew", path.name)
        return None
    return content
