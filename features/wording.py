"""How a reading is said: functions that make the sentence of one feature from its signed value.

Each function here gives a `Say`: a value in, one clause out, such as "equal
weight lags cap weight by 3.2 % over 3 months". The sign chooses the verb, so a
sentence cannot be read backwards. `docs/readings.md` shows every feature at
low, middle and high values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

Say = Callable[[float], str]


def spoken(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


# The legs and what trades against them, as a trader calls them.
NAMES = {
    "broad": "equal weight",
    "cap": "cap weight",
    "leaders": "the largest stocks",
    "small": "small caps",
    "small_value": "small value",
    "ijr": "S&P 600 small caps",
    "spy": "the S&P 500",
    "iwd": "Russell 1000 value",
    "iwf": "Russell 1000 growth",
}
_SPANS = {
    1: "a day",
    5: "a week",
    10: "two weeks",
    20: "a month",
    21: "a month",
    63: "3 months",
    126: "6 months",
    252: "12 months",
    756: "3 years",
}
_ADJECTIVES = {10: "two-week", 21: "one-month", 63: "3-month", 252: "12-month"}
LOW, HIGH = 0.2, 0.8  # percentiles between which a reading is near its usual, which is no reason for anything


def span(window: int) -> str:
    """A window in sessions as a trader says it."""
    return _SPANS.get(window, f"{window} sessions")


def over(window: int) -> str:
    """The same with its preposition."""
    return f"over {span(window)}"


def plural(what: str) -> bool:
    """Whether a verb after these words takes its plural."""
    return re.split(r" (?:of|in|over|against|from|\()", what)[0].endswith("s")


def be(what: str) -> str:
    """The words with `is` or `are`."""
    return f"{what} {'are' if plural(what) else 'is'}"


def possessive(what: str) -> str:
    """`its` or `their`."""
    return "their" if plural(what) else "its"


def in_percent(log: float) -> float:
    """A log return in percent."""
    return 100.0 * math.expm1(log)


def by_sign(
    up: str, down: str, flat: str, digits: int = 1, scale: float = 1.0, turn: Callable[[float], float] | None = None
) -> Say:
    """One of three sentences; `{}` stands for the size without its sign.

    Parameters
    ----------
    up, down, flat : str
        Above zero, below zero, and where the size rounds to nothing.
    digits : int
        Decimals of the size.
    scale : float
        What the value is multiplied by.
    turn : callable, optional
        Applied to the value first, such as `in_percent`.
    """

    def say(value: float) -> str:
        shown = scale * (turn(value) if turn else value)
        if round(abs(shown), digits) == 0.0:
            return flat
        return (up if shown > 0.0 else down).format(f"{abs(shown):.{digits}f}")

    return say


def lead(long: str, short: str, when: str) -> Say:
    """A difference of log returns: who leads whom, by how much."""
    s = "" if plural(long) else "s"
    tail = f"{short} by {{}} % {when}"
    flat = f"{long} and {short} did the same {when}"
    return by_sign(f"{long} lead{s} {tail}", f"{long} lag{s} {tail}", flat, turn=in_percent)


def gain(what: str, window: int) -> Say:
    """A log return: gained or lost."""
    tail = f"{{}} % {over(window)}"
    return by_sign(
        f"{what} gained {tail}", f"{what} lost {tail}", f"{what} did not move {over(window)}", turn=in_percent
    )


def below_high(what: str, window: int) -> Say:
    """A log distance from a high, zero or below."""
    high = f"{possessive(what)} {window // 21}-month high"
    at = f"{be(what)} at {high}"
    return by_sign(at, f"{be(what)} {{}} % below {high}", at, turn=in_percent)


def level(what: str, unit: str = "", digits: int = 2, scale: float = 1.0) -> Say:
    """A level, whose sign belongs to it."""
    return lambda value: f"{be(what)} at {scale * value:.{digits}f}{unit}"


def moved(
    what: str,
    when: str,
    unit: str = " points",
    digits: int = 2,
    scale: float = 1.0,
    verbs: tuple[str, str] = ("rose", "fell"),
) -> Say:
    """A change: rose or fell, by how much."""
    up, down = (f"{what} {verb} by {{}}{unit} {when}" for verb in verbs)
    return by_sign(up, down, f"{what} did not move {when}", digits, scale)


def deviations(what: str, window: int) -> Say:
    """A z-score over a window."""
    tail = f"{possessive(what)} {_ADJECTIVES[window]} mean"
    up, down = (f"{be(what)} {{}} standard deviations {side} {tail}" for side in ("above", "below"))
    return by_sign(up, down, f"{be(what)} at {tail}")


def share(of: str, scale: float = 100.0) -> Say:
    """A share, such as "62 % of index members are above their 200-day average"."""
    return lambda value: f"{scale * value:.0f} % {of}"


def gap(what: str, other: str, unit: str = " points", digits: int = 2, more: tuple[str, str] = ("", "")) -> Say:
    """A difference of two levels: above or below the other."""
    up, down = (f"{be(what)} {{}}{unit} {side} {other}" for side in ("above", "below"))
    return by_sign(up + more[0], down + more[1], f"{be(what)} level with {other}", digits)


def percent_gap(what: str, other: str) -> Say:
    """A log ratio to another level: above or below it, in percent."""
    up, down = (f"{be(what)} {{}} % {side} {other}" for side in ("above", "below"))
    return by_sign(up, down, f"{be(what)} level with {other}", 0, turn=in_percent)


def ranked(what: str, window: int) -> Say:
    """A percentile of its own past, 0 to 1."""
    return lambda value: f"{be(what)} higher than on {100.0 * value:.0f} % of the days of the past {span(window)}"


def rank_words(below: float, above: float) -> str:
    """Where a reading stands, by the shares of its past below and above it; empty where that is near its usual."""
    if below >= HIGH:
        return f"higher than {_most(below)} of its past"
    return f"lower than {_most(above)} of its past" if above >= HIGH else ""


def _most(share_of: float) -> str:
    return "all" if share_of == 1.0 else f"{min(99.0, round(100.0 * share_of)):.0f} %"


def differ(who: str, window: int) -> Say:
    """The standard deviation across `who` of their returns over a window, from a decimal."""
    return lambda v: f"the returns of {who} {over(window)} differ by {100.0 * v:.1f} % (standard deviation)"
