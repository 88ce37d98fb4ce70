"""A range model's specification, and the scales it may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from features.data.errors import RegimeError
from models.range.paths import HORIZONS, LONGEST
from models.specification import Specification, json_object


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


PROTOCOL_KEYS = ("horizons", "train_start", "refit_weeks", "half_life_years")


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
    refit_weeks: int = Field(default=26, ge=1, le=5_200)
    """Weeks between two refits."""
    seed: int = Field(default=7, ge=0, le=2**31 - 1001)
    """Seed of everything random."""
    families: tuple[str, ...] = ("breadth", "relative_strength", "rates", "spreads", "volatility")
    """Feature families beside the volatility block."""
    exclude: tuple[str, ...] = ()
    """Families or single features to leave out."""
    min_history_years: float = Field(default=10.0, ge=0.0, le=1_000.0)
    """A feature joins once it has this many years of values in the training rows."""
    half_life_years: float = Field(default=10.0, gt=0.0, le=1_000.0)
    """A past week's score loses half its weight in this time when the pool's length is chosen."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.model not in MODELS:
            raise RegimeError(f"unknown range model {self.model!r}: known are {', '.join(MODELS)}")
        if not self.horizons or len(set(self.horizons)) != len(self.horizons):
            raise RegimeError(f"horizons {list(self.horizons)}: at least one, each once, is needed")
        for horizon in self.horizons:
            if not 1 <= horizon <= LONGEST:
                raise RegimeError(f"horizon {horizon}: a number of sessions from 1 to {LONGEST} is needed")
        return self

    @property
    def reads_garch(self) -> bool:
        """Whether the model reads GARCH parameters: the simulation, and what is fitted on the whole block."""
        members = () if self.model == GARCH else BY_NAME[self.model].members
        return self.model == GARCH or bool({"ridge", "boosted"} & set(members))


def from_json(text: str) -> RangeSpec:
    """The inverse of `RangeSpec.to_json`; a RegimeError for what is none."""
    return RangeSpec(**json_object(text))
