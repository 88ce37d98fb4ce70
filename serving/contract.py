"""What every part of a call has in common: immutable, validated, without surprises."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def stored_as(key: str, description: str) -> Any:
    """A field whose key in JSON is not its name here."""
    return Field(validation_alias=key, serialization_alias=key, description=description)


class Contract(BaseModel):
    """Immutable, without unknown keys, without conversions, without NaN or infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True, protected_namespaces=()
    )


def odds(value: float) -> str:
    """An e-value as it is said."""
    return f"{value:.1f} to 1" if value < 1000.0 else f"{value:.0f} to 1"


def first_reason(error: ValidationError) -> str:
    """The first complaint of a failed validation, in one line: where, and what."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
