"""The directory of the MLflow database may be moved, copied or renamed."""

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data.errors import RegimeError
from models.tracking import delivery, loader, relocation, runs
from tests.support.servers import LOGIT, batch

TABLES = {name: [column for table, column in relocation.LOCATIONS if table == name] for name, _ in relocation.LOCATIONS}


@pytest.fixture
def moved(mlruns, tmp_path, monkeypatch):
    """Logged, then moved: the old path is gone."""
    logged = delivery.deliver(batch())
    new = tmp_path / "elsewhere" / "lÄufe, here"
    new.parent.mkdir()
    mlruns.rename(new)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{new / 'mlflow.db'}")
    return logged, mlruns, new


def texts(database):
    """Every text in every table."""
    with closing(sqlite3.connect(database)) as base:
        for (table,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in base.execute(f'SELECT * FROM "{table}"'):
                yield from (value for value in row if isinstance(value, str))


def test_everything_is_found_after_a_move(moved, home):
    logged, old, new = moved
    shutil.rmtree(home, ignore_errors=True)  # no local copy of the model helps
    assert loader.registered("toy", "champion").document == LOGIT
    mlflow = runs._mlflow()
    run_id, version = logged["logit2"]
    model = mlflow.pyfunc.load_model(f"models:/toy/{version}")
    assert list(model.predict(pd.DataFrame({"slope": [0.5], "vol": [1.0]})).columns) == list(LOGIT.outcomes)
    artifacts = mlflow.MlflowClient().list_artifacts(run_id)
    assert "predictions.parquet" in [found.path for found in artifacts]
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/card.md") == "# card\n"
    again = delivery.deliver(batch())
    assert mlflow.get_run(again["logit2"][0]).info.artifact_uri.startswith(new.as_uri())
    assert not old.exists()
    left = [text for text in texts(new / "mlflow.db") if str(old) in text or old.as_uri() in text]
    assert left == []


def test_a_missing_artifact_is_named(moved):
    _, _, new = moved
    (lost,) = [path for path in new.rglob("model.json") if '"logit"' in path.read_text()]
    lost.unlink()
    with pytest.raises(RegimeError) as error:
        loader.registered("toy", "champion")
    said = str(error.value)
    assert lost.as_uri() in said
    assert "toy version 1" in said
    assert len(said.splitlines()) == 1


def fill(folder: Path, root: str, uri: bool = True) -> Path:
    """A database with one row a location, as MLflow would have written below `root`."""
    folder.mkdir(parents=True, exist_ok=True)
    at = (lambda path: Path(path).as_uri()) if uri else str
    with closing(sqlite3.connect(folder / "mlflow.db")) as base:
        for table, columns in TABLES.items():
            base.execute(f"CREATE TABLE {table} (name TEXT, {', '.join(columns)})")
            base.execute(
                f"INSERT INTO {table} VALUES ('regime', {', '.join('?' * len(columns))})",
                [at(f"{root}/artifacts") for _ in columns],
            )
            others = [at(f"{root}-old/artifacts/x"), "models:/m-1", "s3://bucket" + root + "/artifacts", None]
            for value in others:
                base.execute(
                    f"INSERT INTO {table} VALUES ('other', {', '.join('?' * len(columns))})", [value for _ in columns]
                )
        base.commit()
    return folder / "mlflow.db"


def rows(database, name):
    with closing(sqlite3.connect(database)) as base:
        return [
            row[0]
            for table, column in relocation.LOCATIONS
            for row in base.execute(f"SELECT {column} FROM {table} WHERE name = ?", (name,))
        ]


@pytest.mark.parametrize("uri", [True, False])
@pytest.mark.parametrize("root", ["/nowhere/a", "/nowhere/%41 _", "/nowhere/ä'b\"%"])
def test_only_what_lies_below_the_old_root_is_rewritten(tmp_path, root, uri):
    new = tmp_path / "it's 100% _new"
    path = fill(new, root, uri)
    before = rows(path, "other")
    assert relocation.relocate(path)
    want = (new / "artifacts").as_uri() if uri else str(new / "artifacts")
    assert rows(path, "regime") == [want] * len(relocation.LOCATIONS)
    assert rows(path, "other") == before
    assert not relocation.relocate(path)


@given(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1).filter(
        lambda s: s not in (".", "..")
    )
)
def test_a_path_survives_being_a_location(name):
    path = Path("/a") / name
    assert relocation.local_path(path.as_uri()) == path


def test_a_database_moved_without_its_artifacts_keeps_pointing_at_them(tmp_path):
    old = tmp_path / "old"
    (old / "artifacts").mkdir(parents=True)
    path = fill(tmp_path / "new", str(old))
    assert not relocation.relocate(path)
    (tmp_path / "new" / "artifacts").mkdir()  # a copy of both: the copy is what it points at now
    assert relocation.relocate(path)


def test_several_openers_and_a_crash_in_between(tmp_path, monkeypatch):
    path = fill(tmp_path / "new", "/nowhere/a")
    rewrite = relocation._rewrite

    def crash(base, old, here):
        rewrite(base, old, here)
        raise KeyboardInterrupt

    monkeypatch.setattr(relocation, "_rewrite", crash)
    with pytest.raises(KeyboardInterrupt):
        relocation.relocate(path)
    assert rows(path, "regime") == ["file:///nowhere/a/artifacts"] * len(relocation.LOCATIONS)  # all or nothing
    monkeypatch.setattr(relocation, "_rewrite", rewrite)
    threads = [threading.Thread(target=relocation.relocate, args=(path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(path, "regime") == [(tmp_path / "new" / "artifacts").as_uri()] * len(relocation.LOCATIONS)


def test_a_lock_is_waited_for_and_then_named(tmp_path, monkeypatch):
    path = fill(tmp_path / "new", "/nowhere/a")
    monkeypatch.setattr(relocation, "WAIT", 0.1)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegimeError, match="locked"):
            relocation.relocate(path)


def test_locations_that_are_not_ours(tmp_path):
    path = fill(tmp_path / "new", "/nowhere/a")
    with closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE experiments SET artifact_location = 's3://bucket/artifacts'")
        base.commit()
    assert not relocation.relocate(path)
    with closing(sqlite3.connect(path)) as base:
        base.execute("DELETE FROM experiments")
        base.commit()
    assert not relocation.relocate(path)
