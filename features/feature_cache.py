"""Features of past years, kept in a cache: one more week computes the present year only.

The key covers everything those years can read: every input row before this
January, the source of the features, and the libraries that compute them. So a
revised past is computed again and an unchanged one is not.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features import feature
from features.data import cache
from features.feature import Feature
from features.panel import Inputs

ROOM = Path(__file__).parent
CODE = (ROOM / "families", ROOM / "feature.py", ROOM / "rolling.py")
LIBRARIES = ("numpy", "bottleneck")
_log = logging.getLogger(__name__)


def _parts(features: tuple[Feature, ...], inputs: Inputs, since: int, january: pd.Timestamp) -> Iterator[np.ndarray]:
    names = [item.name for item in features]
    yield np.array(repr((since, january, names, list(inputs.panel), list(inputs.members))).encode())
    yield np.array(repr([version(name) for name in LIBRARIES]).encode())
    rows = int(inputs.panel.index.searchsorted(january))
    yield inputs.panel.index[:rows].to_numpy()
    for name in inputs.panel:
        yield inputs.panel[name].to_numpy()[:rows]
    rows = int(inputs.members.index.searchsorted(january))
    for table in (inputs.members, inputs.membership):
        yield table.to_numpy()[:rows].T
    yield inputs.count.to_numpy()[:rows]


def _read(key: str, shape: tuple[int, int]) -> np.ndarray | None:
    content = cache.read("features", key)
    if content is None:
        return None
    values: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    if values.shape != shape:
        _log.warning("cached features %s have the shape %s, not %s: computed again", key[:12], values.shape, shape)
        return None
    return values


def _write(key: str, values: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    cache.write("features", key, buffer.getvalue())


def compute(features: tuple[Feature, ...], inputs: Inputs, since: int) -> pd.DataFrame:
    """`feature.compute`, with the years before the last one read from the cache if nothing in them has changed."""
    dates = inputs.panel.index
    year = dates[-1].year
    first = max(since, dates[0].year)
    if first >= year:
        return feature.compute(features, inputs, since)
    january = pd.Timestamp(year, 1, 1)
    rows = dates[(dates >= pd.Timestamp(first, 1, 1)) & (dates < january)]
    key = cache.entry_key(CODE, _parts(features, inputs, first, january))
    values = _read(key, (len(rows), len(features)))
    if values is None:
        values = feature.compute_years(features, inputs, range(first, year)).to_numpy()
        _write(key, values)
    present = feature.compute_year(features, inputs, year)
    return pd.concat([pd.DataFrame(values, rows, present.columns), present])
