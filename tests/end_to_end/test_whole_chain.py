"""The three commands as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from typer.testing import CliRunner

import features.cli
import serving.cli
import training.cli
from tests.support.data import SHARED, needs_shared, write_folder
from tests.support.shell import fail as failing
from tests.support.shell import run as regime


@pytest.mark.parametrize("app", [features.cli.app, training.cli.app, serving.cli.app])
def test_every_command_has_help_with_an_example(app):
    commands = [one.name or one.callback.__name__.replace("_", "-") for one in app.registered_commands]
    assert commands
    for name in commands:
        shown = CliRunner().invoke(app, [name, "--help"])
        assert shown.exit_code == 0, name
        assert "Example" in shown.stdout, name


def test_bad_input_is_one_line(tmp_path, monkeypatch):
    assert "regime data refresh" in failing("regime-data", "status")
    assert "regime data refresh" in failing("regime-predict")
    assert "--folder" in failing("regime-data", "refresh", "--source", "folder")
    assert "no such directory" in failing(
        "regime-data", "refresh", "--source", "folder", "--folder", str(tmp_path / "x")
    )
    assert "unknown label" in failing("regime-train", "run", "default", "--set", "label=paht")
    assert "did you mean default" in failing("regime-train", "run", "defualt")
    for word in ("yesterday", "", "NaT"):
        assert "YYYY-MM-DD" in failing("regime-predict", "--asof", word)
    assert "YYYY-MM-DD" in failing("regime-predict", "backfill", "--from", "2020")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "file"))
    assert "set REGIME_HOME" in failing("regime-data", "refresh", "--source", "sample")


def test_a_stale_required_input_is_refused(tmp_path):
    path = write_folder(tmp_path / "data")
    regime("regime-data", "refresh", "--source", "folder", "--folder", str(path))
    assert "required input VIX is missing" in failing("regime-predict", status=2)


def test_each_way_a_weekly_run_fails_has_a_status_of_its_own(tmp_path):
    regime("regime-data", "refresh", "--source", "sample")
    weekly = ("regime-predict", "weekly", "--source")
    assert "no such directory" in failing(*weekly, "folder", "--folder", str(tmp_path / "dta"), status=4)
    assert "--source folder needs --folder" in failing(*weekly, "folder")
    assert "time budget of 1 s is used up" in failing(*weekly, "sample", "--budget", "1", status=5)
    empty = tmp_path / "empty"
    empty.mkdir()
    # The sample is stored and in force; a folder that cannot be read does not fall back on it.
    assert "only sample data are stored" in failing(*weekly, "folder", "--folder", str(empty), status=6)


@pytest.mark.slow
def test_sample_from_nothing_to_a_call(tmp_path):
    regime("regime-data", "refresh", "--source", "sample", cwd=tmp_path)
    result = json.loads(regime("regime-train", "run", "default", "--json", cwd=tmp_path).stdout)
    assert result["registered_as"] == "regime-sample"
    assert "survivor" in result["caveat"] or "surviving" in result["caveat"]
    table = pd.read_parquet(result["predictions"])
    assert {"date", "label_end", "outcome", "p_rotation", "base_breakdown"} <= set(table.columns)
    again = json.loads(regime("regime-train", "run", "default", "--workers", "1", "--again", "--json").stdout)
    pd.testing.assert_frame_equal(table, pd.read_parquet(again["predictions"]))  # same bits, 1 or 2 workers

    latest = json.loads(regime("regime-predict", "--json").stdout)
    assert latest["asof"] == "2022-12-23"
    assert abs(sum(latest["probabilities"].values()) - 1) < 1e-9
    row = table.set_index("date").loc["2015-08-21"]
    past = json.loads(regime("regime-predict", "--asof", "2015-08-21", "--json").stdout)
    assert past["challenger"]["probabilities"] == {k: row[f"p_{k}"] for k in past["probabilities"]}
    assert "before the data begin" in failing("regime-predict", "--asof", "1920-01-01")
    assert "the first would be 2001-01-04" in failing("regime-predict", "--asof", "1995-01-06")
    assert regime("regime-train", "compare", "--json").stdout.startswith("[")
    _journal_score_and_week(latest)
    _pyfunc_gives_the_same_numbers(latest)


def _journal_score_and_week(latest):
    schema = json.loads((Path(__file__).parents[2] / "serving" / "call.schema.json").read_text())
    jsonschema.validate(latest, schema)
    assert json.loads(regime("regime-predict", "verify", "--json").stdout)["lines"] == 1
    calls = json.loads(regime("regime-predict", "backfill", "--from", "2022-10-07", "--json").stdout)
    assert [one["asof"] for one in calls][::11] == ["2022-10-07", "2022-12-23"]
    again = regime("regime-predict", "backfill", "--from", "2022-10-07", "--json")
    assert json.loads(again.stdout) == calls
    assert "before the data begin" in failing("regime-predict", "backfill", "--from", "1980-01-01")
    assert "a year of both legs" in failing("regime-predict", "backfill", "--from", "1990-01-05")
    assert "the first would be 2001-01-04" in failing("regime-predict", "backfill", "--from", "1995-01-06")
    for one in calls:
        jsonschema.validate(one, schema)
    assert calls[-1]["probabilities"] == latest["probabilities"]
    scores = json.loads(regime("regime-predict", "score", "--json").stdout)
    assert scores["kind"] == "replay"
    assert scores["log_loss_skill"] == scores["replay"]["log_loss_skill"]
    assert 0 <= scores["replay"]["hit_rate_climatology"] <= 1
    assert 0 < scores["replay"]["matured"] < scores["replay"]["calls"] == 12
    for _ in range(2):  # the second run changes nothing
        week = json.loads(regime("regime-predict", "weekly", "--json").stdout)
        assert week["exit_status"] == 0
        assert week["journal"]["lines"] == 12
    head = week["journal"]["head"]
    assert json.loads(regime("regime-predict", "verify", "--head", head, "--json").stdout)["head"] == head
    assert "tail was cut" in failing("regime-predict", "verify", "--head", "f" * 64)
    # The call again is the same, comes without mlflow and without lightgbm, and follows an alias that moves.
    code = (
        "import sys; sys.argv = ['regime-predict', '--json']; from serving import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print(sorted({'mlflow', 'lightgbm', 'sklearn', 'statsmodels'} & set(sys.modules)), file=sys.stderr)"
    )
    warm = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(warm.stdout) == latest
    assert warm.stderr.splitlines()[-1] == "[]"
    move = (
        "from models.tracking import logged_runs, promotion; found = logged_runs.finished_runs();"
        "run = found[found['tags.kind'] == 'markov']['run_id'].iloc[0];"
        "print(promotion.promote(run, 'a test').version)"
    )
    version = subprocess.run([sys.executable, "-c", move], capture_output=True, text=True, check=True).stdout.split()[
        -1
    ]
    moved = json.loads(regime("regime-predict", "--json").stdout)
    assert (moved["model"]["version"], moved["model"]["champion"]) == (version, True)
    assert moved["probabilities"] == moved["markov"]
    assert json.loads(regime("regime-predict", "verify", "--json").stdout)["lines"] == 13
    for name in ("RSP", "NOPE"):
        words = ("regime-predict", "--allow-stale", name)
        assert "no such series" in failing(*words) if name == "NOPE" else regime(*words)


def _pyfunc_gives_the_same_numbers(latest):
    code = (
        "import mlflow, os, json, sys;"
        "mlflow.set_tracking_uri(os.environ['MLFLOW_TRACKING_URI']);"
        "from features import dataset; from features.data import store;"
        "X = dataset.build(store.load(), 'path').X.iloc[[-1]];"
        "m = mlflow.pyfunc.load_model('models:/regime-sample@challenger');"
        "print(json.dumps(m.predict(X).iloc[0].to_dict()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == latest["challenger"]["probabilities"]


@needs_shared
@pytest.mark.slow
def test_real_data_walk_forward_and_a_past_call():
    regime("regime-data", "refresh", "--source", "folder", "--folder", str(SHARED))
    result = json.loads(regime("regime-train", "run", "default", "--json").stdout)
    table = pd.read_parquet(result["predictions"]).set_index("date")
    assert str(table.index[0].date()) == "1990-01-05"
    assert table["outcome"].notna().sum() == 1769
    # Honest skill on this label is a few per cent: more would be a leak, not a triumph.
    assert -0.05 < result["models"]["lightgbm+logit-all+simulation"]["log_loss_skill"] < 0.12
    assert result["models"]["lightgbm+logit-all+simulation"]["auc_breakdown"] < 0.85
    for date in ("1997-10-24", "2008-09-12", "2020-02-21"):
        past = json.loads(regime("regime-predict", "--asof", date, "--json").stdout)
        want = {k: table.loc[date, f"p_{k}"] for k in past["probabilities"]}
        assert past["challenger"]["probabilities"] == want, date
    calls = json.loads(regime("regime-predict", "backfill", "--from", "2023-06-02", "--json").stdout)
    assert len(calls) == 31
    for one in calls:
        row = table.loc[one["asof"]]
        assert one["challenger"]["probabilities"] == {k: row[f"p_{k}"] for k in one["probabilities"]}, one["asof"]
