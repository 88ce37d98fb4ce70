"""The call: one week's answer as a typed, validated, frozen object.

The JSON of a call is `Call.to_json_object()`; its JSON Schema, kept beside this
file as `call.schema.json`, is generated from the classes below by
`regime call schema`. Journals hold calls in this form, so a change of meaning
is a new `SCHEMA_VERSION`, and a call of an old one must still be readable: a block
added later, built in `serving.sections`, is optional and absent from older calls.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from features.data.errors import RegimeError
from serving.contract import Contract, Share, first_reason, stored_as
from serving.sections.destinations import Destinations
from serving.sections.direction import Direction
from serving.sections.evidence import LiveEvidence
from serving.sections.range import BREAKDOWN, MONTH, HorizonRange, RangeModel

SCHEMA_VERSION: Literal[2] = 2
SCHEMA_FILE = Path(__file__).with_name("call.schema.json")
SUPPORT = 1.10  # by which an outcome must have come more often than usual after a reading that is a reason for it
SUM_TOLERANCE = 1e-6  # by which three stored probabilities may miss one

Side = Literal["rotation", "breakdown"]
VerdictName = Literal["rotation", "breakdown", "neither", "no_evidence"]


class Probabilities(Contract):
    """A share for each outcome; they sum to one."""

    rotation: Share = Field(description="share of rotation")
    breakdown: Share = Field(description="share of breakdown")
    neither: Share = Field(description="share of neither")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.rotation + self.breakdown + self.neither
        if not math.isclose(total, 1.0, abs_tol=SUM_TOLERANCE):
            raise ValueError(f"the three probabilities sum to {total:.6f}, not to one")
        return self

    @property
    def head_to_head(self) -> float:
        """Rotation's share of rotation and breakdown; one half where both are zero."""
        decided = self.rotation + self.breakdown
        return self.rotation / decided if decided else 0.5

    def as_dict(self) -> dict[str, float]:
        """Outcome to share, in the order of every probability table."""
        return {"rotation": self.rotation, "breakdown": self.breakdown, "neither": self.neither}


class LeadersFaltering(Contract):
    """Whether the leaders trail the broad leg, and since which decision date without a break."""

    now: bool = Field(description="whether they trail the broad leg over 21 sessions")
    since: dt.date | None = Field(description="the first decision date of the present stretch")


class DriverHistory(Contract):
    """What followed past weeks whose reading lay in the same outer fifth of its past, as known at the decision."""

    weeks: Annotated[int, Field(ge=1)] = Field(description="such weeks that had matured")
    share: Share = Field(description="of those weeks, how many brought the outcome the driver speaks for")
    usual: Share = Field(description="the same share of all weeks with a reading")

    @property
    def supports(self) -> bool:
        """Whether that outcome came more often than usual by `SUPPORT`: without that a reading is no reason."""
        return self.share >= SUPPORT * self.usual > 0.0

    @property
    def opposes(self) -> bool:
        """Whether that outcome came less often than usual."""
        return self.share < self.usual


class Reading(Contract):
    """A feature of a model that reads a few, and what followed past weeks whose reading lay in the same fifth."""

    feature: str = Field(description="its name (docs/indicators.md)")
    value: float = Field(description="its reading")
    percentile: Share = Field(description="share of the past readings below this one")
    words: str = Field(description="the reading in words")
    weeks: Annotated[int, Field(ge=1)] = Field(description="such weeks that had matured")
    followed: Probabilities = Field(description="of those weeks, how many brought each outcome")
    usual: Probabilities = Field(description="the same shares of all weeks with a reading")


