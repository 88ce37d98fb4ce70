"""What is known of runs that were logged: who they are, their tags, their artifacts, and all of them as a table."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from models.tracking import connection
from models.tracking.connection import every, quoted, translate_errors
from models.tracking.errors import TrackingError
from models.tracking.metric_names import without_headings
from models.tracking.relocation import EXPERIMENT
from models.tracking.runs import BASELINE, CANDIDATE

FINISHED = "attributes.status = 'FINISHED'"
NEWEST_FIRST = ("attributes.start_time DESC",)


@translate_errors
def find_baselines(group: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the run ids of those baselines that are wholly there, by name.

    Parameters
    ----------
    group : str
        The tag `baselines` that their runs have.
    ids : mapping of str to str
        The id of each one's result, by name.
    """
    client = connection.client()
    where = f"tags.baselines = {quoted(group)} and tags.role = '{BASELINE}' and {FINISHED}"
    found = {
        run.data.tags.get("result_id"): str(run.info.run_id)
        for run in every(client.search_runs, [_main(client)], where)
    }
    return {name: found[one] for name, one in ids.items() if one in found}


@dataclass(frozen=True)
class Earlier:
    """An experiment that was logged before: its candidate's run, when, and its tags."""

    run_id: str
    logged: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Candidate:
    """A candidate's run: its id and name, its experiment and what differs from that one's file, its specification."""

    run_id: str
    name: str
    experiment: str
    changes: str
    spec: str


@translate_errors
def candidates(group: str, most: int) -> list[Candidate]:
    """Return the newest whole runs of candidates that have this tag `baselines`."""
    client = connection.client()
    where = f"tags.baselines = {quoted(group)} and tags.role = '{CANDIDATE}' and {FINISHED}"
    found = client.search_runs([_main(client)], where, max_results=most, order_by=[*NEWEST_FIRST])
    return [
        Candidate(
            str(run.info.run_id),
            str(run.info.run_name),
            *(run.data.tags.get(name, "") for name in ("experiment", "changes", "spec")),
        )
        for run in found
    ]


@translate_errors
def tags_of(run_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the tags of these runs by run id, of those that are wholly there and not deleted."""
    if not run_ids:
        return {}
    client, among = connection.client(), ", ".join(map(quoted, run_ids))
    found = every(client.search_runs, [_main(client)], f"attributes.run_id IN ({among}) and {FINISHED}")
    return {str(run.info.run_id): dict(run.data.tags) for run in found}


@translate_errors
def find_identity(identity: str) -> Earlier | None:
    """Return the newest whole run of an experiment of this identity, or None."""
    client = connection.client()
    where = f"tags.identity = {quoted(identity)} and {FINISHED}"
    for run in client.search_runs([_main(client)], where, max_results=1, order_by=[*NEWEST_FIRST]):
        when = f"{pd.Timestamp(run.info.end_time, unit='ms'):%Y-%m-%d %H:%M} UTC"
        return Earlier(str(run.info.run_id), when, dict(run.data.tags))
    return None


@translate_errors
def read_artifact(run_id: str, path: str) -> bytes:
    """Return the content of an artifact of a run.

    Raises
    ------
    TrackingError
        The run has no such artifact, or its store cannot be reached.
    """
    mlflow = connection.open_mlflow()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Path(
                mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path, dst_path=folder)
            ).read_bytes()
        except (OSError, mlflow.exceptions.MlflowException) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise TrackingError(f"run {run_id[:8]} has no artifact {path} that can be read ({said})") from error


@translate_errors
def finished_runs() -> pd.DataFrame:
    """Return all finished runs, newest first, as MLflow tabulates them; metrics by their names in the registry."""
    found: pd.DataFrame = connection.open_mlflow().search_runs(
        experiment_names=[EXPERIMENT], filter_string=FINISHED, order_by=[*NEWEST_FIRST]
    )
    return without_headings(found)


def _main(client: Any) -> str:
    """The id of the classifiers' experiment."""
    return str(client.get_experiment_by_name(EXPERIMENT).experiment_id)
