"""Where the runs are, and that no message shows a password."""

import os
import subprocess
import sys

import pytest

from features.data.errors import RegimeError
from models.tracking import location, process_environment


def test_runs_of_a_checkout_are_beside_the_rooms_and_an_installed_package_s_in_the_user_s_directory(
    tmp_path, home, monkeypatch
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setattr(location, "CHECKOUT", tmp_path / "site-packages")
    assert location.directory() == home / "mlruns"
    assert location.uri() == f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "pyproject.toml").touch()
    assert location.directory() == tmp_path / "site-packages" / "mlruns"


def test_this_checkout_s_own():
    assert location.directory().name == "mlruns"
    assert (location.directory().parent / "models" / "tracking").is_dir()


@pytest.mark.parametrize(
    ("where", "plain", "login"),
    [
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000", None),
        ("https://me:p%40ss@host/mlflow", "https://host/mlflow", ("me", "p@ss")),
        ("http://[::1]:5000", "http://[::1]:5000", None),
    ],
)
def test_an_address_and_its_login(where, plain, login):
    assert location.address(where) == (plain, login)


@pytest.mark.parametrize(
    "where", ["http://[::1", "http://", "http://host:port", "http://u:secret@[::1", "http://h:99999"]
)
def test_what_is_no_address_is_one_line(where):
    with pytest.raises(RegimeError) as error:
        location.address(where)
    assert len(str(error.value).splitlines()) == 1
    assert "secret" not in str(error.value)


def test_users_and_passwords_are_not_shown():
    said = location.redacted("postgresql://me:secret@host/db and https://tok@host/x fail (a@b)")
    assert said == "postgresql://***@host/db and https://***@host/x fail (a@b)"


LEAVES_ALONE = """
import os
before = set(os.environ)
from tests.support import servers
from models.tracking import connection, delivery, process_environment, logged_runs
delivery.deliver(servers.batch())
assert len(logged_runs.finished_runs()) == 2
from mlflow.telemetry import get_telemetry_client
assert get_telemetry_client() is None
changed = (set(os.environ) ^ before) & set(process_environment.ENVIRONMENT)
assert not changed, changed
"""


@pytest.mark.slow
@pytest.mark.usefixtures("mlruns")
def test_library_functions_leave_the_environment_alone():
    """The whole of it, in a process of its own: opened, written and read, and no telemetry all the same."""
    env = {name: value for name, value in os.environ.items() if name not in process_environment.ENVIRONMENT}
    env |= {"PYTHONPATH": str(location.CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", LEAVES_ALONE], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
