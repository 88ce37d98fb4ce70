"""When a model of the groups is fitted: the same weeks for a walk-forward and for a call."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.group_panel import GroupPanel
from models import refits
from models.destinations.spec import DestinationsSpec
from models.splits import WARM_UP_YEARS


def first_test(panel: GroupPanel, spec: DestinationsSpec) -> pd.Timestamp:
    """No test week lies before it: `first_test`, or ten years after the first training row if that is later.

    Raises
    ------
    RegimeError
        There is no training row.
    """
    known = panel.dates[panel.rows["joined"].known.any(axis=1) & (panel.dates >= pd.Timestamp(spec.train_start))]
    if not len(known):
        raise RegimeError(f"no group has a year of returns after {spec.train_start}; data end {panel.dates[-1].date()}")
    return refits.first_test(spec.first_test, known[0], WARM_UP_YEARS)


def refit_rows(panel: GroupPanel, spec: DestinationsSpec) -> np.ndarray:
    """Rows of the refits, every `refit_weeks` from the first test week.

    Raises
    ------
    RegimeError
        The data end before the first test week.
    """
    return refits.refit_rows(panel.dates, first_test(panel, spec), spec.refit_weeks)


def last_refit(panel: GroupPanel, spec: DestinationsSpec, date: pd.Timestamp) -> pd.Timestamp:
    """The last scheduled refit at or before `date`; before the first test week, `date` itself."""
    if panel.dates[-1] < first_test(panel, spec):
        return date
    refits = panel.dates[refit_rows(panel, spec)]
    past = refits[refits <= date]
    return pd.Timestamp(past[-1]) if len(past) else date
