"""Names under headings in MLflow, and back."""

import pandas as pd
import pytest

from features.data.errors import RegimeError
from models.evaluation import registry
from models.evaluation.metric_sections import SECTIONS
from models.tracking import metric_names


def test_every_name_of_the_registry_has_a_heading_and_comes_back():
    for measure in registry.METRICS:
        for suffix in ("", *registry.SUFFIXES):
            logged = metric_names.in_mlflow(measure + suffix)
            assert metric_names.plain(logged) == measure + suffix
            assert logged.split("/")[0] in (*SECTIONS, "period")


@pytest.mark.parametrize(
    ("name", "logged"),
    [
        ("log_loss_skill", "skill/log_loss_skill"),
        ("auc_breakdown", "breakdown/auc_breakdown"),
        ("auc_head_to_head_vol", "rotation/auc_head_to_head_vol"),
        ("calibration_slope_breakdown", "calibration/calibration_slope_breakdown"),
        ("sharpe_in_out", "earned/sharpe_in_out"),
        ("log_loss_skill_2012_on", "period/2012_on/log_loss_skill"),
        ("auc_breakdown_faltering", "period/faltering/auc_breakdown"),
        ("train_seconds", "run/train_seconds"),
    ],
)
def test_names_by_hand(name, logged):
    assert metric_names.in_mlflow(name) == logged


def test_an_unknown_name_fails():
    with pytest.raises(RegimeError, match="unknown metric 'log_los'"):
        metric_names.in_mlflow("log_los")


def test_curves_and_older_names():
    assert metric_names.curve_in_mlflow("gain_over_markov") == "gain/over_markov"
    assert metric_names.plain("gain/over_markov") == "gain_over_markov"
    assert metric_names.plain("log_loss") == "log_loss"


def test_a_table_of_older_and_newer_runs_has_one_column_a_metric():
    found = pd.DataFrame(
        {
            "run_id": ["old", "upgraded", "new"],
            "metrics.log_loss": [1.0, 2.0, None],
            "metrics.skill/log_loss": [None, 2.5, 3.0],
            "params.log_loss": ["a", "b", "c"],
        }
    )
    made = metric_names.without_headings(found)
    assert list(made["metrics.log_loss"]) == [1.0, 2.5, 3.0]
    assert set(made) == {"run_id", "params.log_loss", "metrics.log_loss"}
