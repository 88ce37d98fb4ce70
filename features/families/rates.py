"""Rates: the ten-year yield, the curve, the Fed. In percentage points."""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data import catalog
from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import change, lagged, lowest, total, z_score

_TEN, _CURVE, _FED = "ten-year yield and its spikes", "curve and re-steepening", "Fed policy"
_entry = entries("rates")
MONTH, CAP_MONTHS = 21, 24
_PRICED = (" (rises are priced in)", " (cuts are priced in)")
FED_STEP = 0.15  # a move of the effective rate over a month that only a decision makes


_SPREAD = {"DGS1": "1 year", "DGS2": "2 years", "DGS3MO": "3 months", "DGS10": "10 years"}


def _named(key: str) -> str:
    """A series by its name in the catalogue."""
    return f"the {catalog.BY_KEY[key].meaning}"


def _curve(long: str, short: str) -> str:
    return f"the yield curve from {_SPREAD[short]} to {_SPREAD[long]}"


def _level(signal: str, name: str, key: str, meaning: str) -> Feature:
    return _entry(name, signal, (key,), 0, meaning, say.level(_named(key), " %"), lambda x: x[key])


def _change(signal: str, key: str, name: str, said: str, window: int) -> Feature:
    meaning, words = f"{said}, change over {window} sessions", say.moved(_named(key), say.over(window))
    return _entry(f"{name}_change_{window}", signal, (key,), window, meaning, words, lambda x: change(x[key], window))


def _slope(signal: str, long: str, short: str, name: str, more: tuple[str, str] = ("", "")) -> Feature:
    meaning = f"{catalog.BY_KEY[long].meaning} minus {catalog.BY_KEY[short].meaning}"
    words = say.gap(_named(long), _named(short), more=more)
    return _entry(name, signal, (long, short), 0, meaning, words, lambda x: x[long] - x[short])


def _slope_change(long: str, short: str, name: str, window: int) -> Feature:
    def compute(x: Block) -> Floats:
        return change(x[long] - x[short], window)

    meaning = f"{catalog.BY_KEY[long].meaning} minus {catalog.BY_KEY[short].meaning}, change over {window} sessions"
    words = say.moved(_curve(long, short), say.over(window), verbs=("steepened", "flattened"))
    return _entry(f"{name}_change_{window}", _CURVE, (long, short), window, meaning, words, compute)


def _inverted(long: str, short: str, name: str) -> Feature:
    def compute(x: Block) -> Floats:
        slope = x[long] - x[short]
        return total(np.where(np.isnan(slope), np.nan, slope < 0.0), 252) / MONTH

    meaning = (
        f"months of the past year with the {catalog.BY_KEY[long].meaning} below the {catalog.BY_KEY[short].meaning}"
    )
    words = say.by_sign(
        f"{_curve(long, short)} was inverted for {{}} of the past 12 months",
        f"{_curve(long, short)} was not inverted in the past 12 months",
        f"{_curve(long, short)} was not inverted in the past 12 months",
    )
    return _entry(f"{name}_months_inverted", _CURVE, (long, short), 252, meaning, words, compute)


def _resteepening(long: str, short: str, name: str) -> Feature:
    """The rise from the year's low, counted only where that low was an inversion."""

    def compute(x: Block) -> Floats:
        slope = x[long] - x[short]
        bottom = lowest(slope, 252)
        return np.where(np.isnan(bottom), np.nan, np.where(bottom < 0.0, slope - bottom, 0.0))

    meaning = f"rise of {long} minus {short} from its 252-session low if that low was inverted, else 0"
    words = say.by_sign(
        f"{_curve(long, short)} is {{}} points above its low of 12 months, when it was inverted",
        f"{_curve(long, short)} has not risen out of an inversion in the past 12 months",
        f"{_curve(long, short)} has not risen out of an inversion in the past 12 months",
        2,
    )
    return _entry(f"{name}_resteepening", _CURVE, (long, short), 252, meaning, words, compute)


