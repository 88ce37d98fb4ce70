"""Experiment files: TOML in `training/experiments` or anywhere, and settings on the command line over them."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from features.data.errors import RegimeError
from features.dataset import FAMILY_OF, check_label
from models.destinations.spec import DestinationsSpec
from models.range import volatility_block
from models.range.fit import FITTED
from models.range.spec import RangeSpec
from models.spec import LONGEST_NAME, ModelSpec, check_sizes, from_dict
from models.specification import check_known
from training import run_names

SHOWN = 60  # characters of an unknown name in a message
DEFAULT = "default"  # the experiment that others are told by their difference from
FOLDER = Path(__file__).parent / "experiments"
FEATURES_AND_FAMILIES = {*FAMILY_OF, *FAMILY_OF.values()}


def read_spec(name: str, settings: Sequence[str] = ()) -> ModelSpec:
    """The specification in `training/experiments/NAME.toml`, or in the file NAME where that ends in `.toml`.

    Parameters
    ----------
    name : str
    settings : sequence of str
        `key=value` each; a setting replaces what the file says. `params.max_depth=2`
        reaches into a table. A value is read as TOML, and as text where it is no TOML.

    Raises
    ------
    RegimeError
        No such file, no TOML, an unknown key, feature or family (the message
        gives the nearest known one), a value of the wrong type or size, or an
        experiment of a range or of groups.
    """
    if is_range(name, settings) or is_destinations(name, settings):
        raise RegimeError(f"the experiment {name} is one of a range or of groups: one of outcomes is needed")
    values = _values(name, settings)
    spec = from_dict(values)
    check_sizes(spec.params)
    check_label(spec.label)
    _check_columns((*spec.families, *spec.exclude, *spec.monotone))
    return spec


def _check_columns(names: Sequence[str]) -> None:
    for name in names:
        if name not in FEATURES_AND_FAMILIES:
            near = difflib.get_close_matches(name, FEATURES_AND_FAMILIES, n=1, cutoff=0.0)[0]
            raise RegimeError(f"unknown feature or family {name!r}: nearest known is {near!r}")


def is_range(name: str, settings: Sequence[str] = ()) -> bool:
    """Whether an experiment is a range's: its file names a `model`, not an `estimator`."""
    return "model" in _values(name, settings) and not is_destinations(name, settings)


def is_destinations(name: str, settings: Sequence[str] = ()) -> bool:
    """Whether an experiment is of groups: its file names their `outcomes`."""
    return "outcomes" in _values(name, settings)


def read_destinations_spec(name: str, settings: Sequence[str] = ()) -> DestinationsSpec:
    """The specification of a destinations experiment; raises as `read_spec`."""
    return DestinationsSpec(**_values(name, settings))


def read_range_spec(name: str, settings: Sequence[str] = ()) -> RangeSpec:
    """The specification of a range experiment; raises as `read_spec`."""
    spec = RangeSpec(**_values(name, settings))
    check_label(spec.label)
    _check_columns((*spec.families, *spec.exclude))
    for member in spec.members:
        check_known(member, (*FITTED, *volatility_block.BROAD), "member of a scale")
    return spec


def _values(name: str, settings: Sequence[str]) -> dict[str, Any]:
    """What the file says, with the settings over it."""
    try:
        values = tomllib.loads(_file(name).read_text())
    except RecursionError as error:
        raise RegimeError(f"the experiment {name} is nested too deeply") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegimeError(f"the experiment {name} is not TOML: {error}") from error
    for setting in settings:
        _apply(values, setting)
    for key in values:
        if len(key) > LONGEST_NAME:
            raise RegimeError(f"the experiment {name[:60]} has a key of {len(key)} characters: it is none of its keys")
    return values


def default_spec() -> ModelSpec:
    """The specification of the default experiment."""
    return read_spec(DEFAULT)


def experiment_name(name: str) -> str:
    """The name of an experiment whose file may be a path; raises RegimeError for one that MLflow could not show."""
    stem = Path(name).stem
    if len(stem) > LONGEST_NAME:
        raise RegimeError(
            f"the experiment's name has {len(stem)} characters: rename the file, {LONGEST_NAME} are enough"
        )
    return stem


def read_changes(name: str, settings: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What the settings change of the experiment's file, by key: before and now; raises as `read_spec`."""
    return run_names.changes(read_spec(name), read_spec(name, settings)) if settings else {}


def read_text(name: str, settings: Sequence[str] = ()) -> str:
    """The text of the experiment file, with the settings as comments at its end."""
    return _file(name).read_text() + "".join(f"# --set {setting}\n" for setting in settings)


def names() -> list[str]:
    """The experiments that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _file(name: str) -> Path:
    known = names()
    path = Path(name).expanduser() if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if (not name.endswith(".toml") and name != path.stem) or not _is_file(path):
        near = difflib.get_close_matches(Path(name).stem, known, n=1, cutoff=0.0)[0]
        if _is_file(Path(f"{name}.toml")):
            raise RegimeError(f"no experiment {name!r} is known: name the file with its ending, {name}.toml")
        shown = repr(name) if len(name) <= SHOWN else f"{name[:SHOWN]!r}... ({len(name)} characters)"
        raise RegimeError(f"no experiment {shown}: known are {', '.join(known)}; did you mean {near}?")
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a file name, or with a zero byte in it
        return False


def _apply(values: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    *tables, last = key.strip().split(".")
    if not equals or not last:
        raise RegimeError(f"--set {setting!r}: key=value is needed, such as params.max_depth=2")
    for name in tables:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise RegimeError(f"--set {setting!r}: {name} is not a table")
    values[last] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    # A bare date is TOML too, but experiments write dates as text.
    plain = len(parsed) == 1 and isinstance(parsed["value"], bool | int | float | str | list | dict)
    return parsed["value"] if plain else text
