"""A data directory written by an earlier program (commit e15ad0d): read, sent and cleaned by the present one.

The archive holds a snapshot (the sample since 2022, twelve members), a batch of
two results that MLflow could not take, one fold and two fits of the volatility
regime. Journals and registered models of that program have fixtures of their own.
"""

import tarfile
from pathlib import Path

import pandas as pd
import pytest

from features.data import cache, files, store
from models.tracking import connection, delivery, loader, logged_runs, outbox
from tests.support.shell import run

ARCHIVE = Path(__file__).parent / "fixtures" / "home_e15ad0d.tar.xz"


@pytest.fixture
def stored(home):
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(home, filter="data")
    return home


@pytest.mark.usefixtures("stored")
def test_its_snapshot_is_in_force_and_holds_what_was_stored(sample_snapshot):
    found = store.load()
    assert (found.digest, found.source, found.last) == ("c73b94b3e849570a", "sample", pd.Timestamp("2022-12-28"))
    whole = sample_snapshot.tables
    for name, first in (("indices", "2022-01-01"), ("fredmd", "2022-01-01"), ("prices_sp500", "2022-06-01")):
        table = found.tables[name]
        pd.testing.assert_frame_equal(table, whole[name].loc[first:, list(table)], check_freq=False)
    assert store.current_manifest().digest == found.digest


@pytest.mark.usefixtures("mlruns")
def test_its_kept_results_arrive_once(stored):
    (entry,) = outbox.entries()
    batch = outbox.read(entry)
    assert len(batch.results["logit-all"].predictions) == 60
    (sent,) = delivery.upload()
    assert outbox.entries() == []
    assert set(sent.logged) == {"logit-all", "climatology"}
    assert loader.registered("regime-sample", "challenger").document == batch.results["logit-all"].document
    assert loader.pointer("regime-sample", "champion") is None
    assert len(logged_runs.finished_runs()) == 2
    assert delivery.upload() == []
    versions = connection.client().search_model_versions("name = 'regime-sample'")
    assert {version.run_id for version in versions} == {run_id for run_id, _ in sent.logged.values()}
    assert (stored / "outbox").is_dir()


def test_its_caches_are_not_served_and_are_cleaned(stored):
    (table,) = (stored / "cache" / "folds").glob("*.table")
    assert cache.read("folds", table.name) is None  # its checksum does not cover the key
    kept = sorted(path for path in stored.rglob("*") if path.is_file() and "cache" not in path.parts)
    said = run("regime-data", "clean").stdout
    assert "folds" in said
    assert not [path for path in (stored / "cache").rglob("*") if path.is_file()]
    assert sorted(path for path in kept if path.is_file()) == kept
    assert files.abandoned_drafts(stored) == []
