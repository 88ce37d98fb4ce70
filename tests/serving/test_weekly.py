"""The weekly run: in order, alone, idempotent, with an exit status for each way it can end."""

import dataclasses
import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from features.data.errors import RefusedError, RegimeError
from features.data.source import Source
from serving import cli, journal, weekly, weekly_cli
from serving.anchor import Anchors
from serving.exit_status import MEANINGS, ExitStatus
from serving.scorecard import Scorecard
from serving.succession import NotJudgedError
from tests.support.calls import make_test_call

DOCS = Path(__file__).parents[2] / "docs"
CARD = Scorecard(None, None, {"calls": 1, "matured": 0}, {"calls": 0, "matured": 0})


@pytest.fixture
def steps(monkeypatch):
    """The run's steps without data or a model; their order is noted."""
    done = []
    call = make_test_call(asof="2026-01-09")

    def step(name, result):
        monkeypatch.setattr(weekly, name, lambda *_, **__: done.append(name) or result)

    step("refresh_store", {})
    step("make_call", call)
    step("score_journal", CARD)
    step("write_report", Path("report.html"))
    step("load_context", SimpleNamespace(snapshot=None, dataset=None))
    step("follow_the_dead", None)
    monkeypatch.setattr(weekly.retraining, "due", lambda *_: False)
    monkeypatch.setattr(weekly, "_now", lambda: pd.Timestamp("2026-01-10 14:00", tz="UTC"))
    tags = []
    monkeypatch.setattr(weekly.registry, "tag_version", lambda *words: tags.append(words))
    return SimpleNamespace(done=done, tags=tags, call=call)


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


def test_the_steps_of_a_week_and_the_same_week_again(steps):
    first = weekly.weekly_steps(Source.sample, None, False, Anchors())
    in_order = ["refresh_store", "load_context", "follow_the_dead", "make_call", "score_journal", "write_report"]
    assert steps.done == in_order
    assert (first.lines, first.entry.n, first.exit_status) == (1, 1, ExitStatus.done)
    assert first.head == journal.verify()[1]
    assert steps.tags == [("regime", "3", {"journal_head": first.head})]
    again = weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert again == dataclasses.replace(first, new=False)
    told = again.to_json_object()
    assert told["journal"] == {"lines": 1, "head": first.head, "n": 1, "kind": "live", "caught_up": []}
    assert (told["exit_status"], told["refresh_failed"]) == (0, None)
    assert told["call"] == steps.call.to_json_object()


def test_a_head_that_cannot_be_anchored_ends_with_7_and_the_week_is_done(steps, tmp_path):
    result = weekly.weekly_steps(Source.sample, None, False, Anchors(git=tmp_path / "nowhere", tsa="ftp://x"))
    assert (result.exit_status, result.lines) == (ExitStatus.not_anchored, 1)
    assert [line.partition(":")[0] for line in result.not_anchored] == ["the head is not anchored"] * 2
    assert "score_journal" in steps.done
    assert result.to_json_object()["not_anchored"] == list(result.not_anchored)


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize(
    ("age", "status"), [(0, ExitStatus.done), (7, ExitStatus.done), (8, ExitStatus.old_data), (None, ExitStatus.done)]
)
def test_data_that_end_long_ago_end_the_week_with_10(age, status):
    result = weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert result.allowed_age_days == 7
    aged = dataclasses.replace(result, call=make_test_call(data_age_days=age))
    assert aged.exit_status == status
    assert ("before the last session" in aged.summary) == bool(age)
    assert dataclasses.replace(aged, refresh_failed="the vendor is down").exit_status == ExitStatus.older_data_used


def test_a_journal_that_lost_its_head_stops_the_run_before_it_writes(steps):
    weekly.weekly_steps(Source.sample, None, False, Anchors())
    steps.done.clear()
    journal.path().write_bytes(b"")
    with pytest.raises(RegimeError, match="once verified, is not there"):
        weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert steps.done == []


@pytest.mark.usefixtures("steps")
def test_a_failed_refresh_with_older_data_of_the_source_ends_with_3(monkeypatch):
    used = []
    monkeypatch.setattr(weekly.store, "stored", lambda: {"live": {}, "sample": {}})
    monkeypatch.setattr(weekly.store, "use", used.append)
    monkeypatch.setattr(weekly, "refresh_store", failing(RegimeError("the vendor is down")))
    result = weekly.weekly_steps(Source.live, None, False, Anchors())
    assert (result.exit_status, result.refresh_failed) == (3, "the vendor is down")
    assert result.summary.endswith("older data used")
    assert used == ["live"]


@pytest.mark.parametrize(("stored", "held"), [(["sample"], "only sample data are stored"), ([], "nothing is stored")])
def test_live_never_falls_back_on_the_sample(steps, monkeypatch, stored, held):
    monkeypatch.setattr(weekly.store, "stored", lambda: {name: {} for name in stored})
    monkeypatch.setattr(weekly, "refresh_store", failing(RegimeError("the vendor is down")))
    with pytest.raises(RegimeError, match=f"the vendor is down; .*{held}: no call is made") as error:
        weekly.weekly_steps(Source.live, None, False, Anchors())
    assert error.value.exit_code == ExitStatus.no_data_of_source == 6
    assert "make_call" not in steps.done
    assert not journal.path().exists()


