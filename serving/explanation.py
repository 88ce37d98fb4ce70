"""Why the call says what it says: its strongest features in words, and how unusual its row is."""

from __future__ import annotations

import math
import re

import pandas as pd

from features.dataset import FAMILY_OF, MEANING_OF
from models.explain import contributions
from models.fitted import FittedModel
from serving.call import Drift, Driver

DRIVERS_A_SIDE = 5
PERIODS = {
    "1": "over a day",
    "5": "over a week",
    "10": "over two weeks",
    "20": "over a month",
    "21": "over a month",
    "63": "over 3 months",
    "126": "over 6 months",
    "252": "over a year",
}
ASSETS = {
    "broad": "equal weight",
    "cap": "cap weight",
    "leaders": "the largest stocks",
    "small": "small caps",
    "small_value": "small value",
    "ijr": "the S&P 600",
    "spy": "the S&P 500",
    "iwd": "Russell value",
    "iwf": "Russell growth",
    "value": "value",
    "growth": "growth",
    "big": "large caps",
    "hyg": "high-yield bonds",
    "lqd": "investment-grade bonds",
    "ief": "Treasuries",
    "cyclicals": "cyclicals",
    "defensives": "defensives",
    "discretionary": "consumer discretionary",
    "staples": "staples",
}
LOW, HIGH = 0.2, 0.8  # percentiles between which a reading is usual


def strongest_drivers(model: FittedModel, row: pd.DataFrame, past: pd.DataFrame) -> tuple[Driver, ...]:
    """The strongest features for rotation, then those for breakdown, each side strongest first.

    Parameters
    ----------
    model : FittedModel
        The fitted model that made the call.
    row : DataFrame, (1, features)
    past : DataFrame, (weeks, features)
        The rows before it, for the percentile of each reading.
    """
    parts = contributions(model, row).sort_values()
    up = parts[parts > 0.0].index[::-1][:DRIVERS_A_SIDE]
    down = parts[parts < 0.0].index[:DRIVERS_A_SIDE]
    return tuple(_driver(str(name), float(parts[name]), row, past) for name in (*up, *down))


def _driver(name: str, contribution: float, row: pd.DataFrame, past: pd.DataFrame) -> Driver:
    value, history = float(row[name].iloc[0]), past[name].dropna()
    percentile = float((history < value).mean()) if len(history) else float("nan")
    return Driver(
        feature=name,
        family=_family(name),
        side="rotation" if contribution > 0.0 else "breakdown",
        contribution=contribution,
        value=value if math.isfinite(value) else None,
        percentile=percentile if math.isfinite(percentile) else None,
        words=reading_in_words(name, MEANING_OF.get(name, name), value, percentile),
    )


def _family(name: str) -> str:
    return FAMILY_OF.get(name, "other")


def family_contributions(model: FittedModel, row: pd.DataFrame) -> dict[str, float]:
    """Sum of contributions by family, largest magnitude first; positive speaks for rotation."""
    parts = contributions(model, row)
    if not len(parts):
        return {}
    sums = parts.groupby([_family(str(name)) for name in parts.index]).sum()
    return {str(name): float(sums[name]) for name in sums.abs().sort_values(ascending=False).index}


def feature_drift(model: FittedModel, row: pd.DataFrame, past: pd.DataFrame) -> Drift:
    """The model's features that lie outside the 1 to 99 % range of the rows before; about 2 % do by construction."""
    names = [name for name in model.features if name in past]
    if not names:
        return Drift(share_outside=0.0, features=())
    low, high = past[names].quantile(0.01), past[names].quantile(0.99)
    value = row[names].iloc[0]
    outside = (value < low) | (value > high)
    return Drift(share_outside=float(outside.mean()), features=tuple(str(name) for name in outside.index[outside]))


def _asset(word: str) -> str:
    return ASSETS.get(word, word.replace("_", " "))


def _level(percentile: float) -> str:
    if percentile <= LOW:
        return "low for its history"
    return "high for its history" if percentile >= HIGH else "near its usual"


def reading_in_words(name: str, meaning: str, value: float, percentile: float) -> str:
    """A reading in a trader's words, such as "equal weight is lagging cap weight over 3 months".

    Parameters
    ----------
    name, meaning : str
        The feature's name and its line in the catalogue.
    value : float
        NaN reads as missing.
    percentile : float
        Share of past readings below this one.
    """
    if value != value:
        return f"{meaning}: missing"
    if name == "vol_regime":
        state = "turbulent" if value > 0.5 else "calm"
        return f"the market's volatility is in its {state} state ({value:.0%} turbulent)"
    spread = re.fullmatch(r"(.+)_minus_(.+?)_(\d+)", name)
    if spread and spread[3] in PERIODS:
        verb = "is leading" if value > 0 else "is lagging"
        verb = verb.replace("is", "are") if _asset(spread[1]).endswith("s") else verb
        return f"{_asset(spread[1])} {verb} {_asset(spread[2])} {PERIODS[spread[3]]}"
    change = re.fullmatch(r"(.+)_change_(\d+)", name)
    if change and change[2] in PERIODS:
        what = re.split(r",? change| over ", meaning)[0]
        return f"{what} {'has risen' if value > 0 else 'has fallen'} {PERIODS[change[2]]}"
    gain = re.fullmatch(r"(broad|cap)_return_(\d+)", name)
    if gain and gain[2] in PERIODS:
        return f"{_asset(gain[1])} has {'gained' if value > 0 else 'lost'} {abs(value):.1%} {PERIODS[gain[2]]}"
    return f"{meaning}: {_level(percentile)}"
