"""Snapshots that nothing names go, the others stay; equal tables are stored once."""

import os

import pandas as pd
import pytest

from features.data import retention, store
from features.data.errors import RegimeError


def write(value, source="folder"):
    index = pd.DatetimeIndex(["2020-01-02", "2020-01-03"], name="date")
    same = pd.DataFrame({"VIX": [12.0, 13.0], "available_at": index}, index=index)
    prices = pd.DataFrame({"SPY": [value, 2.0], "available_at": index}, index=index)
    return store.write({"prices_etf": prices, "vix": same}, source, "us", pd.Timestamp("2020-01-03"))


def snapshots(home):
    return {path.name for path in (home / "snapshots").iterdir()}


def aged(home, digests):
    """Give the snapshots ages in their order; the file system's clock is too coarse."""
    for place, digest in enumerate(digests):
        os.utime(home / "snapshots" / digest, (1000 + place, 1000 + place))


def test_the_newest_the_named_and_those_in_force_stay(home):
    sample = [write(float(value), "sample") for value in range(2)]
    folder = [write(float(value)) for value in range(5)]
    aged(home, sample + folder)
    (home / "journal.jsonl").write_text(f'{{"call": {{"digest": "{folder[1]}"}}}}\n')
    assert retention.prune(2, dry_run=True) == sorted([folder[0], folder[2]])
    assert snapshots(home) == {*sample, *folder}
    assert retention.prune(2) == sorted([folder[0], folder[2]])
    assert snapshots(home) == {*sample, folder[1], folder[3], folder[4]}
    assert store.load().digest == folder[4]
    # Of the sample only the one that `use` would go back to.
    assert retention.prune(1) == sorted([sample[0], folder[3]])
    assert store.use("sample").digest == sample[1]


def test_the_snapshot_in_force_stays_however_old(home):
    digests = [write(float(value)) for value in range(3)]
    write(0.0)  # the first once more
    aged(home, digests)
    assert retention.prune(1) == [digests[1]]
    assert store.load().digest == digests[0]


def test_equal_tables_are_one_file_and_survive_a_prune(home):
    digests = [write(float(value)) for value in range(3)]
    paths = [home / "snapshots" / digest / "vix.parquet" for digest in digests]
    assert len({path.stat().st_ino for path in paths}) == 1
    assert len({path.with_name("prices_etf.parquet").stat().st_ino for path in paths}) == 3
    aged(home, digests)
    retention.prune(1)
    assert store.load().tables["vix"]["VIX"].tolist() == [12.0, 13.0]


def test_a_damaged_twin_is_not_linked(home):
    first = write(1.0)
    (home / "snapshots" / first / "vix.parquet").write_bytes(b"damaged")
    write(2.0)
    assert store.load().tables["vix"]["VIX"].tolist() == [12.0, 13.0]


def test_what_cannot_be_removed_is_named(home, monkeypatch):
    digests = [write(float(value)) for value in range(2)]
    aged(home, digests)

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(retention.shutil, "rmtree", refuse)
    with pytest.raises(RegimeError, match=f"{digests[0]} cannot be removed"):
        retention.prune(1)
    assert store.load().digest == digests[1]
