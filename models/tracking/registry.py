"""Registered models through MLflow: versions, their tags and texts, and the aliases that point at them."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.fitted import FittedModel
from models.tracking import connection, location
from models.tracking.connection import every, quoted, translate_errors
from models.tracking.errors import TrackingError

TEXT = "model.json"  # the file that holds a registered model
NAMES = "regime"  # beginning of the registered models' names
OVERRIDE = "override"  # the tag of a version that a person made champion: why
FORMER_OVERRIDE = "former override"  # the same, once another model is champion
SUSPICIOUS = "suspicious"  # the tag `gate_passed` of a candidate that looks like a leak
SUCCESSION = "succession"  # the tag of a version that is shown because a champion died: which
IN_OFFICE = (OVERRIDE, SUCCESSION)  # what is true of a champion only while it is one


@dataclass(frozen=True)
class Registered:
    """A model version as serving sees it."""

    name: str
    version: str
    document: FittedModel
    tags: dict[str, str]
    run_id: str = ""


def text_place(place: str) -> str:
    """Where the text of a version is whose source is `place`: in a logged model, or the text itself."""
    place = place.rstrip("/")
    return place if place.endswith(f"/{TEXT}") else f"{place}/artifacts/{TEXT}"


def registry_name(source: str, label: str) -> str:
    """Return `regime` for path models on real data, `regime-sample` for the sample's; other labels are appended."""
    name = "regime-sample" if source == "sample" else "regime"
    return name if label == "path" else f"{name}-{label}"


def _version(mlflow: Any, name: str, alias: str) -> Any:
    """Return MLflow's version behind an alias, or None where the model or the alias does not exist."""
    try:
        return mlflow.MlflowClient().get_model_version_by_alias(name, alias)
    except mlflow.exceptions.MlflowException as error:
        # MLflow answers a missing model with one code, a missing alias with another.
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


@translate_errors
def require() -> None:
    """Check that there is a registry, before anything is written that would then be there by half.

    Raises
    ------
    TrackingError
        The server has none, or it does not answer.
    """
    mlflow = connection.open_mlflow()
    try:
        mlflow.MlflowClient().search_registered_models(max_results=1)
    except mlflow.exceptions.MlflowException as error:
        where = location.redacted(location.uri())
        said = location.redacted((str(error).splitlines() or [type(error).__name__])[0][:200])
        raise TrackingError(
            f"{where} keeps runs, but has no model registry that answers ({said}): give its server a database as "
            "backend store, or set MLFLOW_TRACKING_URI to another"
        ) from error


@translate_errors
def register(name: str, model_uri: str, run_id: str, tags: dict[str, str], description: str = "") -> str:
    """Register a logged model; return its version, the one it has where it was registered before.

    That one's tags and description are brought up to date if they come from results made later.
    """
    mlflow = connection.open_mlflow()
    client = mlflow.MlflowClient()
    for made in every(client.search_model_versions, f"run_id = {quoted(run_id)}"):
        if made.name == name:
            if float(tags.get("made", 0.0)) > _made(made):
                tag_version(name, str(made.version), {k: v for k, v in tags.items() if k != "gate_verdict"})
                client.update_model_version(name, made.version, description)
            return str(made.version)
    try:
        client.create_registered_model(name)
    except mlflow.exceptions.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # A server takes a logged model only by its id; the store behind it looks the location up.
    made = client.create_model_version(
        name,
        model_uri,
        run_id=run_id,
        tags=tags,
        description=description or None,
        model_id=model_uri.removeprefix("models:/"),
    )
    return str(made.version)


def project_models(client: Any) -> Iterator[Any]:
    """The registered models of the project, as MLflow's client gives them."""
    return every(client.search_registered_models, f"name LIKE '{NAMES}%'")


def every_version(client: Any, name: str) -> Iterator[Any]:
    """The versions of a registered model, as MLflow's client gives them."""
    return every(client.search_model_versions, f"name = {quoted(name)}")


