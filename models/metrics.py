"""Scores of out-of-sample probabilities, all against the climatology of the same fold.

Overlapping labels are respected where it matters: the p-value of the skill is
by circular block bootstrap (Politis & Romano 1992; `arch`) with blocks of 26
and 52 weeks, the larger of the two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from arch.bootstrap import CircularBlockBootstrap
from sklearn.metrics import roc_auc_score

from features.dataset import OUTCOMES

BLOCKS = (26, 52)
REPLICATIONS = 2000
FLOOR = 1e-6
PERIODS = {"_1990_2007": (None, "2007-12-31"), "_2008_on": ("2008-01-01", None)}


def losses(p: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Log loss of each week, in nats. `p` is (weeks, outcomes), `codes` the index of what happened."""
    return np.asarray(-np.log(np.clip(p[np.arange(len(codes)), codes], FLOOR, 1.0)))


def p_value(gain: np.ndarray, seed: int = 0) -> float:
    """One-sided p of a mean weekly gain above zero; the null is the centred bootstrap distribution.

    Assumes the gains are stationary and that dependence dies within a block.
    """
    if len(gain) < 2 * max(BLOCKS) or np.ptp(gain) == 0.0:
        return 1.0
    worst = 0.0
    for block in BLOCKS:
        draws = CircularBlockBootstrap(block, gain, seed=seed).apply(np.mean, REPLICATIONS)
        centred = draws[:, 0] - gain.mean()
        worst = max(worst, (1.0 + np.sum(centred >= gain.mean())) / (REPLICATIONS + 1.0))
    return float(worst)


def _auc(truth: np.ndarray, score: np.ndarray) -> float:
    return float(roc_auc_score(truth, score)) if 0 < truth.sum() < len(truth) else float("nan")


def head_to_head(p: np.ndarray) -> np.ndarray:
    """P(rotation) / (P(rotation) + P(breakdown)), the headline."""
    rotation, breakdown = p[:, OUTCOMES.index("rotation")], p[:, OUTCOMES.index("breakdown")]
    return np.asarray(rotation / np.maximum(rotation + breakdown, FLOOR))


def _scores(frame: pd.DataFrame, suffix: str, with_p: bool) -> dict[str, float]:
    codes = pd.Categorical(frame["outcome"], categories=OUTCOMES).codes.astype(int)
    p = frame[[f"p_{name}" for name in OUTCOMES]].to_numpy()
    base = frame[[f"base_{name}" for name in OUTCOMES]].to_numpy()
    loss, reference = losses(p, codes), losses(base, codes)
    out = {"log_loss": loss.mean(), "log_loss_skill": 1.0 - loss.mean() / reference.mean()}
    if with_p:
        out["log_loss_skill_p"] = p_value(reference - loss)
    for name in ("breakdown", "rotation"):
        place = OUTCOMES.index(name)
        out[f"auc_{name}"] = _auc(codes == place, p[:, place])
    decided = codes != OUTCOMES.index("neither")
    out["auc_head_to_head"] = _auc(codes[decided] == OUTCOMES.index("rotation"), head_to_head(p[decided]))
    for place, name in enumerate(OUTCOMES):
        truth = codes == place
        worse = np.mean((base[:, place] - truth) ** 2)
        out[f"brier_skill_{name}"] = 1.0 - np.mean((p[:, place] - truth) ** 2) / worse
    out["effective_months"] = len(frame) * 5.0 / 21.0
    return {f"{key}{suffix}": float(value) for key, value in out.items()}


def evaluate(predictions: pd.DataFrame, returns: pd.DataFrame | None = None) -> dict[str, float]:  # noqa: ARG001
    """All metrics of matured out-of-sample weeks: overall, by period, and on the faltering weeks.

    Parameters
    ----------
    predictions : DataFrame
        Columns `date`, `outcome`, `p_<outcome>`, `base_<outcome>`, `faltering`.
    """
    frame = predictions[predictions["outcome"].notna()]
    out = _scores(frame, "", with_p=True)
    for suffix, (start, end) in PERIODS.items():
        part = frame.set_index("date").loc[start:end]
        if len(part):
            out |= _scores(part, suffix, with_p=True)
    faltering = frame[frame["faltering"]]
    if len(faltering):
        out |= _scores(faltering, "_faltering", with_p=False)
    return {key: value for key, value in out.items() if np.isfinite(value)}
