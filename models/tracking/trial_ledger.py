"""Every candidate ever evaluated, with its weekly losses: what the number of tries is counted from.

An MLflow experiment of its own, one entry a specification and data set. An entry
holds all it needs in tags written with it in one request, so it is whole or
absent, needs no artifact store, and comes back with one search. It is no run of
an experiment: deleting a run leaves it alone, and an entry that was deleted
itself still counts, for the search sees deleted ones too. Only `mlflow gc`,
which erases, shortens the ledger.

Two processes may add at once: an entry is known by its key, and one that was
written twice counts once.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models.evaluation import metrics, predictions
from models.spec import ModelSpec, from_json, is_protocol, normal
from models.tracking import connection, database, ledger_copies, location
from models.tracking.connection import every, quoted, translate_errors
from models.tracking.ledger_copies import Kept
from models.tracking.runs import Result

EXPERIMENT = "regime-ledger"
PIECE = 5000  # characters a tag; MLflow cuts at 8000, older servers at 5000
PAGE = 500
# Two evaluations of one specification are one try if their losses agree this well, in nats a week on average.
AGREEMENT = 0.002
FEW = 30  # entries that are fetched one by one


@dataclass(frozen=True)
class Entry:
    """One model evaluated on one data set.

    Attributes
    ----------
    name, kind, spec, digest, source, label : str
        `spec` is the specification as JSON, `digest` the snapshot's.
    baseline : bool
        A baseline of the protocol: a rival, and not counted as a try.
    losses : Series of float, (weeks,)
        Log loss in nats by decision date, matured weeks only; kept as float32.
    run_id : str
        The run it was logged as, once there is one.
    """

    name: str
    kind: str
    spec: str
    digest: str
    source: str
    label: str
    baseline: bool
    losses: pd.Series
    run_id: str = ""

    @property
    def key(self) -> str:
        """What makes two entries one: specification, data, and the result to six digits.

        The same specification on the same data with another result is another
        program, and so another try.
        """
        mean = f"{float(self.losses.mean()):.6f}" if len(self.losses) else ""
        parts = [_identity(self.spec), self.digest, self.source, self.label, len(self.losses), mean]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _identity(spec: str) -> str:
    """The specification's text as keys are made of it; a text this program cannot read stands for itself."""
    try:
        return from_json(spec).identity
    except RegimeError:
        return spec


def weekly_losses(table: pd.DataFrame) -> pd.Series:
    """Log loss in nats of each matured week of a walk-forward's table, by decision date."""
    matured = predictions.matured(table)
    return pd.Series(metrics.losses(matured.p, matured.codes), matured.dates, name="loss")


def entry_of(name: str, spec: ModelSpec, digest: str, source: str, table: pd.DataFrame) -> Entry:
    """The entry of a model walked forward into `table`."""
    losses = weekly_losses(table)
    return Entry(name, spec.estimator, spec.to_json(), digest, source, spec.label, is_protocol(spec), losses)


def entry_of_result(result: Result, digest: str, source: str) -> Entry:
    """The entry of a result as it is logged."""
    return entry_of(result.name, from_json(result.tags["spec"]), digest, source, result.predictions)


def _packed(losses: pd.Series) -> dict[str, str]:
    """Tags `losses_00`, `losses_01`, ...: together the base64 of a parquet file with `date` and `loss`."""
    frame = pd.DataFrame({"date": losses.index, "loss": losses.to_numpy(np.float32)})
    text = base64.b64encode(frame.to_parquet(index=False, compression="zstd")).decode()
    return {f"losses_{i:02d}": text[at : at + PIECE] for i, at in enumerate(range(0, len(text), PIECE))}


def _unpacked(tags: dict[str, str]) -> pd.Series:
    text = "".join(tags[name] for name in sorted(tags) if name.startswith("losses_"))
    frame = pd.read_parquet(io.BytesIO(base64.b64decode(text)))
    return pd.Series(frame["loss"].to_numpy(float), pd.DatetimeIndex(frame["date"]), name="loss")


