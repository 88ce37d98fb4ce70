"""What the benchmarks read and run, without measuring anything."""

import importlib
import json
from pathlib import Path

import pandas as pd
import pytest

from features.data import store

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    """A benchmark's module by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_a_plain_reading_reads_tables_in_parts(bench, us_snapshot, home):
    digest = store.write(us_snapshot.tables, "folder", us_snapshot.legs, us_snapshot.last)
    manifest = json.loads((home / "snapshots" / str(digest) / "manifest.json").read_text())
    assert isinstance(manifest["tables"]["prices_sp500"], dict)  # in parts
    members = us_snapshot.tables["prices_sp500"].drop(columns="available_at")
    pd.testing.assert_frame_equal(bench("bench_features").plain(), members.rolling(200).mean(), check_freq=False)


def test_only_our_side_is_told_to_run_what_was_run_before(bench, tmp_path, monkeypatch):
    module, said = bench("bench_runs"), []
    monkeypatch.setattr(module, "timed", lambda words, *_: said.append(list(words[1:])))
    taken = module._ours(tmp_path, "sample")
    ours = said.copy()
    said.clear()
    assert set(module._reference(tmp_path, "sample", tmp_path)) == set(taken)  # the lines pair them by name
    assert [words for words in ours if "--again" in words] == [[*module.DEFAULT, "--again"]]
    assert said == [ours[0], [*module.DEFAULT], [*module.DEFAULT], ours[-1]]


def test_the_groups_are_timed_by_their_own_models_and_as_a_whole(bench, tmp_path, monkeypatch):
    module = bench("bench_range")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    command = bin_ / "regime-train"
    command.write_text('#!/bin/sh\necho \'{"models": {"momentum": {"cpu_seconds": 2.5}}}\'\n')
    command.chmod(0o755)
    monkeypatch.setattr(module, "BIN", bin_)
    taken, models = module._groups(tmp_path, {})
    assert models == {"momentum": 2.5}
    assert 0.0 <= taken < 60.0


def test_without_a_reference_nothing_is_measured(bench, monkeypatch):
    monkeypatch.delenv("REGIME_REFERENCE", raising=False)
    assert bench("bench_range").run() == [bench("reference").MISSING]


def test_a_benchmark_run_by_itself_leaves_the_sections_of_the_others(bench, tmp_path, monkeypatch):
    module = bench("run")
    monkeypatch.setattr(module, "RESULTS", tmp_path / "RESULTS.md")
    module.RESULTS.write_text("# Benchmarks\n\nold head\n\n## start\n\nold start\n\n## call\n\nold call\n")
    monkeypatch.setattr(bench("bench_start"), "run", lambda: ["new start"])
    monkeypatch.setenv("REGIME_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["run.py", "start"])
    module.main()
    found = module.sections(module.RESULTS.read_text())
    assert list(found) == ["call", "start"]
    assert found["call"] == "## call\n\nold call"
    assert found["start"].endswith("new start")
    assert "old head" not in module.RESULTS.read_text()
    monkeypatch.setattr("sys.argv", ["run.py", "nothing"])
    with pytest.raises(SystemExit, match="no benchmark 'nothing': known are call, "):
        module.main()
