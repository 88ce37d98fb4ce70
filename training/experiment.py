"""Run one experiment: the data set, the model and its baselines in the same folds, the gate, MLflow."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from features import store
from features.cli_support import progress_bar
from features.dataset import Dataset, build
from features.errors import RegimeError
from features.home import home
from features.sources.sample import CAVEAT
from models import metrics, record, tracking
from models.names import registry_name
from models.spec import BASELINES, LIGHTGBM_DEFAULTS, ModelSpec, from_dict
from training import gate
from training.walkforward import walk_forward

FOLDER = Path(__file__).parent / "experiments"


def read(name: str) -> ModelSpec:
    """The specification in `training/experiments/NAME.toml`."""
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise RegimeError(f"no experiment {name!r}: known are {', '.join(known)}; did you mean {near}?")
    return from_dict(tomllib.loads((FOLDER / f"{name}.toml").read_text()))


def run(name: str, spec: ModelSpec, workers: int) -> dict[str, Any]:
    """Walk forward, score, log, register and set the champion; returns what was found, JSON-ready."""
    snapshot = store.load()
    with progress_bar("data set", None) as step:
        dataset = build(snapshot, spec.label, step, spec.needs_jump)
    specs = {kind: replace(spec, kind=kind) for kind in (spec.kind, *BASELINES)}
    tables, documents, scores = {}, {}, {}
    for kind, one in specs.items():
        with progress_bar(f"walk-forward {kind}", None) as step:
            tables[kind], documents[kind] = walk_forward(dataset, one, workers, step)
        scores[kind] = metrics.evaluate(tables[kind])
    champion, reason = gate.choose(scores, spec.kind)
    logged = _log(name, dataset, specs, tables, documents, scores, reason)
    register_as = registry_name(dataset.source, dataset.label)
    tracking.set_alias(register_as, "champion", logged[champion][1] if champion else None)
    tracking.set_alias(register_as, "challenger", logged[spec.kind][1])
    paths = {kind: _keep_predictions(logged[kind][0], table) for kind, table in tables.items()}
    return {
        "experiment": name,
        "digest": dataset.digest,
        "source": dataset.source,
        "caveat": CAVEAT if dataset.source == "sample" else None,
        "registered_as": register_as,
        "champion": champion,
        "gate": reason,
        "predictions": str(paths[spec.kind]),
        "weeks": len(tables[spec.kind]),
        "span": [str(pd.Timestamp(tables[spec.kind]["date"].iloc[i]).date()) for i in (0, -1)],
        "models": {kind: {"run_id": logged[kind][0], "version": logged[kind][1], **scores[kind]} for kind in specs},
    }


def _keep_predictions(run_id: str, table: pd.DataFrame) -> Path:
    folder = home() / "predictions" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "predictions.parquet"
    table.to_parquet(path, index=False)
    return path


def _log(
    name: str,
    dataset: Dataset,
    specs: dict[str, ModelSpec],
    tables: dict[str, pd.DataFrame],
    documents: dict[str, dict[str, Any]],
    scores: dict[str, dict[str, float]],
    reason: str,
) -> dict[str, tuple[str, str]]:
    logged = {}
    with progress_bar("MLflow", len(specs)) as step:
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
                "gate": reason,
                "skill": f"{scores[kind]['log_loss_skill']:+.4f}",
                "skill_p": f"{scores[kind]['log_loss_skill_p']:.4f}",
                "record": json.dumps(record.of(tables[kind])),
                "document_sha256": hashlib.sha256(json.dumps(documents[kind]).encode()).hexdigest(),
            }
            result = tracking.Result(f"{name}:{kind}", params, scores[kind], tags, tables[kind], documents[kind])
            run_id, uri = tracking.log(result, dataset.X, dataset.digest, dataset.source)
            logged[kind] = (
                run_id,
                tracking.register(registry_name(dataset.source, dataset.label), uri, run_id, tags),
            )
            step()
    return logged
