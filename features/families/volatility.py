"""Volatility: realised, downside, implied. Annualised, in percent."""

from __future__ import annotations

import math

import numpy as np

from features import wording as say
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
    key, words = f"ret_{leg}", say.level(f"the volatility of {say.NAMES[leg]} {say.over(window)}", " % a year", 1)
    return _entry(f"{leg}_vol_{window}", _REALISED, (key,), window, meaning, words, lambda x: realised(x[key], window))


def _downside(window: int) -> Feature:
    def compute(x: Block) -> Floats:
        below = np.where(np.isnan(x["ret_broad"]), np.nan, np.minimum(x["ret_broad"], 0.0))
        return 100.0 * np.sqrt(252.0 * np.maximum(mean(below**2, window), 0.0))

    meaning = f"downside volatility of the broad leg over {window} sessions"
    words = say.level(f"the downside volatility of equal weight {say.over(window)}", " % a year", 1)
    return _entry(f"broad_downside_{window}", _REALISED, ("ret_broad",), window, meaning, words, compute)


def _ratio(name: str, over: str, under: str, said: str) -> Feature:
    words = say.percent_gap(f"{said} implied volatility", "that over one month (VIX)")
    meaning = f"{said} implied volatility ({over}) over {under}"
    return _entry(name, _VIX, (over, under), 0, meaning, lambda v: words(math.log(v)), lambda x: x[over] / x[under])


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
        lambda v: f"the volatility of equal weight over a month is {v:.2f} times that over 12 months",
        lambda x: realised(x["ret_broad"], 21) / realised(x["ret_broad"], 252),
    ),
    _entry(
        "broad_worst_day_21",
        _REALISED,
        ("ret_broad",),
        21,
        "worst day of the broad leg in 21 sessions",
        lambda v: f"the worst day of equal weight in the past month was {100.0 * v:+.1f} %",
        lambda x: lowest(x["ret_broad"], 21),
    ),
    _entry("vix", _VIX, ("VIX",), 0, "VIX", say.level("VIX", "", 1), lambda x: x["VIX"]),
    _entry(
        "vix_percentile_252",
        _VIX,
        ("VIX",),
        252,
        "where VIX stands in its past year, 0 to 1",
        say.ranked("VIX", 252),
        lambda x: percentile(x["VIX"], 252),
    ),
    *(
        _entry(
            f"vix_change_{w}",
            _VIX,
            ("VIX",),
            w,
            f"VIX change over {w} sessions",
            say.moved("VIX", say.over(w), digits=1),
            lambda x, w=w: change(x["VIX"], w),
        )
        for w in (1, 5, 21)
    ),
    _entry(
        "vix_jump_21",
        _VIX,
        ("VIX",),
        22,
        "largest one-day log jump of VIX in 21 sessions",
        lambda v: f"the largest one-day rise of VIX in the past month was {say.in_percent(v):.0f} %",
        _jump,
    ),
    _ratio("vix_term", "VIX3M", "VIX", "three-month"),
    _ratio("vix_front", "VIX9D", "VIX", "nine-day"),
    _entry(
        "vvix", _VIX, ("VVIX",), 0, "volatility of VIX", say.level("the volatility of VIX", "", 0), lambda x: x["VVIX"]
    ),
    _entry(
        "vix_minus_realised",
        _VIX,
        ("VIX", "ret_cap"),
        21,
        "VIX minus realised volatility of the cap leg",
        say.gap("VIX", "the volatility of cap weight over a month", digits=1),
        lambda x: x["VIX"] - realised(x["ret_cap"], 21),
    ),
)
