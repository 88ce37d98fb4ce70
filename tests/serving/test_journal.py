"""The journal: appended once, chained, meaningful, and whole after anything that may happen to it."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.data.errors import RegimeError
from serving import journal, journal_index
from serving.call import parse_call
from tests.support.calls import make_test_call

NOW = pd.Timestamp("2026-01-12 12:00", tz="UTC")
OLD = Path(__file__).parent / "data" / "journal_schema_1.jsonl"  # lines 1 to 3 of a journal of commit e15ad0d


def call(asof="2026-01-09", version="1", digest="d", name="regime", **more):
    return make_test_call(asof=asof, digest=digest * 16, model={"version": version, "name": name}, **more)


def three_weeks():
    for day in ("2025-12-26", "2026-01-02", "2026-01-09"):
        journal.append(call(day), NOW)


def lines():
    return journal.path().read_bytes().splitlines(keepends=True)


def rewrite(*changes):
    """The journal with each line changed by its function and every hash made good again, as a forger would."""
    previous, texts = "0" * 64, []
    for text, change in zip(lines(), changes, strict=True):
        line = json.loads(text) | {"previous": previous}
        change(line)
        del line["hash"]
        body = json.dumps(line, sort_keys=True, separators=(",", ":"))
        previous = line["hash"] = hashlib.sha256(body.encode()).hexdigest()
        texts.append(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")
    journal.path().write_text("".join(texts))
    journal.path().with_suffix(".index").unlink()


def keep(_line):
    """No change."""


def test_a_call_is_there_once_and_a_correction_names_what_it_corrects():
    first = journal.append(call(), NOW)
    assert journal.append(call(), NOW + pd.Timedelta(days=1)) == first
    second = journal.append(call(digest="e"), NOW)
    third = journal.append(call(version="2", digest="e"), NOW)
    older = journal.append(call(asof="2026-01-02", digest="e"), NOW)
    other = journal.append(call(name="regime-sample"), NOW)
    assert [line.corrects for line in (first, second, third, older, other)] == [None, 1, 2, None, None]
    assert [line.entry_type for line in (first, older)] == ["live", "replay"]
    assert journal.verify() == (5, other.hash)


def test_a_call_that_claims_more_than_the_one_of_its_week_is_a_correction():
    first = journal.append(call(range=None), NOW)
    second = journal.append(call(), NOW)  # a range was trained in between
    assert (first.corrects, second.corrects, second.n) == (None, first.n, 2)
    assert second.call.range is not None
    assert journal.append(call(), NOW) == second
    nudged = call().to_json_object()
    nudged["range"]["5"]["quantiles"]["q05"] += 1e-13  # the last bits of a sum are no other claim
    assert journal.append(type(second.call).model_validate_json(json.dumps(nudged)), NOW) == second
    assert journal.append(call(data_age_days=3), NOW) == second
    assert journal.scored(journal.read()) == [first]


def test_the_first_live_call_and_the_latest_replay_of_a_week_are_scored():
    journal.append(call(), NOW)
    journal.append(call(digest="e"), NOW)
    journal.append(call(digest="f"), NOW, "replay")
    journal.append(call(digest="a"), NOW, "replay")
    journal.append(call(name="regime-sample"), NOW)
    entries = journal.read()
    assert [entry.n for entry in journal.scored(entries)] == [1, 4, 5]
    assert [entry.n for entry in journal.corrections(entries)] == [2]
    assert [entry.n for entry in journal.of_model(entries, "regime-sample")] == [5]


def test_another_record_of_the_same_range_is_no_correction():
    plain = call()
    other = json.loads(json.dumps(plain.to_json_object()))
    other["range"]["21"]["evidence"]["coverage_80"] = 0.83
    first = journal.append(plain, NOW)
    assert journal.append(parse_call(json.dumps(other)), NOW + pd.Timedelta(hours=1)).n == first.n
    other["range"]["21"]["quantiles"]["q50"] += 1e-3
    assert journal.append(parse_call(json.dumps(other)), NOW + pd.Timedelta(hours=2)).corrects == first.n


def test_a_replay_does_not_correct_a_live_call():
    journal.append(call(), NOW)
    assert journal.append(call(digest="e"), NOW, "replay").corrects is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_any_changed_byte_is_found(home, place, byte):
    if not journal.path().exists():
        three_weeks()
    raw = journal.path().read_bytes()
    head = json.loads(raw.splitlines()[-1])["hash"]
    changed = bytearray(raw)
    changed[place % len(raw)] = byte
    try:
        journal.path().write_bytes(changed)
        if bytes(changed) == raw:
            assert journal.verify(head)[0] == 3
        else:
            with pytest.raises(RegimeError, match=r"journal was changed|tail was cut"):
                journal.verify(head)
    finally:
        journal.path().write_bytes(raw)
    assert home.exists()


@pytest.mark.parametrize("noted", [True, False])
def test_a_cut_tail_and_a_rewrite_are_found_with_a_head(noted):
    """With `journal.index` beside it even without a head kept elsewhere."""
    three_weeks()
    head, index = journal.verify()[1], journal.path().with_suffix(".index")
    journal.path().write_bytes(b"".join(lines()[:2]))
    if noted:
        for work in (journal.verify, lambda: journal.append(call("2026-01-16"), NOW)):
            with pytest.raises(RegimeError, match=r"once verified, is not there.*delete journal\.index"):
                work()
        assert len(lines()) == 2
    index.unlink()
    assert journal.verify()[0] == 2  # the chain itself cannot tell
    with pytest.raises(RegimeError, match="tail was cut"):
        journal.verify(head)
    journal.path().unlink()
    index.unlink()
    for day in ("2025-12-26", "2026-01-02", "2026-01-09"):
        journal.append(call(day, digest="e"), NOW)
    with pytest.raises(RegimeError, match="written anew"):
        journal.verify(head)
    # A journal that has grown since the head was noted is as it should be.
    older = journal.verify()[1]
    journal.append(call("2026-01-16"), NOW + pd.Timedelta(days=7))
    assert journal.verify(older)[0] == 4


def test_a_rewrite_of_equal_length_is_found_by_the_noted_head():
    three_weeks()
    raw = journal.path().read_bytes()
    index = journal.path().with_suffix(".index")
    kept = index.read_bytes()
    rewrite(lambda line: line["call"]["model"].update(gate="Beats climatology"), keep, keep)
    assert len(journal.path().read_bytes()) == len(raw)
    assert journal.verify()[0] == 3
    index.write_bytes(kept)
    with pytest.raises(RegimeError, match="written anew"):
        journal.verify()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((keep, lambda one: one.update(made_at="2026-01-09T19:00:00+00:00")), "before the close it is of"),
        ((keep, lambda one: one.update(made_at="2026-01-16T23:00:00+00:00")), "before an earlier live entry"),
        ((keep, lambda one: one.update(made_at="2026-01-12 noon")), r"no entry \(made_at"),
        ((keep, lambda one: one.update(made_at="2026-01-12T12:00:00")), r"no entry \(made_at"),
        ((keep, lambda one: one.update(made_at="2026-02-12T12:00:00+00:00")), "more than 7 days after"),
        ((keep, lambda one: one.update(kind="prophecy")), r"no entry \(kind"),
        ((keep, lambda one: one.update(mood="good")), r"no entry \(mood"),
        ((keep, lambda one: one.update(corrects=1)), "of another week or type"),
        ((keep, lambda one: one.update(corrects=2)), "not before it"),
        ((keep, lambda one: one.update(corrects=7)), "not before it"),
        ((keep, lambda one: one.update(corrects=0)), "not before it"),
        ((keep, lambda one: one.update(n=3)), "does not follow"),
        ((keep, lambda one: one.update(asof="2026-01-16")), "its call of 2026-01-09"),
        ((keep, lambda one: one["call"]["probabilities"].update(neither=0.5)), "sum to 1.15"),
        ((keep, lambda one: one["call"].update(head_to_head=0.9)), "head-to-head"),
        ((keep, lambda one: one.update(kind="replay", made_at="2026-01-01T00:00:00+00:00")), "before the close"),
    ],
)
def test_meaning_is_checked_even_when_every_hash_is_right(changes, said):
    journal.append(call("2026-01-02"), pd.Timestamp("2026-01-03", tz="UTC"))
    journal.append(call("2026-01-09"), NOW)
    if "earlier live" in said:
        journal.append(call("2026-01-16"), pd.Timestamp("2026-01-17", tz="UTC"))
        changes = (keep, keep, lambda one: one.update(made_at="2026-01-16T22:00:00+00:00"))
        rewrite(keep, lambda one: one.update(made_at="2026-01-16T23:00:00+00:00"), changes[2])
    else:
        rewrite(*changes)
    with pytest.raises(RegimeError, match=rf"line \d .*{said}.*journal was changed") as error:
        journal.verify()
    assert "\n" not in str(error.value)


def test_a_faithful_rewrite_of_the_test_itself_passes():
    three_weeks()
    before = journal.read()
    rewrite(keep, keep, keep)
    assert journal.read() == before


@pytest.mark.parametrize("asked", [None, "live"])
@pytest.mark.parametrize("clock", ["2026-01-09 20:59", "2026-01-08 12:00", "1999-01-01"])
def test_a_clock_before_the_week_it_is_of_makes_a_replay(clock, asked):
    entry = journal.append(call(), pd.Timestamp(clock, tz="UTC"), asked)
    assert (entry.entry_type, entry.clock_behind) == ("replay", True)
    assert journal.verify()[0] == 1


def test_a_clock_that_went_backwards_makes_a_replay_and_the_next_good_one_a_live_entry():
    journal.append(call("2026-01-02"), pd.Timestamp("2026-01-12 12:00", tz="UTC") - pd.Timedelta(days=5))
    late = journal.append(call("2026-01-09"), NOW)
    back = journal.append(call("2026-01-09", digest="e"), NOW - pd.Timedelta(hours=1))
    good = journal.append(call("2026-01-09", digest="f"), NOW + pd.Timedelta(hours=1))
    assert [one.entry_type for one in (late, back, good)] == ["live", "replay", "live"]
    assert [one.clock_behind for one in (late, back, good)] == [False, True, False]
    assert good.corrects == late.n
    assert journal.verify()[0] == 4


def test_a_clock_that_ran_ahead_for_a_while_does_not_end_live_entries():
    ahead = journal.append(call("2026-01-02"), pd.Timestamp("2031-01-01", tz="UTC"))
    good = journal.append(call("2026-01-09"), NOW)
    assert (ahead.entry_type, good.entry_type) == ("replay", "live")
    assert journal.verify()[0] == 2


def test_the_first_close_counts_after_twenty_minutes():
    assert journal.append(call(), pd.Timestamp("2026-01-09 21:20", tz="UTC")).entry_type == "live"


@pytest.mark.parametrize("kept", [0, 1, 50, -1])
def test_an_unfinished_line_was_never_there(kept):
    journal.append(call("2026-01-02"), NOW)
    whole = journal.path().read_bytes()
    index = journal.path().with_suffix(".index")
    before = index.read_bytes()
    journal.append(call("2026-01-09"), NOW)
    torn = journal.path().read_bytes()[len(whole) :][:kept]
    journal.path().write_bytes(whole + torn)
    index.write_bytes(before)  # the index follows the journal, so a crash while writing left it as it was
    assert journal.verify()[0] == 1
    line = journal.append(call("2026-01-09"), NOW)
    assert line.n == 2
    assert journal.verify()[0] == 2


def test_a_line_written_before_the_index_knew_of_it_is_taken_up():
    journal.append(call("2026-01-02"), NOW)
    index = journal.path().with_suffix(".index")
    before = index.read_bytes()
    second = journal.append(call("2026-01-09"), NOW)
    index.write_bytes(before)
    assert journal.append(call("2026-01-09"), NOW) == second
    index.write_bytes(b"not a database at all" * 300)
    assert journal.append(call("2026-01-09"), NOW) == second
    assert journal.verify() == (2, second.hash)


def test_short_writes_lose_nothing(monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, text: real(handle, text[: max(1, len(text) // 3)]))
    three_weeks()
    assert journal.verify()[0] == 3


def test_a_full_disk_is_one_line_and_leaves_the_journal_whole(monkeypatch):
    three_weeks()
    before = journal.path().read_bytes()
    real, calls = os.write, []

    def full(handle, text):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(handle, text[:100])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(RegimeError, match=r"No space left on device.*not in the journal"):
            journal.append(call("2026-01-16"), NOW + pd.Timedelta(days=7))
    assert journal.path().read_bytes().startswith(before)
    assert journal.verify()[0] == 3
    assert journal.append(call("2026-01-16"), NOW + pd.Timedelta(days=7)).n == 4
    assert journal.verify()[0] == 4


def test_a_journal_of_the_first_form_is_read_and_grows():
    shutil.copy(OLD, journal.path())
    entries = journal.read()
    assert [(entry.n, str(entry.asof), entry.entry_type) for entry in entries] == [
        (1, "2022-12-23", "replay"),
        (2, "2022-06-03", "replay"),
        (3, "2022-06-10", "replay"),
    ]
    assert entries[0].call.source == "sample"
    assert [entry.call.to_json_object() for entry in entries] == [
        json.loads(text)["call"] for text in OLD.read_text().splitlines()
    ]
    assert journal.append(call(), NOW).n == 4
    assert journal.path().read_bytes().startswith(OLD.read_bytes())
    assert journal.verify(entries[1].hash)[0] == 4


def test_an_append_to_a_hundred_years_reads_no_more_than_one_to_a_year(monkeypatch):
    read = []
    parse_line = journal_index.parse_line
    monkeypatch.setattr(
        journal_index, "parse_line", lambda text, *rest: read.append(len(text)) or parse_line(text, *rest)
    )
    for day in pd.date_range("2001-01-05", periods=52, freq="W-FRI"):
        journal.append(call(str(day.date())), NOW)
    text = lines()[0]
    # Lines of a hundred years, written as `append` would, without its syncs.
    previous, body = journal.read()[-1].hash, json.loads(text)
    with journal.path().open("ab") as file:
        for number, day in enumerate(pd.date_range("1920-01-02", periods=4160, freq="W-FRI"), start=53):
            del body["hash"]
            body |= {"n": number, "asof": str(day.date()), "previous": previous}
            body["call"] |= {"asof": str(day.date())}
            body["call"]["model"] |= {"fitted_at": "1910-01-07"}
            previous = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
            body["hash"] = previous
            file.write(json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    read.clear()
    assert journal.append(call("2010-01-08"), NOW).n == 52 + 4160 + 1
    assert len(read) == 4160  # what is new is verified once
    read.clear()
    assert journal.append(call("2010-01-15"), NOW).n == 52 + 4160 + 2
    assert len(read) <= 1


def _many(days):
    for day in days:
        journal.append(call(str(day.date())), NOW)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_processes_and_a_kill():
    days = list(pd.date_range("2020-01-03", periods=120, freq="W-FRI"))
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_many, args=(part,)) for part in (days, days[::-1])]
    for worker in workers:
        worker.start()
    time.sleep(0.15)
    os.kill(workers[0].pid, signal.SIGKILL)
    for worker in workers:
        worker.join()
    _many(days)
    entries = journal.read()
    assert sorted(str(entry.asof) for entry in entries) == [str(day.date()) for day in days]
    assert all(entry.corrects is None for entry in entries)
    assert journal.verify()[0] == 120