class Driver(Contract):
    """A feature that moves the call, with those that move together with it."""

    feature: str = Field(description="its name (docs/indicators.md)")
    family: str = Field(description="its family")
    side: Side = stored_as("for", "the outcome it speaks for")
    contribution: float = Field(
        description="part of the log odds of rotation against breakdown, with that of the features in `together`"
    )
    value: float | None = Field(description="its reading; None where it is missing")
    percentile: Share | None = Field(description="share of the past readings below this one")
    words: str = Field(description="the reading in words")
    together: tuple[str, ...] = Field(default=(), description="features that say the same, counted in")
    history: DriverHistory | None = Field(default=None, description="None where too few such weeks have matured")


class Challenger(Contract):
    """What the best candidate that was judged says, champion or not."""

    estimator: str = stored_as("kind", "how it was fitted")
    probabilities: Probabilities = Field(description="what it says")
    drivers: tuple[Driver, ...] = Field(description="why it says so")


class Drift(Contract):
    """Features of the model outside the 1 to 99 % range of their past; about 2 % are by construction."""

    of: Literal["shown", "challenger"] | None = Field(
        default=None, description="whose features: the model's whose odds are the call's, or the challenger's"
    )
    share_outside: Share = Field(description="how many of them")
    features: tuple[str, ...] = Field(description="their names")
    weighted: Share | None = Field(
        default=None,
        description="their share where each counts by its mean absolute contribution over the last year; None where no "
        "feature has one",
    )


class LastWeek(Contract):
    """The same model's probabilities one decision earlier."""

    asof: dt.date = Field(description="that decision")
    probabilities: Probabilities = Field(description="what the model said then")


class Freshness(Contract):
    """The last value of an input series."""

    last: dt.date = Field(description="date of its last value")
    stale: bool = Field(description="whether that is older than the catalogue allows")
    required: bool = Field(description="whether a stale value refuses the call")


class VerdictRecord(Contract):
    """How often this verdict was right, out of sample."""

    weeks: Annotated[int, Field(ge=1)] = Field(description="weeks with this verdict")
    right: Share = Field(description="how many of them were right")
    interval: tuple[Share, Share] = Field(description="90 % Wilson interval on effective months")
    base_rate: Share = Field(description="how many weeks of any verdict had that outcome")
    episodes: Annotated[int, Field(ge=1)] = Field(description="stretches of such weeks")


class ModelInfo(Contract):
    """The registered model that made the call."""

    name: str = Field(description="registered model")
    version: str = Field(description="its version")
    estimator: str = stored_as("kind", "how it was fitted")
    champion: bool = Field(description="whether it is the champion")
    fitted_at: dt.date = Field(description="the refit date its rows end before")
    fitted_now: bool = Field(description="no stored model was in force at that date: it was fitted for this call")
    training_weeks: int = Field(description="rows it was fitted on")
    skill: float = Field(description="log-loss skill against climatology, out of sample")
    skill_p: Share = Field(description="one-sided p of that skill")
    gate: str = Field(description="the gate's reason")
    override: str | None = Field(description="the reason of a person who overruled the gate")
    succession: str | None = Field(default=None, description="which champion was no longer alive, and what replaced it")
    run: str | None = Field(default=None, description="its run's name: the experiment, and what differs from its file")


