"""Probabilities from a fitted model's text form. Stands alone: it travels inside every logged model.

A fitted model is a JSON document: `kind` (`constant`, `logit`, `lightgbm`),
`outcomes`, `features` and the numbers. A logit's missing value counts as the
training mean; LightGBM treats NaN as missing.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import pandas as pd


@functools.lru_cache(maxsize=8)
def _booster(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)


def predict(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    """Class probabilities, shape (rows, outcomes), columns in the order of `outcomes`.

    Raises
    ------
    ValueError
        If a feature of the model is not a column of `frame`.
    """
    missing = [name for name in document["features"] if name not in frame.columns]
    if missing:
        raise ValueError(f"column {missing[0]!r} is missing ({len(missing)} of {len(document['features'])} are)")
    values = frame[document["features"]].to_numpy(dtype=float)
    if document["kind"] == "constant":
        return np.tile(np.array(document["probabilities"]), (len(values), 1))
    if document["kind"] == "logit":
        scaled = (values - np.array(document["mean"])) / np.array(document["scale"])
        scores = np.where(np.isnan(scaled), 0.0, scaled) @ np.array(document["coef"]).T + np.array(
            document["intercept"]
        )
        scores -= scores.max(axis=1, keepdims=True)
        weights = np.exp(scores)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))
    return np.asarray(_booster(document["booster"]).predict(values, num_threads=1))


def loads(text: str) -> dict[str, Any]:
    """Parse a fitted model's JSON."""
    document: dict[str, Any] = json.loads(text)
    return document
