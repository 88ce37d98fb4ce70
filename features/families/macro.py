"""Macro: inflation, growth and jobs, financial conditions, bank lending, as released.

Where a series is revised and its vintages are not at hand, the catalogue says
so, and no model trains on the feature unless an experiment asks for it.
"""

from __future__ import annotations

from features import wording as say
from features.feature import Feature, entries
from features.rolling import change

_BREAKEVEN = "ten-year breakeven inflation"
_PRICES, _GROWTH = "inflation", "growth and jobs"
_entry = entries("macro")


def _as_is(name: str, signal: str, key: str, meaning: str, words: say.Say) -> Feature:
    return _entry(name, signal, (key,), 0, meaning, words, lambda x: x[key])


def _grew(what: str, months: int) -> say.Say:
    """Growth in percent, annualised."""
    past = f"over {months} months"
    pace = past if months == 12 else f"{past}, annualised"
    return say.by_sign(f"{what} grew by {{}} % {pace}", f"{what} fell by {{}} % {pace}", f"{what} did not grow {past}")


FEATURES: tuple[Feature, ...] = (
    _as_is("cpi_12m", _PRICES, "cpi_12m", "consumer prices, 12-month growth", _grew("consumer prices", 12)),
    _as_is("cpi_3m", _PRICES, "cpi_3m", "consumer prices, 3-month growth, annualised", _grew("consumer prices", 3)),
    _as_is("core_12m", _PRICES, "core_12m", "core consumer prices, 12-month growth", _grew("core consumer prices", 12)),
    _as_is(
        "core_3m",
        _PRICES,
        "core_3m",
        "core consumer prices, 3-month growth, annualised",
        _grew("core consumer prices", 3),
    ),
    *(
        _entry(
            f"{name}_acceleration",
            _PRICES,
            (f"{name}_3m", f"{name}_12m"),
            0,
            f"{said}: 3-month growth minus 12-month",
            say.by_sign(
                f"{said} rise faster: {{}} points a year more over 3 months than over 12",
                f"{said} rise more slowly: {{}} points a year less over 3 months than over 12",
                f"{said} rise at the same pace over 3 months as over 12",
            ),
            lambda x, name=name: x[f"{name}_3m"] - x[f"{name}_12m"],
        )
        for name, said in (("cpi", "consumer prices"), ("core", "core consumer prices"))
    ),
    _as_is("breakeven_10y", _PRICES, "T10YIE", "ten-year breakeven inflation", say.level(_BREAKEVEN, " %")),
    _entry(
        "breakeven_10y_change_63",
        _PRICES,
        ("T10YIE",),
        63,
        "ten-year breakeven, change over 63 sessions",
        say.moved(_BREAKEVEN, say.over(63)),
        lambda x: change(x["T10YIE"], 63),
    ),
    _as_is("payrolls_3m", _GROWTH, "payrolls_3m", "payrolls, 3-month growth, annualised", _grew("payrolls", 3)),
    _as_is("payrolls_12m", _GROWTH, "payrolls_12m", "payrolls, 12-month growth", _grew("payrolls", 12)),
    _as_is(
        "unemployment_off_low",
        _GROWTH,
        "unemployment_off_low",
        "unemployment rate above its 12-month low",
        say.gap("the unemployment rate", "its 12-month low", digits=1),
    ),
    _as_is(
        "claims_off_low",
        _GROWTH,
        "claims_off_low",
        "jobless claims, 4-week mean over its lowest of a year, log",
        say.percent_gap("jobless claims", "their 12-month low"),
    ),
    _as_is(
        "production_3m",
        _GROWTH,
        "production_3m",
        "industrial production, 3-month growth, annualised",
        _grew("industrial production", 3),
    ),
    _as_is(
        "production_12m",
        _GROWTH,
        "production_12m",
        "industrial production, 12-month growth",
        _grew("industrial production", 12),
    ),
    _as_is(
        "nfci",
        "financial conditions",
        "NFCI_FIRST",
        "financial conditions (NFCI), first prints",
        say.by_sign(
            "financial conditions are tighter than average (NFCI {} above zero)",
            "financial conditions are looser than average (NFCI {} below zero)",
            "financial conditions are average (NFCI)",
            2,
        ),
    ),
    _as_is(
        "nfci_change_13w",
        "financial conditions",
        "nfci_change_13w",
        "financial conditions, change over 13 weeks",
        say.moved("financial conditions (NFCI)", say.over(63), "", verbs=("tightened", "loosened")),
    ),
    _as_is(
        "loan_officers",
        "bank lending",
        "DRTSCILM",
        "banks tightening standards, net percent",
        say.by_sign(
            "a net {} % of banks tighten lending standards",
            "a net {} % of banks ease lending standards",
            "as many banks tighten lending standards as ease them",
            0,
        ),
    ),
    _as_is(
        "loan_officers_change_4q",
        "bank lending",
        "loans_change_4q",
        "banks tightening, change over 4 quarters",
        say.moved("the net share of banks that tighten lending standards", say.over(252), digits=0),
    ),
)
