"""A team's server for real: PostgreSQL, an S3-compatible store, a server that dies, two researchers, a login."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.data.errors import RegimeError
from models.tracking import connection, delivery, loader, logged_runs, outbox
from tests.support.servers import LOGIT, batch
from tests.support.team_servers import needs_postgresql, postgresql, s3, team_server

pytestmark = [pytest.mark.slow, needs_postgresql]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("team")
    with postgresql() as database, s3(folder) as store:
        yield folder, database, store


@pytest.fixture
def team(stores, monkeypatch, home):
    folder, database, store = stores
    home.mkdir(exist_ok=True)
    with team_server(folder, database, store) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        yield server


def command(*words, **env):
    """What a command of this environment prints; it must end well."""
    program = Path(sys.executable).parent / words[0]
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, env=os.environ | env, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.usefixtures("team")
def test_run_comparison_and_call(tmp_path):
    command("regime-data", "refresh", "--source", "sample")
    first = json.loads(command("regime-train", "run", "logit2", "--json"))
    second = json.loads(command("regime-train", "run", "logit2", "--set", "train_start=1990-01-01", "--json"))
    again = json.loads(command("regime-train", "run", "logit2", "--json"))
    assert again["earlier"]["run_id"] == first["models"][first["candidate"]]["run_id"]
    shown = json.loads(command("regime-train", "compare", "--json"))
    ids = {one["run_id"] for found in (first, second) for one in found["models"].values()}
    assert {row["run_id"] for row in shown} == ids
    pair = [found["models"][found["candidate"]]["run_id"] for found in (first, second)]
    found = json.loads(command("regime-train", "diff", *pair, "--json"))
    assert found["specification"]["train_start"][1] == "1990-01-01"
    assert found["logged_as"]
    call = json.loads(command("regime-predict", "--json"))
    registered = {one["version"] for found in (first, second) for one in found["models"].values()}
    assert call["model"]["version"] in registered - {None}
    # Everything lies in the bucket and the database; nothing in this machine's folders.
    listed = logged_runs.finished_runs()
    assert listed["artifact_uri"].str.startswith("mlflow-artifacts:").all()
    assert not [path for path in tmp_path.rglob("model.json") if "cache" not in path.parts]


def test_a_killed_server_loses_nothing(team):
    made = batch(register_as="toy-team")
    with pytest.raises(RegimeError, match=r"no result is lost.*`regime train upload`"):
        delivery.deliver(made, team.kill)
    assert len(outbox.entries()) == 1
    team.start()
    delivery.upload()
    assert outbox.entries() == []
    assert loader.registered("toy-team", "champion").document == LOGIT
    ids = {result.id for result in made.results.values()}
    listed = logged_runs.finished_runs()
    assert sorted(listed[listed["tags.result_id"].isin(ids)]["tags.result_id"]) == sorted(ids)


@pytest.mark.usefixtures("team")
def test_two_researchers_train_at_once(tmp_path):
    """Each with data and caches of their own: their candidates are two runs, the baselines one set."""
    homes = [{"REGIME_HOME": str(tmp_path / name)} for name in ("one", "two")]
    for home in homes:
        command("regime-data", "refresh", "--source", "sample", **home)
    program = Path(sys.executable).parent / "regime-train"
    settings = ("--set", "refit_weeks=104", "--json")
    both = [
        subprocess.Popen(
            [program, "run", "logit-all", "--set", f"half_life_years={years}", *settings],
            stdout=subprocess.PIPE,
            env=os.environ | home,
        )
        for years, home in zip((10.0, 20.0), homes, strict=True)
    ]
    found = [json.loads(one.communicate()[0]) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    candidates = {one["models"][one["candidate"]]["run_id"] for one in found}
    assert len(candidates) == 2
    baselines = [{kind: made["run_id"] for kind, made in one["models"].items()} for one in found]
    common = baselines[0].keys() & baselines[1].keys() - {found[0]["candidate"]}
    assert common
    assert {baselines[0][kind] for kind in common} == {baselines[1][kind] for kind in common}


def test_basic_authentication(stores, monkeypatch, tmp_path):
    folder, database, store = stores
    secret = {"MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test", "MLFLOW_AUTH_CONFIG_PATH": str(tmp_path / "auth.ini")}
    (tmp_path / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{tmp_path / 'users.db'}\n"
        "admin_username = admin\nadmin_password = a password of this test\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    with team_server(folder, database, store, "--app-name", "basic-auth", **secret) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        with pytest.raises(RegimeError) as error:
            logged_runs.finished_runs()
        assert len(str(error.value).splitlines()) == 1
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a password of this test")
        logged = delivery.deliver(batch(register_as="toy-login"))
        assert loader.registered("toy-login", "champion").version == logged["logit2"][1]
        assert connection.client().get_run(logged["logit2"][0]).info.status == "FINISHED"
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
        with pytest.raises(RegimeError) as error:
            loader.registered("toy-login", "challenger")
        assert "wrong" not in str(error.value)
