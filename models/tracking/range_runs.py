"""A range experiment in MLflow: one run a model, with its figures, ranges and fitted text, in an experiment of its own.

Ranges are scored by CRPS and outcomes by log loss, so their runs stand in no
common table. A model whose fit a call can use is registered, and the aliases
`champion` and `challenger` follow the gate.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from models.range.fitted import FittedRange
from models.tracking import experiment_runs, front_page, logged_model, range_registry, registry
from models.tracking.connection import open_mlflow, translate_errors
from models.tracking.experiment_runs import ExperimentRun, experiment_id, logged_run

EXPERIMENT = "regime-range"
EXPLORED = "regime-range-explored"  # runs on weeks before the test weeks: no gate reads them
HEADING = "range"


@dataclass(frozen=True)
class RangeRun(ExperimentRun):
    """One range model ready to be logged."""

    document: FittedRange | None = None
    """The last fold's fit; None: nothing to register."""
    row: pd.DataFrame | None = None
    """Features of one decision, (1, columns), the example of the registered model."""
    evidence: dict[str, float] = field(default_factory=dict)
    """Scores that a call shows beside the range."""


@dataclass(frozen=True)
class LoggedRange:
    """Where a run went: its id, and its version in the registry, empty where nothing was registered."""

    run_id: str
    version: str = ""


def log_explored(one: RangeRun) -> str:
    """Log a run on weeks before the test weeks, and register nothing; returns its id; raises as `log`."""
    return experiment_runs.log([one], EXPLORED, HEADING)[one.name]


@translate_errors
def log(runs: list[RangeRun], register_as: str, aliases: dict[str, str | None]) -> dict[str, LoggedRange]:
    """Log the runs of one experiment, register their models and move the aliases; returns where each went by name.

    Parameters
    ----------
    runs : list of RangeRun
    register_as : str
        The registered model's name.
    aliases : dict of str to (str or None)
        Alias to the run it shall point at; None removes it.

    Raises
    ------
    TrackingError
        MLflow cannot be reached or does not take them.
    """
    registry.require()
    mlflow = open_mlflow()
    place = experiment_id(mlflow.MlflowClient(), EXPERIMENT)
    found = {}
    for one in runs:
        with logged_run(mlflow, place, one, HEADING) as run_id:
            version = _registered(mlflow, one, run_id, register_as)
            found[one.name] = LoggedRange(run_id, version)
    for alias, kind in aliases.items():
        registry.set_alias(register_as, alias, None if kind is None else found[kind].version)
    front_page.write()
    return found


def _registered(mlflow: Any, one: RangeRun, run_id: str, register_as: str) -> str:
    """The version of a run's model; empty where it has none."""
    if one.document is None or one.row is None:
        return ""
    with tempfile.TemporaryDirectory() as name:
        info = range_registry.log(mlflow, Path(name), one.document, one.row)
    written = one.all_tags | {
        "document_sha256": logged_model.digest(one.document.to_json()),
        "made": f"{time.time():.3f}",
        "evidence": json.dumps(one.evidence),
    }
    return registry.register(register_as, str(info.model_uri), run_id, written)
