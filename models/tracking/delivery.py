"""Send what an experiment found to MLflow, or keep it where `regime-train upload` finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from features.data import files
from models.tracking import connection, logged_model, outbox, registry, runs, trial_ledger
from models.tracking.errors import TrackingError
from models.tracking.outbox import Batch

Logged = dict[str, tuple[str, str]]


def deliver(batch: Batch, step: Callable[[], None] = lambda: None) -> Logged:
    """Log and register every result of a batch, then move the aliases; returns run id and version by kind.

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
        connection.prepare_experiment()
        logged = _send(batch, step)
        for alias, kind in batch.aliases.items():
            _point(batch, alias, kind, logged)
    except TrackingError as error:
        entry = outbox.keep(batch)
        raise TrackingError(
            f"{error}; no result is lost: they are kept in {entry}, `regime-train upload` sends them"
        ) from error
    return logged


def _send(batch: Batch, step: Callable[[], None]) -> Logged:
    logged: Logged = {}
    data = runs.Data(batch.data, batch.digest, batch.source)
    for kind, result in batch.results.items():
        run_id, uri = runs.log(result, data)
        tags = result.tags | {"result_id": result.id, "made": f"{batch.made:.3f}"}
        tags |= {"document_sha256": logged_model.digest(result.document.to_json())}
        logged[kind] = (run_id, registry.register(batch.register_as, uri, run_id, tags, result.description))
        if "spec" in tags:
            # Before the gate judged they were added already, unless MLflow was not there then.
            entry = trial_ledger.entry_of_result(result, batch.digest, batch.source)
            trial_ledger.add([entry])
            trial_ledger.link(entry, run_id)
        step()
    return logged


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
    with files.lock(outbox.folder() / ".lock", wait=0.0, busy="another `regime-train upload` is at work"):
        entries = outbox.entries()
        if entries:
            connection.prepare_experiment()
        for entry in entries:
            sent.append(_send_kept(outbox.read(entry), step))
            outbox.drop(entry)
    return sent


def _send_kept(batch: Batch, step: Callable[[], None]) -> Sent:
    logged, left = _send(batch, step), []
    for alias, kind in batch.aliases.items():
        if registry.made_at(batch.register_as, alias) > batch.made + 0.001:  # the tag is rounded
            left.append(alias)
        else:
            _point(batch, alias, kind, logged)
    return Sent(batch.register_as, logged, tuple(left))
