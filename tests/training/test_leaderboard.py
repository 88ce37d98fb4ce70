"""The table of runs: chosen by prefix, sorted by skill, the same columns as the UI's."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from features import console
from features.data.errors import RegimeError
from models.tracking import logged_runs
from models.tracking.loader import Pointer
from models.tracking.metric_names import in_mlflow
from models.tracking.shared_view import BEFORE, BEHIND, TAGS, state
from training import cli, leaderboard
from training.leaderboard import METRICS


def listed():
    return pd.DataFrame(
        {
            "run_id": ["aa11", "aa22", "bb33", "cc44", "dd55"],
            "tags.mlflow.runName": ["default:lightgbm", "default:markov", "stress:markov", "trial 1", "default:markov"],
            "tags.mlflow.parentRunId": [None, None, None, "aa11", None],
            "tags.gate_verdict": ["challenger", "champion", "baseline", None, np.nan],
            "tags.label": ["path", "path", "stress", "path", None],
            "params.label": ["path", "path", "stress", "path", "path"],
            "tags.source": ["folder"] * 5,
            "metrics.log_loss_skill": [0.01, 0.03, 0.2, 0.05, np.nan],
            "metrics.auc_rotation": [0.5, 0.6, np.nan, 0.5, 0.5],
        }
    )


def test_sorted_by_skill_within_label_and_trials_hidden():
    made = leaderboard.rows(listed(), [])
    assert [row["run_id"] for row in made] == ["aa22", "aa11", "dd55", "bb33"]
    assert "auc_rotation" not in made[-1]  # no figure, no key
    assert made[2]["label"] == "path"  # a run from before the tag
    assert leaderboard.rows(listed(), [], trials=True)[0]["run_id"] == "cc44"
    assert len(leaderboard.rows(listed(), [], last=2)) == 2


def test_runs_by_prefix_by_name_and_in_vain():
    assert [row["run_id"] for row in leaderboard.rows(listed(), ["bb", "aa1"])] == ["aa11", "bb33"]
    assert [row["run_id"] for row in leaderboard.rows(listed(), ["default:markov"])] == ["aa22", "dd55"]
    assert [row["run_id"] for row in leaderboard.rows(listed(), ["cc44"])] == ["cc44"]  # asked for, a trial is shown
    with pytest.raises(RegimeError, match="no run 'zz'"):
        leaderboard.rows(listed(), ["zz"])
    with pytest.raises(RegimeError, match="2 runs begin with 'aa'"):
        leaderboard.rows(listed(), ["aa"])
    with pytest.raises(RegimeError, match="there are none yet"):
        leaderboard.rows(pd.DataFrame(), ["zz"])
    assert leaderboard.rows(pd.DataFrame(), []) == []


def test_the_runs_that_the_call_reads_today_are_marked(monkeypatch):
    at = {("regime", "champion"): "aa22", ("regime", "challenger"): "aa11", ("regime-stress", "challenger"): "bb33"}
    found = {key: Pointer(*key, run_id, "", {}) for key, run_id in at.items()}
    monkeypatch.setattr(leaderboard.loader, "pointer", lambda name, alias: found.get((name, alias)))
    made = leaderboard.with_aliases(leaderboard.rows(listed(), []))
    assert [row["now"] for row in made] == ["champion", "challenger", "", "challenger"]
    assert leaderboard.with_aliases([]) == []


def test_the_terminal_shows_every_figure_and_no_empty_column():
    made = leaderboard.rows(listed(), [])
    console = Console(width=200, record=True)
    console.print(leaderboard.table("runs", made))
    text = console.export_text()
    assert "+0.2000" in text
    assert "champion" in text
    heads = [" ".join(str(column.header).split()) for column in leaderboard.table("runs", made).columns]
    assert heads[-2:] == [METRICS["log_loss_skill"].label, METRICS["auc_rotation"].label]  # breakdown has no figure
    assert heads[:-2] == ["run", "id", "label", "source", "verdict"]


def test_the_interface_has_the_same_columns():
    shown = json.loads(state())["selectedColumns"]
    figures = [f"metrics.`{in_mlflow(name)}`" for name in METRICS]
    before, behind = ([f"tags.`{name}`" for name in names] for names in ((*TAGS, *BEFORE), BEHIND))
    assert shown == [*before, *figures, *behind]


def test_the_command(monkeypatch):
    monkeypatch.setattr(logged_runs, "finished_runs", listed)
    asked = CliRunner().invoke(cli.app, ["compare", "aa1", "bb", "--json"])
    found = json.loads(asked.stdout)
    assert [row["log_loss_skill"] for row in found] == [0.01, 0.2]
    monkeypatch.setattr(console.out, "width", 40)
    narrow = CliRunner().invoke(cli.app, ["compare"])
    assert narrow.stdout.count("default:lightgbm") > 1  # once in every part of the table
    assert max(map(len, narrow.stdout.splitlines())) <= 40
    assert "…" not in narrow.stdout
    gone = CliRunner().invoke(cli.app, ["compare", "zz"])
    assert isinstance(gone.exception, RegimeError)
    assert gone.exception.exit_code == 1
