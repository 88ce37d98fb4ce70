"""Expanding walk-forward of a destinations model: each fold is one `fit_at` and the weeks until the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from features.group_panel import GroupPanel
from models.destinations.fit import TrainingTable, fit_at
from models.destinations.fitted import FittedGroups
from models.destinations.schedule import refit_rows
from models.destinations.spec import DestinationsSpec

UNIVERSE_ROWS = {"library": "library", "funds": "joined"}


@dataclass(frozen=True)
class Walked:
    """Out-of-sample probabilities of one model, outcome and horizon.

    Attributes
    ----------
    p, base : dict of str to ndarray, (weeks, groups)
        By universe; NaN before the first test week and where the group is not there.
    fitted : FittedGroups
        Of the last fold.
    """

    p: dict[str, np.ndarray]
    base: dict[str, np.ndarray]
    fitted: FittedGroups


def universe_mask(panel: GroupPanel, universe: str) -> np.ndarray:
    """Rows that count in a universe, (weeks, groups): known features, and for `funds` a fund to trade."""
    rows = panel.rows[UNIVERSE_ROWS[universe]]
    return np.asarray(rows.known & rows.on_fund if universe == "funds" else rows.known)


def walk_forward(
    table: TrainingTable,
    spec: DestinationsSpec,
    outcome: str,
    horizon: int,
    step: Callable[[], None] = lambda: None,
) -> Walked:
    """Probabilities of every week since the first test week, for both universes from the same fits."""
    panel = table.panel
    shape = next(iter(panel.rows.values())).on_fund.shape
    p = {universe: np.full(shape, np.nan) for universe in UNIVERSE_ROWS}
    base = {universe: np.full(shape, np.nan) for universe in UNIVERSE_ROWS}
    fitted = None
    for start, end in pairwise([*refit_rows(panel, spec), len(panel.dates)]):
        fitted = fit_at(table, spec, outcome, horizon, panel.dates[start])
        for universe, rows in UNIVERSE_ROWS.items():
            p[universe][start:end] = fitted.probabilities(panel.rows[rows].X[start:end])
            base[universe][start:end] = np.array(fitted.base)[None, :]
        step()
    for universe in UNIVERSE_ROWS:
        away = ~universe_mask(panel, universe)
        p[universe][away] = np.nan
        base[universe][away] = np.nan
    assert fitted is not None
    return Walked(p, base, fitted)
