"""Features of the years that are over, kept by content: one more week computes the present year only.

The key is a digest of everything those years can read (every input row before
this January, the features' code, the libraries that compute them), so a
revised past is computed anew and an unchanged one never is.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features import feature
from features.data.paths import home
from features.feature import Feature
from features.panel import Inputs

KEPT = 6  # files; the history of one January is about 30 MB
CODE = (feature.__file__, *sorted(str(p) for p in Path(feature.__file__).with_name("families").glob("*.py")))


def _key(features: tuple[Feature, ...], inputs: Inputs, since: int, january: pd.Timestamp) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in (*CODE, str(Path(feature.__file__).with_name("rolling.py"))):
        digest.update(Path(path).read_bytes())
    names = [item.name for item in features]
    digest.update(repr((since, january, names, list(inputs.panel), list(inputs.members))).encode())
    digest.update(repr([version(name) for name in ("numpy", "bottleneck")]).encode())
    rows = int(inputs.panel.index.searchsorted(january))
    digest.update(inputs.panel.index[:rows].to_numpy().tobytes())
    for name in inputs.panel:
        digest.update(inputs.panel[name].to_numpy()[:rows].tobytes())
    rows = int(inputs.members.index.searchsorted(january))
    for table in (inputs.members, inputs.membership):
        digest.update(table.to_numpy()[:rows].T.tobytes())
    digest.update(inputs.count.to_numpy()[:rows].tobytes())
    return digest.hexdigest()


def _keep(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        np.save(file, values)
    Path(draft).replace(path)
    for old in sorted(path.parent.glob("*.npy"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def compute(features: tuple[Feature, ...], inputs: Inputs, since: int) -> pd.DataFrame:
    """`feature.compute`, with the years before the last one read from the cache when nothing in them changed."""
    dates = inputs.panel.index
    year = dates[-1].year
    first = max(since, dates[0].year)
    if first >= year:
        return feature.compute(features, inputs, since)
    january = pd.Timestamp(year, 1, 1)
    path = home() / "cache" / "features" / f"{_key(features, inputs, first, january)}.npy"
    if path.exists():
        os.utime(path)
        values = np.load(path)
    else:
        values = feature.compute_years(features, inputs, range(first, year)).to_numpy()
        _keep(path, values)
    now = feature.compute_year(features, inputs, year)
    rows = dates[(dates >= pd.Timestamp(first, 1, 1)) & (dates < january)]
    return pd.concat([pd.DataFrame(values, rows, now.columns), now])
