"""A whole call, with changes, for tests that need one and not a model."""

import json
from typing import Any

import pandas as pd

from features.dataset import OUTCOMES
from serving.call import Call, parse_call

PROBABILITIES = {"rotation": 0.31, "breakdown": 0.34, "neither": 0.35}
BASE_RATES = {"rotation": 0.37, "breakdown": 0.17, "neither": 0.46}
DRIVER = {
    "feature": "vix",
    "family": "volatility",
    "for": "breakdown",
    "contribution": -0.2,
    "value": 31.0,
    "percentile": 0.93,
    "words": "VIX: high for <its> history",
    "together": [],
    "history": {"weeks": 300, "share": 0.31, "usual": 0.17},
}
READING = {
    "feature": "vol_regime",
    "value": 0.01,
    "percentile": 0.15,
    "words": "the market is in its calm state",
    "weeks": 958,
    "followed": {"rotation": 0.39, "breakdown": 0.14, "neither": 0.47},
    "usual": {"rotation": 0.37, "breakdown": 0.18, "neither": 0.45},
}
MODEL = {
    "name": "regime",
    "version": "3",
    "kind": "markov",
    "champion": True,
    "fitted_at": "2000-01-07",
    "fitted_now": False,
    "training_weeks": 1500,
    "skill": 0.02,
    "skill_p": 0.01,
    "gate": "beats climatology",
    "override": None,
    "succession": None,
    "run": None,
}

EVIDENCE = {
    "crps_skill": 0.037,
    "crps_skill_p": 0.001,
    "crps_skill_last_10_years": 0.041,
    "crps_skill_p_last_10_years": 0.02,
    "weeks": None,
    "coverage_80": None,
    "coverage_80_least": None,
    "coverage_80_most": None,
    "coverage_80_usual": None,
}
RANGE_MODEL = {
    "name": "regime-range",
    "version": "2",
    "kind": "har",
    "champion": True,
    "fitted_at": "2026-01-02",
    "fitted_now": False,
    "gate": "har is the simplest that beats a constant scale",
}


def range_object(breakdown: float, base_rate: float) -> dict[str, Any]:
    """The block `range` of a call: three horizons whose odds go with those of a breakdown."""
    names = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
    returns = (-0.071, -0.051, -0.02, 0.008, 0.034, 0.063, 0.08)
    out = {}
    for horizon, times in (("5", 0.5), ("21", 1.0), ("63", 1.7)):
        odds = dict(zip(("3", "5", "8", "10"), (1.4, 1.0, 0.5, 0.3), strict=True))
        out[horizon] = {
            "quantiles": {name: times * value for name, value in zip(names, returns, strict=True)},
            "usual": {name: 0.9 * times * value for name, value in zip(names, returns, strict=True)},
            "falls": {fall: min(0.99, times * share * breakdown) for fall, share in odds.items()},
            "usual_falls": {fall: min(0.99, times * share * base_rate) for fall, share in odds.items()},
            "width_rank": 0.81,
            "evidence": EVIDENCE,
        }
    return out


def call_object(**changes: Any) -> dict[str, Any]:
    """The JSON object of a call; `model` changes keys of the model, `probabilities` bring their head-to-head."""
    model = MODEL | changes.pop("model", {})
    p = changes.get("probabilities", PROBABILITIES)
    return {
        "schema": 2,
        "asof": "2026-01-09",
        "verdict": "breakdown",
        "head_to_head": p["rotation"] / (p["rotation"] + p["breakdown"]),
        "head_to_head_evidence": False,
        "probabilities": p,
        "base_rates": BASE_RATES,
        "leaders_faltering": {"now": True, "since": "2025-12-05"},
        "challenger": {"kind": "lightgbm", "probabilities": p, "drivers": []},
        "markov": BASE_RATES,
        "drivers": [DRIVER, DRIVER],
        "readings": [],
        "families": {"volatility": -0.4},
        "drift": {"of": None, "share_outside": 0.0, "features": [], "weighted": None},
        "evidence": None,
        "last_week": None,
        "freshness": {"SPY": {"last": "2026-01-09", "stale": False, "required": True}},
        "substitutions": {},
        "digest": "0" * 16,
        "source": "folder",
        "caveat": None,
        "model": model,
        "record": {"breakdown": {"weeks": 40, "right": 0.3, "interval": [0.1, 0.5], "base_rate": 0.17, "episodes": 6}},
        "allowed_stale": [],
        "data_age_days": None,
        "direction": None,
        "destinations": None,
        "range": range_object(p["breakdown"], changes.get("base_rates", BASE_RATES)["breakdown"]),
        "range_model": RANGE_MODEL,
        "left_out": {},
    } | changes


def make_test_call(**changes: Any) -> Call:
    """The call of `call_object`, validated."""
    return parse_call(json.dumps(call_object(**changes)))


def predictions() -> pd.DataFrame:
    """Four hundred matured weeks of a walk-forward; each outcome in turn."""
    dates = pd.date_range("2015-01-02", periods=400, freq="W-FRI")
    table = pd.DataFrame({"date": dates, "outcome": [OUTCOMES[i % 3] for i in range(400)]})
    for place, name in enumerate(OUTCOMES):
        table[f"p_{name}"] = 0.2 + 0.2 * ((table.index + place) % 3) / 2
    return table
