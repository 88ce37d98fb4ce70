"""Two runs side by side: specification, features, data, figures, and whether they differ by more than chance."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.data import store
from models.evaluation import metrics, paired, predictions, registry
from models.evaluation.metric_types import Place
from models.spec import from_json
from models.tracking import comparisons, logged_runs, stored_predictions
from training import leaderboard, run_names

DATA = ("source", "data", "digest", "label", "legs")  # tags that say what a run was judged on
HEADINGS = ("figure", "first", "second", "difference", "paired p", "second is")


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    run_id: str
    name: str
    tags: dict[str, str]
    figures: dict[str, float]
    columns: frozenset[str]
    predictions: pd.DataFrame
    choice: str = ""  # among several runs of one name, which was taken


@dataclass(frozen=True)
class Difference:
    """What differs between the runs `first` and `second`.

    Attributes
    ----------
    first, second : str
        Names of the runs.
    run_ids : tuple of str
    warnings : tuple of str
        Why the figures may not be comparable.
    specification, data : dict of str to (str, str)
        What differs, by key.
    features : dict of str to list of str
        Columns of the data set that only one has: `only_first`, `only_second`.
    figures : list of dict
        `metric`, `first`, `second`, `difference`; with weekly losses also `p`, two-sided and paired, and `verdict` on
        the second.
    weeks : int
        Decisions that both were judged on.
    """

    first: str
    second: str
    run_ids: tuple[str, str]
    warnings: tuple[str, ...]
    specification: dict[str, tuple[str, str]]
    data: dict[str, tuple[str, str]]
    features: dict[str, list[str]]
    figures: list[dict[str, Any]]
    weeks: int
    sentence: str
    logged_as: str = field(default="")


def find(asked: str, listed: pd.DataFrame, digest: str | None = None) -> Side:
    """The run that somebody asks for by the beginning of its id, or by its name.

    Of several runs of one name the newest on the data `digest` is taken, or the newest of all without one on them.
    `listed` holds the newest first.

    Raises
    ------
    RegimeError
        No such run, or one without stored predictions.
    """
    found = leaderboard.matching(listed, asked)
    on_data = found[found["tags.digest"] == digest]
    chosen = on_data if len(on_data) else found
    row = chosen.iloc[0].to_dict()
    tags = {key.removeprefix("tags."): value for key, value in row.items() if _is_text(key, "tags.", value)}
    figures = {key.removeprefix("metrics."): value for key, value in row.items() if key.startswith("metrics.")}
    run_id = str(row["run_id"])
    columns = json.loads(logged_runs.read_artifact(run_id, "dataset.json"))["columns"]
    return Side(
        run_id,
        tags["mlflow.runName"],
        tags,
        figures,
        frozenset(columns),
        pd.read_parquet(stored_predictions.fetch(run_id)),
        _choice(asked, len(found), run_id, bool(len(on_data))) if len(found) > 1 else "",
    )


def _choice(asked: str, count: int, run_id: str, in_force: bool) -> str:
    of = "the newest on the data in force" if in_force else "the newest"
    return f"{count} runs are called {asked[:60]!r}: {of}, {run_id[:8]}, is taken; an id names another"


def _is_text(key: str, prefix: str, value: Any) -> bool:
    return key.startswith(prefix) and isinstance(value, str)


def compare(first: Side, second: Side) -> Difference:
    """What differs between two runs."""
    pairs = {key: (first.tags.get(key, ""), second.tags.get(key, "")) for key in DATA}
    data = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
    warnings = (*(side.choice for side in (first, second) if side.choice), *_warnings(data))
    scores = _paired_scores(first, second) if "label" not in data else {}
    loss = scores.get("log_loss")
    return Difference(
        first.name,
        second.name,
        (first.run_id, second.run_id),
        warnings,
        run_names.changes(from_json(first.tags["spec"]), from_json(second.tags["spec"])),
        data,
        {
            "only_first": sorted(first.columns - second.columns),
            "only_second": sorted(second.columns - first.columns),
        },
        _figures(first, second, scores),
        0 if loss is None else loss.weeks,
        _sentence(first, second, loss),
    )


def _warnings(data: dict[str, tuple[str, str]]) -> tuple[str, ...]:
    found = []
    if "label" in data:
        found.append(f"the labels differ ({data['label'][0]}, {data['label'][1]}): their losses cannot be compared")
    if "source" in data or "digest" in data:
        both = " and ".join(dict.fromkeys(data.get("data") or data.get("digest") or data["source"]))
        found.append(f"the runs are on different data ({both}): only the decisions that both have are compared")
    return tuple(found)


def _sentence(first: Side, second: Side, loss: paired.Paired | None) -> str:
    if loss is None or not loss.weeks:
        return "there is no decision that both were judged on"
    chance = "within chance" if loss.verdict == "within chance" else "more than chance"
    more = "lower" if loss.gain > 0 else "higher"
    return (
        f"{second.name} has a {more} log loss than {first.name} by {abs(loss.gain):.4f} nats a decision, "
        f"two-sided p {loss.p:.3f}: {chance} ({loss.weeks} decisions)"
    )


def _paired_scores(first: Side, second: Side) -> dict[str, paired.Paired]:
    """The scores that are means over decisions, compared in pairs: log loss, also by period, and Brier by outcome."""
    one, other = _weekly(first.predictions), _weekly(second.predictions)
    found = {name: paired.compare(one[name], other[name]) for name in one if name in other}
    common = one["log_loss"].index.intersection(other["log_loss"].index)
    spans = predictions.periods(common.max()) if len(common) else predictions.PERIODS
    for suffix, (start, end) in spans.items():
        found[f"log_loss{suffix}"] = paired.compare(one["log_loss"].loc[start:end], other["log_loss"].loc[start:end])
    return found


def _weekly(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Log loss and Brier scores of every matured decision, by date."""
    found = predictions.matured(table)
    dates, scores = pd.DatetimeIndex(found.dates), {"log_loss": metrics.losses(found.p, found.codes)}
    for place, outcome in enumerate(predictions.outcomes_of(table)):
        scores[f"brier_{outcome}"] = (found.p[:, place] - (np.asarray(found.codes) == place)) ** 2
    return {name: pd.Series(values, dates) for name, values in scores.items()}


