"""A model's specification: frozen data that travels with the model as JSON, and is read from TOML."""

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from features.data.errors import RegimeError
from models import estimators
from models.estimators import ALL_BASELINES
from models.specification import Specification, check_date, check_known, json_object

WEIGHTINGS = ("none", "uniqueness")
CALIBRATIONS = ("none", "climatology", "markov", "stack")

# Shallow and strongly regularised: 5,000 overlapping weeks hold some 1,200 independent months at best. Rows and
# split points are drawn at random too: measured on weeks before 1990 (docs/method.md).
LIGHTGBM_DEFAULTS: dict[str, float] = {
    "n_estimators": 300,
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.03,
    "min_child_samples": 100,
    "colsample_bytree": 0.2,
    "reg_lambda": 20.0,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "extra_trees": 1,
}
WHOLE = ("n_estimators", "max_depth", "num_leaves", "min_child_samples", "bagging_freq", "extra_trees")
# Least and largest; nothing beyond them is a model of this size of data, much of it is no model at all.
BOUNDS: dict[str, tuple[float, float]] = {
    "n_estimators": (1, 10_000),
    "max_depth": (1, 12),
    "num_leaves": (2, 4096),
    "learning_rate": (1e-5, 1.0),
    "min_child_samples": (1, 100_000),
    "colsample_bytree": (0.001, 1.0),
    "reg_lambda": (0.0, 1e6),
    "bagging_fraction": (0.01, 1.0),
    "bagging_freq": (0, 1000),
    "extra_trees": (0, 1),
}
LEAST = 1e-6  # a positive number below this is a slip of the hand, not a setting
MOST = 1e12
LONGEST_NAME = 200  # characters
# Rows, refits and columns of the protocol's baselines, fixed once; those of the experiment `default`.
PROTOCOL: dict[str, Any] = {
    "train_start": "1927-01-01",
    "refit_weeks": 26,
    "families": ("breadth", "relative_strength", "rates", "spreads", "volatility"),
    "min_history_years": 10,
}


class ModelSpec(Specification):
    """What to fit and on which past.

    Raises
    ------
    RegimeError
        A key that does not exist (the nearest known one is named), or a value
        of the wrong type or size; one line.
    """

    estimator: str = "lightgbm"
    """A name in `models.estimators`."""
    label: str = Field(default="path", min_length=1, max_length=LONGEST_NAME)
    """What is predicted: a label of `features.labels`."""
    train_start: str = "1964-01-01"
    """First date of a training row, YYYY-MM-DD."""
    refit_weeks: int = Field(default=26, ge=1, le=5_200)
    """Weeks between two refits."""
    seed: int = Field(default=7, ge=0, le=2**31 - 1001)
    """Seed of everything random."""
    params: dict[str, int | float] = Field(default_factory=dict)
    """LightGBM parameters, over `LIGHTGBM_DEFAULTS`."""
    families: tuple[str, ...] = ()
    """Feature families to use; empty: all."""
    exclude: tuple[str, ...] = ()
    """Families or single features to leave out."""
    exclude_revised: bool = True
    """Leave out features with an input that is revised and has no vintages."""
    as_published: bool = False
    """A feature is missing before its inputs were published."""
    weighting: str = "none"
    """`none`, or `uniqueness`: a row counts by how little its horizon overlaps others."""
    half_life_years: float = Field(default=0.0, ge=0.0, le=1_000.0)
    """Rows lose half their weight in this time; 0: never."""
    calibration: str = "none"
    """`none`, or what predictions are shrunk towards by a weight learned on the past: one of `CALIBRATIONS`."""
    blend: tuple[str, ...] = ()
    """Estimators averaged with `estimator`, equal weights."""
    min_history_years: float = Field(default=0.0, ge=0.0, le=1_000.0)
    """A feature joins once it has this many years of values in the training rows; 0: at once."""
    seeds: int = Field(default=1, ge=1, le=1_000)
    """LightGBM is fitted with this many seeds and averaged."""
    monotone: dict[str, int] = Field(default_factory=dict)
    """Feature to +1 or -1: breakdown may only rise or fall with it (`staged`, or two outcomes)."""

    @field_validator("families", "exclude", "blend", "monotone")
    @classmethod
    def _names_are_short(cls, value: Any) -> Any:
        for name in value:
            if not 0 < len(name) <= LONGEST_NAME:
                raise ValueError(f"a name of {len(name)} characters; 1 to {LONGEST_NAME} are allowed")
        return value

    @field_validator("half_life_years", "min_history_years")
    @classmethod
    def _not_minute(cls, value: float) -> float:
        if 0.0 < value < LEAST:
            raise ValueError(f"{value:g} is neither 0 nor at least {LEAST:g}")
        return value

    @field_validator("train_start")
    @classmethod
    def _date(cls, text: str) -> str:
        return check_date("train_start", text)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in (self.estimator, *self.blend):
            estimators.estimator(name)
        _one_of(self.weighting, WEIGHTINGS, "weighting")
        _one_of(self.calibration, CALIBRATIONS, "calibration")
        for key, value in self.params.items():
            check_known(key, LIGHTGBM_DEFAULTS, "LightGBM parameter")
            if not -MOST <= value <= MOST:  # nan and infinity too
                raise RegimeError(f"params: {key} is {repr(value)[:60]}; a number is needed")
        for name, sign in self.monotone.items():
            if sign not in (-1, 1):
                raise RegimeError(f"monotone: {name} is {sign}; +1 (breakdown rises with it) or -1 is needed")
        if self.monotone and "lightgbm" in (self.estimator, *self.blend) and self.label != "stress":
            raise RegimeError(
                'monotone needs estimator = "staged" and no lightgbm in the blend: among three classes "rises" has no '
                "one meaning"
            )
        return self

    @property
    def members(self) -> tuple[str, ...]:
        """The estimators averaged: its own, then the blend's."""
        return (self.estimator, *self.blend)

    @property
    def needs_jump(self) -> bool:
        """Whether the data set must carry the jump model's column."""
        return "jump" in self.members

    @property
    def identity(self) -> str:
        """The text that keys are made of (fold cache, ledger); never changes for the same specification.

        `estimator` stands under its first name, `kind`, so that what was
        stored when it was called that keeps its key.
        """
        values = self.model_dump()
        values[FORMER_NAME] = values.pop("estimator")
        return json.dumps(values, sort_keys=True)


