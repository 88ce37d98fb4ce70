"""Sentiment: surveys, options, and what growth costs against value."""

from __future__ import annotations

from features import wording as say
from features.data.arrays import Floats
from features.feature import Block, Feature, entries
from features.rolling import change, mean, z_score

_CONSUMERS, _TAIL = "consumer sentiment (Michigan)", "the price of tail risk (SKEW)"
_SURVEY, _OPTIONS, _VALUATION = "sentiment", "options activity", "valuation gap"
_entry = entries("sentiment")


def _as_is(name: str, signal: str, key: str, meaning: str, words: say.Say) -> Feature:
    return _entry(name, signal, (key,), 0, meaning, words, lambda x: x[key])


def _value_run(x: Block) -> Floats:
    line = x.line("ret_value")
    return line - mean(line, 1260)


FEATURES: tuple[Feature, ...] = (
    _as_is("consumer_sentiment", _SURVEY, "UMCSENT", "Michigan consumer sentiment", say.level(_CONSUMERS, "", 1)),
    *(
        _as_is(
            f"consumer_sentiment_change_{months}m",
            _SURVEY,
            f"sentiment_change_{months}m",
            f"consumer sentiment, change over {months} months",
            say.moved(_CONSUMERS, f"over {months} months", digits=1),
        )
        for months in (3, 12)
    ),
    _as_is("skew", _OPTIONS, "SKEW", "price of tail risk (SKEW)", say.level(_TAIL, "", 0)),
    _entry(
        "skew_z_252",
        _OPTIONS,
        ("SKEW",),
        252,
        "SKEW, z-score over a year",
        say.deviations(_TAIL, 252),
        lambda x: z_score(x["SKEW"], 252),
    ),
    *(
        _entry(
            f"put_call_{kind}_10",
            _OPTIONS,
            (f"PCR_{kind.upper()}",),
            10,
            f"put/call ratio, {kind}, 10-session mean",
            say.level(f"the {kind} put/call ratio (10-day mean)"),
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
        say.deviations("the equity put/call ratio", 252),
        lambda x: z_score(x["PCR_EQUITY"], 252),
    ),
    _as_is("shiller_pe", _VALUATION, "pe10", "Shiller P/E, ten-year earnings", say.level("the Shiller P/E", "", 1)),
    _as_is(
        "forward_pe", _VALUATION, "SPX_FWD_PE", "index forward P/E", say.level("the forward P/E of the index", "", 1)
    ),
    _entry(
        "forward_pe_change_63",
        _VALUATION,
        ("SPX_FWD_PE",),
        63,
        "index forward P/E, change over 63 sessions",
        say.moved("the forward P/E of the index", say.over(63), digits=1),
        lambda x: change(x["SPX_FWD_PE"], 63),
    ),
    _entry(
        "value_against_growth_5y",
        _VALUATION,
        ("ret_value",),
        1260,
        "value over growth against its 5-year mean: a relative-strength proxy of the valuation gap",
        say.percent_gap("the price of value in shares of growth", "its 5-year mean"),
        _value_run,
    ),
)
