"""A backfill goes on where it was interrupted, and names the weeks it must refuse."""

from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.data.errors import RefusedError, RegimeError
from serving import cli, journal, journal_cli, replay
from serving.predict import WeekRefusedError
from tests.support.calls import make_test_call

FIRST, LAST = pd.Timestamp("2025-12-01"), pd.Timestamp("2026-01-09")
WEEKS = ["2025-12-05", "2025-12-12", "2025-12-19", "2025-12-26", "2026-01-02", "2026-01-09"]


@pytest.fixture
def made(monkeypatch):
    """What is asked of `make_call`, which refuses 19 December."""
    asked = []

    def make(date, _context=None):
        asked.append(str(date.date()))
        if asked[-1] == "2025-12-19":
            raise WeekRefusedError("required input VIX is stale")
        return make_test_call(asof=asked[-1])

    context = SimpleNamespace(
        snapshot=SimpleNamespace(last=LAST, digest="0" * 16),
        model_name="regime",
        shown=SimpleNamespace(version="3"),
    )
    monkeypatch.setattr(replay, "load_context", lambda: context)
    monkeypatch.setattr(replay, "make_call", make)
    return SimpleNamespace(asked=asked, context=context)


def steps():
    told = []
    return told, lambda done, of: told.append((done, of))


def test_a_refused_week_is_named_and_the_rest_goes_on(made):
    told, step = steps()
    named = []
    found = replay.replay_weeks(FIRST, step, lambda week, why: named.append((str(week.date()), why, len(made.asked))))
    assert named == [("2025-12-19", "required input VIX is stale", 3)]  # at once, not after the last week
    assert made.asked == WEEKS
    assert [str(call.asof) for call in found.calls] == [week for week in WEEKS if week != "2025-12-19"]
    assert found.refused == [(pd.Timestamp("2025-12-19"), "required input VIX is stale")]
    assert told == [(number, 6) for number in range(1, 7)]
    assert {entry.entry_type for entry in journal.read()} == {"replay"}
    assert len(journal.read()) == 5


def test_a_span_may_end_before_the_data(made):
    found = replay.replay_weeks(FIRST, lambda *_: None, end=pd.Timestamp("2025-12-12"))
    assert made.asked == WEEKS[:2]
    assert [str(call.asof) for call in found.calls] == WEEKS[:2]
    done = CliRunner().invoke(cli.app, ["backfill", "--from", "2025-12-01", "--to", "2025-12-26"])
    assert (done.exit_code, made.asked) == (0, WEEKS[:4])  # the two that are there are not made again
    assert " ".join(done.stdout.split()).startswith("3 calls from 2025-12-05 to 2025-12-26 (2 were in the journal)")
    with pytest.raises(RegimeError, match="no week ends from 2025-12-01 to 2025-12-04: give a later --to"):
        replay.replay_weeks(FIRST, lambda *_: None, end=pd.Timestamp("2025-12-04"))


def test_what_is_there_is_not_made_again(made, monkeypatch):
    first = replay.replay_weeks(FIRST, lambda *_: None)
    made.asked.clear()
    again = replay.replay_weeks(FIRST, lambda *_: None)
    assert made.asked == ["2025-12-19"]
    assert (again.calls, again.already_there) == (first.calls, 5)
    # Another model version or other data are made anew.
    for change in ({"shown": SimpleNamespace(version="4")}, {"snapshot": SimpleNamespace(last=LAST, digest="1" * 16)}):
        made.asked.clear()
        context = SimpleNamespace(**vars(made.context) | change)
        monkeypatch.setattr(replay, "load_context", lambda context=context: context)
        replay.replay_weeks(FIRST, lambda *_: None)
        assert made.asked == WEEKS


def stop_at(week, monkeypatch):
    """Interrupt the call of a week; returns what makes calls otherwise."""
    whole = replay.make_call

    def stopped(date, context):
        if str(date.date()) == week:
            raise KeyboardInterrupt
        return whole(date, context)

    monkeypatch.setattr(replay, "make_call", stopped)
    return whole


