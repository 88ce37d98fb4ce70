"""Contribution of each feature to the log odds of rotation against breakdown.

Trees: LightGBM's TreeSHAP values (Lundberg et al. 2020). Logit: each term around
the training mean. The contributions of a mixture are the weighted mean of its
members', those of a staged model a first-order expansion. Both are
approximations, for reading only.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
import pandas as pd

from models.fitted import Constant, FittedModel, FrequencyTable, Logit, Mixture, Part, Staged, Stated, Trees
from models.predictor import predict, standardised


def contributions(model: FittedModel, row: pd.DataFrame) -> pd.Series:
    """Contribution of each feature in one row; positive speaks for rotation. Empty where no feature has one.

    Parameters
    ----------
    model : FittedModel
    row : DataFrame, (1, features)
    """
    return contribution_table(model, row).iloc[0]


def contribution_table(model: FittedModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Contribution of each feature in each row, (rows, features); positive speaks for rotation.

    With two outcomes, positive speaks for neither. Without columns for a
    constant, a frequency table and stated probabilities, which add nothing up over features.
    """
    up = model.outcomes.index("rotation" if "rotation" in model.outcomes else "neither")
    return _explain(model.part, rows, up, model.outcomes.index("breakdown"))


def _explain(part: Part, rows: pd.DataFrame, up: int, down: int) -> pd.DataFrame:
    names = list(part.features)
    match part:
        case Constant() | FrequencyTable() | Stated():
            return pd.DataFrame(index=rows.index, dtype=float)
        case Logit():
            coef = np.array(part.coef)
            return pd.DataFrame(standardised(part, rows) * (coef[up] - coef[down]), rows.index, names)
        case Trees():
            shap = _shap(part, rows)
            values = shap[:, up] - shap[:, down] if shap.shape[1] > 1 else shap[:, 0] * (1.0 if up == 0 else -1.0)
            return pd.DataFrame(values, rows.index, names)
        case Mixture():
            members = zip(part.members, part.weights, strict=True)
            return _sum([_explain(member, rows, up, down) * weight for member, weight in members], rows.index)
        case Staged():
            place = part.others.index(up)
            rest = predict(part.second, rows)[:, place]
            first = -_explain(part.first, rows, 0, 1)
            second = _explain(part.second, rows, place, 1 - place)
            return _sum([first, second.mul(1.0 - rest, axis=0)], rows.index)
        case _:
            assert_never(part)


def _sum(parts: list[pd.DataFrame], index: pd.Index) -> pd.DataFrame:
    """Sum of tables that need not have the same columns."""
    names = dict.fromkeys(name for part in parts for name in part)
    empty = pd.DataFrame(0.0, index, list(names))
    return sum((part.reindex(columns=list(names), fill_value=0.0) for part in parts), empty)


def _shap(part: Trees, rows: pd.DataFrame) -> np.ndarray:
    """TreeSHAP values of each class's raw score, without the expected value; (rows, classes or 1, features)."""
    names = list(part.features)
    raw = np.asarray(part.loaded.predict(rows[names].to_numpy(float), pred_contrib=True, num_threads=1))
    return raw.reshape(len(rows), -1, len(names) + 1)[:, :, :-1]
