"""Sentiment: surveys, options, and what growth costs against value."""

from __future__ import annotations

from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import change, mean, z_score

_SURVEY, _OPTIONS, _VALUATION = "sentiment", "options activity", "valuation gap"
_entry = entries("sentiment")


def _as_is(name: str, signal: str, key: str, meaning: str) -> Feature:
    return _entry(name, signal, (key,), 0, meaning, lambda x: x[key])


def _value_run(x: Block) -> Floats:
    line = x.line("ret_value")
    return line - mean(line, 1260)


FEATURES: tuple[Feature, ...] = (
    _as_is("consumer_sentiment", _SURVEY, "UMCSENT", "Michigan consumer sentiment"),
    _as_is("consumer_sentiment_change_3m", _SURVEY, "sentiment_change_3m", "consumer sentiment, change over 3 months"),
    _as_is(
        "consumer_sentiment_change_12m", _SURVEY, "sentiment_change_12m", "consumer sentiment, change over 12 months"
    ),
    _as_is("skew", _OPTIONS, "SKEW", "price of tail risk (SKEW)"),
    _entry("skew_z_252", _OPTIONS, ("SKEW",), 252, "SKEW, z-score over a year", lambda x: z_score(x["SKEW"], 252)),
    *(
        _entry(
            f"put_call_{kind}_10",
            _OPTIONS,
            (f"PCR_{kind.upper()}",),
            10,
            f"put/call ratio, {kind}, 10-session mean",
            lambda x, kind=kind: mean(x[f"PCR_{kind.upper()}"], 10),
        )
        for kind in ("total", "equity", "index")
    ),
    _entry(
        "put_call_equity_z_252",
        _OPTIONS,
        ("PCR_EQUITY",),
        252,
        "equity put/call ratio, z-score over a year",
        lambda x: z_score(x["PCR_EQUITY"], 252),
    ),
    _as_is("shiller_pe", _VALUATION, "pe10", "Shiller P/E, ten-year earnings"),
    _as_is("forward_pe", _VALUATION, "SPX_FWD_PE", "index forward P/E"),
    _entry(
        "forward_pe_change_63",
        _VALUATION,
        ("SPX_FWD_PE",),
        63,
        "index forward P/E, change over 63 sessions",
        lambda x: change(x["SPX_FWD_PE"], 63),
    ),
    _entry(
        "value_against_growth_5y",
        _VALUATION,
        ("ret_value",),
        1260,
        "value over growth against its 5-year mean: a relative-strength proxy of the valuation gap",
        _value_run,
    ),
)
