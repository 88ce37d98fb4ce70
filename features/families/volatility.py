"""Volatility: realised, downside, implied. Annualised, in percent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.feature import Feature
from features.inputs import Inputs

FAMILY = "volatility"


def realised(returns: pd.Series, window: int) -> pd.Series:
    """Annualised standard deviation of daily returns, in percent."""
    return 100.0 * np.sqrt(252.0) * returns.rolling(window).std()


def _realised(leg: str, window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return realised(x.panel[f"ret_{leg}"], window)

    meaning = f"realised volatility of the {leg} leg over {window} sessions"
    return Feature(f"{leg}_vol_{window}", FAMILY, (f"ret_{leg}",), window, meaning, compute)


def _downside(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        below = x.panel["ret_broad"].clip(upper=0.0)
        return 100.0 * np.sqrt(252.0 * (below**2).rolling(window).mean())

    meaning = f"downside volatility of the broad leg over {window} sessions"
    return Feature(f"broad_downside_{window}", FAMILY, ("ret_broad",), window, meaning, compute)


def _vix_change(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return x.panel["VIX"].diff(window)

    return Feature(f"vix_change_{window}", FAMILY, ("VIX",), window, f"VIX change over {window} sessions", compute)


FEATURES: tuple[Feature, ...] = (
    *(_realised("broad", w) for w in (5, 21, 63, 252)),
    _realised("cap", 21),
    *(_downside(w) for w in (21, 63)),
    Feature(
        "broad_vol_ratio",
        FAMILY,
        ("ret_broad",),
        252,
        "realised volatility, 21 sessions over 252",
        lambda x: realised(x.panel["ret_broad"], 21) / realised(x.panel["ret_broad"], 252),
    ),
    Feature(
        "broad_worst_day_21",
        FAMILY,
        ("ret_broad",),
        21,
        "worst day of the broad leg in 21 sessions",
        lambda x: x.panel["ret_broad"].rolling(21).min(),
    ),
    Feature("vix", FAMILY, ("VIX",), 0, "VIX", lambda x: x.panel["VIX"]),
    *(_vix_change(w) for w in (5, 21)),
    Feature("vix_term", FAMILY, ("VIX3M", "VIX"), 0, "VIX3M over VIX", lambda x: x.panel["VIX3M"] / x.panel["VIX"]),
    Feature(
        "vix_minus_realised",
        FAMILY,
        ("VIX", "ret_cap"),
        21,
        "VIX minus realised volatility of the cap leg",
        lambda x: x.panel["VIX"] - realised(x.panel["ret_cap"], 21),
    ),
)
