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
    outcomes = document["outcomes"]
    if "rotation" not in outcomes:  # two outcomes: for against means neither against breakdown
        return _parts(document, row, outcomes.index("neither"), outcomes.index("breakdown"))
    return _parts(document, row, outcomes.index("rotation"), outcomes.index("breakdown"))


def _parts(document: dict[str, Any], row: pd.DataFrame, up: int, down: int) -> pd.Series:
    kind, names = document["kind"], document["features"]
    if kind == "logit":
        scaled = (row[names].to_numpy(float)[0] - np.array(document["mean"])) / np.array(document["scale"])
        coef = np.array(document["coef"])
        return pd.Series(np.where(np.isnan(scaled), 0.0, scaled) * (coef[up] - coef[down]), names)
    if kind == "lightgbm":
        parts = _shap(document, row)
        return parts[up] - parts[down] if len(parts) > 1 else parts[0] * (1.0 if up == 0 else -1.0)
    if kind == "mixture":
        found = [
            _parts(member, row, up, down) * w
            for member, w in zip(document["members"], document["weights"], strict=True)
        ]
        return pd.concat(found).groupby(level=0).sum() if found else pd.Series(dtype=float)
    if kind == "staged":
        rest = predict(document["second"], row)[0][document["others"].index(up)]
        first = -_parts(document["first"], row, 0, 1)
        second = _parts(document["second"], row, document["others"].index(up), 1 - document["others"].index(up))
        return pd.concat([first, second * (1.0 - rest)]).groupby(level=0).sum()
    return pd.Series(dtype=float)


def _shap(document: dict[str, Any], row: pd.DataFrame) -> list[pd.Series]:
    """TreeSHAP values of each class's raw score, without the expected value."""
    booster = lightgbm.Booster(model_str=document["booster"])
    names = document["features"]
    raw = np.asarray(booster.predict(row[names].to_numpy(float), pred_contrib=True, num_threads=1))[0]
    return [pd.Series(part[:-1], names) for part in raw.reshape(-1, len(names) + 1)]
