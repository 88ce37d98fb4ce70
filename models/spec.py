"""A model's specification: frozen data that travels with the model as JSON."""

from __future__ import annotations

import dataclasses
import difflib
import json
from dataclasses import dataclass, field
from typing import Any

from features.errors import RegimeError

KINDS = ("lightgbm", "climatology", "logit2", "markov")
BASELINES = ("climatology", "logit2", "markov")

# Shallow and strongly regularised: about 3,000 overlapping weeks hold few independent months.
LIGHTGBM_DEFAULTS: dict[str, float] = {
    "n_estimators": 150,
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.03,
    "min_child_samples": 100,
    "colsample_bytree": 0.2,
    "reg_lambda": 20.0,
}


@dataclass(frozen=True)
class ModelSpec:
    """What to fit and on which past.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
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

    def __post_init__(self) -> None:
        for name in ("families", "exclude"):  # TOML and JSON bring lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.kind not in KINDS:
            raise RegimeError(f"unknown model kind {self.kind!r}: known are {', '.join(KINDS)}")
        if self.refit_weeks < 1:
            raise RegimeError(f"refit_weeks is {self.refit_weeks}: at least 1 is needed")
        for key in self.params:
            _known(key, tuple(LIGHTGBM_DEFAULTS), "LightGBM parameter")

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


def _known(key: str, known: tuple[str, ...], what: str) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        raise RegimeError(f"unknown {what} {key!r}: nearest known is {near[0]!r}")


def from_dict(values: dict[str, Any]) -> ModelSpec:
    """A specification from parsed TOML or JSON; an unknown key is an error naming the nearest known one."""
    for key in values:
        _known(key, tuple(f.name for f in dataclasses.fields(ModelSpec)), "key")
    return ModelSpec(**values)


def from_json(text: str) -> ModelSpec:
    """The inverse of `ModelSpec.to_json`."""
    return from_dict(json.loads(text))
