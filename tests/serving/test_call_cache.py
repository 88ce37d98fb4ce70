"""A kept call is served only while nothing it depends on has changed, and only whole."""

import pytest

from features.data import store
from models.tracking import loader
from serving import call_cache
from tests.support.calls import make_test_call

KEY = "a" * 64


def file(home):
    return home / "cache" / "calls" / f"{KEY}.json"


def test_a_kept_call_comes_back(home):
    call = make_test_call()
    assert call_cache.read(KEY) is None
    call_cache.keep(KEY, call)
    assert call_cache.read(KEY) == call
    assert call_cache.read("b" * 64) is None
    assert [path.name for path in file(home).parent.iterdir()] == [file(home).name]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("0.31", "0.32", 1),
        lambda text: text[: len(text) // 2],
        lambda text: text[:0],
        lambda text: text.partition("\n")[2],
        lambda text: text + " ",
    ],
)
def test_a_damaged_call_is_not_served_and_named(home, capsys, damage):
    call_cache.keep(KEY, make_test_call())
    text = file(home).read_text()
    assert damage(text) != text
    file(home).write_text(damage(text))
    assert call_cache.read(KEY) is None
    assert "was damaged: it is made again" in capsys.readouterr().err


def test_bytes_that_are_no_text_are_damage(home, capsys):
    call_cache.keep(KEY, make_test_call())
    file(home).write_bytes(b"\xff\xfe\x00")
    assert call_cache.read(KEY) is None
    assert "damaged" in capsys.readouterr().err


def test_another_keys_call_is_not_served(home):
    call_cache.keep("b" * 64, make_test_call())
    (file(home).parent / f"{'b' * 64}.json").rename(file(home))
    assert call_cache.read(KEY) is None


def test_only_the_newest_are_kept(home):
    for number in range(call_cache.KEPT + 3):
        call_cache.keep(f"{number:064d}", make_test_call())
    assert len(list(file(home).parent.iterdir())) == call_cache.KEPT


@pytest.mark.usefixtures("stored")
def test_the_key_holds_what_a_call_depends_on(monkeypatch):
    def pointing(version="1", **tags):
        monkeypatch.setattr(
            loader, "pointer", lambda name, _: loader.Pointer(name, version, "run", "", {"skill": "1"} | tags)
        )
        return call_cache.latest_key(())

    plain = pointing()
    assert pointing() == plain == pointing(scored_weeks="3", journal_head="f")
    assert pointing(version="2") != plain
    assert pointing(gate="changed") != plain
    pointing()
    assert call_cache.latest_key(("VIX",)) != plain
    manifest = store.verified_manifest()
    monkeypatch.setattr(store, "verified_manifest", lambda: manifest | {"digest": "other"})
    assert call_cache.latest_key(()) != plain
    monkeypatch.setattr(loader, "pointer", lambda *_: None)
    assert call_cache.latest_key(()) is None
