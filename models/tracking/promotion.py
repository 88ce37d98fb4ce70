"""A person sets the champion against the gate, and says why."""

from __future__ import annotations

import datetime
import getpass
import os
from dataclasses import dataclass
from typing import Any

from features.data.errors import RegimeError
from models.tracking import connection, front_page, registry
from models.tracking.connection import every, quoted, translate_errors
from models.tracking.relocation import EXPERIMENT

UNJUDGED = "a baseline, which the gate did not choose"  # the reason on a version that had none


@dataclass(frozen=True)
class Promoted:
    """A version that a person made champion."""

    registered_as: str
    version: str
    run_id: str
    kind: str
    override: str


@translate_errors
def promote(run: str, reason: str) -> Promoted:
    """Point `champion` at the registered version of a run; the reason, user and date stay on it as the tag `override`.

    Parameters
    ----------
    run : str
        A run id, or the beginning of just one.
    reason : str
        Shown in every call that the model then makes.

    Raises
    ------
    RegimeError
        No reason, no such run, several such runs, or a run that registered nothing.
    """
    said = " ".join(reason.split())
    if not said:
        raise RegimeError('a reason is needed, and stays on the model: --reason "..."')
    client = connection.client()
    run_id = _run_id(client, run)
    # A run registers one version; if somebody registered it again, the newest counts.
    found = sorted(every(client.search_model_versions, f"run_id = {quoted(run_id)}"), key=lambda one: int(one.version))
    version = found[-1] if found else _registered(client, run_id)
    override = f"{said} ({user()}, {datetime.datetime.now(datetime.UTC).date()})"
    registry.set_alias(version.name, "champion", str(version.version), {registry.OVERRIDE: override})
    front_page.write()
    return Promoted(version.name, str(version.version), run_id, str(version.tags.get("kind", "")), override)


@translate_errors
def register_run(run_id: str, gate: str) -> str:
    """Register a run that has no version, as most baselines; returns the version, whose tag `gate` is the reason given.

    Raises
    ------
    RegimeError
        The run has no model.
    """
    return str(_registered(connection.client(), run_id, {"gate": gate}).version)


def _registered(client: Any, run_id: str, said: dict[str, str] | None = None) -> Any:
    """The new version of a run that has none: under the name of its data and label, tagged with what is said of it."""
    run = client.get_run(run_id)
    models, tags = run.outputs.model_outputs if run.outputs else [], run.data.tags
    if run.info.status != "FINISHED" or not models or not {"source", "label", "spec", "document_sha256"} <= tags.keys():
        raise RegimeError(f"run {run_id} has no model: only what `regime train run` logged can be champion")
    name = registry.registry_name(tags["source"], tags["label"])
    kept = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
    kept = {"gate": UNJUDGED} | kept | {"made": f"{run.info.end_time / 1000:.3f}", "run_name": run.info.run_name}
    kept |= said or {}
    uri = f"models:/{models[0].model_id}"
    version = registry.register(name, uri, run_id, kept, tags.get("mlflow.note.content", ""))
    return client.get_model_version(name, version)


def _run_id(client: Any, run: str) -> str:
    if not run.strip():
        raise RegimeError("no run is named: `regime train compare` lists them")
    experiment = client.get_experiment_by_name(EXPERIMENT)
    rows = every(client.search_runs, [experiment.experiment_id])
    found = [str(row.info.run_id) for row in rows if row.info.run_id.startswith(run)]
    if not found:
        raise RegimeError(f"no run {run[:60]!r}: `regime train compare` lists them")
    if len(found) > 1:
        raise RegimeError(
            f"{run[:60]!r} begins {len(found)} runs ({', '.join(one[:12] for one in found[:3])}): write more of it"
        )
    return found[0]


def user() -> str:
    """Return who runs this process, as far as the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without an entry in the password file
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "an unnamed user"
