"""A cache serves what was computed from this data by this code, or nothing."""

import logging
import os

import numpy as np
import pytest

from features.data import cache


@pytest.fixture
def code(tmp_path):
    path = tmp_path / "code"
    path.mkdir()
    (path / "model.py").write_text("x = 1\n")
    return path


def test_the_key_is_data_and_code(code):
    parts = [np.arange(3.0), b"ab", "c"]
    first = cache.entry_key([code], parts)
    assert first == cache.entry_key([code], parts)
    others = [
        [np.arange(3.0) + 1e-15, b"ab", "c"],
        [np.arange(3), b"ab", "c"],
        [np.arange(3.0), b"a", "bc"],
        [np.arange(3.0), "c", b"ab"],
        [np.arange(3.0).reshape(3, 1), b"ab", "c"],
    ]
    keys = {cache.entry_key([code], other) for other in others}
    (code / "model.py").write_text("x = 2\n")
    keys.add(cache.entry_key([code], parts))
    assert len(keys | {first}) == len(others) + 2


def test_what_is_kept_is_read():
    assert cache.read("calls", "k") is None
    cache.write("calls", "k", b"content")
    assert cache.read("calls", "k") == b"content"
    cache.write("calls", "k", b"")
    assert cache.read("calls", "k") == b""


@pytest.mark.parametrize("damage", ["edited", "truncated", "emptied", "moved"])
def test_damage_is_not_served_and_is_logged(home, caplog, damage):
    cache.write("calls", "key", b"content")
    path = home / "cache" / "calls" / "key"
    whole = path.read_bytes()
    if damage == "moved":
        path.rename(path.with_name("other"))
    else:
        path.write_bytes({"edited": whole[:-1] + b"x", "truncated": whole[:-2], "emptied": b""}[damage])
    with caplog.at_level(logging.WARNING):
        assert cache.read("calls", "other" if damage == "moved" else "key") is None
    assert "does not verify" in caplog.text


def test_the_least_recently_used_go_first(home, monkeypatch):
    monkeypatch.setitem(cache.LIMITS, "calls", 400)
    for number in range(3):
        cache.write("calls", str(number), bytes(100))
        os.utime(home / "cache" / "calls" / str(number), (number + 1, number + 1))
    assert cache.read("calls", "0") is not None  # now the most recently used
    cache.write("calls", "3", bytes(100))
    assert sorted(path.name for path in (home / "cache" / "calls").iterdir()) == ["0", "2", "3"]
    cache.write("calls", "large", bytes(1000))  # larger than the bound: kept alone
    assert [path.name for path in (home / "cache" / "calls").iterdir()] == ["large"]


def test_a_cache_that_cannot_be_written_is_logged(home, caplog):
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "calls").write_text("a file in the way")
    with caplog.at_level(logging.WARNING):
        cache.write("calls", "k", b"content")
        assert cache.read("calls", "k") is None
    assert "not kept" in caplog.text
    cache.write("calls", "another", b"content")
    assert caplog.text.count("not kept") == 1


def test_an_unknown_cache_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="unknown cache 'nothing'"):
        cache.read("nothing", "k")


def test_clean_removes_caches_and_nothing_else(home):
    cache.write("calls", "k", bytes(68))
    cache.write("regime", "k", bytes(8))
    old = home / "cache" / "regime" / "0123.json"  # as an earlier version kept it
    old.write_text("null")
    journal = home / "journal.jsonl"
    journal.write_text("kept\n")
    planned = cache.clean(dry_run=True)
    assert [(one.name, one.files, one.bytes) for one in planned] == [("calls", 1, 100), ("regime", 2, 44)]
    assert old.exists()
    assert cache.clean() == planned
    assert not old.exists()
    assert cache.clean() == []
    assert journal.read_text() == "kept\n"
