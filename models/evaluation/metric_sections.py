"""Under which heading MLflow shows a metric: the part of its name there before the `/`, which is MLflow's alone."""

from __future__ import annotations

from models.evaluation.metric_types import Group, Metric

CALIBRATION = ("calibration", "ece", "tail_bias")
BREAKDOWN = ("cost_ratio", "episodes", "auc_onset", "auc_deep")
SECTIONS = ("skill", "breakdown", "rotation", "calibration", "earned", "run")


def section_of(metric: Metric) -> str:
    """The heading of a single metric, one of `SECTIONS`."""
    name = metric.name
    if metric.group is not Group.FORECAST:
        return "earned" if metric.group is Group.BACKTEST else "run"
    if name.startswith(CALIBRATION):
        return "calibration"
    if "head_to_head" in name or "rotation" in name:
        return "rotation"
    return "breakdown" if "breakdown" in name or name.startswith(BREAKDOWN) else "skill"
