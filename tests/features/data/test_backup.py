"""A backup comes back whole on another machine, or not at all."""

import io
import sqlite3
import tarfile
from contextlib import closing

import pandas as pd
import pytest

from features.data import backup, cache, store
from features.data.errors import RegimeError


@pytest.fixture
def filled(home, tmp_path):
    """A home with a snapshot, a journal and a cache, and a directory of runs with strangers in it."""
    index = pd.DatetimeIndex(["2020-01-02", "2020-01-03"], name="date")
    table = pd.DataFrame({"SPY": [1.0, 2.0], "available_at": index}, index=index)
    digest = store.write({"prices_etf": table, "vix": table}, "folder", "us", index[-1])
    (home / "journal.jsonl").write_text('{"n": 1}\n{"n": 2}\n{"half')
    (home / "journal.lock").write_text("")
    cache.write("calls", "k", b"computed again")
    runs = tmp_path / "runs"
    (runs / "artifacts" / "1").mkdir(parents=True)
    (runs / "artifacts" / "1" / "model.json").write_text("{}")
    (runs / "holiday.jpg").write_text("not the program's")
    with closing(sqlite3.connect(runs / "mlflow.db")) as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table t (x)")
        database.execute("insert into t values (42)")
        database.commit()
    return home, runs, digest


def test_there_and_back(filled, tmp_path, monkeypatch):
    home, runs, digest = filled
    made = backup.create(tmp_path / "b.tar", home, runs)
    assert (made.digest, made.files) == (digest, {"home": 5, "runs": 2})
    there, runs_there = tmp_path / "there", tmp_path / "runs there"
    assert backup.restore(tmp_path / "b.tar", there, runs_there) == made
    monkeypatch.setenv("REGIME_HOME", str(there))
    assert store.load().digest == digest
    assert (there / "journal.jsonl").read_text() == '{"n": 1}\n{"n": 2}\n'
    assert sorted(path.name for path in there.iterdir()) == ["CURRENT", "journal.jsonl", "snapshots"]
    assert sorted(path.name for path in runs_there.iterdir()) == ["artifacts", "mlflow.db"]
    with closing(sqlite3.connect(runs_there / "mlflow.db")) as database:
        assert database.execute("select x from t").fetchall() == [(42,)]


def test_nothing_is_overwritten(filled, tmp_path):
    home, runs, _ = filled
    backup.create(tmp_path / "b.tar", home, runs)
    with pytest.raises(RegimeError, match="exists already"):
        backup.create(tmp_path / "b.tar", home, runs)
    with pytest.raises(RegimeError, match="lies in what is backed up"):
        backup.create(home / "b.tar", home, runs)
    with pytest.raises(RegimeError, match="is there already"):
        backup.restore(tmp_path / "b.tar", home, tmp_path / "new")
    with pytest.raises(RegimeError, match="is there already"):
        backup.restore(tmp_path / "b.tar", tmp_path / "there", runs)
    assert list((tmp_path / "there").iterdir()) == []


def rewritten(source, target, change):
    """The archive with the content of members passed through `change(name, content)`; None drops one."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            content = change(member.name, old.extractfile(member).read())
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: content.replace(b"42", b"43") if name.endswith(".jsonl") else content + b" ",
        lambda name, content: None if name.endswith(".jsonl") else content,
        lambda name, content: None if name == backup.INDEX else content,
        lambda name, content: b"{}" if name == backup.INDEX else content,
        lambda _, content: content.replace(b'"format": 1', b'"format": 9'),
    ],
)
def test_a_damaged_backup_restores_nothing(filled, tmp_path, change):
    home, runs, _ = filled
    backup.create(tmp_path / "b.tar", home, runs)
    rewritten(tmp_path / "b.tar", tmp_path / "damaged.tar", change)
    with pytest.raises(RegimeError) as caught:
        backup.restore(tmp_path / "damaged.tar", tmp_path / "there", tmp_path / "runs there")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "there").iterdir()) == []
    assert not (tmp_path / "runs there").exists()


def test_a_path_that_leaves_the_home_is_refused(tmp_path):
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        entry = tarfile.TarInfo("home/../../outside")
        archive.addfile(entry, io.BytesIO(b""))
    with pytest.raises(RegimeError):
        backup.restore(tmp_path / "evil.tar", tmp_path / "a" / "there", None)
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "a" / "outside").exists()


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\0" * 2048])
def test_what_is_no_backup(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(RegimeError, match="no backup"):
        backup.restore(tmp_path / "x", tmp_path / "there", None)
    for name, reason in (("absent", "No such file"), (".", "Is a directory")):
        with pytest.raises(RegimeError, match=f"{name} cannot be read .{reason}"):
            backup.restore(tmp_path / name, tmp_path / "there", None)


def test_nothing_to_back_up(home, tmp_path):
    home.mkdir()
    with pytest.raises(RegimeError, match="nothing to back up"):
        backup.create(tmp_path / "b.tar", home, None)