FORMER_NAME = "kind"  # of the key `estimator`, in files and stored specifications of version 0.1


def baseline(spec: ModelSpec, name: str) -> ModelSpec:
    """The plain estimator `name` on the rows, refits and columns of `spec`: no blend, no shrinkage, no weights."""
    kept = ["label", "train_start", "refit_weeks", "seed", "exclude_revised", "as_published"]
    if estimators.estimator(name).columns is None:  # the others read columns of their own
        kept += ["families", "exclude", "min_history_years"]
    return ModelSpec(estimator=name, **{key: getattr(spec, key) for key in kept})


def is_protocol(spec: ModelSpec) -> bool:
    """Whether this is a baseline of the protocol, on its rows and its few columns.

    One with others was chosen by somebody: it is a candidate like any model,
    and a try; beside another model it is only a rival in the same folds.
    """
    return spec.estimator in ALL_BASELINES and is_plain(spec)


def is_plain(spec: ModelSpec) -> bool:
    """Whether this is its one estimator, unchanged, on the protocol's rows and columns."""
    fixed = estimators.estimator(spec.estimator).columns is not None
    unread: dict[str, Any] = {"families": (), "exclude": (), "min_history_years": 0.0} if fixed else {}
    own = spec.replace(**unread)
    return own == baseline(ModelSpec(label=spec.label, seed=spec.seed, **PROTOCOL), spec.estimator)


def normal(spec: ModelSpec) -> ModelSpec:
    """The one way to write a specification: a baseline of the protocol says nothing of columns it does not read."""
    return baseline(spec, spec.estimator) if is_protocol(spec) else spec


def check_sizes(params: dict[str, float]) -> None:
    """Raise for a LightGBM parameter that is out of bounds, before any work; what was fitted once can still be read."""
    for key, value in params.items():
        low, high = BOUNDS[key]
        if not low <= value <= high or 0.0 < value < LEAST:
            raise RegimeError(f"params: {key} is {value}; a number from {low:g} to {high:g} is needed")
        if key in WHOLE and value != int(value):
            raise RegimeError(f"params: {key} is {value}; a whole number is needed")


def from_dict(values: dict[str, Any]) -> ModelSpec:
    """A specification from parsed TOML or JSON, those that still say `kind` for `estimator` too.

    Raises
    ------
    RegimeError
        As `ModelSpec`, and where both names stand.
    """
    if FORMER_NAME not in values:
        return ModelSpec(**values)
    if "estimator" in values:
        raise RegimeError(f"{FORMER_NAME} is the former name of estimator, and both are given: leave out {FORMER_NAME}")
    return ModelSpec(**{"estimator" if key == FORMER_NAME else key: value for key, value in values.items()})


def from_json(text: str) -> ModelSpec:
    """The inverse of `ModelSpec.to_json`; a RegimeError for what is none."""
    return from_dict(json_object(text))


def _one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise RegimeError(f"unknown {what} {value!r}: known are {', '.join(known)}")
