"""What a run holds, and what becomes of it when the store is locked, dead, shared or interrupted."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import psutil
import pytest

from features.data.errors import RegimeError
from models.tracking import connection, database, delivery, loader, logged_runs, outbox, runs, server
from models.tracking.errors import TrackingError
from tests.support.servers import batch, free_port

MAKE = "from tests.support import servers; from models.tracking import delivery; delivery.deliver(servers.batch()"


def python(code, **streams):
    """A process that has this directory and the project on its path."""
    path = str(Path(__file__).parents[3])
    return subprocess.Popen([sys.executable, "-c", code], text=True, env=os.environ | {"PYTHONPATH": path}, **streams)


def one_line(error):
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_run_says_what_it_is_made_of(mlruns):
    made = batch()
    logged = delivery.deliver(made)
    mlflow = connection.open_mlflow()
    client = mlflow.MlflowClient()
    made_runs = {kind: client.get_run(run_id) for kind, (run_id, _) in logged.items()}
    assert {tuple(sorted(run.data.metrics)) for run in made_runs.values()} == {
        ("gain/over_markov", "skill/log_loss", "skill/log_loss_skill")
    }
    run = made_runs["logit2"]
    assert run.info.status == "FINISHED"
    tags = run.data.tags
    assert (tags["digest"], tags["source"], tags["host"]) == (made.digest, "folder", socket.gethostname())
    for name in ("python", "lightgbm", "mlflow", "scikit-learn", "numpy", "pandas"):
        assert tags[f"version_{name}"][0].isdigit()
    assert len(tags.get("git_commit", "0" * 40)) == 40
    curve = client.get_metric_history(run.info.run_id, "gain/over_markov")
    assert [(m.step, str(pd.Timestamp(m.timestamp, unit="ms").date()), m.value) for m in curve] == [
        (0, "2020-01-03", 0.1),
        (1, "2020-01-10", 0.25),
    ]
    given, tested = sorted(run.inputs.dataset_inputs, key=lambda one: one.dataset.name)
    assert (tested.dataset.name, tested.dataset.digest) == ("folder test weeks", made.digest)
    (model,) = run.outputs.model_outputs
    scored = {metric.key: metric for metric in client.get_logged_model(model.model_id).metrics}
    assert scored["skill/log_loss_skill"].dataset_name == "folder test weeks"
    assert (given.dataset.digest, given.dataset.name) == (made.digest, "folder")
    assert [c["name"] for c in json.loads(given.dataset.schema)["mlflow_colspec"]] == ["date", "slope", "vol"]
    assert "regime data refresh --source folder" in given.dataset.source
    files = {path.relative_to(mlruns / "artifacts").as_posix() for path in (mlruns / "artifacts").rglob("*.*")}
    names = {name.split("/artifacts/", 1)[1] for name in files if "/artifacts/" in name}
    assert {"predictions.parquet", "notes/card.md", "raw.bin", "artifacts/model.json", "pyfunc.py"} <= names
    assert {"code/models/fitted.py", "code/models/predictor.py"} <= names
    assert not [name for name in names if "pickle" in name or name.endswith((".pkl", ".joblib", ".cloudpickle"))]


@pytest.mark.usefixtures("mlruns")
def test_what_was_logged_is_not_logged_again():
    made = batch()
    first = delivery.deliver(made)
    assert delivery.deliver(made) == first
    assert len(logged_runs.finished_runs()) == 2
    assert loader.registered("toy", "champion").version == first["logit2"][1] == "1"


@pytest.mark.usefixtures("mlruns")
def test_runs_of_one_experiment_have_the_same_metrics():
    made = batch()
    made.results["logit2"].metrics["odd"] = 1.0
    with pytest.raises(ValueError, match="same metric names"):
        delivery.deliver(made)


@pytest.mark.usefixtures("mlruns")
def test_only_runs_of_our_dead_processes_are_ended():
    mlflow = connection.open_mlflow()
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("regime").experiment_id
    mine = connection.process_tags()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    cases = {
        "alive": (mine, "RUNNING"),
        "gone": (mine | {"pid": str(dead.pid)}, "FAILED"),
        "number given anew": (mine | {"process_start": "1000000000.00"}, "FAILED"),
        "of another host": (mine | {"pid": str(dead.pid), "host": "elsewhere"}, "RUNNING"),
        "of somebody else": ({}, "RUNNING"),
        "without a start": ({"host": mine["host"], "pid": mine["pid"]}, "RUNNING"),
    }
    ids = {name: client.create_run(experiment, tags=tags).info.run_id for name, (tags, _) in cases.items()}
    connection.prepare_experiment()
    found = {name: client.get_run(run_id).info.status for name, run_id in ids.items()}
    assert found == {name: status for name, (_, status) in cases.items()}
    assert client.get_run(ids["gone"]).data.tags["ended"] == "its process is gone"


def test_a_locked_database_keeps_the_results(mlruns, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.2)
    made = batch()
    with closing(sqlite3.connect(mlruns / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingError, match=r"locked.*regime train upload") as error:
            delivery.deliver(made)
        one_line(error)
        with pytest.raises(TrackingError, match="locked"):
            delivery.upload()
        other.rollback()
    (sent,) = delivery.upload()
    assert sent.left == ()
    assert delivery.upload() == []
    assert loader.registered("toy", "champion").document == made.results["logit2"].document


@pytest.mark.usefixtures("mlruns")
def test_a_server_that_is_not_there_keeps_the_results(monkeypatch):
    own = os.environ["MLFLOW_TRACKING_URI"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    for call in (logged_runs.finished_runs, lambda: loader.registered("toy", "champion")):
        with pytest.raises(RegimeError, match="cannot be reached") as error:
            call()
        one_line(error)
    older, newer = batch(made=1000.0), batch(made=2000.0)
    for one in (newer, older):
        with pytest.raises(RegimeError, match=r"cannot be reached.*no result is lost.*regime train upload") as error:
            delivery.deliver(one)
        one_line(error)
    with pytest.raises(RegimeError, match="cannot be reached"):
        delivery.upload()
    assert len(outbox.entries()) == 2
    monkeypatch.setenv("MLFLOW_TRACKING_URI", own)
    first, second = delivery.upload()  # oldest first, so that the aliases end at the newest
    assert (first.left, second.left, outbox.entries()) == ((), (), [])
    assert loader.registered("toy", "champion").run_id == second.logged["logit2"][0]
    # Results that are older than what an alias points at do not take it back.
    outbox.write(batch(made=1500.0))
    (late,) = delivery.upload()
    assert late.left == ("champion", "challenger")
    assert loader.registered("toy", "champion").run_id == second.logged["logit2"][0]


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(server, "LIMIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(RegimeError, match=r"cannot be reached \((timed out|no whole answer within 0.2 s)\)"):
            logged_runs.finished_runs()


def test_a_database_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}")
    with pytest.raises(RegimeError, match="cannot be used") as error:
        logged_runs.finished_runs()
    one_line(error)
    (tmp_path / "text.db").write_text("not a database, and long enough to be looked at " * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'text.db'}")
    for call in (logged_runs.finished_runs, lambda: loader.pointer("toy", "champion")):
        with pytest.raises(RegimeError, match="not a database") as error:
            call()
        one_line(error)


@pytest.mark.slow
def test_a_database_locked_midway_is_waited_for_and_loses_nothing(mlruns):
    connection.open_mlflow()
    with closing(sqlite3.connect(mlruns / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingError, match="database is locked") as error:
            delivery.deliver(batch())
        one_line(error)
    delivery.upload()
    assert len(logged_runs.finished_runs()) == 2


@pytest.mark.slow
def test_two_processes_make_the_database_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}")
    both = [python(MAKE + ")", stderr=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate()[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert len(logged_runs.finished_runs()) == 4
    client = connection.client()
    assert {found.name for found in client.search_experiments()} == {"Default", "regime"}
    assert sorted(int(v.version) for v in client.search_model_versions("name = 'toy'")) == [1, 2, 3, 4]
    with closing(sqlite3.connect(tmp_path / "new" / "mlflow.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.usefixtures("mlruns")
def test_an_attempt_that_another_living_process_makes_is_left_alone():
    """Two researchers log the same baseline at once: neither may end the other's run."""
    made = batch()
    result = made.results["climatology"]
    client = connection.client()
    place = client.get_experiment_by_name("regime").experiment_id
    mine, other = connection.process_tags(), psutil.Process(os.getppid())
    opened = {
        "living": mine | {"pid": str(other.pid), "process_start": f"{other.create_time():.2f}"},
        "on another host": mine | {"host": "elsewhere"},
        "of this process": mine,
        "number given anew": mine | {"process_start": "1000000000.00"},
    }
    ids = {
        name: client.create_run(place, tags=tags | {"result_id": result.id}).info.run_id
        for name, tags in opened.items()
    }
    run_id, _ = runs.log(result, runs.Data(made.data, made.digest, made.source))
    assert {name: client.get_run(one).info.status for name, one in ids.items()} == {
        "living": "RUNNING",
        "on another host": "RUNNING",
        "of this process": "FAILED",
        "number given anew": "FAILED",
    }
    assert client.get_run(run_id).info.status == "FINISHED"


@pytest.mark.slow
def test_a_run_killed_midway_is_ended_at_the_next_start(mlruns):
    code = (
        "import time, mlflow; from tests.support import servers; from models.tracking import delivery\n"
        "def stay(**_): print('here', flush=True); time.sleep(600)\n"
        "mlflow.pyfunc.log_model = stay\n"
        "delivery.deliver(servers.batch())"
    )
    process = python(code, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "here\n"
    client = connection.client()
    (run,) = client.search_runs([client.get_experiment_by_name("regime").experiment_id])
    assert run.info.status == "RUNNING"
    assert run.data.tags["pid"] == str(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    connection.prepare_experiment()
    assert client.get_run(run.info.run_id).info.status == "FAILED"
    assert len(logged_runs.finished_runs()) == 0
    delivery.deliver(batch())
    assert len(logged_runs.finished_runs()) == 2
    with closing(sqlite3.connect(mlruns / "mlflow.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
