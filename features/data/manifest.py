"""The manifest of a snapshot: what its tables are, checked when it is read, and the digest that names it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


class Parts(BaseModel):
    """A table in parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: dict[str, str] = Field(description="SHA-256 by file name")
    columns: list[str] = Field(description="in the table's order")


Entry: TypeAlias = str | Parts  # of a table in one file, that file's SHA-256


class Manifest(BaseModel):
    """A snapshot's manifest; another field, or one that is missing, is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(description="sample, folder or live")
    legs: str = Field(description="which definition of the legs its columns support")
    last: dt.date = Field(description="the last session with a price")
    tables: dict[str, Entry] = Field(description="entry by table")
    notes: dict[str, Any] = Field(default_factory=dict, description="what the refresh has to say")

    @property
    def digest(self) -> str:
        """The name of the snapshot: the first 16 characters of the SHA-256 over the fields that were given."""
        text = json.dumps(self.model_dump(mode="json", exclude_unset=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """As it is stored; a field that was not given is left out."""
        return self.model_dump_json(indent=1, exclude_unset=True) + "\n"
