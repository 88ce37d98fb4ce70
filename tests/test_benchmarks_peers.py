"""The sides of `make bench-peers` that need no peer, held against each other over a few rows."""

import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    """A benchmark's module by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def weeks(bench, monkeypatch):
    rows = bench("peers_rows")
    for name, value in {"COLUMNS": 12, "FOLDS": 4, "ROWS": 500, "SIZE": 13}.items():
        monkeypatch.setattr(rows, name, value)
    monkeypatch.setattr(rows, "SETTINGS", rows.SETTINGS | {"n_estimators": 4, "min_child_samples": 20})
    return {name: np.asarray(value) for name, value in rows.walk_rows().items()}


@pytest.fixture
def members(bench, monkeypatch):
    rows = bench("peers_rows")
    for name, value in {"MEMBERS": 20, "STOCKS": 28, "SESSIONS": 640}.items():
        monkeypatch.setattr(rows, name, value)
    return {name: np.asarray(value) for name, value in rows.members_rows().items()}


def test_every_outcome_side_learns_from_the_same_rows(bench, weeks):
    module = bench("peers_outcomes")
    bare = module.bare(weeks)()
    assert bare.shape == (4 * 13, 3)
    np.testing.assert_allclose(bare.sum(axis=1), 1.0)
    for side in (module.ours, module.scikit_learn, module.purgedcv):
        np.testing.assert_allclose(side(weeks)(), bare, rtol=0, atol=1e-12)
    assert len(module.bare(module.few(weeks))()) == 2 * 13


def test_the_bare_loop_with_a_lag_reads_the_last_known_value_and_then_its_own(bench, weeks):
    module = bench("peers_returns")
    found = module.bare_lag(weeks)()
    assert found.shape == module.bare(weeks)().shape
    start, gap = int(weeks["starts"][-1]), int(weeks["gap"])
    later = weeks | {"target": np.where(np.arange(500) >= start - gap, 99.0, weeks["target"])}
    np.testing.assert_array_equal(module.bare_lag(later)()[-13:], found[-13:])  # no value that is not known yet
    known = weeks | {"target": np.where(np.arange(500) == start - gap - 1, 99.0, weeks["target"])}
    assert (module.bare_lag(known)()[-13:] != found[-13:]).any()


def test_every_member_side_gives_the_features_of_the_product(bench, members, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(njit=lambda function: function))
    module = bench("peers_members")
    expected = module.ours(members)()
    assert expected.shape == (640, 15)
    known = ~np.isnan(expected)
    assert known.any(axis=0).all()
    assert (~known[300:]).any()  # on some sessions too few members have a price
    for side in (module.pandas, module.numba):
        np.testing.assert_allclose(side(members)(), expected, rtol=0, atol=1e-9)


def test_a_side_that_finds_something_else_is_said_to(bench):
    module = bench("peers")
    table = module.Table("title", dict, "module", "bare", 1e-9, "text", {"lagging": "lag"})
    results = {
        name: module.Result(1.0, np.array([first, np.nan]))
        for name, first in {"bare": 1.0, "same": 1.0, "other": 1.1, "lag": 2.0, "lagging": 2.0}.items()
    }
    said = {name: module._same(table, name, results) for name in results}
    assert said["bare"] == ""
    assert said["same"] == "yes, as `bare`"
    assert said["other"] == "no, 50.0% differ, as `bare`"
    assert said["lagging"] == "yes, as `lag`"


def test_the_peers_lock_pins_what_is_asked_for_by_hash_and_names_no_place():
    lock = (FOLDER / "peers.lock").read_text()
    for line in (FOLDER / "peers.in").read_text().splitlines():
        assert f"\n{re.split('[ =]', line)[0]}==" in f"\n{lock}"
    pinned = [line for line in lock.splitlines() if not line.startswith(" ")]
    assert all(line.endswith("\\") for line in pinned)  # hashes follow
    assert not any(word in lock for word in ("--index-url", "--find-links", "file:", "http:", "https:", "/"))
