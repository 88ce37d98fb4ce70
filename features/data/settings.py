"""The user's settings: one TOML file, validated as it is read, with the environment above it.

`regime init` writes the file. A setting is looked for on the command line, then in
the environment, then in the file; what is nowhere has the default below.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.data import environment
from features.data.errors import RegimeError
from features.data.source import Source

FILE = "regime.toml"
Event = Literal["call", "words", "refusal", "alarm"]
ALLOWED_AGE_DAYS = 7  # a call of older data opens with their age
EVENTS: tuple[Event, ...] = get_args(Event)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class NotifySettings(_Part):
    """Who is told of the week, and of what."""

    urls: tuple[str, ...] = Field(
        default=(), description="addresses as Apprise reads them, such as mailto:// or ntfy://"
    )
    on: tuple[Event, ...] = Field(
        default=EVENTS,
        description="call: a new call; words: its words changed; refusal: no call was made; alarm: the record",
    )


class WeeklySettings(_Part):
    """What `regime weekly` does when no flag says otherwise."""

    budget: Annotated[int, Field(ge=1)] = Field(default=3600, description="seconds the whole run may take")
    catch_up: bool = Field(default=False, description="make the calls of missed weeks, as replays")
    retrain_weeks: Annotated[int, Field(ge=0)] = Field(
        default=26, description="weeks after which models are trained again and the gate is run; 0 for never"
    )
    experiments: tuple[str, ...] = Field(
        default=("default", "range"), description="the experiments that are trained again; `destinations` may join"
    )
    allowed_age_days: Annotated[int, Field(ge=0)] = Field(
        default=ALLOWED_AGE_DAYS,
        description="days the data may end before the last session; beyond, the week exits with 10. That a call opens "
        "with the age of old data does not depend on it",
    )
    anchor_git: Path | None = Field(
        default=None, description="a git repository whose empty commits name the journal's head"
    )
    anchor_tsa: str | None = Field(default=None, description="address of an RFC 3161 time-stamping authority")
    tsa_root: Path | None = Field(default=None, description="its root certificate (PEM)")


class Settings(_Part):
    """Everything `regime.toml` may hold."""

    source: Source | None = Field(default=None, description="the data that are refreshed")
    folder: Path | None = Field(default=None, description='the folder of tables, with source = "folder"')
    home: Path | None = Field(default=None, description="snapshots, journal and report; REGIME_HOME comes before it")
    fred_api_key: str | None = Field(default=None, description="FRED_API_KEY comes before it")
    sec_user_agent: str | None = Field(
        default=None, description="name and address for EDGAR; SEC_USER_AGENT comes before it"
    )
    notify: NotifySettings = NotifySettings()
    weekly: WeeklySettings = WeeklySettings()

    @property
    def secret(self) -> bool:
        """Whether the file holds what only its owner may read."""
        return bool(self.fred_api_key or self.notify.urls)


def path() -> Path:
    """The settings file: `REGIME_CONFIG`, else `regime.toml` in the user's configuration directory."""
    named = environment.read().regime_config
    try:
        return Path(named).expanduser() if named else Path(platformdirs.user_config_dir("regime")) / FILE
    except RuntimeError as error:  # ~ of a user who does not exist
        raise RegimeError(f"REGIME_CONFIG {named}: {error}") from error


def load() -> Settings:
    """The settings in force; the defaults where no file was written.

    Raises
    ------
    RegimeError
        `REGIME_CONFIG` names no file, the file is not valid, or others may read the secrets in it.
    """
    file = path()
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if environment.read().regime_config:
            raise RegimeError(f"{file}: no such settings file; `regime init` writes one") from error
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise RegimeError(f"{file} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    found = parse(text, str(file))
    if found.secret and os.name != "nt" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise RegimeError(f"{file} holds secrets and others may read it: run `chmod 600 {file}`")
    return found


def parse(text: str, what: str) -> Settings:
    """Settings from the text of a file.

    Raises
    ------
    RegimeError
        Not TOML, an unknown key or a wrong value; no value is repeated in the message, since it may be a secret.
    """
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RegimeError(f"{what} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RegimeError(f"{what}: {place}: {first['msg']}") from error


def to_toml(settings: Settings) -> str:
    """The text of a settings file: every key with what it means, unset ones as comments."""
    lines = ["# Settings of regime. A flag or an environment variable comes before this file."]
    tables: list[tuple[str, BaseModel]] = []
    for name, value in settings:
        if isinstance(value, BaseModel):
            tables.append((name, value))
        else:
            lines += _entry(settings, name, value)
    for name, part in tables:
        lines += ["", f"[{name}]"]
        for key, value in part:
            lines += _entry(part, key, value)
    return "\n".join(lines) + "\n"


def _entry(part: BaseModel, name: str, value: Any) -> list[str]:
    said = type(part).model_fields[name].description
    if value is None:
        return [f"# {said}", f"# {name} ="]
    # A JSON string, number, boolean or list of strings is written in TOML as it is in JSON.
    plain = list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
    return [f"# {said}", f"{name} = {json.dumps(plain, ensure_ascii=False)}"]
