"""Probabilities from a fitted model. This module travels inside every logged model, with `models.fitted`."""

from __future__ import annotations

from typing import assert_never

import numpy as np
import pandas as pd

from models.fitted import Constant, FittedModel, FrequencyTable, Logit, Mixture, Part, Staged, Stated, Trees


def predict(model: FittedModel | Part, frame: pd.DataFrame) -> np.ndarray:
    """Class probabilities, shape (rows, outcomes), columns in the order of the model's outcomes.

    Raises
    ------
    ValueError
        A feature of the model is not a column of `frame`.
    """
    missing = [name for name in model.features if name not in frame.columns]
    if missing:
        raise ValueError(f"column {missing[0]!r} is missing ({len(missing)} of {len(model.features)} are)")
    columns = frame[list(model.features)]
    return _predict(model.part if isinstance(model, FittedModel) else model, columns)


def _predict(part: Part, frame: pd.DataFrame) -> np.ndarray:
    match part:
        case Constant():
            return np.tile(np.array(part.probabilities), (len(frame), 1))
        case FrequencyTable():
            return _table(part, frame)
        case Stated():
            values = frame.to_numpy(dtype=float)
            return np.where(np.isfinite(values).all(axis=1)[:, None], values, np.array(part.otherwise))
        case Logit():
            return _logit(part, frame)
        case Trees():
            values = np.asarray(part.loaded.predict(frame.to_numpy(dtype=float), num_threads=1))
            return values if values.ndim == 2 else np.column_stack([values, 1.0 - values])
        case Mixture():
            members = zip(part.weights, part.members, strict=True)
            return np.asarray(sum(weight * predict(member, frame) for weight, member in members))
        case Staged():
            return _staged(part, frame)
        case _:
            assert_never(part)


def _table(part: FrequencyTable, frame: pd.DataFrame) -> np.ndarray:
    keys = ["" if np.isnan(value) else str(int(value)) for value in frame.iloc[:, 0].to_numpy(dtype=float)]
    return np.array([part.shares.get(key, part.otherwise) for key in keys]).reshape(len(keys), -1)


def standardised(part: Logit, frame: pd.DataFrame) -> np.ndarray:
    """The logit's columns in standard deviations from the training mean, (rows, features); missing is 0."""
    scaled = (frame[list(part.features)].to_numpy(dtype=float) - np.array(part.mean)) / np.array(part.scale)
    if part.clip is not None:
        scaled = np.clip(scaled, -part.clip, part.clip)
    return np.where(np.isnan(scaled), 0.0, scaled)


def _logit(part: Logit, frame: pd.DataFrame) -> np.ndarray:
    # Summed row by row: a matrix product adds in another order for one row than for many, so the last bits differ.
    filled = np.ascontiguousarray(standardised(part, frame))
    scores = (filled[:, None, :] * np.array(part.coef)).sum(axis=2) + np.array(part.intercept)
    scores -= scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _staged(part: Staged, frame: pd.DataFrame) -> np.ndarray:
    breakdown = predict(part.first, frame)[:, 0]
    out = np.empty((len(frame), 1 + len(part.others)))
    out[:, part.breakdown] = breakdown
    out[:, list(part.others)] = (1.0 - breakdown)[:, None] * predict(part.second, frame)
    return out
