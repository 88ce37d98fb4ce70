"""What the specifications of experiments share: strict, frozen values from TOML or JSON, and errors of one line."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from features.data.errors import RegimeError

FIRST_TEST = "1990-01-01"  # no test week of the protocol lies before it
DATES = (date(1800, 1, 1), date(2200, 1, 1))


class Specification(BaseModel):
    """Frozen values; a list, which TOML and JSON bring, becomes a tuple where the field is one.

    Raises
    ------
    RegimeError
        A key that does not exist (the nearest known one is named), or a value
        of the wrong type or size; one line.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def __init__(self, **values: Any) -> None:
        fields = type(self).model_fields
        for key, value in values.items():
            check_known(key, fields, "key")
            if isinstance(value, list) and isinstance(fields[key].default, tuple):
                values[key] = tuple(value)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise RegimeError(one_line(error)) from None

    def replace(self, **changes: Any) -> Self:
        """This specification with some values changed, validated anew."""
        return type(self)(**(dict(self) | changes))

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        return json.dumps(self.model_dump(), sort_keys=True)


def json_object(text: str) -> dict[str, Any]:
    """The values of a specification's JSON; a `RegimeError` for what is none."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise RegimeError(f"a specification is not JSON: {text[:60]!r}") from error
    if not isinstance(values, dict):
        raise RegimeError(f"a specification is a JSON object, not {text[:60]!r}")
    return values


def check_date(key: str, text: str) -> str:
    """The text itself, a date YYYY-MM-DD; a `RegimeError` for what is none."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None or not DATES[0] <= day <= DATES[1]:
        span = f"from {DATES[0]} to {DATES[1]}"
        raise RegimeError(f"{key} is {text[:60]!r}: a date YYYY-MM-DD {span} is needed")
    return text


def check_known(key: str, known: Iterable[str], what: str) -> None:
    """Raise a `RegimeError` that names the nearest known key, unless `key` is known."""
    known = tuple(known)
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        raise RegimeError(f"unknown {what} {key!r}: nearest known is {near[0]!r}")


NEEDED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "string_too_short": "a name",
    "string_too_long": "a name of at most {max_length} characters",
    "tuple_type": "a list",
    "dict_type": "a table",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
SHOWN = 60  # characters of a wrong value in a message


def one_line(error: ValidationError) -> str:
    """What pydantic found first, in one line: the key, its value, what is needed."""
    found = error.errors(include_url=False)
    first = found[0]
    key = ".".join(str(place) for place in first["loc"] if place not in ("int", "float"))
    shown = repr(first["input"])
    shown = shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."
    if len({one["type"] for one in found if one["loc"][-1:] in (("int",), ("float",))}) > 1:
        return f"{key} is {shown}: a number is needed"  # neither branch of int | float took it
    if first["type"] in NEEDED:
        return f"{key} is {shown}: {NEEDED[first['type']].format(**first.get('ctx', {}))} is needed"
    return f"{key} is {shown}: {first['msg'].removeprefix('Value error, ')}"
