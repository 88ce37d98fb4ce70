"""The runs in one table: the columns that the MLflow UI shows, sorted by skill within label and source."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.table import Table

from features.data.errors import RegimeError
from models.evaluation import registry
from models.evaluation.metric_types import Place
from models.tracking import loader
from models.tracking.loader import ALIASES
from models.tracking.registry import registry_name
from models.tracking.shared_view import TAGS

METRICS = registry.shown(Place.LEADERBOARD)
SHOWN_ID = 8


def rows(found: pd.DataFrame, wanted: list[str], trials: bool = False, last: int | None = None) -> list[dict[str, Any]]:
    """One dict a run: `run_id`, `name`, `label`, `source`, `gate_verdict`, and the metrics it has a figure for.

    Parameters
    ----------
    found : DataFrame
        Runs as MLflow tabulates them, newest first.
    wanted : list of str
        Beginnings of run ids, or run names; empty: the newest `last`.
    trials : bool
        With the trials of sweeps (runs that have a parent).

    Raises
    ------
    RegimeError
        No run, or more than one id, begins like that.
    """
    if wanted:
        chosen = pd.concat([matching(found, one) for one in wanted]).drop_duplicates("run_id")
    else:
        parent = found.get("tags.mlflow.parentRunId")
        shown = found if trials or parent is None else found[parent.isna()]
        chosen = shown if last is None else shown.head(last)
    made = [_row(one) for one in chosen.to_dict("records")]
    lowest = float("-inf")
    return sorted(made, key=lambda row: (row["label"], row["source"], -row.get("log_loss_skill", lowest)))


def with_aliases(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, each with `now`: the alias that points at the run (`champion`, `challenger`), or an empty text."""
    names = {registry_name(row["source"], row["label"]) for row in made if row["source"] and row["label"]}
    found: dict[str, str] = {}
    for alias in reversed(ALIASES):  # a champion that is challenger too is the champion
        at = (loader.pointer(name, alias) for name in names)
        found |= {one.run_id: alias for one in at if one is not None}
    return [row | {"now": found.get(row["run_id"], "")} for row in made]


def matching(found: pd.DataFrame, asked: str) -> pd.DataFrame:
    """The run whose id begins with `asked`, or all runs of that name."""
    if not len(found):
        raise RegimeError(f"no run {asked[:60]!r}: there are none yet; `regime train run default` makes some")
    ids = found[found["run_id"].str.startswith(asked)]
    if len(ids) > 1:
        raise RegimeError(f"{len(ids)} runs begin with {asked[:60]!r}: give more of the id")
    named = found[found["tags.mlflow.runName"] == asked]
    if not len(ids) and not len(named):
        raise RegimeError(f"no run {asked[:60]!r}: `regime train compare` lists the newest, by id and name")
    return ids if len(ids) else named


def _row(run: dict[str, Any]) -> dict[str, Any]:
    def tag(name: str) -> str:
        value = run.get(f"tags.{name}")
        return value if isinstance(value, str) else ""

    made = {"run_id": str(run["run_id"]), "name": tag("mlflow.runName")} | {name: tag(name) for name in TAGS}
    # Runs from before `label` was a tag have it as a parameter.
    made["label"] = made["label"] or str(run.get("params.label") or "")
    figures = {key: run.get(f"metrics.{key}") for key in METRICS}
    return made | {key: float(value) for key, value in figures.items() if value is not None and value == value}


def table(title: str, made: list[dict[str, Any]]) -> Table:
    """The rows for a terminal, a metric under its label, a word a line; a column without any figure is left out."""
    columns = {
        key: "\n".join(metric.label.split()) for key, metric in METRICS.items() if any(key in row for row in made)
    }
    labels = len({(row["label"], row["source"]) for row in made}) > 1
    view = Table(title=title, box=None, pad_edge=False)
    ids = any(row["run_id"] for row in made)
    judged = any(row["gate_verdict"] for row in made)
    texts_of = ("run", *(["id"] if ids else []), *(["label", "source"] if labels else []))
    now = any(row.get("now") for row in made)
    for heading in (*texts_of, *(["verdict"] if judged else []), *(["now"] if now else [])):
        view.add_column(heading, no_wrap=True)
    for label in columns.values():
        view.add_column(label, justify="right", no_wrap=True)
    for row in made:
        texts = [row["name"], *([row["run_id"][:SHOWN_ID]] if ids else [])]
        texts += [row["label"], row["source"]] if labels else []
        cells = [registry.formatted(key, row[key]) if key in row else "" for key in columns]
        texts += [row["gate_verdict"]] if judged else []
        texts += [row["now"]] if now else []
        view.add_row(*texts, *cells, style="bold" if row["gate_verdict"] == "champion" else None)
    return view
