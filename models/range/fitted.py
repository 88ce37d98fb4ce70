"""What a range fit leaves behind: frozen types, stored as JSON."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """A scale that is one column as it stands; where it is missing, another column times a past ratio.

    `log_ratio` is added to `instead`: the mean log ratio of the two over their
    common past, 0 where `instead` is not used.
    """

    type: Literal["column"] = "column"
    column: str
    instead: str | None = None
    log_ratio: float = 0.0
    joined_from: str | None = None
    """First decision date on which `column` itself counts, ISO; before it `instead` does."""


class Linear(_Frozen):
    """Ridge regression on standardised, clipped columns; a missing value counts as the training mean."""

    type: Literal["linear"] = "linear"
    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    clip: float
    coef: tuple[float, ...]
    intercept: float


class Trees(_Frozen):
    """Gradient-boosted regression trees; `booster` is LightGBM's own text, NaN is missing."""

    type: Literal["trees"] = "trees"
    features: tuple[str, ...]
    booster: str

    @cached_property
    def loaded(self) -> Any:
        """The LightGBM booster, read from the text once an object."""
        import lightgbm

        return lightgbm.Booster(model_str=self.booster)


Member = Annotated[Column | Linear | Trees, Field(discriminator="type")]


class Pool(_Frozen):
    """Past paths of one horizon, standardised by the scale that had been forecast for each.

    `broad`, `spread` and `lowest` are log returns over the forecast daily
    volatility, (paths,), the same dates in the same order; `spread` by the
    spread's own volatility.
    """

    years: int | None
    """Length of the pool; None: all of the past."""
    broad: tuple[float, ...]
    spread: tuple[float, ...]
    lowest: tuple[float, ...]

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`broad`, `spread`, `lowest`, (paths,) each."""
        return np.array(self.broad), np.array(self.spread), np.array(self.lowest)


class HorizonFit(_Frozen):
    """The fit of one horizon.

    Attributes
    ----------
    horizon : int
        Sessions.
    rows : int
        Training rows of the members: decisions whose horizon had ended.
    members, spread_members : tuple of Member
        Their log scales are averaged; none: a constant scale.
    pool : Pool
        Standardised by the members' forecasts.
    usual : Pool
        The unscaled pool of twenty years, the reference of every skill.
    discounted : dict of str to float
        Discounted mean CRPS of each pool length on the past; the least was chosen.
    """

    horizon: int
    rows: int
    members: tuple[Member, ...]
    spread_members: tuple[Member, ...]
    pool: Pool
    usual: Pool
    discounted: dict[str, float]


class FittedRange(_Frozen):
    """A fitted range model: one fit a horizon, and the decision date it was fitted at (ISO)."""

    name: str
    fitted_at: str
    horizons: tuple[HorizonFit, ...]

    def to_json(self) -> str:
        """The stored text."""
        return json.dumps(self.model_dump())

    def at(self, horizon: int) -> HorizonFit:
        """The fit of one horizon; KeyError for one that was not fitted."""
        for one in self.horizons:
            if one.horizon == horizon:
                return one
        raise KeyError(horizon)


def from_json(text: str) -> FittedRange:
    """The inverse of `FittedRange.to_json`.

    Raises
    ------
    ValueError
        A key is missing, unknown or of the wrong type; one line.
    """
    try:
        return FittedRange.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(place) for place in first["loc"])
        raise ValueError(f"not a fitted range model of this program: {where}: {first['msg']}") from None
