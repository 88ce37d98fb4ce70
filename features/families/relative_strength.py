"""Relative strength: who leads, who falters, and how far from the high."""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data import catalog
from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import highest, lagged, log_return, total, z_score

_CYCLICAL = ("ret_Durbl", "ret_Manuf", "ret_HiTec")
_DEFENSIVE = ("ret_NoDur", "ret_Utils", "ret_Hlth")
_SEVEN = tuple(f"ret_{ticker.lower()}" for ticker in catalog.MAG7)
_NAMES = say.NAMES | {"broad": "the broad leg (equal weight)", "cap": "the cap leg (cap weight)"}
_LEADERS, _NARROW, _STRETCH = "leaders lagging", "narrow leadership", "equal weight vs cap weight"
_SIZE, _VALUE, _TREND, _SECTORS = "small vs large", "value vs growth", "market trend", "sectors taking the lead"
_SMALL_BIG = ("small caps", "large caps")
_entry = entries("relative_strength")


def _steps(x: Block, long: str, short: str) -> Floats:
    return np.log1p(x[f"ret_{long}"]) - np.log1p(x[f"ret_{short}"])


def _spread(signal: str, long: str, short: str, window: int) -> Feature:
    def compute(x: Block) -> Floats:
        return x.run(f"ret_{long}", window) - x.run(f"ret_{short}", window)

    inputs = (f"ret_{long}", f"ret_{short}")
    meaning = f"{_NAMES[long]} minus {_NAMES[short]} over {window} sessions"
    said = say.lead(say.NAMES[long], say.NAMES[short], say.over(window))
    return _entry(f"{long}_minus_{short}_{window}", signal, inputs, window, meaning, said, compute)


def _stretch(window: int) -> Feature:
    """How far equal weight has run against cap weight, in its own daily deviations."""

    def compute(x: Block) -> Floats:
        return z_score(x.line("ret_broad") - x.line("ret_cap"), window)

    meaning = f"equal weight over cap weight, z-score over {window} sessions"
    said = say.deviations("equal weight against cap weight", window)
    return _entry(f"broad_over_cap_z_{window}", _STRETCH, ("ret_broad", "ret_cap"), window, meaning, said, compute)


def _year_to_date(x: Block) -> Floats:
    """Cap minus broad since the last session of the year before."""
    line = np.nan_to_num(x.line("ret_cap")) - np.nan_to_num(x.line("ret_broad"))
    year = x.dates.year.to_numpy()
    first = np.searchsorted(year, year, side="left") - 1
    known = (first >= 0) & ~np.isnan(x["ret_cap"]) & ~np.isnan(x["ret_broad"])
    return np.where(known, line - line[np.maximum(first, 0)], np.nan)


def _momentum(leg: str, window: int) -> Feature:
    meaning = f"return of {_NAMES[leg]} over {window} sessions"
    return _entry(
        f"{leg}_return_{window}",
        _TREND,
        (f"ret_{leg}",),
        window,
        meaning,
        say.gain(say.NAMES[leg], window),
        lambda x: x.run(f"ret_{leg}", window),
    )


def _drawdown(signal: str, leg: str, window: int = 252) -> Feature:
    def compute(x: Block) -> Floats:
        line = x.line(f"ret_{leg}")
        return line - highest(line, window)

    meaning = f"distance of {_NAMES[leg]} from its {window}-session high"
    said = say.below_high(say.NAMES[leg], window)
    return _entry(f"{leg}_drawdown_{window}", signal, (f"ret_{leg}",), window, meaning, said, compute)


def _leaders_fall(x: Block) -> Floats:
    line = x.line("ret_leaders") - x.line("ret_broad")
    return line - highest(line, 252)


def _direct(name: str, signal: str, column: str, meaning: str, pair: tuple[str, str], window: int) -> Feature:
    """A column that is a difference of returns already."""
    meaning, said = f"{meaning} over {window} sessions", say.lead(*pair, say.over(window))
    return _entry(f"{name}_{window}", signal, (column,), window, meaning, said, lambda x: x.run(column, window))


def _cyclicals(window: int) -> Feature:
    def compute(x: Block) -> Floats:
        cyclical = np.mean([x[key] for key in _CYCLICAL], axis=0)
        defensive = np.mean([x[key] for key in _DEFENSIVE], axis=0)
        return log_return(cyclical, window) - log_return(defensive, window)

    meaning = f"cyclical minus defensive industries over {window} sessions"
    name = f"cyclicals_minus_defensives_{window}"
    said = say.lead("cyclicals", "defensives", say.over(window))
    return _entry(name, _SECTORS, _CYCLICAL + _DEFENSIVE, window, meaning, said, compute)


