"""What moves a call, and how unusual its row is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.dataset import FAMILY_OF, MEANING_OF
from models.explain import contributions
from models.fitted import FittedModel
from serving.wording import say

SHOWN = 5


def drivers(document: FittedModel, row: pd.DataFrame, past: pd.DataFrame) -> list[dict[str, Any]]:
    """The `SHOWN` strongest features for rotation and for breakdown, strongest first.

    Parameters
    ----------
    document : FittedModel
        The model that made the call.
    row : DataFrame, (1, features)
    past : DataFrame, (weeks, features)
        The rows before it, to say how high a reading stands.
    """
    parts = contributions(document, row).sort_values()
    chosen = [*parts[parts > 0.0].index[::-1][:SHOWN], *parts[parts < 0.0].index[:SHOWN]]
    found = []
    for name in chosen:
        value, history = float(row[name].iloc[0]), past[name].dropna()
        standing = float((history < value).mean()) if len(history) else float("nan")
        found.append(
            {
                "feature": str(name),
                "family": FAMILY_OF.get(str(name), "other"),
                "for": "rotation" if parts[name] > 0.0 else "breakdown",
                "contribution": float(parts[name]),
                "value": value if np.isfinite(value) else None,
                "percentile": standing if np.isfinite(standing) else None,
                "words": say(str(name), MEANING_OF.get(str(name), str(name)), value, standing),
            }
        )
    return found


def by_family(document: FittedModel, row: pd.DataFrame) -> dict[str, float]:
    """Sum of contributions by family, largest first; positive speaks for rotation."""
    parts = contributions(document, row)
    if not len(parts):
        return {}
    sums = parts.groupby([FAMILY_OF.get(str(name), "other") for name in parts.index]).sum()
    return {str(name): float(sums[name]) for name in sums.abs().sort_values(ascending=False).index}


def drift(document: FittedModel, row: pd.DataFrame, past: pd.DataFrame) -> dict[str, Any]:
    """How unusual the row is: features of the model outside the 1 to 99 % range of the rows before it.

    About 2 % are outside by construction.
    """
    names = [name for name in document.features if name in past]
    if not names:
        return {"share_outside": 0.0, "features": []}
    low, high = past[names].quantile(0.01), past[names].quantile(0.99)
    value = row[names].iloc[0]
    outside = (value < low) | (value > high)
    return {"share_outside": float(outside.mean()), "features": [str(name) for name in outside.index[outside]]}
