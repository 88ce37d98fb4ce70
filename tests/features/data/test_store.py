import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from features.data import store
from features.data.errors import RefusedError, RegimeError
from features.data.sources import folder
from tests.support.data import two_days as tables
from tests.support.data import write_folder


def test_round_trip_and_as_of():
    digest = store.write(tables(), "folder", "us", pd.Timestamp("2020-01-03"))
    snapshot = store.load()
    assert snapshot.digest == digest
    assert len(snapshot.as_of(pd.Timestamp("2020-01-02")).tables["prices_etf"]) == 1
    assert store.write(tables(), "folder", "us", pd.Timestamp("2020-01-03")) == digest
    assert store.write(tables(9.0), "folder", "us", pd.Timestamp("2020-01-03")) != digest


def test_nothing_there_yet():
    with pytest.raises(RegimeError, match="regime data refresh"):
        store.load()


def test_an_edit_is_noticed(home):
    digest = store.write(tables(), "folder", "us", pd.Timestamp("2020-01-03"))
    tables(5.0)["prices_etf"].to_parquet(home / "snapshots" / digest / "prices_etf.parquet")
    with pytest.raises(RefusedError, match="does not verify"):
        store.load()


def test_a_store_that_is_a_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "file"))
    with pytest.raises(RegimeError, match="set REGIME_HOME"):
        store.load()


def etf(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path / "prices_etf.parquet")


def spoil_duplicate(path):
    table = etf(path)
    pd.concat([table, table.iloc[-1:]]).to_parquet(path / "prices_etf.parquet")


def spoil_text(path):
    etf(path).assign(IWM="a").to_parquet(path / "prices_etf.parquet")


def spoil_future(path):
    table = etf(path)
    table.index = [*table.index[:-1], pd.Timestamp("2099-01-05")]
    table.rename_axis("date").to_parquet(path / "prices_etf.parquet")


def spoil_leg(path):
    etf(path).drop(columns="RSP").to_parquet(path / "prices_etf.parquet")


def spoil_name(path):
    etf(path).to_parquet(path / "prices.parquet")


def spoil_column(path):
    etf(path).rename(columns={"SPY": "VIX", "RSP": "gamma"}).to_parquet(path / "vix.parquet")


def spoil_bytes(path):
    (path / "vix.parquet").write_bytes(b"not parquet")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_duplicate, r"prices_etf.parquet: date 2005-06-30 stands there twice"),
        (spoil_text, r"prices_etf.parquet: column IWM holds"),
        (spoil_future, r"prices_etf.parquet: .*future date, 2099-01-05"),
        (spoil_leg, r"no broad leg.*RSP"),
        (spoil_name, r"prices.parquet: not a table this program knows"),
        (spoil_column, r"vix.parquet: column gamma"),
        (spoil_bytes, r"vix.parquet: cannot be read"),
    ],
)
def test_bad_folders_are_named_and_lose_nothing(tmp_path, spoil, says):
    path = write_folder(tmp_path / "data")
    kept = store.write(*_args(folder.read(path)))
    spoil(path)
    with pytest.raises(RegimeError, match=says):
        store.write(*_args(folder.read(path)))
    assert store.load().digest == kept


def _args(read):
    contents, legs, last = read
    return contents, "folder", legs, last


CHILD = """
import sys, pandas as pd
sys.path.insert(0, {tests!r})
from tests.support.data import two_days as tables
from features.data import store
print("ready", flush=True)
for value in range(1000):
    store.write(tables(float(value)), "folder", "us", pd.Timestamp("2020-01-03"))
"""


@pytest.mark.parametrize("delay", [0.003, 0.011, 0.027, 0.05])
def test_kill_in_the_middle_leaves_a_readable_snapshot(delay):
    store.write(tables(-1.0), "folder", "us", pd.Timestamp("2020-01-03"))
    code = CHILD.format(tests=str(Path(__file__).parents[3]))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ))
    assert child.stdout.readline() == b"ready\n"
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert store.load().tables["prices_etf"]["SPY"].iloc[1] == 2.0


def sources():
    return {name: found.digest for name, found in store.stored().items()}


def test_a_source_goes_back_to_its_last_snapshot():
    last = pd.Timestamp("2020-01-03")
    first = store.write(tables(), "folder", "us", last)
    second = store.write(tables(2.0), "folder", "us", last)
    assert store.write(tables(), "folder", "us", last) == first  # the same content again: no new directory
    sample = store.write(tables(3.0), "sample", "sample", last)
    assert store.load().source == "sample"
    assert sources() == {"folder": first, "sample": sample}
    assert store.use("folder").digest == first
    assert store.load().digest == first != second
    assert sources() == {"folder": first, "sample": sample}
    assert store.use("folder").digest == first
    assert store.use("sample").digest == sample


def test_a_source_that_is_not_stored_is_refused_and_nothing_moves():
    digest = store.write(tables(), "sample", "sample", pd.Timestamp("2020-01-03"))
    with pytest.raises(RegimeError, match=r"no folder data .*stored: sample.*--source folder --folder PATH"):
        store.use("folder")
    assert store.load().digest == digest


def test_a_home_without_pointers_by_source_keeps_working(home):
    """As version 0.1.0 wrote it: snapshots and CURRENT alone."""
    last = pd.Timestamp("2020-01-03")
    folder = store.write(tables(), "folder", "us", last)
    sample = store.write(tables(3.0), "sample", "sample", last)
    for pointer in home.glob("CURRENT.*"):
        pointer.unlink()
    assert sources() == {"folder": folder, "sample": sample}
    assert store.use("folder").digest == folder


def test_a_refresh_replaces_a_snapshot_that_does_not_verify(home):
    last = pd.Timestamp("2020-01-03")
    broken = store.write(tables(), "folder", "us", last)
    (home / "snapshots" / broken / "manifest.json").write_text('{"source": "folder"}')
    with pytest.raises(RefusedError, match="does not verify"):
        store.load()
    digest = store.write(tables(3.0), "sample", "sample", last)
    assert store.load().digest == digest
