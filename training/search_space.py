"""What a sweep may choose: the ranges of the parameters, and how a specification takes on what was chosen."""

from __future__ import annotations

from typing import Any

import optuna

from models.spec import CALIBRATIONS, LIGHTGBM_DEFAULTS, WEIGHTINGS, ModelSpec

Distribution = optuna.distributions.BaseDistribution
TREES = optuna.distributions.IntDistribution(50, 600, step=50)
SPACE: dict[str, Distribution] = {
    "n_estimators": TREES,
    "max_depth": optuna.distributions.IntDistribution(2, 5),
    "learning_rate": optuna.distributions.FloatDistribution(0.005, 0.1, log=True),
    "min_child_samples": optuna.distributions.IntDistribution(20, 400, log=True),
    "colsample_bytree": optuna.distributions.FloatDistribution(0.05, 1.0, log=True),
    "reg_lambda": optuna.distributions.FloatDistribution(0.1, 200.0, log=True),
    "weighting": optuna.distributions.CategoricalDistribution(WEIGHTINGS),
    "half_life_years": optuna.distributions.CategoricalDistribution((0.0, 5.0, 10.0, 20.0, 40.0)),
    "calibration": optuna.distributions.CategoricalDistribution(CALIBRATIONS),
}


def with_params(spec: ModelSpec, chosen: dict[str, Any]) -> ModelSpec:
    """`spec` with a trial's parameters; trees have as many leaves as their depth allows."""
    fields = set(ModelSpec.model_fields)
    params = {name: value for name, value in chosen.items() if name not in fields}
    if "max_depth" in params:
        params["num_leaves"] = 2 ** params["max_depth"]
    return spec.replace(params=spec.params | params, **{k: v for k, v in chosen.items() if k in fields})


def starting_point(spec: ModelSpec) -> dict[str, Any]:
    """The experiment's own parameters, which the first trial tries: those that lie within `SPACE`."""
    own: dict[str, Any] = LIGHTGBM_DEFAULTS | spec.params | {name: getattr(spec, name) for name in _fields()}
    return {name: own[name] for name, values in SPACE.items() if _within(values, own[name])}


def numbers_of_trees(chosen: dict[str, Any]) -> list[int]:
    """The number of trees asked for, then every smaller one of the space: all are scored from its fit."""
    asked = int(chosen["n_estimators"])
    return [asked, *(n for n in range(TREES.high, TREES.low - 1, -TREES.step) if n < asked)]


def _within(values: Distribution, value: Any) -> bool:
    """Whether a distribution of the search space can give this value."""
    if isinstance(values, optuna.distributions.CategoricalDistribution):
        return value in values.choices
    assert isinstance(values, optuna.distributions.IntDistribution | optuna.distributions.FloatDistribution)
    steps = (value - values.low) / values.step if values.step else 0.0
    return bool(values.low <= value <= values.high and abs(steps - round(steps)) < 1e-8)


def _fields() -> tuple[str, ...]:
    return tuple(name for name in SPACE if name not in LIGHTGBM_DEFAULTS)
