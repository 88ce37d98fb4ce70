"""Breadth: how many take part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features import catalog
from features.feature import Feature
from features.inputs import Inputs

FAMILY = "breadth"
_INDUSTRIES = tuple(f"ret_{name}" for name in catalog.INDUSTRIES)
MIN_COVERAGE = 0.95


def _share(true: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    count = known.sum(axis=1)
    return (true & known).sum(axis=1).where(count > 0) / count.where(count > 0)


def _members_above(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        average = x.members.rolling(window).mean()
        known = x.membership & average.notna() & x.members.notna()
        covered = known.sum(axis=1) >= MIN_COVERAGE * x.count
        return _share(x.members > average, known).where(covered)

    meaning = f"share of index members above their {window}-session average (missing below 95 % coverage)"
    return Feature(f"members_above_{window}", FAMILY, ("members",), window, meaning, compute)


def _industries_above(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        level = np.exp(np.log1p(x.panel[list(_INDUSTRIES)].fillna(0.0)).cumsum())
        real = x.panel[list(_INDUSTRIES)].rolling(window).count() >= window
        return _share(level > level.rolling(window).mean(), real)

    meaning = f"share of industries above their {window}-session average"
    return Feature(f"industries_above_{window}", FAMILY, _INDUSTRIES, window, meaning, compute)


def _industries_beating(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        total = np.log1p(x.panel[list(_INDUSTRIES)]).rolling(window).sum()
        market = np.log1p(x.panel["ret_cap"]).rolling(window).sum()
        return _share(total.gt(market, axis=0), total.notna())

    meaning = f"share of industries ahead of the cap leg over {window} sessions"
    return Feature(f"industries_beating_{window}", FAMILY, (*_INDUSTRIES, "ret_cap"), window, meaning, compute)


def _dispersion(window: int) -> Feature:
    def compute(x: Inputs) -> pd.Series:
        return np.log1p(x.panel[list(_INDUSTRIES)]).rolling(window).sum().std(axis=1)

    meaning = f"dispersion of industry returns over {window} sessions"
    return Feature(f"industry_dispersion_{window}", FAMILY, _INDUSTRIES, window, meaning, compute)


def _net_advances(x: Inputs) -> pd.Series:
    return (x.panel["ADV"] - x.panel["DECL"]) / (x.panel["ADV"] + x.panel["DECL"])


def _mcclellan(x: Inputs) -> pd.Series:
    # Finite windows: an exponential mean's weights, cut where they no longer matter.
    net = _net_advances(x)
    fast, slow = (_finite_ewm(net, span) for span in (19, 39))
    return 1000.0 * (fast - slow)


def _finite_ewm(values: pd.Series, span: int, length: int = 200) -> pd.Series:
    weights = (1.0 - 2.0 / (span + 1.0)) ** np.arange(length)
    weights /= weights.sum()
    out = np.full(len(values), np.nan)
    if len(values) >= length:
        windows = np.lib.stride_tricks.sliding_window_view(values.to_numpy(), length)
        out[length - 1 :] = (windows * weights[::-1]).sum(axis=1)
    return pd.Series(out, index=values.index)


FEATURES: tuple[Feature, ...] = (
    _members_above(50),
    _members_above(200),
    _industries_above(50),
    _industries_above(200),
    _industries_beating(63),
    _dispersion(63),
    Feature(
        "advancing_share_10",
        FAMILY,
        ("ADV", "DECL"),
        10,
        "advancing minus declining NYSE issues, 10-session mean",
        lambda x: _net_advances(x).rolling(10).mean(),
    ),
    Feature("mcclellan", FAMILY, ("ADV", "DECL"), 200, "McClellan oscillator, ratio-adjusted", _mcclellan),
    Feature(
        "stocks_above_200",
        FAMILY,
        ("MMTH",),
        0,
        "US stocks above their 200-day average, percent",
        lambda x: x.panel["MMTH"],
    ),
    Feature(
        "new_highs_minus_lows_10",
        FAMILY,
        ("MAHN", "MALN"),
        10,
        "new 52-week highs less lows as a share of both, 10-session mean",
        lambda x: ((x.panel["MAHN"] - x.panel["MALN"]) / (x.panel["MAHN"] + x.panel["MALN"])).rolling(10).mean(),
    ),
)
