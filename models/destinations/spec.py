"""What a destinations experiment fits, on which past, and which models stand beside it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from features.data.errors import RegimeError
from features.group_panel import HORIZONS
from models.specification import FIRST_TEST, Specification, check_date

OUTCOMES = {
    "beats": "the group's return is above the cap leg's",
    "moves": "the group ends more than 2 points away from the cap leg",
    "leads": "the group ends more than 2 points above the cap leg",
    "lags": "the group ends more than 2 points below the cap leg",
}
SIZE = "moves"  # the outcome that says how far and not which way
# Columns of each logit; the other models are made otherwise.
LOGITS: dict[str, tuple[str, ...]] = {
    "momentum": ("momentum",),
    "logit3": ("relative_21", "relative_252", "distance"),
    "volatility": ("volatility_21", "volatility_63", "volatility_252", "market_volatility_21"),
}
# From the simplest to the least simple.
MODELS = ("base", "momentum", "quadrants", "logit3", "volatility", "lightgbm", "lambdarank")
CANDIDATES = ("lightgbm", "lambdarank")
BASELINES: dict[str, tuple[str, ...]] = {
    "beats": ("momentum", "quadrants", "logit3"),
    SIZE: ("volatility",),
    "leads": ("momentum", "quadrants", "logit3", "volatility"),
    "lags": ("momentum", "quadrants", "logit3", "volatility"),
}
MUST_BEAT = "volatility"  # of the size: a candidate that does not beat it is no champion


class DestinationsSpec(Specification):
    """What to fit and on which past.

    Raises
    ------
    RegimeError
        An unknown key, model or outcome, or a value of the wrong type or size; one line.
    """

    model: str = "lightgbm"
    """One of `MODELS`; those of `BASELINES` are walked forward beside it."""
    outcomes: tuple[str, ...] = tuple(OUTCOMES)
    """Some of `OUTCOMES`."""
    horizons: tuple[int, ...] = HORIZONS
    """Sessions ahead, entered one session after the decision."""
    train_start: str = "1927-01-01"
    """First date of a training row, YYYY-MM-DD."""
    first_test: str = FIRST_TEST
    """First date of a test week, YYYY-MM-DD; ten years after the first training row if that is later."""
    refit_weeks: int = Field(default=26, ge=1, le=5_200)
    """Weeks between two refits."""
    seed: int = Field(default=7, ge=0, le=2**31 - 1001)
    """Seed of everything random."""
    params: dict[str, int | float] = Field(default_factory=dict)
    """Replace LightGBM's parameters."""

    @field_validator("train_start", "first_test")
    @classmethod
    def _dates(cls, text: str, info: ValidationInfo) -> str:
        return check_date(str(info.field_name), text)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.model not in MODELS:
            raise RegimeError(f"unknown destinations model {self.model!r}: known are {', '.join(MODELS)}")
        for outcome in self.outcomes:
            if outcome not in OUTCOMES:
                raise RegimeError(f"unknown outcome {outcome!r} of a group: known are {', '.join(OUTCOMES)}")
        if not self.outcomes or not self.horizons or len(set(self.horizons)) != len(self.horizons):
            raise RegimeError("outcomes and horizons: at least one of each, each once, is needed")
        for horizon in self.horizons:
            if not 1 <= horizon <= 252:
                raise RegimeError(f"horizon {horizon}: a number of sessions from 1 to 252 is needed")
        return self

    def models_of(self, outcome: str) -> tuple[str, ...]:
        """The base rate, the outcome's baselines and the candidate, from the simplest on."""
        kinds = {"base", *BASELINES[outcome], self.model}
        return tuple(kind for kind in MODELS if kind in kinds)