def test_an_interrupted_backfill_resumes(made, monkeypatch):
    whole = stop_at("2026-01-02", monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        replay.replay_weeks(FIRST, lambda *_: None)
    assert len(journal.read()) == 3
    made.asked.clear()
    monkeypatch.setattr(replay, "make_call", whole)
    found = replay.replay_weeks(FIRST, lambda *_: None)
    assert made.asked == ["2025-12-19", "2026-01-02", "2026-01-09"]
    assert len(found.calls) == 5
    assert journal.verify()[0] == 5


def backfilled(*words):
    return CliRunner().invoke(cli.app, ["backfill", "--from", "2025-12-01", *words], env={"COLUMNS": "200"})


@pytest.mark.usefixtures("made")
def test_the_command_counts_words_and_weeks_refused():
    done = backfilled()
    assert done.exit_code == 0
    assert "2025-12-19 refused: required input VIX is stale" in done.stderr
    assert " ".join(done.stdout.split()) == "5 calls from 2025-12-05 to 2026-01-09: 5 breakdown; 1 week refused"
    assert "(5 were in the journal)" in backfilled().stdout


def test_a_stopped_command_says_where_it_stands(made, monkeypatch):
    whole = stop_at("2026-01-02", monkeypatch)
    done = backfilled()
    assert done.exit_code != 0
    assert "2025-12-19 refused" in done.stderr
    assert "stopped after 4 of 6 weeks, which are kept: the same command goes on from there" in done.stderr
    made.asked.clear()
    monkeypatch.setattr(replay, "make_call", whole)
    assert backfilled().exit_code == 0
    assert made.asked == ["2025-12-19", "2026-01-02", "2026-01-09"]


@pytest.mark.parametrize("error", [RefusedError("the model was trained on other features"), RegimeError("no model")])
@pytest.mark.usefixtures("made")
def test_what_is_not_of_one_week_stops_it(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(replay, "make_call", fail)
    with pytest.raises(RegimeError, match=str(error)):
        replay.replay_weeks(FIRST, lambda *_: None)


@pytest.mark.usefixtures("made")
def test_a_start_after_the_data_is_one_line():
    with pytest.raises(RegimeError, match="lies after the data, which end on 2026-01-09"):
        replay.replay_weeks(pd.Timestamp("2026-02-01"), lambda *_: None)


@pytest.mark.usefixtures("made")
def test_the_command_names_the_refused_week_on_standard_error(capsys):
    journal_cli.backfill("2025-12-01", json=False)
    told = capsys.readouterr()
    assert told.err.splitlines() == ["2025-12-19 refused: required input VIX is stale"]
    assert told.out.startswith("5 calls from 2025-12-05 to 2026-01-09: 5 breakdown")


@pytest.mark.usefixtures("made")
def test_the_command_counts_the_words_that_the_calls_say(capsys, monkeypatch):
    sizes = iter(["usual", "usual", "calm", "usual", None])

    def sized(date, _):
        size = next(sizes)
        words_of_it = {"size": size, "size_state": size, "direction": None, "direction_state": None}
        said = {"asof": str(date.date()), "verdict": "no_evidence"}
        return make_test_call(**said, direction={**words_of_it, "evidence": False, "followed_by": {}})

    monkeypatch.setattr(replay, "make_call", sized)
    journal_cli.backfill("2025-12-12", json=False)
    assert capsys.readouterr().out.endswith(": 3 usual, 1 calm, 1 no evidence\n")


def test_a_backfill_without_a_single_call_is_refused(made, monkeypatch):
    def refuse(*_):
        raise WeekRefusedError("stale")

    monkeypatch.setattr(replay, "make_call", refuse)
    with pytest.raises(RefusedError, match="none of the 6 weeks from 2025-12-01"):
        journal_cli.backfill("2025-12-01", json=False)
    assert made.asked == []
