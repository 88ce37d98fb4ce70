"""Run one experiment: the data set, the model and its baselines in the same folds, the gate, MLflow."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from features import store
from features.cli_support import progress_bar
from features.dataset import build
from features.errors import RegimeError
from features.sources.sample import CAVEAT
from models import metrics
from models.names import registry_name
from models.spec import BASELINES, ModelSpec, baseline, from_dict
from training import gate, logbook
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
    specs = {spec.kind: spec} | {kind: baseline(spec, kind) for kind in BASELINES if kind != spec.kind}
    tables, documents, scores = {}, {}, {}
    for kind, one in specs.items():
        with progress_bar(f"walk-forward {kind}", None) as step:
            tables[kind], documents[kind] = walk_forward(dataset, one, workers, step)
        scores[kind] = metrics.evaluate(tables[kind], dataset.returns)
    champion, reason = gate.choose(scores, spec.kind)
    aliases = {"champion": champion, "challenger": spec.kind}
    text = (FOLDER / f"{name}.toml").read_text()
    logged = logbook.log(name, dataset, specs, tables, documents, scores, reason, aliases, text)
    register_as = registry_name(dataset.source, dataset.label)
    paths = {kind: logbook.keep_predictions(logged[kind][0], table) for kind, table in tables.items()}
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
