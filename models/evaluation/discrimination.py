"""Discrimination: how well probabilities rank what happened, whatever their calibration."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from models.evaluation.predictions import FLOOR, Predictions

QUINTILES = 5


def concordance(truth: np.ndarray, score: np.ndarray) -> float:
    """Share of (true, false) pairs in which the true one scores higher, ties a half: the area under the ROC curve.

    By ranks (Mann-Whitney). NaN where one kind is absent.
    """
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    return float((rankdata(score)[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def concordance_within(truth: np.ndarray, score: np.ndarray, stratum: np.ndarray) -> float:
    """`concordance` over the pairs whose two members share a stratum, every pair counting once."""
    agreed, pairs = 0.0, 0
    for value in np.unique(stratum):
        part = stratum == value
        count = int(truth[part].sum()) * int((~truth[part]).sum())
        if count:
            agreed += count * concordance(truth[part], score[part])
            pairs += count
    return agreed / pairs if pairs else float("nan")


def _quintile(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.searchsorted(np.quantile(values, np.arange(1, QUINTILES) / QUINTILES), values))


def scores(predictions: Predictions) -> dict[str, float]:
    """Areas under the curve of breakdown, of rotation and of one against the other, where the label has them."""
    out = {
        f"auc_{name}": concordance(predictions.happened(name), predictions.column(name))
        for name in ("breakdown", "rotation")
        if name in predictions.outcomes
    }
    if {"breakdown", "rotation"} <= set(predictions.outcomes):
        decided = predictions.happened("breakdown") | predictions.happened("rotation")
        rose, score = predictions.happened("rotation")[decided], head_to_head(predictions)[decided]
        out["auc_head_to_head"] = concordance(rose, score)
        if predictions.volatility is not None:
            known = np.isfinite(predictions.volatility)
            stratum = np.full(len(known), -1)
            if known.any():
                stratum[known] = _quintile(predictions.volatility[known])
            both = known[decided]
            out["auc_head_to_head_vol"] = concordance_within(rose[both], score[both], stratum[decided][both])
    return out


def head_to_head(predictions: Predictions) -> np.ndarray:
    """P(rotation) / (P(rotation) + P(breakdown)), the head-to-head; shape (weeks,)."""
    rotation, breakdown = predictions.column("rotation"), predictions.column("breakdown")
    return np.asarray(rotation / np.maximum(rotation + breakdown, FLOOR))