def _months_since(rate: Floats, sign: float) -> Floats:
    """Months since the policy rate last moved by a decision's worth within a month; at most `CAP_MONTHS`."""
    moved = sign * change(rate, MONTH) >= FED_STEP
    rows = np.arange(len(rate))
    last = np.maximum.accumulate(np.where(moved, rows, -1))
    months = np.where(last >= 0, (rows - last) / MONTH, CAP_MONTHS)
    return np.where(np.isnan(rate), np.nan, np.minimum(months, CAP_MONTHS))


def _since(name: str, sign: float, said: str, done: str) -> Feature:
    window = CAP_MONTHS * MONTH + MONTH

    def compute(x: Block) -> Floats:
        months = _months_since(x["DFF"], sign)
        return np.where(np.isnan(lagged(x["DFF"], window)), np.nan, months)

    meaning = f"months since the effective rate last {said} by {FED_STEP} within a month, at most {CAP_MONTHS}"

    def words(value: float) -> str:
        if value >= CAP_MONTHS:
            return f"the Fed's rate has not {done} for {CAP_MONTHS} months or longer"
        return (
            f"the Fed's rate last {said} {value:.0f} months ago" if value >= 0.5 else f"the Fed's rate {said} just now"
        )

    return _entry(name, _FED, ("DFF",), window, meaning, words, compute)


FEATURES: tuple[Feature, ...] = (
    _level(_TEN, "y10", "DGS10", "ten-year yield"),
    *(_change(_TEN, "DGS10", "y10", "the ten-year yield", w) for w in (21, 63, 252)),
    *(
        _entry(
            f"y10_z_{w}",
            _TEN,
            ("DGS10",),
            w,
            f"ten-year yield, z-score over {w} sessions",
            say.deviations(_named("DGS10"), w),
            lambda x, w=w: z_score(x["DGS10"], w),
        )
        for w in (63, 252)
    ),
    _level(_TEN, "real_y10", "DFII10", "ten-year real yield"),
    *(_change(_TEN, "DFII10", "real_y10", "the ten-year real yield", w) for w in (21, 63)),
    *(_change(_FED, "DGS1", "y1", "the one-year yield", w) for w in (63, 252)),
    *(_change(_FED, "DGS2", "y2", "the two-year yield", w) for w in (21, 63)),
    _slope(_CURVE, "DGS10", "DGS1", "curve_10y1y"),
    _slope(_CURVE, "DGS10", "DGS2", "curve_10y2y"),
    _slope(_CURVE, "DGS10", "DGS3MO", "curve_10y3m"),
    *(_slope_change("DGS10", "DGS1", "curve_10y1y", w) for w in (63,)),
    *(_slope_change("DGS10", "DGS2", "curve_10y2y", w) for w in (21, 63)),
    *(_slope_change("DGS10", "DGS3MO", "curve_10y3m", w) for w in (63,)),
    _inverted("DGS10", "DGS1", "curve_10y1y"),
    _inverted("DGS10", "DGS2", "curve_10y2y"),
    _inverted("DGS10", "DGS3MO", "curve_10y3m"),
    _resteepening("DGS10", "DGS1", "curve_10y1y"),
    _resteepening("DGS10", "DGS2", "curve_10y2y"),
    _resteepening("DGS10", "DGS3MO", "curve_10y3m"),
    _level(_FED, "fed_funds", "DFF", "effective federal funds rate"),
    *(_change(_FED, "DFF", "fed_funds", "the effective federal funds rate", w) for w in (63, 126)),
    _since("months_since_cut", -1.0, "fell", "fallen"),
    _since("months_since_hike", 1.0, "rose", "risen"),
    _slope(_FED, "DGS1", "DFF", "policy_path_1y", _PRICED),
    _slope(_FED, "DGS2", "DFF", "policy_path_2y", _PRICED),
)