def _place(mlflow: Any) -> str:
    """The ledger's experiment: made if there is none, brought back if somebody deleted it."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        try:
            return str(client.create_experiment(EXPERIMENT))
        except mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was quicker
                raise
            found = client.get_experiment_by_name(EXPERIMENT)
    if found.lifecycle_stage == mlflow.entities.LifecycleStage.DELETED:
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def find_rows(mlflow: Any, place: str, where: str) -> list[Any]:
    """Return all runs of an experiment that a search finds, deleted ones too, oldest first."""
    search, kind = mlflow.MlflowClient().search_runs, mlflow.entities.ViewType.ALL
    return list(every(search, [place], where, kind, PAGE, ["attributes.start_time ASC"]))


@translate_errors
def add(entries: Sequence[Entry]) -> int:
    """Add what is not there yet; returns how many were new."""
    mlflow = connection.open_mlflow()
    place, client, made = _place(mlflow), mlflow.MlflowClient(), 0
    for entry in entries:
        if find_rows(mlflow, place, f"tags.entry = '{entry.key}'"):
            continue
        head = {name: str(getattr(entry, name)) for name in ("kind", "spec", "digest", "source", "label", "baseline")}
        tags = head | {"entry": entry.key, "weeks": str(len(entry.losses))} | _packed(entry.losses)
        run = client.create_run(place, tags=tags, run_name=entry.name)
        client.set_terminated(run.info.run_id)
        made += 1
    return made


@translate_errors
def link(entry: Entry, run_id: str) -> None:
    """Note on an entry the first run its model was logged as."""
    mlflow = connection.open_mlflow()
    for row in find_rows(mlflow, _place(mlflow), f"tags.entry = '{entry.key}'"):
        if "run_id" not in row.data.tags and row.info.lifecycle_stage == mlflow.entities.LifecycleStage.ACTIVE:
            mlflow.MlflowClient().set_tag(row.info.run_id, "run_id", run_id)


def _told(tags: dict[str, str]) -> tuple[str, bool]:
    """Specification and whether it is the protocol's, in this program's terms; as they were written if it has none."""
    try:
        spec = normal(from_json(tags["spec"]))
    except RegimeError:
        return tags["spec"], tags["baseline"] == "True"
    return spec.to_json(), is_protocol(spec)


@translate_errors
def entries(source: str, label: str) -> list[Entry]:
    """All entries of a data source and label, deleted ones too, oldest first; an entry written twice once."""
    mlflow = connection.open_mlflow()
    place, path = _place(mlflow), location.database(location.uri())
    if path is None:
        rows = find_rows(mlflow, place, f"tags.source = {quoted(source)} and tags.label = {quoted(label)}")
        return _distinct(_kept(row) for row in rows)
    listed = database.runs_with_tags(path, place, {"source": source, "label": label}, ("entry", "run_id"))
    # MLflow reads every tag of every run, seconds for a thousand tries: what an entry's key names never changes.
    copies = {row["run_uuid"]: ledger_copies.read(row["entry"]) for row in listed if "entry" in row}
    absent = [run for run, copy in copies.items() if copy is None]
    if absent:
        for row in _rows(mlflow, place, absent):
            copies[row.info.run_id] = kept = _kept(row)
            ledger_copies.write(kept)
    linked = {row["run_uuid"]: row.get("run_id", "") for row in listed}
    return _distinct(replace(copy, run_id=linked[run]) for run, copy in copies.items() if copy is not None)


def _rows(mlflow: Any, place: str, wanted: list[str]) -> list[Any]:
    """Runs of the ledger by id: a few one by one, many by one search."""
    if len(wanted) <= FEW:
        return [mlflow.MlflowClient().get_run(run) for run in wanted]
    among = set(wanted)
    return [row for row in find_rows(mlflow, place, "") if row.info.run_id in among]


def _kept(row: Any) -> Kept:
    """An entry as it was written."""
    tags = row.data.tags
    head = {name: tags[name] for name in ("entry", "kind", "spec", "digest", "source", "label", "baseline")}
    return Kept(row.info.run_name, head, _unpacked(tags), tags.get("run_id", ""))


def _distinct(kept: Iterable[Kept]) -> list[Entry]:
    """The entries in this program's terms; one that was written twice once, the first of them."""
    found: dict[str, Entry] = {}
    for one in kept:
        if one.head["entry"] in found:
            continue
        spec, baseline = _told(one.head)
        head = {name: one.head[name] for name in ("kind", "digest", "source", "label")}
        made = Entry(name=one.name, spec=spec, baseline=baseline, losses=one.losses, run_id=one.run_id, **head)
        found[one.head["entry"]] = made
    return list(found.values())


def distinct_tries(entries: Sequence[Entry]) -> list[pd.Series]:
    """One series of losses for each try.

    Two entries of one specification whose losses agree on the common weeks are one
    try, of which the longest is kept: the later snapshot has more weeks. If they
    disagree, the program or the data changed, and they are two.
    """
    kept: dict[str, list[pd.Series]] = {}
    for entry in sorted(entries, key=lambda one: len(one.losses), reverse=True):
        known = kept.setdefault(entry.spec, [])
        if not any(_agree(entry.losses, other) for other in known):
            known.append(entry.losses)
    return [losses for group in kept.values() for losses in group]


def _agree(one: pd.Series, other: pd.Series) -> bool:
    common = one.index.intersection(other.index)
    return bool(len(common)) and float((one.loc[common] - other.loc[common]).abs().mean()) <= AGREEMENT
