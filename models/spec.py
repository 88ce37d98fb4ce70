"""A model's specification: frozen data that travels with the model as JSON."""

from __future__ import annotations

import dataclasses
import difflib
import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from features.data.errors import RegimeError

BASELINES = ("climatology", "persistence", "logit2", "markov", "logit-all")
OPTIONAL_BASELINES = ("jump",)  # beside them where its package is installed and somebody runs it
ALL_BASELINES = (*BASELINES, *OPTIONAL_BASELINES)
KINDS = ("lightgbm", "staged", *ALL_BASELINES)
TREES = ("lightgbm", "staged")
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

LOGIT2 = ("broad_return_21", "broad_vol_21")
FIXED_COLUMNS: dict[str, tuple[str, ...]] = {
    "climatology": (),
    "persistence": ("last_outcome",),
    "logit2": LOGIT2,
    "markov": ("vol_regime",),
    "jump": ("jump_state",),
}
# Rows, refits and columns of the protocol's baselines, fixed once; those of the experiment `default`.
PROTOCOL: dict[str, Any] = {
    "train_start": "1927-01-01",
    "refit_weeks": 26,
    "families": ("breadth", "relative_strength", "rates", "spreads", "volatility"),
    "min_history_years": 10,
}


@dataclass(frozen=True)
class ModelSpec:
    """What to fit and on which past.

    Attributes
    ----------
    kind : str
        One of `KINDS`. `staged` is LightGBM twice: breakdown or not, then
        rotation or neither among the rest.
    label : str
    train_start : str
        First date of a training row, ISO.
    refit_weeks : int
    seed : int
    params : dict
        LightGBM parameters, over `LIGHTGBM_DEFAULTS`.
    families : tuple of str
        Feature families to use; empty: all.
    exclude : tuple of str
        Families or single features to leave out.
    exclude_revised : bool
        Leave out features with an input that is revised and has no vintages.
    as_published : bool
        A feature is missing before its inputs were published.
    weighting : str
        One of `WEIGHTINGS`: `uniqueness` weighs a row by how little its horizon overlaps others.
    half_life_years : float
        Rows lose half their weight in this time; 0: never.
    calibration : str
        One of `CALIBRATIONS`: shrink towards it, the weight learned inside the training window.
    blend : tuple of str
        Kinds averaged with `kind`, equal weights.
    seeds : int
        LightGBM is fitted with this many seeds and averaged.
    monotone : dict of str to int
        Feature to +1 or -1: breakdown may only rise or fall with it (`staged`, or two outcomes).
    """

    kind: str = "lightgbm"
    label: str = "path"
    train_start: str = "1964-01-01"
    refit_weeks: int = 26
    seed: int = 7
    params: dict[str, float] = field(default_factory=dict)
    families: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    exclude_revised: bool = True
    as_published: bool = False
    weighting: str = "none"
    half_life_years: float = 0.0
    calibration: str = "none"
    blend: tuple[str, ...] = ()
    min_history_years: float = 0.0
    seeds: int = 1
    monotone: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("families", "exclude", "blend"):  # TOML and JSON bring lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for kind in (self.kind, *self.blend):
            _one_of(kind, KINDS, "model kind")
        _one_of(self.weighting, WEIGHTINGS, "weighting")
        _one_of(self.calibration, CALIBRATIONS, "calibration")
        for name in ("refit_weeks", "seeds"):
            if getattr(self, name) < 1:
                raise RegimeError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        for name in ("half_life_years", "min_history_years"):
            object.__setattr__(self, name, float(getattr(self, name)))  # 10 and 10.0 are one specification
            if getattr(self, name) < 0.0:
                raise RegimeError(f"{name} is {getattr(self, name):g}: 0 (off) or more is needed")
        _date(self.train_start)
        for key, value in self.params.items():
            _parameter(key, value)
        for name, sign in self.monotone.items():
            if sign not in (-1, 1):
                raise RegimeError(f"monotone: {name} is {sign}; +1 (breakdown rises with it) or -1 is needed")
        if self.monotone and "lightgbm" in (self.kind, *self.blend) and self.label != "stress":
            raise RegimeError(
                'monotone needs kind = "staged" and no lightgbm in the blend: among three classes "rises" has no one '
                "meaning"
            )

    @property
    def needs_jump(self) -> bool:
        """Whether the data set must carry the jump model's column."""
        return "jump" in (self.kind, *self.blend)

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


