"""Earnings broadening: how many companies earn more than a year ago, as first filed."""

from __future__ import annotations

from features import wording as say
from features.feature import Feature, entries
from features.rolling import change

_SIGNAL = "earnings broadening"
_entry = entries("earnings")
_GREW, _WITHOUT, _COVERED = "earnings_grew", "earnings_grew_without_seven", "earnings_covered"

FEATURES: tuple[Feature, ...] = (
    _entry(
        "earnings_breadth",
        _SIGNAL,
        (_GREW,),
        0,
        "share of index members whose quarterly net income grew on the year",
        say.share("of index members earned more than a year ago"),
        lambda x: x[_GREW],
    ),
    _entry(
        "earnings_breadth_change_63",
        _SIGNAL,
        (_GREW,),
        63,
        "share of members whose earnings grew, change over 63 sessions",
        say.moved("the share of index members that earned more than a year ago", say.over(63), digits=0, scale=100.0),
        lambda x: change(x[_GREW], 63),
    ),
    _entry(
        "earnings_breadth_minus_seven",
        _SIGNAL,
        (_GREW, _WITHOUT),
        0,
        "share of members whose earnings grew without the named seven, less that of all (picked in 2023: display only)",
        say.by_sign(
            "without the seven named stocks {} points more of the members earned more than a year ago",
            "without the seven named stocks {} points fewer of the members earned more than a year ago",
            "the seven named stocks do not change the share of members that earned more than a year ago",
            1,
            100.0,
        ),
        lambda x: x[_WITHOUT] - x[_GREW],
        display=True,
    ),
    _entry(
        "earnings_coverage",
        _SIGNAL,
        (_COVERED,),
        0,
        "share of index members whose earnings are known",
        say.share("of index members have earnings that are known"),
        lambda x: x[_COVERED],
        display=True,
    ),
)
