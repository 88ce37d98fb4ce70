"""Breadth of the whole market: industries, and the exchanges' and vendors' counts of stocks."""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data import catalog
from features.data.arrays import Bools, Floats
from features.feature import Block, Feature, entries
from features.rolling import lagged, lowest, mean, std, total, weighted

INDUSTRIES = tuple(f"ret_{name}" for name in catalog.INDUSTRIES)
_ABOVE, _HIGHS = "stocks above their averages", "new highs and lows"
_ADVANCES, _NARROW = "advancing and declining", "narrow leadership"


def _share(true: Bools, known: Bools) -> Floats:
    return np.asarray((true & known).sum(axis=1) / known.sum(axis=1))


def _industry_levels(x: Block) -> Floats:
    return np.column_stack([np.cumsum(np.nan_to_num(np.log1p(x[key]))) for key in INDUSTRIES])


def _industries_above(x: Block, window: int) -> Floats:
    level = np.exp(_industry_levels(x))
    real = ~np.isnan(np.column_stack([total(x[key], window) for key in INDUSTRIES]))
    return _share(level > mean(level, window), real)


def _industry_returns(x: Block, window: int) -> Floats:
    return np.column_stack([x.run(key, window) for key in INDUSTRIES])


def _industries_beating(x: Block, window: int) -> Floats:
    returns = _industry_returns(x, window)
    return _share(returns > x.run("ret_cap", window)[:, None], ~np.isnan(returns))


def _industry_dispersion(x: Block, window: int) -> Floats:
    returns = _industry_returns(x, window)
    known = ~np.isnan(returns)
    n = known.sum(axis=1)
    middle = np.where(known, returns, 0.0).sum(axis=1) / n
    squares = np.where(known, (returns - middle[:, None]) ** 2, 0.0).sum(axis=1)
    return np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)


def _net_advances(x: Block) -> Floats:
    return (x["ADV"] - x["DECL"]) / (x["ADV"] + x["DECL"])


def _thrust(x: Block) -> Floats:
    return mean(x["ADV"] / (x["ADV"] + x["DECL"]), 10)


def _line_against_index(x: Block, window: int) -> Floats:
    """The advance-decline line's gain in its own standard deviations, less the index's."""
    net, index = _net_advances(x), np.log1p(x["ret_cap"])
    root = float(np.sqrt(window))
    of_line, of_index = (total(x, window) / (root * std(x, window)) for x in (net, index))
    return of_line - of_index


def _net_highs(x: Block) -> Floats:
    return (x["MAHN"] - x["MALN"]) / (x["MAHN"] + x["MALN"])


_entry = entries("breadth")
FEATURES: tuple[Feature, ...] = (
    *(
        _entry(
            f"industries_above_{w}",
            _ABOVE,
            INDUSTRIES,
            w,
            f"share of industries above their {w}-session average",
            say.share(f"of industries are above their {w}-day average"),
            lambda x, w=w: _industries_above(x, w),
        )
        for w in (50, 200)
    ),
    _entry(
        "industries_beating_63",
        _NARROW,
        (*INDUSTRIES, "ret_cap"),
        63,
        "share of industries ahead of the cap leg over 63 sessions",
        say.share("of industries lead cap weight over 3 months"),
        lambda x: _industries_beating(x, 63),
    ),
    _entry(
        "industry_dispersion_63",
        _NARROW,
        INDUSTRIES,
        63,
        "dispersion of industry returns over 63 sessions",
        say.differ("industries", 63),
        lambda x: _industry_dispersion(x, 63),
    ),
    _entry(
        "advancing_share_10",
        _ADVANCES,
        ("ADV", "DECL"),
        10,
        "advancing minus declining NYSE issues, 10-session mean",
        say.by_sign(
            "advancing issues exceed declining ones by {} % of all, 10-day mean",
            "declining issues exceed advancing ones by {} % of all, 10-day mean",
            "advancing and declining issues are even, 10-day mean",
            0,
            100.0,
        ),
        lambda x: mean(_net_advances(x), 10),
    ),
    _entry(
        "mcclellan",
        _ADVANCES,
        ("ADV", "DECL"),
        200,
        "McClellan oscillator, ratio-adjusted",
        say.by_sign(
            "the McClellan oscillator is {} above zero (breadth improves)",
            "the McClellan oscillator is {} below zero (breadth weakens)",
            "the McClellan oscillator is at zero",
            0,
        ),
        lambda x: 1000.0 * (weighted(_net_advances(x), 19) - weighted(_net_advances(x), 39)),
    ),
    _entry(
        "breadth_thrust_10",
        _ADVANCES,
        ("ADV", "DECL"),
        20,
        "rise of the 10-session advancing share from its lowest of 10 sessions (Zweig)",
        say.by_sign(
            "the 10-day share of advancing issues is {} points above its low of two weeks",
            "the 10-day share of advancing issues is {} points below its low of two weeks",
            "the 10-day share of advancing issues is at its low of two weeks",
            0,
            100.0,
        ),
        lambda x: _thrust(x) - lowest(_thrust(x), 10),
    ),
    _entry(
        "advance_line_against_index_63",
        _ADVANCES,
        ("ADV", "DECL", "ret_cap"),
        63,
        "advance-decline line's 63-session gain less the index's, each in its own deviations",
        say.by_sign(
            "the advance-decline line leads the index by {} standard deviations over 3 months",
            "the advance-decline line lags the index by {} standard deviations over 3 months",
            "the advance-decline line and the index did the same over 3 months",
        ),
        lambda x: _line_against_index(x, 63),
    ),
    _entry(
        "stocks_above_200",
        _ABOVE,
        ("MMTH",),
        0,
        "US stocks above their 200-day average, percent",
        say.share("of US stocks are above their 200-day average", 1.0),
        lambda x: x["MMTH"],
    ),
    _entry(
        "stocks_above_200_change_21",
        _ABOVE,
        ("MMTH",),
        21,
        "change of the share of US stocks above their 200-day average over 21 sessions",
        say.moved("the share of US stocks above their 200-day average", say.over(21), digits=0),
        lambda x: x["MMTH"] - lagged(x["MMTH"], 21),
    ),
    _entry(
        "spx_above_200",
        _ABOVE,
        ("S5TH",),
        0,
        "S&P 500 members above their 200-day average, percent",
        say.share("of S&P 500 members are above their 200-day average", 1.0),
        lambda x: x["S5TH"],
    ),
    _entry(
        "new_highs_minus_lows_10",
        _HIGHS,
        ("MAHN", "MALN"),
        10,
        "new 52-week highs less lows as a share of both, 10-session mean",
        lambda v: f"{50.0 + 50.0 * v:.0f} % of new 52-week extremes are highs, 10-day mean",
        lambda x: mean(_net_highs(x), 10),
    ),
    _entry(
        "new_highs_minus_lows",
        _HIGHS,
        ("MAHN", "MALN"),
        0,
        "new 52-week highs less lows as a share of both",
        lambda v: f"{50.0 + 50.0 * v:.0f} % of new 52-week extremes are highs",
        _net_highs,
    ),
)