def baseline(spec: ModelSpec, kind: str) -> ModelSpec:
    """The plain model `kind` on the rows, refits and columns of `spec`: no blend, no shrinkage, no weights."""
    kept = ["label", "train_start", "refit_weeks", "seed", "exclude_revised", "as_published"]
    if kind not in FIXED_COLUMNS:  # whatever a specification lets others see, these read their own
        kept += ["families", "exclude", "min_history_years"]
    return ModelSpec(kind=kind, **{name: getattr(spec, name) for name in kept})


def is_protocol(spec: ModelSpec) -> bool:
    """Whether this is a baseline of the protocol, on its rows and columns.

    One with others was chosen by somebody: it is a candidate like any model,
    and a try; beside another model it is only a rival in the same folds.
    """
    if spec.kind not in ALL_BASELINES:
        return False
    unread: dict[str, Any] = (
        {"families": (), "exclude": (), "min_history_years": 0.0} if spec.kind in FIXED_COLUMNS else {}
    )
    own = dataclasses.replace(spec, **unread)
    return own == baseline(ModelSpec(label=spec.label, seed=spec.seed, **PROTOCOL), spec.kind)


def normal(spec: ModelSpec) -> ModelSpec:
    """The one way to write a specification: a baseline of the protocol says nothing of columns it does not read."""
    return baseline(spec, spec.kind) if is_protocol(spec) else spec


def check_sizes(params: dict[str, float]) -> None:
    """Raise for a LightGBM parameter that is out of bounds, before any work; what was fitted once can still be read."""
    for key, value in params.items():
        low, high = BOUNDS[key]
        if not low <= value <= high:
            raise RegimeError(f"params: {key} is {value}; a number from {low:g} to {high:g} is needed")
        if key in WHOLE and value != int(value):
            raise RegimeError(f"params: {key} is {value}; a whole number is needed")


def _one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise RegimeError(f"unknown {what} {value!r}: known are {', '.join(known)}")


def _date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise RegimeError(f"train_start is {text!r}: a date YYYY-MM-DD is needed") from error


def _parameter(key: str, value: Any) -> None:
    _known(key, tuple(LIGHTGBM_DEFAULTS), "LightGBM parameter")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RegimeError(f"params: {key} is {value!r}; a number is needed")


def _known(key: str, known: tuple[str, ...], what: str) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        raise RegimeError(f"unknown {what} {key!r}: nearest known is {near[0]!r}")


def from_dict(values: dict[str, Any]) -> ModelSpec:
    """A specification from parsed TOML or JSON; an unknown key is an error naming the nearest known one."""
    fields = {f.name: f for f in dataclasses.fields(ModelSpec)}
    for key, value in values.items():
        _known(key, tuple(fields), "key")
        default = fields[key].default
        kind = type(default) if default is not dataclasses.MISSING else dict
        allowed: tuple[type, ...] = {tuple: (list, tuple), float: (int, float)}.get(kind, (kind,))
        if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
            raise RegimeError(f"{key} is {value!r}: a value of type {allowed[0].__name__} is needed")
    return ModelSpec(**values)


def from_json(text: str) -> ModelSpec:
    """The inverse of `ModelSpec.to_json`; a RegimeError for what is none."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise RegimeError(f"a specification is not JSON: {text[:60]!r}") from error
    if not isinstance(values, dict):
        raise RegimeError(f"a specification is a JSON object, not {text[:60]!r}")
    return from_dict(values)
