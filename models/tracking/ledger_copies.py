"""Local copies of the ledger's entries, by their keys: what a key names never changes, so a copy is never stale.

The ledger itself stays in MLflow: which entries there are is asked there every time.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from features.data import cache

CACHE = "ledger"
FORMAT = "1"
KEY = re.compile(r"[0-9a-f]{32}")
DAYS = "datetime64[D]"


@dataclass(frozen=True)
class Kept:
    """An entry as it is stored: run name, its tags but the losses, the losses by decision date, a linked run."""

    name: str
    head: dict[str, str]
    losses: pd.Series
    run_id: str = ""


def write(kept: Kept) -> None:
    """Keep a copy; an entry whose key the program did not write has none."""
    if KEY.fullmatch(kept.head["entry"]) is None:
        return
    days = kept.losses.index.to_numpy().astype(DAYS).astype(np.int32)
    head = json.dumps({"name": kept.name, "weeks": len(days)} | kept.head).encode()
    content = len(head).to_bytes(4, "little") + head + days.tobytes() + kept.losses.to_numpy(np.float32).tobytes()
    cache.write(CACHE, f"{FORMAT}-{kept.head['entry']}", content, trimmed=False)


def read(key: str) -> Kept | None:
    """The copy of an entry, or None."""
    content = cache.read(CACHE, f"{FORMAT}-{key}") if KEY.fullmatch(key) else None
    if content is None:
        return None
    start = 4 + int.from_bytes(content[:4], "little")
    head = json.loads(content[4:start])
    name, weeks = head.pop("name"), head.pop("weeks")
    losses = np.frombuffer(content, np.float32, weeks, start + 4 * weeks).astype(float)
    return Kept(name, head, pd.Series(losses, _dates(content[start : start + 4 * weeks]), name="loss"))


@lru_cache(maxsize=16)
def _dates(days: bytes) -> pd.DatetimeIndex:
    """Decision dates from days since 1970; most entries share theirs."""
    return pd.DatetimeIndex(np.frombuffer(days, np.int32).astype(DAYS).astype("datetime64[ns]"), name="date")
