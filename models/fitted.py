"""What a fit leaves behind: a closed set of frozen types, and the flat JSON they are stored as.

A `FittedModel` is a head (outcomes, base rates, date, ranges) and one `Part`,
the rule that turns features into probabilities. Parts nest: a mixture and a
staged model hold other parts. On disk head and part are one flat object whose
key `kind` names the type of the part.

This module and `models.predictor` travel inside every logged model, so they
import nothing of the project but each other.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Constant(_Frozen):
    """The same probabilities for every row."""

    type: Literal["constant"] = Field(default="constant", alias="kind")
    features: tuple[str, ...] = ()
    probabilities: tuple[float, ...]


class FrequencyTable(_Frozen):
    """Frequencies of the outcomes given one column of small integers.

    `shares` holds them by the integer's text; `otherwise` is for any other
    value and for a missing one.
    """

    type: Literal["table"] = Field(default="table", alias="kind")
    features: tuple[str, ...]
    shares: dict[str, tuple[float, ...]]
    otherwise: tuple[float, ...]


class Stated(_Frozen):
    """Probabilities that stand in the columns, one an outcome; `otherwise` for a row in which one is missing."""

    type: Literal["stated"] = Field(default="stated", alias="kind")
    features: tuple[str, ...]
    otherwise: tuple[float, ...]


class Logit(_Frozen):
    """Multinomial logit on standardised columns; a missing value counts as the training mean.

    `mean` and `scale` are (features,), `coef` is (outcomes, features) and
    `intercept` (outcomes,). `clip` bounds the standardised columns.
    """

    type: Literal["logit"] = Field(default="logit", alias="kind")
    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    clip: float | None = None
    coef: tuple[tuple[float, ...], ...]
    intercept: tuple[float, ...]


class Trees(_Frozen):
    """Gradient-boosted trees. `booster` is LightGBM's own text; NaN is missing."""

    type: Literal["lightgbm"] = Field(default="lightgbm", alias="kind")
    features: tuple[str, ...]
    booster: str

    @cached_property
    def loaded(self) -> Any:
        """The LightGBM booster, read from the text once per object."""
        import lightgbm

        return lightgbm.Booster(model_str=self.booster)

    @cached_property
    def grown(self) -> tuple[int, ...]:
        """Iterations in the booster after each round of its training; empty where it was read from text.

        LightGBM leaves out a round in which no tree could split, so the trees of n rounds may be fewer than n.
        """
        return ()

    def __getstate__(self) -> dict[Any, Any]:
        """The state without the loaded booster: its text says the same."""
        state = dict(super().__getstate__())
        state["__dict__"] = {name: value for name, value in self.__dict__.items() if name != "loaded"}
        return state


class Mixture(_Frozen):
    """Weighted mean of the probabilities of `members`; the weights sum to one."""

    type: Literal["mixture"] = Field(default="mixture", alias="kind")
    features: tuple[str, ...]
    members: tuple[Part, ...]
    weights: tuple[float, ...]

    @model_validator(mode="after")
    def _one_weight_a_member(self) -> Self:
        if len(self.members) != len(self.weights):
            raise ValueError(f"{len(self.members)} members have {len(self.weights)} weights")
        return self


class Staged(_Frozen):
    """`first` tells breakdown (its column 0) from the rest, `second` divides the rest.

    `breakdown` and `others` are the positions of these outcomes in the result.
    """

    type: Literal["staged"] = Field(default="staged", alias="kind")
    features: tuple[str, ...]
    first: Part
    second: Part
    breakdown: int
    others: tuple[int, ...]


Part = Annotated[Constant | FrequencyTable | Stated | Logit | Trees | Mixture | Staged, Field(discriminator="type")]
Mixture.model_rebuild()
Staged.model_rebuild()
_PART: TypeAdapter[Part] = TypeAdapter(Part)


class FittedModel(_Frozen):
    """A fitted model.

    Attributes
    ----------
    outcomes : tuple of str
        The columns of its predictions, in order.
    base : tuple of float, (outcomes,)
        Share of each outcome in the training rows.
    fitted_at : str
        Decision date of the fit, ISO.
    rows : int
        Number of training rows.
    ranges : dict of str to (float, float)
        1st and 99th percentile of each feature in the training rows.
    published_since : dict of str to str, optional
        Written by versions up to 0.1 and kept, so that the text stays; nothing reads it.
    part : Part
        The rule.
    """

    outcomes: tuple[str, ...]
    base: tuple[float, ...]
    fitted_at: str
    rows: int
    ranges: dict[str, tuple[float, float]]
    published_since: dict[str, str] | None = None
    part: Part

    @model_validator(mode="after")
    def _one_base_rate_an_outcome(self) -> Self:
        if len(self.outcomes) != len(self.base):
            raise ValueError(f"{len(self.outcomes)} outcomes have {len(self.base)} base rates")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """Columns the model reads."""
        return self.part.features

    def to_dict(self) -> dict[str, Any]:
        """The flat object that is stored: the head's keys, then the part's."""
        head = self.model_dump(exclude={"part"}, by_alias=True)
        if head["published_since"] is None:
            del head["published_since"]
        return head | self.part.model_dump(by_alias=True)

    def to_json(self) -> str:
        """The stored text. Its SHA-256 identifies the model in the registry."""
        return json.dumps(self.to_dict())


HEAD = tuple(name for name in FittedModel.model_fields if name != "part")


def from_dict(stored: dict[str, Any]) -> FittedModel:
    """A fitted model from its flat object.

    Raises
    ------
    ValueError
        The type is unknown, or a key is missing, unknown or of the wrong type; one line.
    """
    head = {name: stored[name] for name in HEAD if name in stored}
    try:
        part = _PART.validate_python({name: value for name, value in stored.items() if name not in HEAD})
        return FittedModel(**head, part=part)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(place) for place in first["loc"])
        raise ValueError(f"not a fitted model of this program: {where + ': ' if where else ''}{first['msg']}") from None


def from_json(text: str) -> FittedModel:
    """The inverse of `FittedModel.to_json`; raises as `from_dict`."""
    stored = json.loads(text)
    if not isinstance(stored, dict):
        raise ValueError(f"a fitted model is a JSON object, not {text[:60]!r}")
    return from_dict(stored)
