"""One reading of a date, and one line for everything that is none."""

import contextlib
import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data.arguments import FIRST_DAY, parse_date
from features.data.errors import RegimeError


@given(st.dates(min_value=FIRST_DAY.date(), max_value=dt.date(2200, 1, 1)))
def test_every_day_is_read(day):
    assert parse_date(day.isoformat(), "--asof") == pd.Timestamp(day)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaT",
        "nan",
        "-1",
        "0",
        "2020",
        "2020-02",
        "20200221",
        "2020-2-21",
        "21.02.2020",
        "02/21/2020",
        "2020-02-21T16:00",
        "2020-02-21+01:00",
        "2020-02-21 America/New_York",
        "2020-02-21\n",
        "２０２０-02-21",
        "today",
        "2020-W08",
        "2020-02-30",
        "2020-13-01",
        "0000-00-00",
        "1900-01-01",
        "1926-06-30",
    ],
)
def test_what_is_no_day_is_one_line(text):
    with pytest.raises(RegimeError, match=r"^--asof ") as error:
        parse_date(text, "--asof")
    assert "\n" not in str(error.value)


@given(st.text(max_size=30))
def test_no_text_whatever_is_a_traceback(text):
    with contextlib.suppress(RegimeError):
        assert str(parse_date(text, "--from").date()) == text
