"""The journal: appended once, chained, and whole after anything that may happen to it."""

import copy
import json
import multiprocessing
import os
import signal
import time

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.data.errors import RegimeError
from serving import journal

NOW = pd.Timestamp("2026-01-12 12:00", tz="UTC")


def call(asof="2026-01-09", version="1", digest="d"):
    return {"asof": asof, "model": {"name": "regime", "version": version}, "digest": digest, "verdict": "rotation"}


def test_a_call_is_there_once_and_a_correction_names_what_it_corrects():
    first = journal.append(call(), NOW)
    assert journal.append(call(), NOW + pd.Timedelta(days=1)) == first
    second = journal.append(call(digest="e"), NOW)
    third = journal.append(call(version="2", digest="e"), NOW)
    other = journal.append(call(asof="2026-01-02", digest="e"), NOW)
    assert [line["corrects"] for line in (first, second, third, other)] == [None, 1, 2, None]
    assert [line["kind"] for line in (first, other)] == ["live", "replay"]
    assert [line["n"] for line in journal.standing(journal.read())] == [3, 4]
    assert journal.verify() == (4, other["hash"])


def test_a_replay_does_not_correct_a_live_call():
    journal.append(call(), NOW)
    line = journal.append(call(digest="e"), NOW, "replay")
    assert line["corrects"] is None
    assert len(journal.standing(journal.read())) == 2


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_any_changed_byte_is_found(home, place, byte):
    if not journal.path().exists():
        for day in ("2026-01-02", "2026-01-09", "2026-01-16"):
            journal.append(call(day), NOW)
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


def test_a_cut_tail_and_a_rewrite_are_found_with_the_head():
    for day in ("2026-01-02", "2026-01-09", "2026-01-16"):
        journal.append(call(day), NOW)
    head = journal.verify()[1]
    lines = journal.path().read_bytes().splitlines(keepends=True)
    journal.path().write_bytes(b"".join(lines[:2]))
    assert journal.verify()[0] == 2  # the chain itself cannot tell
    with pytest.raises(RegimeError, match="tail was cut"):
        journal.verify(head)
    journal.path().unlink()
    for day in ("2026-01-02", "2026-01-09", "2026-01-16"):
        journal.append(call(day) | {"verdict": "breakdown"}, NOW)
    with pytest.raises(RegimeError, match="written anew"):
        journal.verify(head)
    # Grown since the head was noted is as it should be.
    older = journal.verify()[1]
    journal.append(call("2026-01-23"), NOW)
    assert journal.verify(older)[0] == 4


@pytest.mark.parametrize("kept", [0, 1, 50, -1])
def test_an_unfinished_line_was_never_there(kept):
    journal.append(call("2026-01-02"), NOW)
    whole = journal.path().read_bytes()
    journal.append(call("2026-01-09"), NOW)
    torn = journal.path().read_bytes()[len(whole) :][:kept]
    journal.path().write_bytes(whole + torn)
    assert journal.verify()[0] == 1
    line = journal.append(call("2026-01-09"), NOW)
    assert line["n"] == 2
    assert journal.verify()[0] == 2


def _many(days):
    for day in days:
        journal.append(call(str(day.date())), NOW)


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
    lines = journal.read()
    assert sorted(line["asof"] for line in lines) == [str(day.date()) for day in days]
    assert all(line["corrects"] is None for line in lines)


def test_the_call_is_not_shared_with_the_caller():
    mine = call()
    line = journal.append(mine, NOW)
    before = copy.deepcopy(line)
    mine["verdict"] = "breakdown"
    assert journal.read() == [before]
