"""What a destinations experiment leaves for the call: its specification, and what each outcome has earned."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from features.data.errors import RegimeError
from models.destinations.fitted import FittedGroups


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CellEvidence(_Frozen):
    """One outcome and horizon on funds."""

    outcome: str
    horizon: int
    champion: str | None
    model: str
    """The champion, or the model that came nearest: the figures are its own."""
    reason: str
    skill: float
    skill_low: float | None
    skill_high: float | None
    p: float
    adjusted_p: float
    alive: bool
    ic: float | None
    ic_t: float | None
    faltering_skill: float | None
    faltering_p: float | None
    weeks: int
    first: str
    last: str


class ConditionalEvidence(_Frozen):
    """Skill of the rates given rotation or breakdown, on funds."""

    condition: str
    groups: str
    since: str
    weeks: int
    skill: float
    p: float


class DestinationsRecord(_Frozen):
    """The registered document of `regime-destinations`."""

    spec: str
    digest: str
    source: str
    tries: int
    cells: tuple[CellEvidence, ...]
    conditional: tuple[ConditionalEvidence, ...]
    fitted: tuple[FittedGroups, ...]

    def cell(self, outcome: str, horizon: int) -> CellEvidence | None:
        """The evidence of an outcome and horizon, or None where the experiment had none."""
        return next((one for one in self.cells if (one.outcome, one.horizon) == (outcome, horizon)), None)

    def to_json(self) -> str:
        """The record as JSON."""
        return self.model_dump_json()


def from_json(text: str) -> DestinationsRecord:
    """A record from its JSON.

    Raises
    ------
    RegimeError
        It is none.
    """
    try:
        return DestinationsRecord.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RegimeError(f"not a record of destinations: {first['loc']}: {first['msg']}") from None
