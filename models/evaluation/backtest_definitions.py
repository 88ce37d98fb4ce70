"""The metrics of the backtest, in the order in which they are documented."""

from __future__ import annotations

from dataclasses import replace

from models.evaluation.metric_types import HIGHER, NONE, Group, Metric, bounds

RULES = ("in_out", "three_way")
BACKTEST_ASSUMES = "trading at the close in any size, bills always available, no tax"


def _sharpe_gain(name: str, reference: str, definition: str) -> Metric:
    return Metric(
        name,
        f"Sharpe ratio ahead of {reference}, {{rule}}",
        "Sharpe ratio a year",
        HIGHER,
        definition,
        "the value of the rule's timing",
        BACKTEST_ASSUMES,
        group=Group.BACKTEST,
        pattern="+.3f",
        members=RULES,
    )


def _drawdown(name: str, held: str, members: tuple[str, ...] = ()) -> Metric:
    return Metric(
        name,
        f"maximum drawdown, {held}",
        "share of wealth, negative",
        HIGHER,
        "deepest fall of wealth from its peak at closes, a negative decimal",
        "the worst loss from a peak",
        BACKTEST_ASSUMES,
        low=-1.0,
        high=0.0,
        pattern="+.1%",
        group=Group.BACKTEST,
        members=members,
    )


def _sharpe(name: str, held: str, definition: str, members: tuple[str, ...] = ()) -> Metric:
    return Metric(
        name,
        f"Sharpe ratio, {held}",
        "Sharpe ratio a year",
        HIGHER,
        definition,
        "mean excess return over its deviation",
        "independent days",
        pattern="+.3f",
        group=Group.BACKTEST,
        members=members,
    )


_GAIN = _sharpe_gain(
    "sharpe_{rule}_gain", "buy-and-hold", "difference to buy-and-hold of the cap leg over the same sessions"
)
_GAIN_MIX = _sharpe_gain(
    "sharpe_{rule}_gain_mix",
    "the mix",
    "difference to the rule's average exposure held constantly, rebalanced at each decision "
    "for 10 bp on what is traded",
)
_RETURN = replace(
    _GAIN_MIX,
    name="return_{rule}_gain_mix",
    label="return ahead of the mix, {rule}",
    unit="return a year",
    definition="yearly arithmetic return ahead of that mix",
    pattern="+.2%",
)
_DAYS = "90 %, days resampled together in blocks of 126 and 252"
_AT_10 = "daily returns over bills, mean / sd x sqrt(252), at 10 bp a switch"
BACKTEST = (
    _sharpe("sharpe_{rule}", "{rule}", _AT_10, RULES),
    _sharpe("sharpe_{rule}_25bp", "{rule} at 25 bp", "the same at 25 bp; thresholds stay those chosen at 10 bp", RULES),
    _sharpe("sharpe_{rule}_50bp", "{rule} at 50 bp", "the same at 50 bp; thresholds stay those chosen at 10 bp", RULES),
    _sharpe("sharpe_buy_and_hold", "buy-and-hold", "the same of the cap leg, held throughout"),
    _drawdown("max_drawdown_{rule}", "{rule}", RULES),
    _drawdown("max_drawdown_mix", "in-out's mix"),
    _drawdown("max_drawdown_buy_and_hold", "buy-and-hold"),
    Metric(
        "exposure_in_out",
        "exposure of in-out",
        "share of sessions",
        NONE,
        "share of sessions in the cap leg",
        "the rule's average position",
        low=0.0,
        high=1.0,
        group=Group.BACKTEST,
    ),
    Metric(
        "switches_{rule}",
        "switches of {rule}",
        "switches",
        NONE,
        "number of changes of position",
        "the rule's turnover",
        low=0.0,
        pattern=".0f",
        group=Group.BACKTEST,
        members=RULES,
    ),
    _GAIN,
    *bounds(_GAIN, _DAYS),
    _GAIN_MIX,
    *bounds(_GAIN_MIX, _DAYS),
    _RETURN,
    *bounds(_RETURN, _DAYS),
)
