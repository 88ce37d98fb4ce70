import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from features.data import cache, calendar
from tests.support.data import SHARED, needs_shared


@needs_shared
def test_sessions_equal_the_french_library():
    french = pd.read_parquet(SHARED / "famafrench_factors_daily.parquet").index
    ours = calendar.sessions(french[0], pd.Timestamp("2023-12-29"))
    assert list(ours) == list(french[french <= "2023-12-29"])


def test_decisions_by_hand():
    # Good Friday 2023-04-07; Thanksgiving Friday is a (short) session; year end 2021 is a Friday session;
    # New Year 2021 is a Friday holiday; 2001-09-11..14 closed.
    want = {
        ("2023-04-03", "2023-04-09"): "2023-04-06",
        ("2023-11-20", "2023-11-26"): "2023-11-24",
        ("2021-12-27", "2022-01-02"): "2021-12-31",
        ("2020-12-28", "2021-01-03"): "2020-12-31",
        ("2001-09-10", "2001-09-16"): "2001-09-10",
    }
    for (start, end), day in want.items():
        assert list(calendar.decision_dates(pd.Timestamp(start), pd.Timestamp(end))) == [pd.Timestamp(day)]


def test_a_wednesday_is_not_a_decision():
    assert not len(calendar.decision_dates(pd.Timestamp("2023-12-25"), pd.Timestamp("2023-12-27")))


def test_session_after_by_hand():
    # 21 sessions after 2023-11-24: Christmas Day is closed.
    assert calendar.session_after(pd.Timestamp("2023-11-24"), 21) == pd.Timestamp("2023-12-26")


def test_the_last_complete_session_is_that_of_the_whole_schedule():
    """At random moments, and after the longest closures."""
    closes = calendar._closes()
    seconds = np.random.default_rng(0).integers(0, 13_000 * 86_400, 60)
    moments = pd.Timestamp("2000-03-01", tz="UTC") + pd.to_timedelta(seconds, "s")
    for text in ("2001-09-16 23:59", "2012-10-30 12:00", "2026-11-27 18:19:59", "2026-11-27 18:20", "2027-01-01 00:30"):
        moments = moments.append(pd.DatetimeIndex([pd.Timestamp(text, tz="UTC")]))
    for now in moments:
        last = closes[closes <= now - calendar.CUT_OFF][-1]
        assert calendar.last_complete(now) == last.tz_convert("America/New_York").tz_localize(None).normalize(), now


@pytest.fixture
def anew():
    """The calendar as a new process has it: nothing computed or read yet."""
    for kept in (calendar._timetable, calendar._closes):
        kept.cache_clear()
    yield
    for kept in (calendar._timetable, calendar._closes):
        kept.cache_clear()


@pytest.mark.usefixtures("anew")
def test_what_is_kept_is_what_the_package_says():
    computed = calendar.all_sessions(), calendar._closes()
    (entry,) = cache.folder("sessions").iterdir()
    written = entry.stat().st_ino
    calendar._timetable.cache_clear()
    calendar._closes.cache_clear()
    read = calendar.all_sessions(), calendar._closes()
    assert (read[0].equals(computed[0]), read[1].equals(computed[1])) == (True, True)
    assert (read[0].dtype, read[1].dtype) == (computed[0].dtype, computed[1].dtype)
    assert entry.stat().st_ino == written
    ours = read[1][(read[1] >= "2015-01-01") & (read[1] < "2017-01-01")].tz_convert("America/New_York")
    early = [str(close) for close in ours if close.hour != 16]
    assert early == [f"{day} 13:00:00-05:00" for day in ("2015-11-27", "2015-12-24", "2016-11-25")]
    assert list(ours.tz_localize(None).normalize()) == list(read[0][(read[0] >= "2015") & (read[0] < "2017")])


@pytest.mark.usefixtures("anew")
def test_an_edited_timetable_is_computed_again(caplog):
    want = calendar.all_sessions()
    (entry,) = cache.folder("sessions").iterdir()
    whole = bytearray(entry.read_bytes())
    whole[len(whole) // 2] ^= 1
    entry.write_bytes(whole)
    calendar._timetable.cache_clear()
    assert calendar.all_sessions().equals(want)
    assert "does not verify" in caplog.text


@pytest.mark.usefixtures("anew")
def test_another_version_of_the_package_is_another_timetable(monkeypatch):
    calendar.all_sessions()
    calendar._timetable.cache_clear()
    monkeypatch.setattr(calendar, "version", lambda _: "99")
    calendar.all_sessions()
    assert len(list(cache.folder("sessions").iterdir())) == 2


def test_a_kept_timetable_needs_no_calendar_package():
    """Of two processes the first computes; the second reads, without the package."""
    words = [sys.executable, "-c"]
    program = "import sys; from features.data import calendar; calendar.all_sessions(); "
    program += "print('pandas_market_calendars' in sys.modules)"
    said = [subprocess.run([*words, program], capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert [one.strip() for one in said] == ["True", "False"]
