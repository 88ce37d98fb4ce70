import pandas as pd

from features.data import calendar
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
