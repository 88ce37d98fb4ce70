"""A model's specification as MLflow parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


def params_of(spec: Any) -> dict[str, str]:
    """Return every field of a specification by name, nested tables flattened with dots (`params.max_depth`).

    By construction: a field that is added to the specification is logged.

    Parameters
    ----------
    spec : dataclass, pydantic model or mapping
    """
    if isinstance(spec, Mapping):
        values = dict(spec)
    elif dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        values = dataclasses.asdict(spec)
    else:
        values = spec.model_dump()
    return dict(sorted(_flat("", values)))


def _flat(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            made += _flat(f"{prefix}{name}.", value) if value else [(f"{prefix}{name}", "none")]
        else:
            made.append((f"{prefix}{name}", _text(value)))
    return made


def _text(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(_text(one) for one in value) or "none"
    if value is None:
        return "none"
    return format(value, "g") if isinstance(value, float) and value == int(value) else str(value)
