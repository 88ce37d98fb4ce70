"""Runs of version 0.1 under today's metric names and with curves over time; what they had stays beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.tracking import connection, metric_names, runs
from models.tracking.connection import every, translate_errors
from models.tracking.relocation import EXPERIMENT

CURVE = "gain_over_"


@translate_errors
def upgrade_runs(step: Callable[[], None] = lambda: None) -> int:
    """Add to every run what it lacks under today's names; returns how many runs that changed.

    A run that was interrupted, or done before, is only given what is missing.

    Parameters
    ----------
    step : callable
        Called after each run.
    """
    mlflow = connection.open_mlflow()
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    changed = 0
    for run in every(client.search_runs, [experiment], max_results=100):
        points = _figures(run) + _curves(client, run)
        runs.log_points(mlflow, run.info.run_id, points)
        changed += bool(points)
        step()
    return changed


def _figures(run: Any) -> list[tuple[str, float, int, int]]:
    found = run.data.metrics
    return [(new, found[name], run.info.start_time, 0) for name, new in metric_names.missing(found).items()]


def _curves(client: Any, run: Any) -> list[tuple[str, float, int, int]]:
    """Curves whose steps are dates as YYYYMMDD, by number of the point and time of the week."""
    points: list[tuple[str, float, int, int]] = []
    for name in run.data.metrics:
        new = metric_names.curve_in_mlflow(name)
        if name.startswith(CURVE) and new not in run.data.metrics:
            history = sorted(client.get_metric_history(run.info.run_id, name), key=lambda point: point.step)
            points += [(new, point.value, runs.dated(point.step), place) for place, point in enumerate(history)]
    return points
