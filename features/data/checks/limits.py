"""Limits on the values of each catalogue unit.

The figures are the extremes of a century of US data with room to spare: the crash of October 1987,
the autumn of 2008, March 2020 and the negative oil price all pass. A value beyond a limit is more
likely a wrong unit, a missing-value code or a forgotten split than a market event; a person who
knows better says so with ``--accept``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from features.data.catalog import Series

NEVER = float("inf")


@dataclass(frozen=True)
class Limits:
    """Bounds on one unit.

    Attributes
    ----------
    lowest, highest : float
        Inclusive range of a value.
    scale : {"log", "plain", "none"}
        How a change is measured: log ratio, difference, or not at all (the series is a change itself).
    jump : float
        Largest change between neighbouring observations.
    peer_jump : float
        Largest change beyond the median of the series' peers on the same day, where it has peers.
    own_past : float
        Largest multiple of any change of the series' own past (and more than half of `jump`).
    spike : float
        Largest change that the next observation takes back.
    flat : float
        Longest run of repeated values, in observations.
    activity : (float, float)
        Bounds on the median size of a change (of a value, for scale ``none``).
    levels : bool
        Whether features read the level. A shifted level is then wrong for as long as it lasts;
        where features read returns only the day of the shift is.
    hundredths : bool
        Whether the values are published with two decimals, which tells percent from decimals.
    hint : str
        What the unit is often confused with.
    """

    lowest: float
    highest: float
    scale: Literal["log", "plain", "none"] = "none"
    jump: float = NEVER
    peer_jump: float = NEVER
    spike: float = NEVER
    flat: float = NEVER
    activity: tuple[float, float] = (0.0, NEVER)
    own_past: float = NEVER
    levels: bool = True
    hundredths: bool = False
    hint: str = ""


_PRICE_HINT = "a price in dollars, adjusted for splits and dividends, is expected"
_FUND = Limits(0.1, 1e5, "log", 0.5, 0.2, 0.15, 10, (4e-4, 0.1), own_past=3, levels=False, hint=_PRICE_HINT)
# Single companies do halve in a day (Apple, 29 September 2000), so only more than that is a jump.
_COMPANY = Limits(0.005, 1e5, "log", 0.8, NEVER, 0.4, 10, (4e-4, 0.2), levels=False, hint=_PRICE_HINT)
# Members include spin-offs, bankruptcies and meme stocks; what is left is a change of unit.
MEMBER = Limits(1e-4, 1e7, "log", 4.0, NEVER, 1.2, 250, hint=_PRICE_HINT)
_VOL_HINT = "percent a year is expected, not decimals"
_PERCENT_HINT = "percent a year is expected, not decimals or basis points"
_YIELD = Limits(-5, 40, "plain", 2.5, NEVER, 1.0, 60, own_past=3, hundredths=True, hint=_PERCENT_HINT)
_RETURN = Limits(
    -0.5, 0.5, activity=(3e-4, 0.08), flat=20, hint="decimal returns are expected, not percent, prices or indices"
)

BY_UNIT: dict[str, Limits] = {
    "adjusted close, USD": _FUND,
    "index level, no dividends": replace(_FUND, highest=1e6, hint="an index level is expected"),
    "percent a year": Limits(
        3, 400, "log", 1.5, NEVER, 0.7, 10, own_past=3, hint="percent a year is expected, not decimals"
    ),
    "percent": _YIELD,
    "daily return": _RETURN,
    "index": Limits(0.5, 10000, "log", 0.5, NEVER, 0.3, 30, hint="an index level is expected"),
    "ratio": Limits(0.05, 500, "log", 3.5, NEVER, 3.0, 60, hint="a ratio is expected, not percent"),
    "issues": Limits(0, 20000, flat=60, hint="a number of issues is expected"),
    "share": Limits(0, 1, hint="a share from 0 to 1 is expected, not percent"),
    "share of open interest": Limits(-1, 1, hint="a share of open interest is expected, not contracts or percent"),
    "shares": Limits(0, 1e12, hint="a number of shares is expected"),
    "thousands": Limits(10000, 1e6, "log", 0.3, flat=10, hint="thousands of persons are expected"),
    "persons": Limits(20000, 5e7, "log", 3.0, flat=20, hint="persons are expected, not thousands"),
    "millions": Limits(0, 1e9, hint="millions of dollars are expected"),
}
_MONTHLY_YIELD = replace(_YIELD, spike=2.0)
_SHARE = Limits(0, 100, flat=30, hint="percent from 0 to 100 is expected")
BY_SERIES: dict[str, Limits] = {
    "RF": Limits(0, 0.002, hint="decimal returns of one day are expected, not percent"),
    "MMTH": _SHARE,
    "S5TH": _SHARE,
    "RRPONTSYD": Limits(0, 1e5, hint="billions of dollars are expected"),
    "DFF": replace(_YIELD, jump=10, spike=5, flat=400),  # days of tight reserves in the 1970s and 1980s
    "DRTSCILM": Limits(-99, 100, "plain", 80, hint="percent, net, is expected"),
    "UNRATE": Limits(0.5, 50, "plain", 15, flat=20, hint="percent is expected, not decimals"),
    "NFCI_FIRST": Limits(-5, 10, "plain", 4, NEVER, 2, 30, hint="standard deviations are expected"),
    "CPIAUCSL": Limits(10, 2000, "log", 0.1, NEVER, 0.05, 12, hint="an index level is expected, not a rate of change"),
    "CPILFESL": Limits(10, 2000, "log", 0.1, NEVER, 0.05, 12, hint="an index level is expected, not a rate of change"),
    "INDPRO": Limits(5, 500, "log", 0.4, NEVER, 0.2, 12, hint="an index level is expected, not a rate of change"),
    "UMCSENT": Limits(10, 200, "log", 0.6, NEVER, 0.4, 12, hint="an index level is expected"),
    "SKEW": Limits(80, 300, "log", 0.5, NEVER, 0.3, 10, hint="an index level near 100 is expected"),
    "VVIX": Limits(5, 500, "log", 1.8, NEVER, 1.6, 10, hint=_VOL_HINT),
    "SPX_FWD_PE": Limits(2, 500, "log", 1.5, NEVER, 1.0, 30, hint="a ratio is expected"),
    "pe10": Limits(2, 150, "log", 0.8, NEVER, 0.6, 12, hint="a ratio is expected"),
}
UNBOUNDED = Limits(-1e15, 1e15, hint="a finite number is expected")  # a unit without limits of its own
# Codes that files carry for a value that is missing; the ranges above catch most of them.
MISSING_CODES = np.array([-99.99, -99.0, -999.0, -999.99, -9999.0, -9999.99, -99999.0, 9999.99, 99999.0])


def of(series: Series) -> Limits:
    """Limits of a catalogue series: its own, else those of its unit."""
    if series.table == "prices_mag7":
        return _COMPANY
    if series.table == "fredmd":
        return _MONTHLY_YIELD
    return BY_SERIES.get(series.key) or BY_UNIT.get(series.unit, UNBOUNDED)
