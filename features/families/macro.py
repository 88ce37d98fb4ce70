"""Macro: inflation, growth and jobs, financial conditions, bank lending, as released.

Where a series is revised and its vintages are not at hand, the catalogue says
so, and no model trains on the feature unless an experiment asks for it.
"""

from __future__ import annotations

from features.feature import Feature, entries
from features.rolling import change

_PRICES, _GROWTH = "inflation", "growth and jobs"
_entry = entries("macro")


def _as_is(name: str, signal: str, key: str, meaning: str) -> Feature:
    return _entry(name, signal, (key,), 0, meaning, lambda x: x[key])


FEATURES: tuple[Feature, ...] = (
    _as_is("cpi_12m", _PRICES, "cpi_12m", "consumer prices, 12-month growth"),
    _as_is("cpi_3m", _PRICES, "cpi_3m", "consumer prices, 3-month growth, annualised"),
    _as_is("core_12m", _PRICES, "core_12m", "core consumer prices, 12-month growth"),
    _as_is("core_3m", _PRICES, "core_3m", "core consumer prices, 3-month growth, annualised"),
    *(
        _entry(
            f"{name}_acceleration",
            _PRICES,
            (f"{name}_3m", f"{name}_12m"),
            0,
            f"{said}: 3-month growth minus 12-month",
            lambda x, name=name: x[f"{name}_3m"] - x[f"{name}_12m"],
        )
        for name, said in (("cpi", "consumer prices"), ("core", "core consumer prices"))
    ),
    _as_is("breakeven_10y", _PRICES, "T10YIE", "ten-year breakeven inflation"),
    _entry(
        "breakeven_10y_change_63",
        _PRICES,
        ("T10YIE",),
        63,
        "ten-year breakeven, change over 63 sessions",
        lambda x: change(x["T10YIE"], 63),
    ),
    _as_is("payrolls_3m", _GROWTH, "payrolls_3m", "payrolls, 3-month growth, annualised"),
    _as_is("payrolls_12m", _GROWTH, "payrolls_12m", "payrolls, 12-month growth"),
    _as_is("unemployment_off_low", _GROWTH, "unemployment_off_low", "unemployment rate above its 12-month low"),
    _as_is("claims_off_low", _GROWTH, "claims_off_low", "jobless claims, 4-week mean over its lowest of a year, log"),
    _as_is("production_3m", _GROWTH, "production_3m", "industrial production, 3-month growth, annualised"),
    _as_is("production_12m", _GROWTH, "production_12m", "industrial production, 12-month growth"),
    _as_is("nfci", "financial conditions", "NFCI_FIRST", "financial conditions (NFCI), first prints"),
    _as_is("nfci_change_13w", "financial conditions", "nfci_change_13w", "financial conditions, change over 13 weeks"),
    _as_is("loan_officers", "bank lending", "DRTSCILM", "banks tightening standards, net percent"),
    _as_is("loan_officers_change_4q", "bank lending", "loans_change_4q", "banks tightening, change over 4 quarters"),
)