def _figures(first: Side, second: Side, scores: dict[str, paired.Paired]) -> list[dict[str, Any]]:
    names = [*scores, *(name for name in registry.shown(Place.LEADERBOARD) if name != "train_seconds")]
    rows = []
    for name in names:
        a, b = first.figures.get(name, float("nan")), second.figures.get(name, float("nan"))
        row: dict[str, Any] = {"metric": name, "first": a, "second": b, "difference": b - a}
        if name in scores:
            row |= {"p": scores[name].p, "verdict": scores[name].verdict}
        rows.append(row)
    return [row for row in rows if not (np.isnan(row["first"]) and np.isnan(row["second"]))]


def markdown(found: Difference) -> str:
    """The comparison as its run's page shows it."""
    lines = [f"**{found.sentence}.**", "", *(f"*Warning: {one}.*  " for one in found.warnings)]
    lines += _rows("What differs in the specification", found.specification, found)
    lines += _rows("What differs in the data", found.data, found)
    for key, name in (("only_first", found.first), ("only_second", found.second)):
        if found.features[key]:
            lines.append(f"\nFeatures only of {name}: {', '.join(found.features[key][:50])}")
    lines += ["", f"| figure | {found.first} | {found.second} | difference | paired p | second is |", "|---" * 6 + "|"]
    for row in found.figures:
        lines.append("| " + " | ".join(cells(row)) + " |")
    return "\n".join(lines) + "\n"


def cells(row: dict[str, Any]) -> list[str]:
    """A figure as a row of text, in the order of `HEADINGS`."""
    name = row["metric"]
    p, verdict = (f"{row['p']:.3f}", row["verdict"]) if "p" in row else ("", "")
    both = [registry.formatted(name, row[key]) for key in ("first", "second")]
    return [name, *both, _signed(name, row["difference"]), p, verdict]


def _signed(name: str, difference: float) -> str:
    """A difference with as many digits as the figures beside it."""
    size = registry.formatted(name, abs(difference)).lstrip("+")
    return size if np.isnan(difference) else f"{'-' if difference < 0.0 else '+'}{size}"


def _rows(title: str, differences: dict[str, tuple[str, str]], found: Difference) -> list[str]:
    if not differences:
        return []
    head = ["", f"| {title} | {found.first} | {found.second} |", "|---|---|---|"]
    return head + [f"| {key} | {one} | {other} |" for key, (one, other) in differences.items()]


def run(first: str, second: str) -> Difference:
    """Compare two runs and log the comparison; raises as `find`. A name means the newest run on the data in force."""
    listed = logged_runs.finished_runs()
    manifest = store.in_force()
    digest = None if manifest is None else manifest.digest
    found = compare(find(first, listed, digest), find(second, listed, digest))
    tables = {"figures": pd.DataFrame([dict(zip(HEADINGS, cells(row), strict=True)) for row in found.figures])}
    tags = {"first": found.first, "second": found.second, "found": found.sentence}
    name = run_names.shortened(f"{found.first} against {found.second}")
    logged = comparisons.log(name, found.run_ids, tags, markdown(found), tables)
    return Difference(**{**vars(found), "logged_as": logged})
