"""`regime init` and `regime settings`, as a person types them."""

import json
import os
import stat
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import regime
from features import setup
from features.data import settings
from features.data.errors import RegimeError
from features.data.refresh import wanted
from features.data.source import Source
from tests.support.shell import BIN, fail, run

KEY = "0123456789abcdef0123456789abcdef"


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
        KEY,
        "--notify",
        "json://127.0.0.1",
    )
    found = settings.load()
    assert (found.source, found.folder, found.fred_api_key) == ("folder", data, KEY)
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
        (("--fred-key", "too short"), "--fred-key: a FRED key has 32 small letters and digits, this has 9 characters"),
        (("--notify", "nonsense"), "--notify: address 1 (without ://) is none that Apprise reads"),
        (("--notify", "json://127.0.0.1", "--notify", "nosuch://me:hidden@there"), "address 2 (nosuch) is none"),
        (("--home", __file__), "is no directory that you may write to"),
        (("--home", "~nobody-of-that-name/x"), "--home ~nobody-of-that-name/x: "),
    ],
)
def test_bad_answers_write_nothing(words, said):
    told = fail("regime", "init", *words)
    assert said in told
    assert "hidden" not in told
    assert not settings.path().exists()


def test_settings_are_shown_without_secrets(tmp_path):
    file = tmp_path / "mine.toml"
    run("regime", "init", "--fred-key", KEY, "--notify", "mailto://me:hidden@example.org", "--config", file)
    for words in (("settings",), ("settings", "--json")):
        shown = run("regime", "--config", file, *words).stdout
        assert "hidden" not in shown
        assert KEY not in shown
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


@pytest.fixture
def answered(monkeypatch):
    """`regime init` in a terminal, with a line of input for each prompt."""

    class Terminal(CliRunner):
        def isolation(self, *args, **kwargs):
            found = super().isolation(*args, **kwargs)
            return _as_terminal(found)

    def run_it(*lines, flags=()):
        return Terminal().invoke(setup.app, ["init", *map(str, flags)], input="".join(f"{line}\n" for line in lines))

    from contextlib import contextmanager

    @contextmanager
    def _as_terminal(found):
        with found as streams:
            monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
            yield streams

    return run_it


def test_each_answer_is_checked_when_it_is_given(answered, tmp_path):
    data = tmp_path / "tables"
    data.mkdir()
    (tmp_path / "file").write_text("")
    done = answered(
        *("yahoo", "folder"),
        *(tmp_path / "missing", "", data),
        *(tmp_path / "file", tmp_path / "home"),
        *("nosuch://me:hidden@there", "json://127.0.0.1"),
    )
    assert done.exit_code == 0, done.output
    said = done.output.splitlines()
    whys = [
        "no source 'yahoo': known are sample, folder, live",
        f"--folder {tmp_path / 'missing'}: no such directory",
        "--folder: the path of the folder is needed, such as ~/market-data",
        f"--home {tmp_path / 'file'}: {tmp_path / 'file'} is no directory that you may write to",
        "--notify: address 1 (nosuch) is none that Apprise reads, such as mailto:// or ntfy://",
    ]
    assert [one for one in said if one in whys] == whys
    asked = [sum(line.startswith(start) for line in said) for start in ("Source", "Folder", "Directory", "Who")]
    assert asked == [2, 3, 2, 2]
    found = settings.load()
    assert (found.source, found.folder, found.home) == ("folder", data, tmp_path / "home")
    assert found.notify.urls == ("json://127.0.0.1",)


def test_a_key_of_the_wrong_form_is_asked_for_again_and_never_repeated(answered):
    done = answered("", "SECRET-of-another-form", KEY, "", "")
    assert done.exit_code == 0, done.output
    assert "--fred-key: a FRED key has 32 small letters and digits, this has 22 characters" in done.output
    assert "SECRET" not in done.output
    assert KEY not in done.output
    assert (settings.load().source, settings.load().fred_api_key) == ("live", KEY)


def test_flags_are_not_asked_for_and_a_contradiction_asks_nothing(answered, tmp_path):
    done = answered("", "", flags=("--folder", tmp_path))
    assert done.exit_code == 0, done.output
    assert settings.load().folder == tmp_path
    for flags in (("--source", "sample", "--folder", tmp_path), ("--fred-key", "x")):
        done = answered(flags=flags)
        assert isinstance(done.exception, RegimeError)
        assert done.output == ""


def test_a_file_that_is_there_is_spoken_of_before_anything_is_asked(answered):
    settings.path().parent.mkdir(parents=True, exist_ok=True)
    settings.path().write_text('source = "sample"\n')
    done = answered("n")
    assert isinstance(done.exception, RegimeError)
    assert "Source of the data" not in done.output
    assert settings.load().source == "sample"
    assert answered("y", "live", "", "", "").exit_code == 0
    assert settings.load().source == "live"


def test_a_person_at_a_terminal(tmp_path):
    """The installed command on a terminal of its own, its answers typed."""
    ours, theirs = pytest.importorskip("pty").openpty()
    answers = [("Source", "live"), ("FRED", "wrong"), ("FRED", KEY), ("Directory", ""), ("Who", "")]
    with subprocess.Popen(
        [BIN / "regime", "init", "--config", tmp_path / "mine.toml"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"COLUMNS": "200"},
    ) as started:
        os.close(theirs)
        told = b""
        for question, answer in answers:
            # What is typed ahead of a hidden answer is thrown away: its prompt ends once the terminal is silent.
            asked, end = b"", b": " if question == "FRED" else b":"
            while not asked.endswith(end) or question.encode() not in asked:
                letter = os.read(started.stderr.fileno(), 1)
                assert letter, told + asked
                asked += letter
            told += asked
            os.write(ours, answer.encode() + b"\n")
        out, said = started.communicate(timeout=60)
    os.close(ours)
    assert started.returncode == 0, told + said
    assert b"this has 5 characters" in told
    assert f"settings: {tmp_path / 'mine.toml'}" in out.decode()
    assert KEY in (tmp_path / "mine.toml").read_text()
