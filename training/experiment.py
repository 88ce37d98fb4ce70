"""Run one experiment: the data set, the model and its baselines in the same folds, the gate, MLflow."""

from __future__ import annotations

import difflib
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from features.console import progress_bar
from features.data import store
from features.data.errors import RegimeError
from features.data.sources.sample import CAVEAT
from features.dataset import FAMILY_OF, build, check_label
from models.estimators import ALL_BASELINES, BASELINES
from models.evaluation import metrics
from models.spec import ModelSpec, baseline, check_sizes, from_dict, is_protocol, normal
from models.tracking.registry import registry_name
from training import dask_cluster, gate, gate_case, run_logger
from training.walkforward import walk_forward

FOLDER = Path(__file__).parent / "experiments"
KNOWN = {*FAMILY_OF, *FAMILY_OF.values()}
RIVAL = "markov"  # the baseline whose distance every run is told by name


def read(name: str, settings: Sequence[str] = ()) -> ModelSpec:
    """The specification in `training/experiments/NAME.toml`, or in the file NAME where that ends in `.toml`.

    Parameters
    ----------
    name : str
    settings : sequence of str
        `key=value` each, over what the file says; `params.max_depth=2` reaches
        into a table. A value is read as TOML, and as text where it is none.

    Raises
    ------
    RegimeError
        No such file, no TOML, an unknown key, feature or family (the nearest
        known one is named), or a value of the wrong type or size.
    """
    try:
        values = tomllib.loads(_file(name).read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegimeError(f"the experiment {name} is not TOML: {error}") from error
    for setting in settings:
        _set(values, setting)
    spec = from_dict(values)
    check_sizes(spec.params)
    check_label(spec.label)
    for column in (*spec.families, *spec.exclude, *spec.monotone):
        if column not in KNOWN:
            near = difflib.get_close_matches(column, KNOWN, n=1, cutoff=0.0)[0]
            raise RegimeError(f"unknown feature or family {column!r}: nearest known is {near!r}")
    return spec


def text(name: str, settings: Sequence[str] = ()) -> str:
    """The experiment's file as it stands, with what was set over it as comments at its end."""
    return _file(name).read_text() + "".join(f"# --set {setting}\n" for setting in settings)


def _file(name: str) -> Path:
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    path = Path(name).expanduser() if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        near = difflib.get_close_matches(Path(name).stem, known, n=1, cutoff=0.0)[0]
        raise RegimeError(f"no experiment {name!r}: known are {', '.join(known)}; did you mean {near}?")
    return path


def _set(values: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    *tables, last = key.strip().split(".")
    if not equals or not last:
        raise RegimeError(f"--set {setting!r}: key=value is needed, such as params.max_depth=2")
    for name in tables:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise RegimeError(f"--set {setting!r}: {name} is not a table")
    values[last] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    # A bare date is TOML too, but experiments write dates as text.
    plain = len(parsed) == 1 and isinstance(parsed["value"], bool | int | float | str | list | dict)
    return parsed["value"] if plain else text


def name_of(spec: ModelSpec) -> str:
    """What an experiment's own model is called beside its baselines: the kinds it averages.

    A baseline that is not the protocol's (calibrated, blended, on rows or
    columns of its own) is called altered: it is a candidate.
    """
    name = "+".join(spec.members)
    altered = spec.estimator in ALL_BASELINES and not is_protocol(spec)
    return f"altered-{name}" if altered else name


def run(name: str, spec: ModelSpec, text: str, workers: int, client: Any = None) -> dict[str, Any]:
    """Walk forward, score, log, register and set the champion; returns what was found, JSON-ready.

    `text` is the experiment's file, logged beside the run. Folds run on `workers`
    threads, or on the Dask cluster of `client`.
    """
    snapshot = store.load()
    with progress_bar("data set", None) as step:
        dataset = build(snapshot, spec.label, step, spec.needs_jump)
    mine = name_of(spec)
    specs = {mine: normal(spec)} | {kind: baseline(spec, kind) for kind in BASELINES if kind != mine}
    tables, documents, scores = {}, {}, {}
    for kind, one in specs.items():
        began = time.perf_counter()
        with dask_cluster.holding(client, dataset), progress_bar(f"walk-forward {kind}", None) as step:
            tables[kind], documents[kind] = walk_forward(dataset, one, workers, step)
        seconds = time.perf_counter() - began  # folds read from the cache count what reading took
        scores[kind] = metrics.evaluate(tables[kind], dataset.returns) | {"train_seconds": seconds}
    for kind, table in tables.items():
        scores[kind] |= metrics.ahead_of(table, tables[RIVAL], RIVAL)
    decision = gate_case.judge(
        name, dataset, specs, tables, {kind: found.get("auc_breakdown") for kind, found in scores.items()}
    )
    aliases = ({} if decision.suspicious else {"challenger": mine}) | (
        {} if decision.keep else {"champion": decision.champion}
    )
    logged = run_logger.log(name, dataset, specs, tables, documents, scores, decision.tags(), aliases, text)
    register_as = registry_name(dataset.source, dataset.label)
    paths = {kind: run_logger.keep_predictions(logged[kind][0], table) for kind, table in tables.items()}
    return {
        "experiment": name,
        "digest": dataset.digest,
        "source": dataset.source,
        "caveat": CAVEAT if dataset.source == "sample" else None,
        "registered_as": register_as,
        "champion": decision.kept if decision.keep else decision.champion,
        "gate": decision.reason,
        "clauses": gate.as_json(decision),
        "predictions": str(paths[mine]),
        "weeks": len(tables[mine]),
        "span": [str(pd.Timestamp(tables[mine]["date"].iloc[i]).date()) for i in (0, -1)],
        "models": {kind: {"run_id": logged[kind][0], "version": logged[kind][1], **scores[kind]} for kind in specs},
    }
