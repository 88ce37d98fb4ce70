"""Why a model says what it says: each feature's part in the log odds of rotation against breakdown.

LightGBM's own TreeSHAP values (Lundberg et al. 2020), a logit's terms around
the training mean. A mixture's parts are averaged by weight and a staged
model's are taken to first order; both are approximations and for reading only.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd

from models.predictor import predict


def contributions(document: dict[str, Any], row: pd.DataFrame) -> pd.Series:
    """Part of each feature of one row; positive speaks for rotation. Empty where nothing depends on features.

    Parameters
    ----------
    document : dict
        A fitted model.
    row : DataFrame, (1, features)
    """
    return table(document, row).iloc[0]


def table(document: dict[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """Part of each feature in each row, (rows, features of the model); positive speaks for rotation.

    With two outcomes, positive speaks for neither. No columns where nothing depends on features.
    """
    outcomes = document["outcomes"]
    up = outcomes.index("rotation" if "rotation" in outcomes else "neither")
    return _parts(document, rows, up, outcomes.index("breakdown"))


def _parts(document: dict[str, Any], rows: pd.DataFrame, up: int, down: int) -> pd.DataFrame:
    kind, names = document["kind"], document["features"]
    if kind == "logit":
        scaled = (rows[names].to_numpy(float) - np.array(document["mean"])) / np.array(document["scale"])
        if document.get("clip") is not None:
            scaled = np.clip(scaled, -document["clip"], document["clip"])
        coef = np.array(document["coef"])
        return pd.DataFrame(np.where(np.isnan(scaled), 0.0, scaled) * (coef[up] - coef[down]), rows.index, names)
    if kind == "lightgbm":
        parts = _shap(document, rows)
        values = parts[:, up] - parts[:, down] if parts.shape[1] > 1 else parts[:, 0] * (1.0 if up == 0 else -1.0)
        return pd.DataFrame(values, rows.index, names)
    if kind == "mixture":
        members = zip(document["members"], document["weights"], strict=True)
        return _sum([_parts(member, rows, up, down) * weight for member, weight in members], rows.index)
    if kind == "staged":
        place = document["others"].index(up)
        rest = predict(document["second"], rows)[:, place]
        first = -_parts(document["first"], rows, 0, 1)
        second = _parts(document["second"], rows, place, 1 - place)
        return _sum([first, second.mul(1.0 - rest, axis=0)], rows.index)
    return pd.DataFrame(index=rows.index, dtype=float)


def _sum(parts: list[pd.DataFrame], index: pd.Index) -> pd.DataFrame:
    """Sum of tables that need not have the same columns."""
    names = dict.fromkeys(name for part in parts for name in part)
    empty = pd.DataFrame(0.0, index, list(names))
    return sum((part.reindex(columns=list(names), fill_value=0.0) for part in parts), empty)


def _shap(document: dict[str, Any], rows: pd.DataFrame) -> np.ndarray:
    """TreeSHAP values of each class's raw score, without the expected value; (rows, classes or 1, features)."""
    booster = lightgbm.Booster(model_str=document["booster"])
    names = document["features"]
    raw = np.asarray(booster.predict(rows[names].to_numpy(float), pred_contrib=True, num_threads=1))
    return raw.reshape(len(rows), -1, len(names) + 1)[:, :, :-1]
