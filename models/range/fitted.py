"""What a range fit leaves behind: frozen types, stored as JSON."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Annotated, Any, Literal, assert_never

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """A log scale that is one column plus `shift`; where that is missing, `instead` as it stands, if there is one."""

    type: Literal["column"] = "column"
    column: str
    shift: float = 0.0
    instead: str | None = None


class Linear(_Frozen):
    """Ridge regression on standardised, clipped columns; a missing value counts as the training mean."""

    type: Literal["linear"] = "linear"
    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    clip: float
    coef: tuple[float, ...]
    intercept: float


class Boosted(_Frozen):
    """A linear start and gradient-boosted trees on what it leaves; `booster` is LightGBM's own text, NaN is missing."""

    type: Literal["boosted"] = "boosted"
    features: tuple[str, ...]
    start: Linear
    booster: str

    @cached_property
    def loaded(self) -> Any:
        """The LightGBM booster, read from the text once an object."""
        import lightgbm

        return lightgbm.Booster(model_str=self.booster)


Member = Annotated[Column | Linear | Boosted, Field(discriminator="type")]


class Pool(_Frozen):
    """Past paths of one horizon, standardised by the scale that had been forecast for each.

    `broad`, `spread` and `lowest` are log returns over the forecast daily
    volatility, (paths,), the same dates, ordered by `broad`; `spread` by the
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
        Discounted mean CRPS on the past by member set and pool length; the least was chosen.
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


def columns_of(fitted: FittedRange) -> tuple[str, ...]:
    """Every column that the members read, each once, in order."""
    found: dict[str, None] = {}
    for fit in fitted.horizons:
        for member in (*fit.members, *fit.spread_members):
            match member:
                case Column():
                    names: tuple[str, ...] = (member.column, *([member.instead] if member.instead else []))
                case Linear():
                    names = member.features
                case Boosted():
                    names = (*member.features, *member.start.features)
                case _:
                    assert_never(member)
            found |= dict.fromkeys(names)
    return tuple(found)


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
