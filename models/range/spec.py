"""A range model's specification, and the scales it may have."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from features.data.errors import RegimeError
from models.range.paths import HORIZONS, LONGEST
from models.specification import FIRST_TEST, Specification, check_date, json_object


@dataclass(frozen=True)
class Scale:
    """How a range model sets its scale.

    Attributes
    ----------
    name : str
    members : tuple of str
        Scales averaged in logarithms: a column of the volatility block, or `har`, `ridge`, `boosted`; none: constant.
    spread_members : tuple of str
        The same for the spread of the legs.
    optional : tuple of str
        Columns that join the members where that did better on the fold's past.
    instead : str, optional
        The column that stands in, at their past ratio, where the member has no value yet.
    """

    name: str
    members: tuple[str, ...]
    spread_members: tuple[str, ...]
    optional: tuple[str, ...] = ()
    instead: str | None = None


# From the simplest to the least simple.
SCALES = (
    Scale("constant", (), ()),
    Scale("realised", ("log_vol_broad_21",), ("log_vol_spread_21",)),
    Scale("ewma", ("log_ewma_broad",), ("log_ewma_spread",)),
    Scale("har", ("har",), ("har",)),
    Scale("vix", ("log_vix",), ("log_vol_spread_21",), instead="log_vol_broad_21"),
    Scale("range-lightgbm", ("boosted",), ("har",), optional=("log_vix",)),
    Scale("range-ridge", ("ridge",), ("ridge",), optional=("log_vix",)),
    Scale("range", ("har", "ridge", "boosted"), ("har", "ridge"), optional=("log_vix",)),
)
GARCH = "garch"  # no scale of past paths: a simulation of its own
BY_NAME = {one.name: one for one in SCALES}
MODELS = ("constant", "realised", "ewma", "har", GARCH, "vix", "range-lightgbm", "range-ridge", "range")
BASELINES = ("constant", "realised", "ewma", "har", GARCH, "vix")


PROTOCOL_KEYS = ("horizons", "train_start", "first_test", "last_test", "refit_weeks", "half_life_years", "inner_years")
# Keys that came after the first stored specifications: their texts have none, and stand for the same as the defaults.
LATER_KEYS = ("first_test", "last_test", "members", "inner_years")


def is_protocol(spec: RangeSpec) -> bool:
    """Whether rows, horizons and refits are the protocol's: models on others are not judged beside everybody's."""
    return all(getattr(spec, key) == RangeSpec.model_fields[key].default for key in PROTOCOL_KEYS)


class RangeSpec(Specification):
    """What to fit and on which past.

    Raises
    ------
    RegimeError
        An unknown key or model, or a value of the wrong type or size; one line.
    """

    model: str = "range"
    """One of `MODELS`."""
    label: str = "path"
    """The label that the simulated paths are judged by, for the three-way classifier."""
    horizons: tuple[int, ...] = HORIZONS
    """Sessions ahead."""
    train_start: str = "1927-01-01"
    """First date of a training row, YYYY-MM-DD."""
    first_test: str = FIRST_TEST
    """First date of a test week, YYYY-MM-DD; fifteen years after the first training row if that is later. An earlier
    one needs `last_test`."""
    last_test: str = ""
    """Last date of a test week, before 1990-01-01: one model on weeks that no gate reads, to choose on; empty: the
    data's last."""
    refit_weeks: int = Field(default=26, ge=1, le=5_200)
    """Weeks between two refits."""
    inner_years: int = Field(default=5, ge=1, le=100)
    """Years between two refits of the inner walk-forward, whose forecasts the past paths are divided by."""
    seed: int = Field(default=7, ge=0, le=2**31 - 1001)
    """Seed of everything random."""
    families: tuple[str, ...] = ("breadth", "relative_strength", "rates", "spreads", "volatility")
    """Feature families beside the volatility block."""
    members: tuple[str, ...] = ()
    """Scales of the broad leg averaged in logarithms, instead of a candidate's own: `har`, `ridge`, `boosted`, or a
    column of the volatility block; empty: its own."""
    exclude: tuple[str, ...] = ()
    """Families or single features to leave out."""
    min_history_years: float = Field(default=10.0, ge=0.0, le=1_000.0)
    """A feature joins once it has this many years of values in the training rows."""
    half_life_years: float = Field(default=10.0, gt=0.0, le=1_000.0)
    """A past week's score loses half its weight in this time when the pool's length is chosen."""

    @field_validator("train_start", "first_test", "last_test")
    @classmethod
    def _dates(cls, text: str, info: ValidationInfo) -> str:
        return text if info.field_name == "last_test" and not text else check_date(str(info.field_name), text)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.model not in MODELS:
            raise RegimeError(f"unknown range model {self.model!r}: known are {', '.join(MODELS)}")
        if not self.horizons or len(set(self.horizons)) != len(self.horizons):
            raise RegimeError(f"horizons {list(self.horizons)}: at least one, each once, is needed")
        for horizon in self.horizons:
            if not 1 <= horizon <= LONGEST:
                raise RegimeError(f"horizon {horizon}: a number of sessions from 1 to {LONGEST} is needed")
        self._check_span()
        self._check_members()
        return self

    def _check_span(self) -> None:
        """The protocol's test weeks, or weeks that end before them: its weeks are all tested, so that tries compare."""
        if self.first_test != FIRST_TEST and not self.last_test:
            raise RegimeError(
                f"first_test is {self.first_test}: give last_test too, before {FIRST_TEST}; "
                f"from then on all models are tested on the same weeks"
            )
        if self.last_test >= FIRST_TEST:
            raise RegimeError(
                f"last_test is {self.last_test}: a date before {FIRST_TEST} is needed; from then on weeks test and "
                "choose nothing"
            )
        if self.last_test and self.last_test < self.first_test:
            raise RegimeError(f"last_test {self.last_test} lies before first_test {self.first_test}")

    def _check_members(self) -> None:
        if self.members and self.model in BASELINES:
            candidates = ", ".join(model for model in MODELS if model not in BASELINES)
            raise RegimeError(f"members of {self.model!r}: a baseline keeps its own; they are for {candidates}")
        if len(set(self.members)) != len(self.members):
            raise RegimeError(f"members {list(self.members)}: each once is needed")

    @property
    def reads_garch(self) -> bool:
        """Whether the model reads GARCH parameters: the simulation, and what is fitted on the whole block."""
        members = () if self.model == GARCH else (*self.scale.members, *self.scale.spread_members)
        fitted = {"ridge", "boosted"} & set(members)
        return self.model == GARCH or bool(fitted) or any(name.startswith("log_garch") for name in members)

    @property
    def scale(self) -> Scale:
        """How the model sets its scale; KeyError for the GARCH simulation, which has none."""
        own = BY_NAME[self.model]
        return replace(own, members=self.members) if self.members else own

    @property
    def explores(self) -> bool:
        """Whether its test weeks lie before the protocol's: it is logged and never judged."""
        return bool(self.last_test)

    def beside(self, model: str) -> RangeSpec:
        """Another model on the same rows, with its own members."""
        return self.replace(model=model, members=self.members if model == self.model else ())

    def to_json(self) -> str:
        """One line of JSON with sorted keys; a later key stands in it where it is not the default."""
        fields = type(self).model_fields
        values = self.model_dump()
        said = {key: value for key, value in values.items() if key not in LATER_KEYS or value != fields[key].default}
        return json.dumps(said, sort_keys=True)


def from_json(text: str) -> RangeSpec:
    """The inverse of `RangeSpec.to_json`; a RegimeError for what is none."""
    return RangeSpec(**json_object(text))
