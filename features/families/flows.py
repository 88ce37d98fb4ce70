"""Flows, by proxy: where the dollar volume goes.

A fund's dollar volume against SPY's is read as a log ratio less its own
252-session mean, so that the constant by which dividends rescale an adjusted
price cancels. It is a proxy: volume is not a creation of shares.
"""

from __future__ import annotations

import numpy as np

from features import wording as say
from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import change, mean, total

_FUNDS, _CASH = "fund flows (proxy)", "cash on the sidelines"
_entry = entries("flows")
_SAID = {
    "iwm": "small caps (IWM)",
    "rsp": "equal weight (RSP)",
    "qqq": "Nasdaq 100 (QQQ)",
    "xlk": "technology (XLK)",
    "kre": "regional banks (KRE)",
}


def _share(fund: str) -> Feature:
    def compute(x: Block) -> Floats:
        ratio = np.log(x[f"dollar_{fund}"]) - np.log(x["dollar_spy"])
        ratio = np.where(np.isfinite(ratio), ratio, np.nan)
        return mean(ratio, 21) - mean(ratio, 252)

    meaning = f"dollar volume of {_SAID[fund]} against SPY: 21-session mean less the 252-session one, log"
    words = say.percent_gap(f"the volume of {_SAID[fund]} against SPY over a month", "its 12-month mean")
    return _entry(f"{fund}_volume_share", _FUNDS, (f"dollar_{fund}", "dollar_spy"), 252, meaning, words, compute)


def _signed(x: Block, fund: str) -> Floats:
    dollars = x[f"dollar_{fund}"]
    return total(np.sign(x[f"ret_{fund}"]) * dollars, 21) / total(dollars, 21)


def _pressure(fund: str) -> Feature:
    inputs = (f"dollar_{fund}", "dollar_spy", f"ret_{fund}", "ret_spy")
    meaning = f"share of 21-session dollar volume on up days less down days: {_SAID[fund]} minus SPY"
    words = say.by_sign(
        f"the volume of {_SAID[fund]} leaned to up days {{}} points more than SPY's over a month",
        f"the volume of {_SAID[fund]} leaned to up days {{}} points less than SPY's over a month",
        f"the volume of {_SAID[fund]} leaned to up days as SPY's did over a month",
        0,
        50.0,
    )
    return _entry(
        f"{fund}_signed_volume_21", _FUNDS, inputs, 22, meaning, words, lambda x: _signed(x, fund) - _signed(x, "spy")
    )


FEATURES: tuple[Feature, ...] = (
    *(_share(fund) for fund in _SAID),
    *(_pressure(fund) for fund in _SAID),
    _entry(
        "money_funds_4q",
        _CASH,
        ("money_funds_4q",),
        0,
        "money-market assets, growth over 4 quarters, percent",
        say.by_sign(
            "money-market assets grew by {} % over 12 months",
            "money-market assets fell by {} % over 12 months",
            "money-market assets did not grow over 12 months",
        ),
        lambda x: x["money_funds_4q"],
    ),
    _entry(
        "money_funds_against_trend",
        _CASH,
        ("money_funds_against_trend",),
        0,
        "money-market assets, growth over 4 quarters less the 5-year pace",
        say.by_sign(
            "money-market assets grew {} points faster over 12 months than over 5 years",
            "money-market assets grew {} points more slowly over 12 months than over 5 years",
            "money-market assets grew over 12 months as over 5 years",
        ),
        lambda x: x["money_funds_against_trend"],
    ),
    _entry(
        "reverse_repo",
        _CASH,
        ("RRPONTSYD",),
        0,
        "overnight reverse repo, log of 1 plus billions",
        lambda v: f"the Fed's overnight reverse repo is at {np.expm1(v):.0f} billion dollars",
        lambda x: np.log1p(x["RRPONTSYD"]),
    ),
    _entry(
        "reverse_repo_change_63",
        _CASH,
        ("RRPONTSYD",),
        63,
        "overnight reverse repo, log change over 63 sessions",
        say.by_sign(
            "the Fed's overnight reverse repo rose by {} % over 3 months",
            "the Fed's overnight reverse repo fell by {} % over 3 months",
            "the Fed's overnight reverse repo did not move over 3 months",
            0,
            turn=say.in_percent,
        ),
        lambda x: change(np.log1p(x["RRPONTSYD"]), 63),
    ),
)
