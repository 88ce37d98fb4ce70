"""What the documents and the cards quote: the walk-forwards stored on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from features.data import cache, store
from features.data.errors import RegimeError
from features.dataset import Dataset, build
from models.evaluation import metrics, words
from models.tracking import loader, logged_runs, range_registry, runs, stored_predictions
from models.tracking import registry as versions
from training import score_cache
from training.config import DEFAULT

EXPERIMENT, AS_PUBLISHED = DEFAULT, "as-published"


@dataclass(frozen=True)
class Stored:
    """What the documents quote.

    Attributes
    ----------
    dataset : Dataset
    tables : dict of str to DataFrame
        Walk-forward by model, the candidate first.
    scores : dict of str to (dict of str to float)
    champion : str or None
    size : Series or None
        State of the width by decision date, of the range in force.
    as_published : dict of str to (dict of str to float)
        Scores of the experiment of that name, the candidate first; empty where it is not stored.
    """

    dataset: Dataset
    tables: dict[str, pd.DataFrame]
    scores: dict[str, dict[str, float]]
    champion: str | None
    size: pd.Series | None
    as_published: dict[str, dict[str, float]] = field(default_factory=dict)


def read() -> Stored:
    """Everything stored about the data in force.

    Raises
    ------
    RegimeError
        Nothing is stored of these data, or no walk-forward of a registered model is on this machine.
    """
    snapshot = store.load()
    dataset = build(snapshot, "path")
    name = versions.registry_name(snapshot.source, "path")
    tables = walkforwards(snapshot.digest)
    if not tables:
        raise RegimeError(
            f"no walk-forward of {EXPERIMENT} on these data is stored: run `regime train run {EXPERIMENT}`"
        )
    scores, then = (
        {kind: score_cache.kept(metrics.evaluate, table, dataset.returns) for kind, table in found.items()}
        for found in (tables, walkforwards(snapshot.digest, AS_PUBLISHED))
    )
    cache.trim(score_cache.CACHE)
    at = loader.pointer(name, "champion")
    champion = None if at is None else at.tags.get("kind")
    if champion is not None and champion not in tables:
        raise RegimeError(f"the champion {champion} is none of the models that ran beside the newest {EXPERIMENT}")
    return Stored(dataset, tables, scores, champion, sizes(snapshot.source), then)


def walkforwards(digest: str, experiment: str = EXPERIMENT) -> dict[str, pd.DataFrame]:
    """The newest run of an experiment's own file on these data with its baselines, as far as they are stored here."""
    found = logged_runs.finished_runs()
    if "tags.experiment" not in found or "tags.changes" not in found:
        return {}
    mine = (found["tags.digest"] == digest) & (found["tags.experiment"] == experiment)
    mine &= (found["tags.role"] == runs.CANDIDATE) & (found["tags.changes"] == "none")
    if not mine.any():
        return {}
    newest = found[mine].sort_values("start_time").iloc[-1]
    ids = {newest["tags.kind"]: newest["run_id"]} | runs.baseline_runs(newest.get(f"tags.{runs.BASELINE_RUNS}"))
    paths = {kind: stored_predictions.path_of(run_id) for kind, run_id in ids.items()}
    return {kind: pd.read_parquet(path) for kind, path in paths.items() if path.exists()}


def sizes(source: str) -> pd.Series | None:
    """State of the width by decision date, of the champion of the range; None where that is not stored here."""
    at = loader.pointer(range_registry.registry_name(source), "champion")
    path = None if at is None else stored_predictions.path_of(at.run_id, stored_predictions.RANGES)
    if path is None or not path.exists():
        return None
    table = pd.read_parquet(path)
    return words.size_states(table) if "size" in table else None
