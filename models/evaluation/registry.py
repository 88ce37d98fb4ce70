"""The registry of metrics: one entry for every name that a run can log.

A name has up to three parts, measure, outcome and period: `auc_breakdown_2012_on`
is the measure `auc` of the outcome `breakdown` in the period `2012_on`. `METRICS`
lists every measure with its outcomes; a period is one of the suffixes of
`models.evaluation.predictions`. Leaderboard, model card, MLflow's shared view and
the tables of `docs/protocol.md` read this registry. An unknown name is an error.

`python -m models.evaluation.registry FILE` writes the tables of a document anew.
"""

from __future__ import annotations

import difflib
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from features.data.errors import RegimeError
from models.evaluation.backtest_definitions import BACKTEST
from models.evaluation.metric_definitions import FORECAST, RUN
from models.evaluation.metric_sections import section_of
from models.evaluation.metric_types import Direction, Group, Metric, Place
from models.evaluation.predictions import FALTERING, PERIOD_SUFFIXES

FAMILIES = (*FORECAST, *BACKTEST, *RUN)
SUFFIXES = (*PERIOD_SUFFIXES, FALTERING)
MARKERS = "<!-- metrics: {group} -->\n", "<!-- end of metrics -->"


def _expanded() -> dict[str, Metric]:
    """Every single metric by its name without a period, in the order of the definitions."""
    found: dict[str, Metric] = {}
    for family in FAMILIES:
        for member in family.members or ("",):
            texts = {
                key: getattr(family, key).format(**{family.part: member}) if family.part else getattr(family, key)
                for key in ("name", "label")
            }
            if texts["name"] in found:
                raise ValueError(f"the metric {texts['name']} is defined twice")
            places = family.shown.get(member, ())
            found[texts["name"]] = replace(family, **texts, members=(), shown={"": places} if places else {})
    return found


METRICS: dict[str, Metric] = _expanded()


@dataclass(frozen=True)
class Parsed:
    """A logged name: its metric, and the suffix of its subset (empty for all weeks)."""

    metric: Metric
    suffix: str


def parse(name: str) -> Parsed:
    """The metric and the subset that a logged name stands for.

    Raises
    ------
    RegimeError
        No metric has this name; the nearest known one is given.
    """
    for suffix in ("", *SUFFIXES):
        measure = name.removesuffix(suffix) if suffix else name
        if measure in METRICS and name == measure + suffix:
            return Parsed(METRICS[measure], suffix)
    near = difflib.get_close_matches(name, METRICS, n=1, cutoff=0.0)[0]
    raise RegimeError(f"unknown metric {name!r}: the nearest known one is {near!r}")


def shown(place: Place) -> dict[str, Metric]:
    """The metrics of a place by name, in the order of the definitions."""
    return {name: metric for name, metric in METRICS.items() if place in metric.shown.get("", ())}


def formatted(name: str, value: float | None) -> str:
    """A value as every table prints it; a dash where there is none.

    Raises
    ------
    RegimeError
        No metric has this name.
    """
    pattern = parse(name).metric.pattern
    return "–" if value is None or value != value else format(value, pattern).replace("%", " %")


def markdown(group: Group) -> str:
    """The table of a group for `docs/protocol.md`: a row for each entry of the definitions."""
    lines = [
        "| metric | in tables | in MLflow under | definition | unit | better | consistent for, or what it tells "
        "| assumes |",
        "|---" * 8 + "|",
    ]
    for entry in (one for one in FAMILIES if one.group is group):
        name, label = re.sub(r"{(\w+)}", r"<\1>", entry.name), re.sub(r"{(\w+)}", r"`<\1>`", entry.label)
        better = f"near {entry.target:g}" if entry.direction is Direction.TARGET else str(entry.direction)
        better = "–" if entry.direction is Direction.NONE else better
        lines.append(
            f"| `{name}` | {label} | {_headings(entry)} | {entry.definition} | {entry.unit} | {better} | "
            f"{entry.elicits} | {entry.assumes or '–'} |"
        )
    return "\n".join(lines) + "\n"


def _headings(entry: Metric) -> str:
    """The headings of an entry's metrics in MLflow."""
    names = [entry.name.format(**{entry.part: one}) for one in entry.members] if entry.part else [entry.name]
    return ", ".join(dict.fromkeys(f"`{section_of(METRICS[name])}/`" for name in names))


def with_tables(text: str) -> str:
    """A document with the table of each group between its markers."""
    for group in Group:
        begin, end = MARKERS[0].format(group=group), MARKERS[1]
        before, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise RegimeError(f"the document has no place for the metrics of {group}: {begin.strip()} ... {end}")
        text = before + begin + markdown(group) + rest[rest.index(end) :]
    return text


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(with_tables(document.read_text()))
