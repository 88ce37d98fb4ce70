"""Breadth: how many take part."""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data import catalog
from features.data.arrays import Bools, Floats
from features.feature import Block, Feature, entries
from features.rolling import change, highest, lagged, lowest, mean, std, total, weighted

INDUSTRIES = tuple(f"ret_{name}" for name in catalog.INDUSTRIES)
_MEMBERS = ("members",)
_ABOVE, _HIGHS = "stocks above their averages", "new highs and lows"
_ADVANCES, _NARROW = "advancing and declining", "narrow leadership"


def _share(true: Bools, known: Bools) -> Floats:
    return np.asarray((true & known).sum(axis=1) / known.sum(axis=1))


def _of_members(x: Block, true: Bools, known: Bools) -> Floats:
    """Share of the members of the day; missing below `feature.MIN_COVERAGE`."""
    known = known & x.membership
    return np.where(x.covered(known), _share(true, known), np.nan)


def _above(x: Block, window: int) -> Floats:
    def make() -> Floats:
        average = mean(x.prices, window)
        return _of_members(x, x.prices > average, ~np.isnan(average) & ~np.isnan(x.prices))

    return x.keep(("above", window), make)


def _at_high(x: Block, window: int) -> Floats:
    def make() -> Floats:
        top = highest(x.prices, window)
        return _of_members(x, x.prices >= top, ~np.isnan(top))

    return x.keep(("high", window), make)


def _at_low(x: Block, window: int) -> Floats:
    def make() -> Floats:
        bottom = lowest(x.prices, window)
        return _of_members(x, x.prices <= bottom, ~np.isnan(bottom))

    return x.keep(("low", window), make)


def _member_return(x: Block, window: int) -> Floats:
    logs = x.keep(("logs",), lambda: np.log(x.prices))
    return x.keep(("returns", window), lambda: change(logs, window))


def _beating(x: Block, window: int) -> Floats:
    returns = _member_return(x, window)
    market = x.run("ret_cap", window)[-len(returns) :, None]
    share = _of_members(x, returns > market, ~np.isnan(returns))
    return np.where(np.isnan(market[:, 0]), np.nan, share)


def _dispersion(x: Block, window: int) -> Floats:
    returns = _member_return(x, window)
    known = x.membership & ~np.isnan(returns)
    n = known.sum(axis=1)
    inside = np.where(known, returns, 0.0)
    variance = (np.where(known, returns**2, 0.0).sum(axis=1) - inside.sum(axis=1) ** 2 / n) / (n - 1)
    return np.where(x.covered(known), np.sqrt(np.maximum(variance, 0.0)), np.nan)


def _correlation(x: Block, window: int) -> Floats:
    """Average pairwise correlation implied by the variance of the mean and the mean variance."""
    steps = _member_return(x, 1)
    spread = std(steps, window)
    known = x.membership & ~np.isnan(spread)
    n = known.sum(axis=1)
    own = np.where(known, spread**2, 0.0).sum(axis=1) / n
    today = x.membership & ~np.isnan(steps)
    middle = np.where(today, steps, 0.0).sum(axis=1) / today.sum(axis=1)
    implied = (std(middle, window) ** 2 - own / n) / (own * (1.0 - 1.0 / n))
    return np.where(x.covered(known), implied, np.nan)


def _coverage(x: Block) -> Floats:
    return np.asarray((x.membership & ~np.isnan(x.stored)).sum(axis=1) / x.count)


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


def _differ(who: str, window: int) -> say.Say:
    return lambda v: f"the returns of {who} {say.over(window)} differ by {100.0 * v:.1f} % (standard deviation)"


_entry = entries("breadth")
FEATURES: tuple[Feature, ...] = (
    *(
        _entry(
            f"members_above_{w}",
            _ABOVE,
            _MEMBERS,
            w,
            f"share of index members above their {w}-session average (missing below 95 % coverage)",
            say.share(f"of index members are above their {w}-day average"),
            lambda x, w=w: _above(x, w),
        )
        for w in (20, 50, 200)
    ),
    *(
        _entry(
            f"members_above_{w}_change_21",
            _ABOVE,
            _MEMBERS,
            w + 21,
            f"change of the share above the {w}-session average over 21 sessions",
            say.moved(f"the share of index members above their {w}-day average", say.over(21), digits=0, scale=100.0),
            lambda x, w=w: _above(x, w) - lagged(_above(x, w), 21),
        )
        for w in (50, 200)
    ),
    _entry(
        "new_highs_252",
        _HIGHS,
        _MEMBERS,
        252,
        "share of members at a 252-session high",
        say.share("of index members are at a 12-month high"),
        lambda x: _at_high(x, 252),
    ),
    _entry(
        "new_lows_252",
        _HIGHS,
        _MEMBERS,
        252,
        "share of members at a 252-session low",
        say.share("of index members are at a 12-month low"),
        lambda x: _at_low(x, 252),
    ),
    _entry(
        "net_new_highs_252_mean_10",
        _HIGHS,
        _MEMBERS,
        262,
        "members at a 252-session high less those at a low, 10-session mean",
        say.by_sign(
            "12-month highs exceed lows by {} % of index members, 10-day mean",
            "12-month lows exceed highs by {} % of index members, 10-day mean",
            "12-month highs and lows of index members are even, 10-day mean",
            scale=100.0,
        ),
        lambda x: mean(_at_high(x, 252) - _at_low(x, 252), 10),
    ),
    *(
        _entry(
            f"members_beating_{w}",
            _NARROW,
            ("members", "ret_cap"),
            w,
            f"share of members ahead of the cap leg over {w} sessions",
            say.share(f"of index members lead cap weight {say.over(w)}"),
            lambda x, w=w: _beating(x, w),
        )
        for w in (21, 63, 252)
    ),
    *(
        _entry(
            f"member_dispersion_{w}",
            _NARROW,
            _MEMBERS,
            w,
            f"standard deviation across members of their {w}-session returns",
            _differ("index members", w),
            lambda x, w=w: _dispersion(x, w),
        )
        for w in (21, 63)
    ),
    _entry(
        "member_correlation_63",
        _NARROW,
        _MEMBERS,
        64,
        "average correlation of members over 63 sessions, implied by variances",
        say.level("the average correlation of index members over 3 months"),
        lambda x: _correlation(x, 63),
    ),
    _entry(
        "member_coverage",
        _ABOVE,
        ("membership",),
        0,
        "share of index members with a price",
        say.share("of index members have a price"),
        _coverage,
        display=True,
    ),
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
        _differ("industries", 63),
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
