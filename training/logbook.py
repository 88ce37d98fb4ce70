"""Log what an experiment found: one MLflow run a model, each with its registered version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from features.cli_support import progress_bar
from features.dataset import Dataset
from features.home import home
from models import delivery, provenance, record, tracking
from models.names import registry_name
from models.outbox import Batch
from models.spec import LIGHTGBM_DEFAULTS, ModelSpec


def keep_predictions(run_id: str, table: pd.DataFrame) -> Path:
    """Keep the out-of-sample weeks of a run in `REGIME_HOME`; returns the file."""
    folder = home() / "predictions" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "predictions.parquet"
    table.to_parquet(path, index=False)
    return path


def log(
    name: str,
    dataset: Dataset,
    specs: dict[str, ModelSpec],
    tables: dict[str, pd.DataFrame],
    documents: dict[str, dict[str, Any]],
    scores: dict[str, dict[str, float]],
    verdict: dict[str, str],
    aliases: dict[str, str | None],
    experiment: str | None = None,
) -> dict[str, tuple[str, str]]:
    """Log and register every model of an experiment and move the aliases; returns run id and version by kind.

    `verdict` is what the gate writes on every version, `experiment` the text of the experiment file.

    Raises
    ------
    TrackingError
        MLflow did not take them; they are kept for `regime-train upload`.
    """
    results, files = {}, provenance.files(dataset, experiment)
    for kind, spec in specs.items():
        params = {
            "experiment": name,
            "kind": kind,
            "label": spec.label,
            "train_start": spec.train_start,
            "refit_weeks": str(spec.refit_weeks),
            "seed": str(spec.seed),
        }
        if kind in ("lightgbm", "staged"):
            params |= {key: str(value) for key, value in (LIGHTGBM_DEFAULTS | spec.params).items()}
        tags = {
            "experiment": name,
            "kind": kind,
            "spec": spec.to_json(),
            "source": dataset.source,
            "legs": dataset.legs,
            "digest": dataset.digest,
            **verdict,
            "skill": f"{scores[kind]['log_loss_skill']:+.4f}",
            "skill_p": f"{scores[kind]['log_loss_skill_p']:.4f}",
            "record": json.dumps(record.of(tables[kind])),
            "document_sha256": hashlib.sha256(json.dumps(documents[kind]).encode()).hexdigest(),
        }
        results[kind] = tracking.Result(
            f"{name}:{kind}", params, scores[kind], tags, tables[kind], documents[kind], files=files
        )
    batch = Batch(
        registry_name(dataset.source, dataset.label), results, dataset.X, dataset.digest, dataset.source, aliases
    )
    with progress_bar("MLflow", len(specs)) as step:
        return delivery.deliver(batch, step)
