"""Breadth of the index's members: how many of them take part."""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data.arrays import Bools, Floats
from features.feature import Block, Feature, entries
from features.rolling import change, highest, lagged, lowest, mean, std

_MEMBERS = ("members",)
_ABOVE, _HIGHS, _NARROW = "stocks above their averages", "new highs and lows", "narrow leadership"


def _of_members(x: Block, true: Bools, known: Bools) -> Floats:
    """Share of the members of the day; missing below `feature.MIN_COVERAGE`."""
    known = known & x.membership
    return np.where(x.covered(known), (true & known).sum(axis=1) / known.sum(axis=1), np.nan)


def _above(x: Block, window: int) -> Floats:
    def make() -> Floats:
        average = mean(x.prices, window)
        return _of_members(x, x.prices > average, ~np.isnan(average) & ~np.isnan(x.prices))

    return x.cached(("above", window), make)


def _at_high(x: Block, window: int) -> Floats:
    def make() -> Floats:
        top = highest(x.prices, window)
        return _of_members(x, x.prices >= top, ~np.isnan(top))

    return x.cached(("high", window), make)


def _at_low(x: Block, window: int) -> Floats:
    def make() -> Floats:
        bottom = lowest(x.prices, window)
        return _of_members(x, x.prices <= bottom, ~np.isnan(bottom))

    return x.cached(("low", window), make)


def _member_return(x: Block, window: int) -> Floats:
    logs = x.cached(("logs",), lambda: np.log(x.prices))
    return x.cached(("returns", window), lambda: change(logs, window))


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
            say.differ("index members", w),
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
)
