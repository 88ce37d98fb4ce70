"""The same commands over a real tracking server, and what happens when it dies."""

import json
import os
import sys

import pandas as pd
import pytest

from features.console import run_app
from features.data.errors import RegimeError
from models.tracking import connection, delivery, loader, logged_runs, outbox, promotion, registry
from tests.support.servers import LOGIT, batch, mlflow_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def shared(server, monkeypatch, home):
    """The server in force, running; the next use is like a new process's."""
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    if server.process.poll() is not None:
        server.start()
    return server


def said(app, capsys, monkeypatch, *words):
    """Standard output and exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["command", *words])
    with pytest.raises(SystemExit) as ended:
        run_app(app)
    return capsys.readouterr(), ended.value.code


@pytest.mark.usefixtures("shared")
def test_run_compare_call_and_promotion_over_a_server(sample_snapshot, monkeypatch, capsys):
    from features.data import store
    from serving import cli as serving_cli
    from training import cli, config, experiment

    store.write(sample_snapshot.tables, "sample", sample_snapshot.legs, sample_snapshot.last)
    found = experiment.run("logit2", config.read_spec("logit2"), "", 1)
    listed = logged_runs.finished_runs()
    assert set(listed["run_id"]) == {one["run_id"] for one in found["models"].values()}
    assert set(listed["tags.digest"]) == {found["digest"]}
    assert listed["artifact_uri"].str.startswith("mlflow-artifacts:").all()
    shown, status = said(cli.app, capsys, monkeypatch, "compare", "--json")
    assert status == 0
    assert len(json.loads(shown.out)) == len(listed)
    shown, status = said(serving_cli.app, capsys, monkeypatch, "--json")
    assert status == 0
    call = json.loads(shown.out)
    assert call["model"]["version"] == found["models"]["logit2"]["version"]
    # An alias moved by a person is followed.
    assert found["models"]["markov"]["version"] is None
    other = promotion.promote(found["models"]["markov"]["run_id"], "tried over a server").version
    registry.set_alias("regime-sample", "champion", other)
    assert loader.pointer("regime-sample", "champion").version == other
    assert loader.registered("regime-sample", "champion").document.part.type == "logit"
    repeated = experiment.run("logit2", config.read_spec("logit2"), "", 1)
    assert repeated.pop("earlier")["run_id"] == found["models"]["logit2"]["run_id"]
    repeated["models"]["markov"]["version"] = None
    assert repeated == found
    assert len(logged_runs.finished_runs()) == len(listed)
    registry.set_alias("regime-sample", "champion", None)
    assert loader.pointer("regime-sample", "champion") is None
    words = ("promote", found["models"]["markov"]["run_id"], "--reason", "tried over a server")
    shown, status = said(cli.app, capsys, monkeypatch, *words)
    assert status == 0
    assert loader.pointer("regime-sample", "champion").version == other
    assert "tried over a server" in loader.pointer("regime-sample", "champion").tags["override"]
    mlflow = connection.open_mlflow()
    files = [f.path for f in mlflow.MlflowClient().list_artifacts(found["models"]["logit2"]["run_id"])]
    assert {"dataset.json", "experiment.toml", "predictions.parquet", "requirements.lock"} <= set(files)


@pytest.mark.parametrize("moment", ["between two results", "within a result"])
def test_a_server_that_dies_midway_loses_and_doubles_nothing(shared, monkeypatch, capsys, moment):
    from training import cli

    name = f"toy-{moment.split()[0]}"
    made = batch(register_as=name)
    if moment == "within a result":
        pyfunc = connection.open_mlflow().pyfunc
        real = pyfunc.log_model

        def dies(**words):
            shared.kill()
            return real(**words)

        monkeypatch.setattr(pyfunc, "log_model", dies)
        step = int
    else:
        step = shared.kill
    with pytest.raises(RegimeError, match=r"cannot be reached.*no result is lost.*`regime train upload`") as error:
        delivery.deliver(made, step)
    assert len(str(error.value).splitlines()) == 1
    monkeypatch.undo()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared.url)
    monkeypatch.setenv("REGIME_HOME", str(outbox_home(error)))
    shown, status = said(cli.app, capsys, monkeypatch, "upload")
    assert status == 1
    assert (shown.out, len(shown.err.strip().splitlines())) == ("", 1)

    shared.start()
    (entry,) = outbox.entries()
    kept = outbox.read(entry)
    shown, status = said(cli.app, capsys, monkeypatch, "upload")
    assert status == 0
    assert name in shown.out
    outbox.write(kept)  # a second copy of the same results
    for _ in range(2):
        delivery.upload()
    ids = {result.id for result in made.results.values()}
    listed = logged_runs.finished_runs()
    mine = listed[listed["tags.result_id"].isin(ids)]
    assert sorted(mine["tags.result_id"]) == sorted(ids)
    client = connection.client()
    versions = client.search_model_versions(f"name = '{name}'")
    assert sorted(int(version.version) for version in versions) == [1, 2]
    experiment = client.get_experiment_by_name("regime").experiment_id
    assert client.search_runs([experiment], "attributes.status = 'RUNNING'") == []
    assert loader.registered(name, "champion").document == LOGIT
    frame = pd.DataFrame({"slope": [0.5], "vol": [None]})
    model = connection.open_mlflow().pyfunc.load_model(f"models:/{name}@champion")
    assert model.predict(frame).sum(axis=1).iloc[0] == pytest.approx(1.0)


def outbox_home(error):
    """The data directory named by the message of a failed delivery."""
    from pathlib import Path

    return Path(str(error.value).split("kept in ")[1].split(", ")[0]).parents[1]


def test_telemetry_is_off(shared):
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    import urllib.request

    with urllib.request.urlopen(shared.url + "/ajax-api/3.0/mlflow/ui-telemetry", timeout=20) as answer:
        assert json.load(answer)["disable_ui_telemetry"] is True