@pytest.mark.usefixtures("steps")
def test_a_mistyped_folder_is_said_whatever_is_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(weekly.store, "stored", lambda: {"folder": {}})
    with pytest.raises(RegimeError, match="nowhere: no such directory") as error:
        weekly.weekly_steps(Source.folder, tmp_path / "nowhere", False, Anchors())
    assert error.value.exit_code == ExitStatus.no_such_folder == 4
    for source, folder in ((Source.folder, None), (Source.live, tmp_path)):
        with pytest.raises(RegimeError, match="--source folder") as error:
            weekly.run_weekly(source, folder, 60.0, False, Anchors())
        assert error.value.exit_code == 1


@pytest.mark.usefixtures("steps")
def test_a_refusal_is_no_reason_for_older_data(monkeypatch):
    monkeypatch.setattr(weekly, "refresh_store", failing(RefusedError("absurd values")))
    with pytest.raises(RefusedError, match="absurd values"):
        weekly.weekly_steps(Source.sample, None, False, Anchors())


@pytest.mark.usefixtures("steps")
def test_a_second_run_at_once_does_nothing(home):
    home.mkdir(exist_ok=True)
    with FileLock(home / "weekly.lock"), pytest.raises(RegimeError, match="another weekly run"):
        weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert not journal.path().exists()


def test_missed_weeks_by_hand():
    entries = [SimpleNamespace(asof=dt.date(2025, 12, 19)), SimpleNamespace(asof=dt.date(2026, 1, 9))]
    # The week of Christmas ends on Friday 26 December, that of New Year on Friday 2 January.
    got = weekly.missed_weeks(entries, pd.Timestamp("2026-01-16"))
    assert [str(day.date()) for day in got] == ["2025-12-26", "2026-01-02", "2026-01-16"]
    assert weekly.missed_weeks([], pd.Timestamp("2026-01-16")) == []


def test_missed_weeks_are_caught_up_as_replays(steps, monkeypatch):
    journal.append(make_test_call(asof="2025-12-19"), pd.Timestamp("2025-12-20", tz="UTC"))

    def made(date, _context=None, **_):
        return make_test_call(asof=str((date or pd.Timestamp("2026-01-09")).date()))

    monkeypatch.setattr(weekly, "make_call", made)
    result = weekly.weekly_steps(Source.sample, None, True, Anchors())
    assert result.caught_up == ("2025-12-26", "2026-01-02")
    assert [(str(one.asof), one.entry_type) for one in journal.read()] == [
        ("2025-12-19", "live"),
        ("2026-01-09", "live"),
        ("2025-12-26", "replay"),
        ("2026-01-02", "replay"),
    ]
    assert steps.done.count("load_context") == 1


def test_after_a_succession_the_call_is_the_new_champions(steps, monkeypatch):
    said = []
    monkeypatch.setattr(weekly, "follow_the_dead", lambda _: "somebody died")
    monkeypatch.setattr(weekly, "load_context", lambda *words: SimpleNamespace(snapshot=7, dataset=words))
    monkeypatch.setattr(weekly, "make_call", lambda _date, context, **_: said.append(context.dataset) or steps.call)
    weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert said == [(7,)]


def test_every_exit_status_is_in_the_help():
    told = " ".join(CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, ["weekly", "--help"]).stdout.split())
    for status, meaning in MEANINGS.items():
        assert f"{status.value} {meaning}" in told
    assert set(MEANINGS) == set(ExitStatus)
    table = (DOCS / "weekly.md").read_text()
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.M)} == {int(one) for one in ExitStatus}


@pytest.mark.usefixtures("steps")
def test_training_that_fails_leaves_the_call_and_a_status(monkeypatch):
    monkeypatch.setattr(weekly.retraining, "due", lambda *_: True)
    monkeypatch.setattr(weekly.retraining, "retrain", failing(RegimeError("training default ended with status 1")))
    result = weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert result.exit_status == ExitStatus.not_retrained == 8
    assert result.lines == 1
    assert result.to_json_object()["not_retrained"] == "training default ended with status 1"


@pytest.mark.usefixtures("steps")
def test_a_champion_that_cannot_be_judged_is_named_and_the_call_made(monkeypatch, capsys):
    monkeypatch.setattr(weekly, "follow_the_dead", failing(NotJudgedError("markov was not judged again")))
    result = weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert (result.lines, result.exit_status) == (1, ExitStatus.done)
    assert result.to_json_object()["not_judged"] == "markov was not judged again"
    weekly_cli._print_week(result)
    assert "markov was not judged again" in capsys.readouterr().err


@pytest.mark.usefixtures("steps")
def test_what_was_said_the_week_before_is_known():
    before = make_test_call(asof="2026-01-02", verdict="no_evidence", model={"champion": False})
    journal.append(before, pd.Timestamp("2026-01-03", tz="UTC"))
    first = weekly.weekly_steps(Source.sample, None, False, Anchors())
    assert (first.new, first.word_before) == (True, "no evidence")
    assert not weekly.weekly_steps(Source.sample, None, False, Anchors()).new