@translate_errors
def versions(name: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return version, run id and tags of every version of a registered model, the oldest first."""
    found = sorted(every_version(connection.client(), name), key=lambda one: int(one.version))
    return [(str(one.version), str(one.run_id), dict(one.tags)) for one in found]


@translate_errors
def set_alias(name: str, alias: str, version: str | None, tags: Mapping[str, str] = MappingProxyType({})) -> None:
    """Point `alias` at a version, on which `tags` are written first, or remove it.

    The runs' tag `gate_verdict` follows the champion. What a version says of its time as champion (`IN_OFFICE`) goes
    when another follows, but for who once set it, and is never left over from an earlier time.
    """
    mlflow = connection.open_mlflow()
    client = mlflow.MlflowClient()
    at = _version(mlflow, name, alias)
    before = None if at is None else str(at.version)
    if version is not None:
        tag_version(name, version, dict(tags))
        if alias == "champion":
            _leave_office(client, name, version, but=tags)
        client.set_registered_model_alias(name, alias, version)
    elif before is not None:
        client.delete_registered_model_alias(name, alias)
    if alias == "champion" and before != version:
        if before is not None:
            _leave_office(client, name, before)
        _write_verdict(client, name, before, "former champion")
        _write_verdict(client, name, version, "champion")


def _leave_office(client: Any, name: str, version: str, but: Container[str] = ()) -> None:
    """Remove what a version says of its time as champion; a person's reason stays as a tag of another name."""
    tags = client.get_model_version(name, version).tags
    if OVERRIDE in tags and OVERRIDE not in but:
        client.set_model_version_tag(name, version, FORMER_OVERRIDE, tags[OVERRIDE])
    for tag in IN_OFFICE:
        if tag in tags and tag not in but:
            client.delete_model_version_tag(name, version, tag)


def _write_verdict(client: Any, name: str, version: str | None, verdict: str) -> None:
    """Write the `gate_verdict` of a version and of its run, so that the UI shows one champion a model."""
    if version is not None:
        client.set_model_version_tag(name, version, "gate_verdict", verdict)
        found = client.get_model_version(name, version)
        client.set_tag(found.run_id, "gate_verdict", verdict)
        if verdict == "champion" and "gate" in found.tags:
            client.set_tag(found.run_id, "gate", found.tags["gate"])  # why it is: a baseline's run has no reason yet


@translate_errors
def made_at(name: str, alias: str) -> float:
    """Return when the results behind an alias were made, in seconds since 1970; 0 where it points at nothing."""
    found = _version(connection.open_mlflow(), name, alias)
    return 0.0 if found is None else _made(found)


@translate_errors
def last_made_at(name: str) -> float:
    """Return when the newest results among all versions of a model were made, as `made_at`; 0 without any."""
    return max(map(_made, every_version(connection.client(), name)), default=0.0)


def _made(version: Any) -> float:
    """When the results of a version were made, in seconds since 1970."""
    try:
        return float(version.tags["made"])
    except (KeyError, ValueError):  # registered by hand, or a tag that somebody changed
        return float(version.creation_timestamp) / 1000


@translate_errors
def version_exists(name: str, version: str) -> bool:
    """Tell whether the registry has this version."""
    mlflow = connection.open_mlflow()
    try:
        mlflow.MlflowClient().get_model_version(name, version)
    except mlflow.exceptions.MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return False
        raise
    return True


@translate_errors
def tag_version(name: str, version: str, tags: dict[str, str]) -> None:
    """Write tags on a model version."""
    client = connection.client()
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)


@translate_errors
def version_of(name: str, alias: str) -> tuple[str, str, dict[str, str]] | None:
    """Return version, run id and tags behind an alias, or None where there is none."""
    found = _version(connection.open_mlflow(), name, alias)
    return None if found is None else (str(found.version), str(found.run_id), dict(found.tags))


@translate_errors
def model_text(name: str, version: str) -> str:
    """Return the text of a registered model, downloaded from wherever MLflow keeps it.

    Raises
    ------
    TrackingError
        It is not there; the message says where it should be.
    """
    mlflow = connection.open_mlflow()
    place = text_place(str(mlflow.MlflowClient().get_model_version_download_uri(name, version)))
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = mlflow.artifacts.download_artifacts(place, dst_path=folder)
            return Path(path).read_text(encoding="utf-8")
        except (OSError, mlflow.exceptions.MlflowException) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise TrackingError(f"model {name} version {version}: no artifact {place} ({said})") from error
