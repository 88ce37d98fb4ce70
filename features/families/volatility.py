"""Volatility: realised, downside, implied. Annualised, in percent."""

from __future__ import annotations

import numpy as np

from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import change, highest, lowest, mean, percentile, std

_VIX, _REALISED = "VIX level, jumps, calm", "realised volatility"
_entry = entries("volatility")


def realised(returns: Floats, window: int) -> Floats:
    """Annualised standard deviation of daily returns, in percent."""
    return 100.0 * float(np.sqrt(252.0)) * std(returns, window)


def _realised(leg: str, window: int) -> Feature:
    meaning = f"realised volatility of the {leg} leg over {window} sessions"
    key = f"ret_{leg}"
    return _entry(f"{leg}_vol_{window}", _REALISED, (key,), window, meaning, lambda x: realised(x[key], window))


def _downside(window: int) -> Feature:
    def compute(x: Block) -> Floats:
        below = np.where(np.isnan(x["ret_broad"]), np.nan, np.minimum(x["ret_broad"], 0.0))
        return 100.0 * np.sqrt(252.0 * np.maximum(mean(below**2, window), 0.0))

    meaning = f"downside volatility of the broad leg over {window} sessions"
    return _entry(f"broad_downside_{window}", _REALISED, ("ret_broad",), window, meaning, compute)


def _ratio(name: str, over: str, under: str) -> Feature:
    return _entry(name, _VIX, (over, under), 0, f"{over} over {under}", lambda x: x[over] / x[under])


def _jump(x: Block) -> Floats:
    return highest(change(np.log(x["VIX"]), 1), 21)


FEATURES: tuple[Feature, ...] = (
    *(_realised("broad", w) for w in (5, 21, 63, 252)),
    *(_realised("cap", w) for w in (5, 21, 63)),
    *(_downside(w) for w in (5, 21, 63)),
    _entry(
        "broad_vol_ratio",
        _REALISED,
        ("ret_broad",),
        252,
        "realised volatility, 21 sessions over 252",
        lambda x: realised(x["ret_broad"], 21) / realised(x["ret_broad"], 252),
    ),
    _entry(
        "broad_worst_day_21",
        _REALISED,
        ("ret_broad",),
        21,
        "worst day of the broad leg in 21 sessions",
        lambda x: lowest(x["ret_broad"], 21),
    ),
    _entry("vix", _VIX, ("VIX",), 0, "VIX", lambda x: x["VIX"]),
    _entry(
        "vix_percentile_252",
        _VIX,
        ("VIX",),
        252,
        "where VIX stands in its past year, 0 to 1",
        lambda x: percentile(x["VIX"], 252),
    ),
    *(
        _entry(
            f"vix_change_{w}", _VIX, ("VIX",), w, f"VIX change over {w} sessions", lambda x, w=w: change(x["VIX"], w)
        )
        for w in (1, 5, 21)
    ),
    _entry("vix_jump_21", _VIX, ("VIX",), 22, "largest one-day log jump of VIX in 21 sessions", _jump),
    _ratio("vix_term", "VIX3M", "VIX"),
    _ratio("vix_front", "VIX9D", "VIX"),
    _entry("vvix", _VIX, ("VVIX",), 0, "volatility of VIX", lambda x: x["VVIX"]),
    _entry(
        "vix_minus_realised",
        _VIX,
        ("VIX", "ret_cap"),
        21,
        "VIX minus realised volatility of the cap leg",
        lambda x: x["VIX"] - realised(x["ret_cap"], 21),
    ),
)
