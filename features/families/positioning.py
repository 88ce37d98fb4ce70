"""Positioning: who is long and short equity futures, by the CFTC's Traders in Financial Futures.

A net position is long less short contracts over open interest. A report is read
from the session on which it was published; its windows count sessions.
"""

from __future__ import annotations

from features import wording as say
from features.data.sources import cftc
from features.feature import Feature, entries
from features.rolling import change, percentile

_SIGNAL = "hedge-fund positioning"
_entry = entries("positioning")
_MARKET = {"sp500": "S&P 500", "nasdaq100": "Nasdaq 100", "russell2000": "Russell 2000", "vix": "VIX"}
_GROUP = {"leveraged": "leveraged funds", "asset_manager": "asset managers"}


def _three(contract: str, group: str) -> tuple[Feature, ...]:
    key, said = f"{contract}_{group}", f"{_GROUP[group]}, net over open interest, {_MARKET[contract]} futures"
    who, what = _GROUP[group], f"{_MARKET[contract]} futures"
    position = f"the net position of {who} in {what}"
    net = say.by_sign(
        f"{who} are net long {what} by {{}} % of open interest",
        f"{who} are net short {what} by {{}} % of open interest",
        f"{who} hold no net position in {what}",
        scale=100.0,
    )
    moved = say.moved(position, say.over(252), " points of open interest", 1, 100.0)
    return (
        _entry(f"{key}_net", _SIGNAL, (key,), 0, said, net, lambda x: x[key]),
        _entry(
            f"{key}_change_252",
            _SIGNAL,
            (key,),
            252,
            f"{said}: change in a year",
            moved,
            lambda x: change(x[key], 252),
        ),
        _entry(
            f"{key}_percentile_756",
            _SIGNAL,
            (key,),
            756,
            f"{said}: percentile over three years",
            say.ranked(position, 756),
            lambda x: percentile(x[key], 756),
        ),
    )


FEATURES: tuple[Feature, ...] = tuple(
    item for contract in cftc.CONTRACTS for group in cftc.POSITIONS for item in _three(contract.name, group)
)
