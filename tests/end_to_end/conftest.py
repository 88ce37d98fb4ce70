"""A machine on which everything has been done once: data, models, a call."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import in_process


class Machine(NamedTuple):
    """Data directory and directory of runs."""

    home: Path
    runs: Path


@pytest.fixture(scope="session")
def seed_machine(tmp_path_factory):
    """The sample, a trained model and a call; not to be changed."""
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(folder / "home", folder / "runs")
    machine.runs.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGIME_HOME", str(machine.home))
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{machine.runs / 'mlflow.db'}")
        for words in (("data", "refresh", "--source", "sample"), ("train", "run", "climatology"), ("call",)):
            said = in_process.run(*words)
            assert said.status == 0, said
    return machine


@pytest.fixture(scope="module")
def one_machine(seed_machine, tmp_path_factory):
    """A copy for the tests of one file."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(seed_machine.home, folder / "home")
    shutil.copytree(seed_machine.runs, folder / "runs")
    return Machine(folder / "home", folder / "runs")


@pytest.fixture
def machine(one_machine, monkeypatch):
    """The copy of this file, in force."""
    monkeypatch.setenv("REGIME_HOME", str(one_machine.home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{one_machine.runs / 'mlflow.db'}")
    return one_machine
