"""`regime init` and `regime settings`, as a person types them."""

import json
import stat

import pytest

import regime
from features.data import settings
from features.data.errors import RegimeError
from features.data.refresh import wanted
from features.data.source import Source
from tests.support.shell import run


def test_the_flags_are_written_for_the_owner_alone(tmp_path):
    data = tmp_path / "tables"
    data.mkdir()
    run(
        "regime",
        "init",
        "--source",
        "folder",
        "--folder",
        data,
        "--fred-key",
        "the key",
        "--notify",
        "json://127.0.0.1",
    )
    found = settings.load()
    assert (found.source, found.folder, found.fred_api_key) == ("folder", data, "the key")
    assert found.notify.urls == ("json://127.0.0.1",)
    assert stat.S_IMODE(settings.path().stat().st_mode) == 0o600


def test_a_file_that_is_there_stays():
    run("regime", "init", "--source", "sample")
    before = settings.path().read_bytes()
    said = run("regime", "init", "--source", "live", status=1).stderr
    assert "is there already: edit it, or give --yes" in said
    assert settings.path().read_bytes() == before
    run("regime", "init", "--source", "live", "--yes")
    assert settings.load().source == "live"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--source", "folder"), "source folder needs --folder PATH"),
        (("--folder", "/"), "goes with no other source"),
        (("--source", "folder", "--folder", "/no/such"), "--folder /no/such: no such directory"),
        (("--source", "yahoo"), "--source"),
    ],
)
def test_bad_answers_write_nothing(words, said):
    assert said in run("regime", "init", *words, status=1).stderr
    assert not settings.path().exists()


def test_settings_are_shown_without_secrets(tmp_path):
    file = tmp_path / "mine.toml"
    run("regime", "init", "--fred-key", "hidden", "--notify", "mailto://me:hidden@example.org", "--config", file)
    for words in (("settings",), ("settings", "--json")):
        shown = run("regime", "--config", file, *words).stdout
        assert "hidden" not in shown
        assert "mailto://***" in shown
    assert json.loads(shown)["file"] == str(file)


def test_a_refresh_without_flags_reads_what_was_set_or_read_last(tmp_path):
    with pytest.raises(RegimeError, match="no data in"):
        wanted(None, None)
    with pytest.raises(RegimeError, match="needs --folder PATH the first time"):
        wanted(Source.folder, None)
    with pytest.raises(RegimeError, match="goes with --source folder, not with sample"):
        wanted(Source.sample, tmp_path)
    assert wanted(None, tmp_path) == (Source.folder, tmp_path)
    regime.refresh("sample")
    assert wanted(None, None) == (Source.sample, None)
    run("regime", "init", "--source", "folder", "--folder", tmp_path)
    assert wanted(None, None) == (Source.folder, tmp_path)
    assert wanted(Source.live, None) == (Source.live, None)


def test_the_folder_of_the_last_refresh_is_remembered():
    from features.data.sources.sample import FOLDER

    regime.refresh("folder", FOLDER)
    assert wanted(Source.folder, None) == (Source.folder, FOLDER.resolve())


def test_answers_that_are_piped_are_refused_not_ignored(tmp_path):
    said = run("regime", "init", "--config", tmp_path / "regime.toml", status=1).stderr
    assert "give its answers as flags" in said
    assert not (tmp_path / "regime.toml").exists()
