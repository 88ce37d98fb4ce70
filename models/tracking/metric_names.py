"""A metric's name in MLflow: the registry's name under its heading, `skill/log_loss_skill`, `period/2012_on/log_loss`.

MLflow's front end makes a section of what stands before the last `/`. The
heading is written and taken off here; nothing else in the program knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from features.data.errors import RegimeError
from models.evaluation import registry
from models.evaluation.metric_sections import section_of

PERIOD = "period/"
GAIN, GAINS = "gain/", "gain_"
COLUMN = "metrics."


def in_mlflow(name: str) -> str:
    """The name of a metric in MLflow.

    Raises
    ------
    RegimeError
        No metric has this name.
    """
    found = registry.parse(name)
    if found.suffix:
        return f"{PERIOD}{found.suffix.removeprefix('_')}/{found.metric.name}"
    return f"{section_of(found.metric)}/{name}"


def of_any_version(name: str) -> str:
    """The name in MLflow; a name that this version no longer has stays as it is.

    Results that a server did not take may be delivered by a later version, which has other periods.
    """
    try:
        return in_mlflow(name)
    except RegimeError:
        return name


def curve_in_mlflow(name: str) -> str:
    """The name of a curve in MLflow: `gain_over_markov` is `gain/over_markov`."""
    return GAIN + name.removeprefix(GAINS)


def headed(heading: str, values: Mapping[str, float]) -> dict[str, float]:
    """Metrics of an experiment apart, which the registry does not hold, under its heading; times under `run/`."""
    return {f"{'run' if name.endswith('seconds') else heading}/{name}": value for name, value in values.items()}


def plain(logged: str) -> str:
    """The name without its heading; a name that has none, as before version 0.2, is itself."""
    heading, _, name = logged.rpartition("/")
    if heading.startswith(PERIOD):
        return f"{name}_{heading.removeprefix(PERIOD)}"
    return GAINS + name if heading + "/" == GAIN else name


def without_headings(found: pd.DataFrame) -> pd.DataFrame:
    """A table of runs as MLflow makes it, its metrics' columns under plain names.

    Where a run has a metric under both names, as an upgraded one has, the name with its heading counts.
    """
    names = [column for column in found.columns if column.startswith(COLUMN)]
    new: dict[str, pd.Series] = {}
    for column in sorted(names, key=lambda one: "/" not in one):
        name = COLUMN + plain(column.removeprefix(COLUMN))
        new[name] = new[name].combine_first(found[column]) if name in new else found[column]
    return pd.concat([found.drop(columns=names), pd.DataFrame(new, index=found.index)], axis=1)


def missing(names: Iterable[str]) -> dict[str, str]:
    """What the upgrade of an older run adds: by plain name the one with its heading, where only the former is there."""
    present, found = set(names), {}
    for name in present:
        new = of_any_version(name)  # the same where a heading stands before it, or it is a curve or somebody's own
        if new not in present:
            found[name] = new
    return found
