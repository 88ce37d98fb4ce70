"""Send what an experiment found to MLflow, or keep it where `regime train upload` finds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from features.data import files
from models.tracking import connection, front_page, logged_model, outbox, registry, runs, trial_ledger
from models.tracking.errors import TrackingError
from models.tracking.outbox import Batch
from models.tracking.runs import BASELINE, BASELINE_RUNS, CANDIDATE, Result

Logged = dict[str, tuple[str, str]]


def deliver(batch: Batch, step: Callable[[], None] = lambda: None) -> Logged:
    """Log every result of a batch, register what may be champion, move the aliases; returns run id and version by kind.

    A baseline that no alias points at has no version: an empty text.

    Parameters
    ----------
    batch : Batch
    step : callable
        Called after each result.

    Raises
    ------
    TrackingError
        MLflow did not take all of it. Nothing is lost: the batch is in the outbox.
    """
    names = {kind: sorted(result.metrics) for kind, result in batch.results.items()}
    if len({tuple(found) for found in names.values()}) > 1:
        raise ValueError(f"runs of one experiment need the same metric names: {names}")
    try:
        registry.require()
        connection.prepare_experiment()
        logged = _send(batch, step)
        for alias, kind in batch.aliases.items():
            _point(batch, alias, kind, logged)
        front_page.write()
    except TrackingError as error:
        entry = outbox.write(batch)
        raise TrackingError(
            f"{error}; no result is lost: they are kept in {entry}, `regime train upload` sends them"
        ) from error
    return logged


def _send(batch: Batch, step: Callable[[], None]) -> Logged:
    logged: Logged = {kind: (run_id, "") for kind, run_id in batch.known.items()}
    data = runs.Data(batch.data, batch.digest, batch.source)
    for kind, result in sorted(batch.results.items(), key=lambda item: item[1].role == CANDIDATE):
        linked = _linked(result, logged) if result.role == CANDIDATE else result
        run_id, uri = runs.log(linked, data)
        logged[kind] = (run_id, _version(batch, kind, linked, run_id, uri))
        if "spec" in result.tags:
            # Before the gate judged they were added already, unless MLflow was not there then.
            entry = trial_ledger.entry_of_result(result, batch.digest, batch.source)
            trial_ledger.add([entry])
            trial_ledger.link(entry, run_id)
        step()
    return logged


def _linked(result: Result, baselines: Logged) -> Result:
    """A candidate with the runs of its baselines: a tag for programs, links below its card for people."""
    runs_of = {kind: run_id for kind, (run_id, _) in baselines.items()}
    return replace(
        result,
        tags=result.tags | {BASELINE_RUNS: json.dumps(runs_of)},
        description=front_page.with_links(result.description, runs_of),
    )


def _version(batch: Batch, kind: str, result: Result, run_id: str, uri: str) -> str:
    """The registered version of a result; empty for a baseline that no alias is to point at."""
    if result.role == BASELINE and kind not in batch.aliases.values():
        return ""
    tags = {key: value for key, value in result.tags.items() if not key.startswith("mlflow.")} | {
        "result_id": result.id,
        "made": f"{batch.made:.3f}",
        "run_name": result.name,
    }
    tags |= {"document_sha256": logged_model.digest(result.document.to_json())}
    return registry.register(batch.register_as, uri, run_id, tags, result.description)


def _point(batch: Batch, alias: str, kind: str | None, logged: Logged) -> None:
    registry.set_alias(batch.register_as, alias, None if kind is None else logged[kind][1])


@dataclass(frozen=True)
class Sent:
    """One kept batch that has arrived.

    Attributes
    ----------
    register_as : str
    logged : dict of str to (str, str)
        Run id and version by kind.
    left : tuple of str
        Aliases not moved, because they point at results made later than these.
    """

    register_as: str
    logged: Logged
    left: tuple[str, ...]


def upload(step: Callable[[], None] = lambda: None) -> list[Sent]:
    """Send every kept batch, oldest first.

    What a broken attempt had already logged is recognised, so that nothing is
    there twice; an entry leaves the outbox when all of it has arrived.

    Raises
    ------
    RegimeError
        MLflow cannot be reached or another upload is at work; what is left stays kept.
    """
    sent = []
    with files.lock(outbox.folder() / ".lock", wait=0.0, busy="another `regime train upload` is at work"):
        entries = outbox.entries()
        if entries:
            registry.require()
            connection.prepare_experiment()
        for entry in entries:
            sent.append(_send_kept(outbox.read(entry), step))
            outbox.drop(entry)
            front_page.write()
    return sent


def _send_kept(batch: Batch, step: Callable[[], None]) -> Sent:
    logged, left = _send(batch, step), []
    for alias, kind in batch.aliases.items():
        if registry.made_at(batch.register_as, alias) > batch.made + 0.001:  # the tag is rounded
            left.append(alias)
        else:
            _point(batch, alias, kind, logged)
    return Sent(batch.register_as, logged, tuple(left))
