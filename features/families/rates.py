"""Rates: the ten-year yield, the curve, the Fed. In percentage points."""

from __future__ import annotations

import pandas as pd

from features.feature import Feature, z_score
from features.inputs import Inputs

FAMILY = "rates"


def _change(key: str, name: str, window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return x.panel[key].diff(window)

    return Feature(f"{name}_change_{window}", FAMILY, (key,), window, f"{name} change over {window} sessions", compute)


def _slope(long: str, short: str, name: str) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return x.panel[long] - x.panel[short]

    return Feature(name, FAMILY, (long, short), 0, f"{long} minus {short}", compute)


FEATURES: tuple[Feature, ...] = (
    *(_change("DGS10", "y10", w) for w in (21, 63, 252)),
    Feature(
        "y10_z_252",
        FAMILY,
        ("DGS10",),
        252,
        "ten-year yield, z-score over a year",
        lambda x: z_score(x.panel["DGS10"], 252),
    ),
    *(_change("DGS1", "y1", w) for w in (63, 252)),
    _slope("DGS10", "DGS1", "curve_10y1y"),
    _slope("DGS10", "DGS3MO", "curve_10y3m"),
    _slope("DGS1", "DFF", "policy_path_1y"),
    Feature(
        "curve_10y1y_change_63",
        FAMILY,
        ("DGS10", "DGS1"),
        63,
        "curve steepening over 63 sessions",
        lambda x: (x.panel["DGS10"] - x.panel["DGS1"]).diff(63),
    ),
    _change("DFF", "fed_funds", 126),
)