def _seven(window: int) -> Feature:
    def compute(x: Block) -> Floats:
        basket = np.mean([x[key] for key in _SEVEN], axis=0)
        return log_return(basket, window) - x.run("ret_cap", window)

    meaning = f"the named seven, equal weight, minus the cap leg over {window} sessions (picked in 2023: display only)"
    said = say.lead("the seven named stocks", "cap weight", say.over(window))
    inputs = (*_SEVEN, "ret_cap")
    return _entry(f"mag7_minus_cap_{window}", _LEADERS, inputs, window, meaning, said, compute, display=True)


def _seven_trailing(window: int) -> Feature:
    def compute(x: Block) -> Floats:
        market = x.run("ret_cap", window)
        behind = [np.where(np.isnan(r), np.nan, r < market) for r in (x.run(key, window) for key in _SEVEN)]
        return np.asarray(np.sum(behind, axis=0))

    meaning = f"how many of the named seven trail the cap leg over {window} sessions (display only)"

    def said(value: float) -> str:
        return f"{value:.0f} of the seven named stocks lag cap weight {say.over(window)}"

    inputs = (*_SEVEN, "ret_cap")
    return _entry(f"mag7_trailing_{window}", _LEADERS, inputs, window, meaning, said, compute, display=True)


FEATURES: tuple[Feature, ...] = (
    *(_spread(_STRETCH, "broad", "cap", w) for w in (10, 21, 63, 126, 252)),
    *(_stretch(w) for w in (10, 21, 63, 252)),
    _entry(
        "cap_minus_broad_ytd",
        _NARROW,
        ("ret_cap", "ret_broad"),
        253,
        "cap leg minus broad leg since the end of last year",
        say.lead("cap weight", "equal weight", "since the end of last year"),
        _year_to_date,
    ),
    *(_spread(_LEADERS, "leaders", "broad", w) for w in (21, 63, 252)),
    *(_spread(_LEADERS, "leaders", "cap", w) for w in (21, 63)),
    _entry(
        "leaders_fall_against_broad_252",
        _LEADERS,
        ("ret_leaders", "ret_broad"),
        252,
        "the largest stocks against the broad leg: distance from the 252-session high",
        say.below_high("the price of the largest stocks in shares of equal weight", 252),
        _leaders_fall,
    ),
    *(_seven(w) for w in (21, 63)),
    _seven_trailing(63),
    *(_spread(_SIZE, "small", "cap", w) for w in (21, 63, 252)),
    *(_spread(_SIZE, "ijr", "spy", w) for w in (21, 63)),
    *(
        _direct("small_minus_big", _SIZE, "ret_smb", "small minus big (SMB, then IWM minus SPY)", _SMALL_BIG, w)
        for w in (21, 63)
    ),
    *(
        _direct("value_minus_growth", _VALUE, "ret_value", "value minus growth", ("value", "growth"), w)
        for w in (21, 63, 252)
    ),
    *(_spread(_VALUE, "iwd", "iwf", w) for w in (21, 63)),
    *(_spread(_VALUE, "small_value", "cap", w) for w in (21, 63, 252)),
    *(_cyclicals(w) for w in (21, 63)),
    *(_momentum("broad", w) for w in (5, 21, 63, 126, 252)),
    *(_momentum("cap", w) for w in (21, 252)),
    *(_drawdown(_TREND, leg) for leg in ("broad", "cap")),
    _drawdown(_LEADERS, "leaders"),
    _entry(
        "broad_minus_cap_acceleration",
        _STRETCH,
        ("ret_broad", "ret_cap"),
        63,
        "equal weight minus cap weight: the last 21 sessions less the 21 before",
        say.by_sign(
            "equal weight against cap weight did {} % better in the past month than in the one before",
            "equal weight against cap weight did {} % worse in the past month than in the one before",
            "equal weight against cap weight did the same in the past month as in the one before",
            turn=say.in_percent,
        ),
        lambda x: total(_steps(x, "broad", "cap"), 21) - lagged(total(_steps(x, "broad", "cap"), 21), 21),
    ),
)
