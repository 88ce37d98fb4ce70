"""The bootstrap interval of an AUC: rows are resampled in blocks, and sorted only once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from models.evaluation import bootstrap
from models.evaluation.predictions import is_monthly, matured_rows

REPLICATIONS = 400


def auc_interval(table: pd.DataFrame) -> tuple[float, float] | None:
    """90 % interval of the AUC of breakdown, by circular block bootstrap of whole rows.

    As `models.evaluation.bootstrap.interval`, for a statistic that is no function
    of means: blocks of half a year and of a year, each widened, and the wider reach
    of both. None for less than two of the longer blocks, or one outcome only.
    """
    matured = matured_rows(table)
    truth, p = (matured["outcome"] == "breakdown").to_numpy(), matured["p_breakdown"].to_numpy(float)
    blocks = bootstrap.MONTH_BLOCKS if is_monthly(pd.DatetimeIndex(matured["date"])) else bootstrap.BLOCKS
    if len(matured) < 2 * max(blocks) or truth.all() or not truth.any():
        return None
    auc = _weighted_auc(p, truth)
    centre, reach = auc(np.ones(len(p), dtype=int)), []
    for block in blocks:
        draws = [auc(np.bincount(rows, minlength=len(p))) for rows in _resampled(len(p), block)]
        tails = np.nanquantile(draws, [(1.0 - bootstrap.LEVEL) / 2.0, (1.0 + bootstrap.LEVEL) / 2.0])
        reach.append(centre + (tails - centre) * bootstrap.widening(len(p), block))
    return float(min(low for low, _ in reach)), float(max(high for _, high in reach))


def _resampled(size: int, block: int) -> np.ndarray:
    """Rows of `REPLICATIONS` circular block bootstrap samples, (replications, size)."""
    starts = np.random.default_rng(0).integers(size, size=(REPLICATIONS, -(-size // block)))
    return ((starts[:, :, None] + np.arange(block)) % size).reshape(REPLICATIONS, -1)[:, :size]


def _weighted_auc(p: np.ndarray, truth: np.ndarray) -> Callable[[np.ndarray], float]:
    """The AUC as a function of how often each row counts, NaN where only one kind does; sorted once."""
    order = np.argsort(p, kind="stable")
    groups = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    happened = truth[order]

    def auc(count: np.ndarray) -> float:
        weight = count[order].astype(float)
        up, down = (np.add.reduceat(weight * kind, groups) for kind in (happened, ~happened))
        pairs = up.sum() * down.sum()
        return float(up @ (down.cumsum() - down / 2.0) / pairs) if pairs else float("nan")

    return auc
