"""A feature's reading in a trader's words."""

from __future__ import annotations

import re

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
NAMES = {
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
LOW, HIGH = 0.2, 0.8  # shares of the past between which a reading is usual


def _name(word: str) -> str:
    return NAMES.get(word, word.replace("_", " "))


def _standing(percentile: float) -> str:
    if percentile <= LOW:
        return "low for its history"
    return "high for its history" if percentile >= HIGH else "near its usual"


def say(name: str, meaning: str, value: float, percentile: float) -> str:
    """One phrase, such as "equal weight is lagging cap weight over 3 months".

    Parameters
    ----------
    name, meaning : str
        The feature's.
    value : float
        Its reading; NaN is said to be missing.
    percentile : float
        Where the reading stands among the training rows, 0 to 1.
    """
    if value != value:
        return f"{meaning}: missing"
    if name == "vol_regime":
        state = "turbulent" if value > 0.5 else "calm"
        return f"the market's volatility is in its {state} state ({value:.0%} turbulent)"
    spread = re.fullmatch(r"(.+)_minus_(.+?)_(\d+)", name)
    if spread and spread[3] in PERIODS:
        verb = "is leading" if value > 0 else "is lagging"
        verb = verb.replace("is", "are") if _name(spread[1]).endswith("s") else verb
        return f"{_name(spread[1])} {verb} {_name(spread[2])} {PERIODS[spread[3]]}"
    change = re.fullmatch(r"(.+)_change_(\d+)", name)
    if change and change[2] in PERIODS:
        what = re.split(r",? change| over ", meaning)[0]
        return f"{what} {'has risen' if value > 0 else 'has fallen'} {PERIODS[change[2]]}"
    gain = re.fullmatch(r"(broad|cap)_return_(\d+)", name)
    if gain and gain[2] in PERIODS:
        return f"{_name(gain[1])} has {'gained' if value > 0 else 'lost'} {abs(value):.1%} {PERIODS[gain[2]]}"
    return f"{meaning}: {_standing(percentile)}"
