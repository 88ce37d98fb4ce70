"""What an earlier program (commit e15ad0d) registered: found, verified, and with the same numbers, bit for bit.

The archive is its database and two of its models (the default's mixture and
persistence) for the sample, and what that program predicted from a few rows.
"""

import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import predictor
from models.spec import from_json
from models.tracking import connection, loader, registry

ARCHIVE = Path(__file__).parent / "fixtures" / "registry_e15ad0d.tar.xz"


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """The archive, unpacked where it never was; gives what is expected by version."""
    folder = tmp_path / "moved here"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    return json.loads((folder / "expected.json").read_text())


def rows(expected):
    return pd.DataFrame(expected["rows"], columns=expected["features"], dtype=float)


def test_the_loader_serves_it(stored):
    found = loader.registered("regime-sample", "challenger")
    assert found.version == "1"
    assert loader.pointer("regime-sample", "champion") is None
    expected = stored["1"]
    assert list(found.document.features) == expected["features"]
    made = predictor.predict(found.document, rows(expected))
    np.testing.assert_array_equal(made, np.array(expected["probabilities"]))
    assert from_json(found.tags["spec"]).blend == ("logit-all",)
    assert float(found.tags["skill"]) == 0.0147


def test_mlflow_loads_it(stored):
    mlflow = connection.open_mlflow()
    for version, expected in stored.items():
        made = mlflow.pyfunc.load_model(f"models:/regime-sample/{version}").predict(rows(expected))
        assert list(made.columns) == expected["outcomes"]
        np.testing.assert_array_equal(made.to_numpy(), np.array(expected["probabilities"]))


@pytest.mark.usefixtures("stored")
def test_its_aliases_move():
    registry.set_alias("regime-sample", "champion", "3")
    found = loader.registered("regime-sample", "champion")
    assert (found.version, found.tags["kind"], found.tags["gate_verdict"]) == ("3", "persistence", "champion")
    assert registry.made_at("regime-sample", "champion") == 1795610263.543
    assert not registry.version_exists("regime-sample", "2")
