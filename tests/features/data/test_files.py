"""One way of writing: whole or not at all, with one mode, and nothing left of a killed writer."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from features.data import files
from features.data.errors import RegimeError


def test_content_mode_and_nothing_else_left(tmp_path):
    path = tmp_path / "new" / "file.txt"
    for content in ("one", b"two", "三"):
        files.write_file(path, content)
        assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, bytes(content)[:3]))
    files.write_file(tmp_path / "a", b"0123456789")
    files.append_line(tmp_path / "b", "first line")
    files.append_line(tmp_path / "b", "second")
    assert (tmp_path / "a").read_bytes() == b"0123456789"
    assert (tmp_path / "b").read_text() == "first line\nsecond\n"


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path, journal = tmp_path / "a", tmp_path / "journal"
    files.write_file(path, "old")
    files.append_line(journal, "kept")
    real, calls = os.write, []

    def full(handle, content):
        calls.append(1)
        if len(calls) % 2:
            return real(handle, bytes(content)[:2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RegimeError, match=r"a cannot be written \(No space left on device\)"):
        files.write_file(path, "new content")
    with pytest.raises(RegimeError, match=r"journal cannot be written \(No space left on device\)"):
        files.append_line(journal, "a line that does not fit")
    assert path.read_text() == "old"
    assert journal.read_text() == "kept\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "journal"]


def test_a_failed_block_changes_nothing(tmp_path):
    def half_a_file():
        with files.drafted(tmp_path / "a") as draft:
            draft.write_text("half")
            raise ZeroDivisionError

    def half_a_folder():
        with files.drafted_folder(tmp_path) as draft:
            (draft / "x").write_text("half")
            raise ZeroDivisionError

    files.write_file(tmp_path / "a", "old")
    for write in (half_a_file, half_a_folder):
        with pytest.raises(ZeroDivisionError):
            write()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RegimeError, match="cannot be written") as caught:
        files.write_file(tmp_path / "file" / "below", "x")
    assert "\n" not in str(caught.value)
    with pytest.raises(RegimeError, match="cannot be written"), files.lock(tmp_path / "file" / "lock"):
        pass


def test_a_published_folder_is_not_replaced(tmp_path):
    for content in ("first", "second"):
        with files.drafted_folder(tmp_path) as draft:
            (draft / "x").write_text(content)
            files.publish(draft, tmp_path / "named")
    assert (tmp_path / "named" / "x").read_text() == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["named"]


CHILD = """
import os, pathlib, sys
from features.data import files
with files.drafted_folder(pathlib.Path(sys.argv[1])) as folder, files.drafted(pathlib.Path(sys.argv[1]) / "x") as draft:
    (folder / "part").write_text("half"); draft.write_text("half")
    with files.lock(pathlib.Path(sys.argv[1]) / "lock"):
        print("ready", flush=True)
        sys.stdin.read()
"""


def test_drafts_of_a_killed_process_are_removed_and_its_lock_is_free(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout.readline() == b"ready\n"
    assert files.abandoned_drafts(tmp_path) == []  # at work
    with pytest.raises(RegimeError, match="held by a test"), files.lock(tmp_path / "lock", 0.0, "held by a test"):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert len(files.abandoned_drafts(tmp_path)) == 2
    assert files.remove_abandoned_drafts(tmp_path) == 2
    with files.lock(tmp_path / "lock", 0.0):
        assert not [entry for entry in tmp_path.iterdir() if entry.name != "lock"]


def test_a_draft_of_another_machine_waits_a_day(tmp_path):
    foreign = tmp_path / ".draft-00000000-1-abcd-x"
    foreign.write_text("")
    assert files.abandoned_drafts(tmp_path) == []
    day_before = time.time() - files.STALE_DRAFT_SECONDS - 60
    os.utime(foreign, (day_before, day_before))
    assert files.abandoned_drafts(tmp_path) == [foreign]
