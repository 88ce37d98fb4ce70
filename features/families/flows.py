"""Flows, by proxy: where the dollar volume goes.

A fund's dollar volume against SPY's is read as a log ratio less its own
252-session mean, so that the constant by which dividends rescale an adjusted
price cancels. It is a proxy: volume is not a creation of shares.
"""

from __future__ import annotations

import numpy as np

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
    return _entry(f"{fund}_volume_share", _FUNDS, (f"dollar_{fund}", "dollar_spy"), 252, meaning, compute)


def _signed(x: Block, fund: str) -> Floats:
    dollars = x[f"dollar_{fund}"]
    return total(np.sign(x[f"ret_{fund}"]) * dollars, 21) / total(dollars, 21)


def _pressure(fund: str) -> Feature:
    inputs = (f"dollar_{fund}", "dollar_spy", f"ret_{fund}", "ret_spy")
    meaning = f"share of 21-session dollar volume on up days less down days: {_SAID[fund]} minus SPY"
    return _entry(
        f"{fund}_signed_volume_21", _FUNDS, inputs, 22, meaning, lambda x: _signed(x, fund) - _signed(x, "spy")
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
        lambda x: x["money_funds_4q"],
    ),
    _entry(
        "money_funds_against_trend",
        _CASH,
        ("money_funds_against_trend",),
        0,
        "money-market assets, growth over 4 quarters less the 5-year pace",
        lambda x: x["money_funds_against_trend"],
    ),
    _entry(
        "reverse_repo",
        _CASH,
        ("RRPONTSYD",),
        0,
        "overnight reverse repo, log of 1 plus billions",
        lambda x: np.log1p(x["RRPONTSYD"]),
    ),
    _entry(
        "reverse_repo_change_63",
        _CASH,
        ("RRPONTSYD",),
        63,
        "overnight reverse repo, log change over 63 sessions",
        lambda x: change(np.log1p(x["RRPONTSYD"]), 63),
    ),
)
