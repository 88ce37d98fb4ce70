"""The volatility block: columns about the size of past moves, at every decision.

Log realised volatilities of the broad leg, the cap leg and their spread over
several windows, downside volatility, an exponential mean, the GJR-GARCH forecast
and log VIX. Causal, each row read from its own look-back alone; GARCH parameters
are those of the last January.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features import garch
from models.range.paths import LEAST_VOLATILITY, Legs, past_windows

WINDOWS = {"broad": (1, 5, 10, 21, 63, 252), "cap": (5, 21, 63), "spread": (5, 21, 63, 252)}
LEAST_OF_ONE_DAY = 1e-3  # a lone quiet day is no measure of volatility
DOWNSIDE = (5, 21, 63)
EWMA_DECAY = 0.94  # RiskMetrics (1996), daily
EWMA_WINDOW = 126
VIX_DAYS = 252.0
GARCH_HORIZONS = (1, 21)
# The columns that are a scale of the broad leg, and so may be members of one.
BROAD = (
    *(f"log_vol_broad_{window}" for window in WINDOWS["broad"]),
    *(f"log_downside_broad_{window}" for window in DOWNSIDE),
    "log_ewma_broad",
    *(f"log_garch_broad_{horizon}" for horizon in GARCH_HORIZONS),
)


def block(X: pd.DataFrame, legs: Legs, refits: dict[str, list[garch.Refit]]) -> pd.DataFrame:
    """The block, (weeks, columns); volatilities are daily decimals in logarithms, NaN where history is short.

    Parameters
    ----------
    X : DataFrame, (weeks, features)
        Its column `vix`, where there is one, becomes `log_vix`.
    legs : Legs
    refits : dict
        GARCH parameters by year of `broad`, `cap` and `spread`.
    """
    daily = {"broad": legs.broad, "cap": legs.cap, "spread": legs.spread}
    columns: dict[str, np.ndarray] = {}
    for leg, windows in WINDOWS.items():
        for window in windows:
            least = LEAST_OF_ONE_DAY if window == 1 else LEAST_VOLATILITY
            columns[f"log_vol_{leg}_{window}"] = _log_volatility(past_windows(daily[leg], legs.places, window), least)
    for window in DOWNSIDE:
        falls = np.minimum(past_windows(legs.broad, legs.places, window), 0.0)
        columns[f"log_downside_broad_{window}"] = _log_volatility(falls)
    weights = EWMA_DECAY ** np.arange(EWMA_WINDOW - 1, -1, -1)
    for leg in ("broad", "spread"):
        squares = past_windows(daily[leg], legs.places, EWMA_WINDOW) ** 2
        columns[f"log_ewma_{leg}"] = _log((squares * (weights / weights.sum())).sum(axis=1))
    for leg, found in refits.items():
        for horizon in GARCH_HORIZONS:
            columns[f"log_garch_{leg}_{horizon}"] = garch_column(daily[leg], legs, found, horizon)
    if "vix" in X:
        columns["log_vix"] = np.log(X["vix"].to_numpy(float) / 100.0 / np.sqrt(VIX_DAYS))
    return pd.DataFrame(columns, legs.decisions)


def garch_column(returns: np.ndarray, legs: Legs, refits: list[garch.Refit], horizon: int) -> np.ndarray:
    """Log of the GARCH volatility expected over `horizon` sessions, (weeks,); NaN before the first refit."""
    out = np.full(len(legs.places), np.nan)
    years = legs.decisions.year.to_numpy()
    for refit in refits:
        weeks = np.flatnonzero(years == refit.year)
        if len(weeks):
            known = garch.variances(returns[: legs.places[weeks[-1]] + 1], refit.parameters)[legs.places[weeks]]
            out[weeks] = 0.5 * np.log(garch.mean_variance(known, refit.parameters, horizon))
    return out


def _log_volatility(window: np.ndarray, least: float = LEAST_VOLATILITY) -> np.ndarray:
    return _log((window**2).mean(axis=1), least)


def _log(variance: np.ndarray, least: float = LEAST_VOLATILITY) -> np.ndarray:
    return np.asarray(0.5 * np.log(np.maximum(variance, least**2)))
