"""Relative strength: who leads, who falters, and how far from the high."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.feature import Feature, log_return
from features.inputs import Inputs

FAMILY = "relative_strength"
_CYCLICAL = ("ret_Durbl", "ret_Manuf", "ret_HiTec")
_DEFENSIVE = ("ret_NoDur", "ret_Utils", "ret_Hlth")
_NAMES = {
    "broad": "the broad leg (equal weight)",
    "cap": "the cap leg (cap weight)",
    "leaders": "the largest stocks",
    "small": "small caps",
}


def _spread(long: str, short: str, window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return log_return(x.panel[f"ret_{long}"], window) - log_return(x.panel[f"ret_{short}"], window)

    inputs = (f"ret_{long}", f"ret_{short}")
    meaning = f"{_NAMES[long]} minus {_NAMES[short]} over {window} sessions"
    return Feature(f"{long}_minus_{short}_{window}", FAMILY, inputs, window, meaning, compute)


def _momentum(leg: str, window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return log_return(x.panel[f"ret_{leg}"], window)

    meaning = f"return of {_NAMES[leg]} over {window} sessions"
    return Feature(f"{leg}_return_{window}", FAMILY, (f"ret_{leg}",), window, meaning, compute)


def _drawdown(leg: str, window: int = 252) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        level = np.log1p(x.panel[f"ret_{leg}"]).cumsum()
        return level - level.rolling(window).max()

    meaning = f"distance of {_NAMES[leg]} from its {window}-session high"
    return Feature(f"{leg}_drawdown_{window}", FAMILY, (f"ret_{leg}",), window, meaning, compute)


def _value(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return log_return(x.panel["ret_value"], window)

    meaning = f"value minus growth over {window} sessions"
    return Feature(f"value_minus_growth_{window}", FAMILY, ("ret_value",), window, meaning, compute)


def _cyclicals(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        cyclical = x.panel[list(_CYCLICAL)].mean(axis=1, skipna=False)
        defensive = x.panel[list(_DEFENSIVE)].mean(axis=1, skipna=False)
        return log_return(cyclical, window) - log_return(defensive, window)

    meaning = f"cyclical minus defensive industries over {window} sessions"
    return Feature(f"cyclicals_minus_defensives_{window}", FAMILY, _CYCLICAL + _DEFENSIVE, window, meaning, compute)


FEATURES: tuple[Feature, ...] = (
    *(_spread("broad", "cap", w) for w in (10, 21, 63, 126, 252)),
    *(_spread("leaders", "broad", w) for w in (21, 63, 252)),
    *(_spread("leaders", "cap", w) for w in (21, 63)),
    *(_spread("small", "cap", w) for w in (21, 63, 252)),
    *(_value(w) for w in (21, 63, 252)),
    *(_cyclicals(w) for w in (21, 63)),
    *(_momentum("broad", w) for w in (5, 21, 63, 126, 252)),
    *(_momentum("cap", w) for w in (21, 252)),
    *(_drawdown(leg) for leg in ("broad", "cap", "leaders")),
)
