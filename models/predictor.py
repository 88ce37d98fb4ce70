"""Probabilities from a fitted model's text form. Stands alone: it travels inside every logged model.

A fitted model is a JSON document: `kind`, `outcomes`, `features` and the
numbers. Kinds: `constant`; `table` (frequencies given a column of small
integers); `logit` (a missing value counts as the training mean); `lightgbm`
(NaN is missing); `mixture` (weighted mean of `members`); `staged` (`first`
tells breakdown from the rest, `second` divides the rest). With
`published_since` a feature counts as missing in rows dated before it.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import pandas as pd


@functools.lru_cache(maxsize=64)
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
    columns = frame[document["features"]]
    if document.get("published_since") and isinstance(frame.index, pd.DatetimeIndex):
        columns = as_published(columns, document["published_since"])
    return _KINDS[document["kind"]](document, columns)


def as_published(frame: pd.DataFrame, since: dict[str, str]) -> pd.DataFrame:
    """`frame` with each column missing before its date in `since`."""
    early = {name: frame.index < pd.Timestamp(day) for name, day in since.items() if name in frame.columns}
    return frame.assign(**{name: frame[name].mask(rows) for name, rows in early.items()})


def _constant(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    return np.tile(np.array(document["probabilities"]), (len(frame), 1))


def _table(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    keys = ["" if np.isnan(value) else str(int(value)) for value in frame.iloc[:, 0].to_numpy(dtype=float)]
    return np.array([document["shares"].get(key, document["otherwise"]) for key in keys]).reshape(len(keys), -1)


def _logit(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    scaled = (frame.to_numpy(dtype=float) - np.array(document["mean"])) / np.array(document["scale"])
    if document.get("clip") is not None:
        scaled = np.clip(scaled, -document["clip"], document["clip"])
    # Summed row by row: a matrix product takes another path, with other last bits, for one row than for many.
    filled = np.ascontiguousarray(np.where(np.isnan(scaled), 0.0, scaled))
    scores = (filled[:, None, :] * np.array(document["coef"])).sum(axis=2) + np.array(document["intercept"])
    scores -= scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _lightgbm(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    values = np.asarray(_booster(document["booster"]).predict(frame.to_numpy(dtype=float), num_threads=1))
    return values if values.ndim == 2 else np.column_stack([values, 1.0 - values])


def _mixture(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    parts = zip(document["weights"], document["members"], strict=True)
    return np.asarray(sum(weight * predict(member, frame) for weight, member in parts))


def _staged(document: dict[str, Any], frame: pd.DataFrame) -> np.ndarray:
    breakdown = predict(document["first"], frame)[:, 0]
    out = np.empty((len(frame), 1 + len(document["others"])))
    out[:, document["breakdown"]] = breakdown
    out[:, document["others"]] = (1.0 - breakdown)[:, None] * predict(document["second"], frame)
    return out


_KINDS = {
    "constant": _constant,
    "table": _table,
    "logit": _logit,
    "lightgbm": _lightgbm,
    "mixture": _mixture,
    "staged": _staged,
}


def loads(text: str) -> dict[str, Any]:
    """Parse a fitted model's JSON."""
    document: dict[str, Any] = json.loads(text)
    return document
