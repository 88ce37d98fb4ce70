"""A kept call is served only while nothing it depends on has changed, and only whole."""

import pytest

from features.data import store
from models.tracking import loader
from serving import call_cache
from tests.support.calls import make_test_call

KEY = "a" * 64


def file(home):
    return home / "cache" / "calls" / KEY


def test_a_kept_call_comes_back(home):
    call = make_test_call()
    assert call_cache.read(KEY) is None
    call_cache.write(KEY, call)
    assert call_cache.read(KEY) == call
    assert call_cache.read("b" * 64) is None
    assert [path.name for path in file(home).parent.iterdir()] == [file(home).name]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole.replace(b"0.31", b"0.32", 1),
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:0],
        lambda whole: whole[32:],
        lambda whole: whole + b" ",
    ],
)
def test_a_damaged_call_is_not_served_and_named(home, caplog, damage):
    call_cache.write(KEY, make_test_call())
    content = file(home).read_bytes()
    assert damage(content) != content
    file(home).write_bytes(damage(content))
    assert call_cache.read(KEY) is None
    assert "does not verify: it is computed again" in caplog.text


def test_bytes_that_are_no_text_are_damage(home, caplog):
    call_cache.write(KEY, make_test_call())
    file(home).write_bytes(b"\xff\xfe\x00")
    assert call_cache.read(KEY) is None
    assert "does not verify" in caplog.text


def test_another_keys_call_is_not_served(home):
    call_cache.write("b" * 64, make_test_call())
    (file(home).parent / ("b" * 64)).rename(file(home))
    assert call_cache.read(KEY) is None


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
    other = manifest.model_copy(update={"legs": "other"})
    assert other.digest != manifest.digest
    monkeypatch.setattr(store, "verified_manifest", lambda: other)
    assert call_cache.latest_key(()) != plain
    monkeypatch.setattr(loader, "pointer", lambda *_: None)
    assert call_cache.latest_key(()) is None
