"""LightGBM's histograms by columns against by rows: processor time of one training, and whether predictions agree.

`models.learners.histograms` chooses; what it would not choose is measured all the same.
"""

from __future__ import annotations

import os
import time

import lightgbm
import numpy as np
from processes import spread

from models import learners
from models.spec import LIGHTGBM_DEFAULTS

ROWS, ROUNDS = 5_000, 4
WIDTHS, DRAWN = (54, 137, 242), (0.1, 0.2, 0.5, 1.0)


def _trained(X: np.ndarray, y: np.ndarray, drawn: float, way: str) -> tuple[float, np.ndarray]:
    settings = LIGHTGBM_DEFAULTS | {"colsample_bytree": drawn, "objective": "multiclass", "num_class": 3}
    settings |= {"extra_trees": True, "deterministic": True, "num_threads": 1, "verbosity": -1, "seed": 7, way: True}
    rounds = int(settings.pop("n_estimators")) // 2
    data = lightgbm.Dataset(X, y).construct()
    start = time.process_time()
    booster = lightgbm.train(settings, data, rounds)
    return time.process_time() - start, booster.predict(X, num_threads=1)


def run() -> list[str]:
    """Lines for RESULTS.md."""
    rng = np.random.default_rng(0)
    lines = [
        f"Noise of {ROWS:,} rows, {ROUNDS} alternating pairs, load {os.getloadavg()[0]:.1f}; seconds by rows over "
        "seconds by columns (smallest to largest):",
        "",
        "| columns | drawn for a tree | by rows over by columns | same bits | chosen |",
        "|---|---|---|---|---|",
    ]
    for width in WIDTHS:
        X, y = rng.normal(size=(ROWS, width)), rng.integers(0, 3, ROWS)
        for drawn in DRAWN:
            ratios, equal = [], True
            for turn in range(ROUNDS):
                ways = ["force_row_wise", "force_col_wise"]
                made = {way: _trained(X, y, drawn, way) for way in (ways if turn % 2 else reversed(ways))}
                ratios.append(made[ways[0]][0] / made[ways[1]][0])
                equal = equal and bool((made[ways[0]][1] == made[ways[1]][1]).all())
            chosen = learners.histograms(width, drawn).split("_")[1]
            lines.append(f"| {width} | {drawn:g} | {spread(ratios)} | {'yes' if equal else '**no**'} | {chosen} |")
    return lines
