"""Shared fixtures: small stores, and the real data where they are."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from features import dataset
from features.data import store
from features.data.sources import folder
from features.data.sources.sample import FOLDER
from tests.support.data import SHARED

settings.register_profile("no deadline", deadline=None)  # a busy machine is no failure
settings.load_profile("no deadline")


def pytest_configure() -> None:
    """Set MLflow's environment as a command does at its start."""
    from models.tracking import process_environment

    process_environment.set_up()


@pytest.fixture(scope="session", autouse=True)
def outer_home(tmp_path_factory):
    """What is made once for several tests never reads the data, caches or settings of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGIME_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.delenv("REGIME_CONFIG", raising=False)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Every test has a data directory, settings and an MLflow database of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("REGIME_CONFIG", raising=False)
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    # MLflow writes the address it is given into the environment, so the registry of the test before would be read.
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """An MLflow database with nothing in it; making one takes MLflow several seconds, copying it none."""
    from models.tracking import connection

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
        connection.open_mlflow()
        connection.prepare_experiment()
    return path


@pytest.fixture
def mlruns(tmp_path, empty_database, monkeypatch):
    """A directory with an MLflow database of this test's own, in force."""
    folder = tmp_path / "runs of mine"
    folder.mkdir()
    shutil.copy(empty_database, folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    return folder


@pytest.fixture(scope="session")
def sample_snapshot():
    tables, legs, last = folder.read(FOLDER)
    return store.Snapshot("0" * 16, "sample", legs, last, tables)


@pytest.fixture(scope="session")
def us_snapshot():
    """A synthetic US market 1994-2010 with every table; not to be changed."""
    from tests.support.us_market import us_snapshot

    return us_snapshot()


@pytest.fixture(scope="session")
def shared_snapshot():
    tables, legs, last = folder.read(SHARED)
    return store.Snapshot("1" * 16, "folder", legs, last, tables)


@pytest.fixture(scope="session")
def toy():
    """500 weeks of noise with the columns every model needs; seed fixed."""
    rng = np.random.default_rng(0)
    dates = pd.date_range("1988-01-01", periods=500, freq="W-FRI")
    names = ["broad_return_21", "broad_vol_21", "vol_regime", "noise"]
    X = pd.DataFrame(rng.normal(size=(500, 4)), dates, names)
    outcome = pd.Series(rng.choice(list(dataset.OUTCOMES), size=500), dates, dtype=object)
    ends = pd.Series(dates + pd.Timedelta(days=30), dates)
    X["last_outcome"] = dataset.last_matured(outcome, ends, dataset.OUTCOMES)
    X["jump_state"] = (X["noise"] > 0).astype(float)
    X["implied_scale"] = X["broad_vol_21"]
    shares = rng.dirichlet(np.full(3, 20.0), size=500)
    X[[f"simulated_{name}" for name in dataset.OUTCOMES]] = shares
    return dataset.Dataset(X, outcome, ends, X["noise"] < 0, "path", "toy", "folder", "us")
