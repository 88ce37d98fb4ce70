"""Row weights against slow counts and weights worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from features.data import calendar
from models import sample_weights


def test_uniqueness_equals_a_slow_count():
    dates = calendar.decision_dates(pd.Timestamp("2019-11-01"), pd.Timestamp("2020-03-01"))
    ends = pd.DatetimeIndex([calendar.session_after(day, 21) for day in dates])
    every = calendar.sessions(dates[0], ends[-1])
    lives = [[day for day in every if start < day <= end] for start, end in zip(dates, ends, strict=True)]
    alive = {day: sum(day in life for life in lives) for day in every}
    slow = np.array([np.mean([1 / alive[day] for day in life]) for life in lives])
    np.testing.assert_allclose(sample_weights.uniqueness(dates, ends), slow / slow.mean())


def test_rows_lose_half_their_weight():
    dates = pd.DatetimeIndex(["1980-01-04", "1990-01-05"])
    got = sample_weights.recency(dates, pd.Timestamp("2000-01-07"), 10.0)
    assert got[1] / got[0] == pytest.approx(2.0, rel=1e-3)


def test_recent_rows_weigh_more_by_hand():
    dates = pd.Timestamp("2000-01-07") - pd.to_timedelta([365.25 * 2, 365.25, 0.0], unit="D")
    got = sample_weights.recency(dates, pd.Timestamp("2000-01-07"), 1.0)
    np.testing.assert_allclose(got, np.array([1, 2, 4]) * 3 / 7)


def test_labels_of_different_length_by_hand():
    """From one Friday on, one session and three: they share Monday, and Tuesday and Wednesday are the longer one's."""
    dates = pd.DatetimeIndex(["2020-01-03", "2020-01-03"])
    ends = pd.DatetimeIndex(["2020-01-06", "2020-01-08"])
    # 1/2 and (1/2 + 1 + 1) / 3 = 5/6, over their mean of 2/3.
    np.testing.assert_allclose(sample_weights.uniqueness(dates, ends), [0.75, 1.25])
