"""What the command `run` refuses before any work."""

import pytest
from typer.testing import CliRunner

from features.data.errors import RegimeError
from training import cli
from training.config import FOLDER


@pytest.mark.parametrize("name", ["range", "destinations"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--note", "why"], "--note"),
        (["--again", "--dask", "tcp://127.0.0.1:1"], "--again and --dask"),
    ],
)
def test_options_that_a_range_or_destinations_would_drop_are_refused(name, words, said):
    done = CliRunner().invoke(cli.app, ["run", name, *words])
    assert isinstance(done.exception, RegimeError)
    assert str(done.exception).startswith(f"{said}: for experiments on a label alone")


@pytest.mark.parametrize("name", ["range", "destinations", "default"])
def test_a_member_is_measured_of_a_range_on_earlier_weeks_alone(name):
    done = CliRunner().invoke(cli.app, ["run", name, "--member-of", "default"])
    assert isinstance(done.exception, RegimeError)
    assert str(done.exception).startswith("--member-of: for a range on weeks before 1990 alone")


@pytest.mark.parametrize(("command", "name"), [("run", "range"), ("run", "destinations"), ("sweep", "default")])
def test_a_name_that_mlflow_could_not_show_is_refused(tmp_path, command, name):
    path = tmp_path / f"{'n' * 240}.toml"
    path.write_text((FOLDER / f"{name}.toml").read_text())
    done = CliRunner().invoke(cli.app, [command, str(path), *(["--trials", "1"] if command == "sweep" else [])])
    assert isinstance(done.exception, RegimeError)
    assert "rename the file" in str(done.exception)