class Call(Contract):
    """The answer of one decision week."""

    schema_version: Literal[1, 2] = stored_as("schema", "counts changes of meaning")
    asof: dt.date = Field(description="the decision: last session of its week")
    verdict: VerdictName = Field(description="what the call says")
    head_to_head: Share = Field(description="P(rotation) / (P(rotation) + P(breakdown))")
    head_to_head_evidence: bool = Field(
        description="the head-to-head beats the two-feature logit's with p < 0.05; without that it is marked"
    )
    probabilities: Probabilities = Field(description="of the three outcomes, over the next 21 sessions")
    base_rates: Probabilities = Field(description="training shares of the model that made the call")
    leaders_faltering: LeadersFaltering = Field(description="whether the leaders falter")
    challenger: Challenger = Field(description="of the judged candidates, the one with the lowest log loss")
    markov: Probabilities = Field(description="what the volatility regime alone says")
    drivers: tuple[Driver, ...] = Field(description="what moves the call most")
    readings: tuple[Reading, ...] = Field(
        default=(), description="every feature of the model that made the call, if it reads at most three"
    )
    families: dict[str, float] = Field(description="sum of contributions by feature family")
    drift: Drift = Field(description="features of the model outside their past")
    last_week: LastWeek | None = Field(description="the call of the week before, by the same model")
    freshness: dict[str, Freshness] = Field(description="age of every input series")
    substitutions: dict[str, str] = Field(description="series that stand in for others")
    digest: Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="the snapshot's content digest")]
    source: Literal["sample", "folder", "live"] = Field(description="where the data come from")
    caveat: str | None = Field(description="what the data cannot be evidence of")
    model: ModelInfo = Field(description="which model made the call")
    record: dict[str, VerdictRecord] = Field(
        default_factory=dict, description="of a call of schema 1: how often each verdict was right"
    )
    allowed_stale: tuple[str, ...] = Field(description="required series that a person allowed to be stale")
    destinations: Destinations | None = Field(default=None, description="where money may go; None where not made")
    data_age_days: int | None = Field(
        default=None,
        ge=0,
        description="days from the data's last session to the clock's; None for a replay and for the sample",
    )
    range: dict[str, HorizonRange] | None = Field(
        default=None, description="of the broad leg, by sessions ahead; the fall of 5 % within 21 is the breakdown"
    )
    range_model: RangeModel | None = Field(default=None, description="which model the range is from")
    left_out: dict[str, str] = Field(
        default_factory=dict, description="blocks that could not be made for this call, each with the reason"
    )

    direction: Direction | None = Field(
        default=None, description="the words that may be printed, and what followed each"
    )

    evidence: LiveEvidence | None = Field(
        default=None, description="what the live calls have proved so far; None without a matured one"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        p = self.probabilities
        decided = p.rotation + p.breakdown > 0.0
        if decided and not math.isclose(self.head_to_head, p.head_to_head, abs_tol=SUM_TOLERANCE):
            raise ValueError("the head-to-head is not that of the probabilities")
        if not self.model.champion and self.verdict != "no_evidence":
            raise ValueError(f"verdict {self.verdict} without a champion")
        if self.direction is not None and self.verdict != (self.direction.direction or "no_evidence"):
            raise ValueError(f"verdict {self.verdict} is not the direction that may be printed")
        if self.model.fitted_at > self.asof:
            raise ValueError(f"the model was fitted on {self.model.fitted_at}, after the as-of date {self.asof}")
        for one, what in ((self._month("falls"), p), (self._month("usual_falls"), self.base_rates)):
            if BREAKDOWN in one and not math.isclose(one[BREAKDOWN], what.breakdown, abs_tol=SUM_TOLERANCE):
                raise ValueError("the fall that is a breakdown has two numbers")
        if self.last_week is not None and self.last_week.asof >= self.asof:
            raise ValueError(f"last week's call is of {self.last_week.asof}, not before {self.asof}")
        return self

    def _month(self, name: str) -> dict[str, float]:
        month = (self.range or {}).get(MONTH)
        return {} if month is None else dict(getattr(month, name))

    def to_json_object(self) -> dict[str, Any]:
        """The call as JSON-ready values, under its published keys; an older call comes back without later blocks."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=self.schema_version == 1)


def parse_call(text: str | bytes) -> Call:
    """A call from its JSON text.

    Raises
    ------
    RegimeError
        Not a call, or one that contradicts itself; the first reason in one line.
    """
    try:
        return Call.model_validate_json(text)
    except ValidationError as error:
        raise RegimeError(f"not a call: {first_reason(error)}") from error


def json_schema() -> str:
    """The JSON Schema of a call, as the text of `call.schema.json`."""
    found = Call.model_json_schema(by_alias=True, mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A call of regime"}
    return json.dumps(head | {key: value for key, value in found.items() if key != "title"}, indent=1) + "\n"
