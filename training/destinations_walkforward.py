"""Expanding walk-forward of a destinations model: each fold is one `fit_at` and the weeks until the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.group_panel import GroupPanel
from models.destinations.fit import TrainingTable, fit_at
from models.destinations.fitted import FittedGroups
from models.destinations.spec import DestinationsSpec

WARM_UP_YEARS = 10
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


def refit_weeks(panel: GroupPanel, spec: DestinationsSpec) -> np.ndarray:
    """Rows of the refits, every `refit_weeks` from the first test week.

    Raises
    ------
    RegimeError
        The data end before the first test week.
    """
    known = panel.dates[panel.rows["joined"].known.any(axis=1) & (panel.dates >= pd.Timestamp(spec.train_start))]
    if not len(known):
        raise RegimeError(f"no group has a year of returns after {spec.train_start}; data end {panel.dates[-1].date()}")
    start = max(pd.Timestamp(spec.first_test), known[0] + pd.DateOffset(years=WARM_UP_YEARS))
    if panel.dates[-1] < start:
        raise RegimeError(f"no test week: the first would be {start.date()}, the data end on {panel.dates[-1].date()}")
    return np.arange(int(panel.dates.searchsorted(start)), len(panel.dates), spec.refit_weeks)


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
    for start, end in pairwise([*refit_weeks(panel, spec), len(panel.dates)]):
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
