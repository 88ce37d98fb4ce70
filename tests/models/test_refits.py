"""When a model is fitted, against weeks counted by hand."""

import pandas as pd
import pytest

from features.data.errors import RegimeError
from models import refits

FRIDAYS = pd.date_range("1980-01-04", "1989-12-29", freq="W-FRI")


@pytest.mark.parametrize(
    ("wanted", "first"),
    [("1990-01-01", "1990-01-01"), ("1985-06-01", "1985-06-01"), ("1960-01-01", "1980-01-04"), ("", "1980-01-04")],
)
def test_no_test_week_lies_before_the_first_row_and_its_years(wanted, first):
    start = refits.first_test(wanted or "1900-01-01", pd.Timestamp("1970-01-04"), 10)
    assert start == pd.Timestamp(first)


def test_refits_begin_with_the_first_test_week_and_end_with_the_last():
    rows = refits.refit_rows(FRIDAYS, pd.Timestamp("1980-02-01"), 4, "1980-03-28")
    assert [str(day.date()) for day in FRIDAYS[rows]] == ["1980-02-01", "1980-02-29", "1980-03-28"]
    assert len(refits.refit_rows(FRIDAYS, pd.Timestamp("1980-02-01"), 4, "1980-03-27")) == 2
    assert FRIDAYS[refits.end_row(FRIDAYS, "1980-03-28") - 1] == pd.Timestamp("1980-03-28")
    assert FRIDAYS[refits.end_row(FRIDAYS, "1980-03-27") - 1] == pd.Timestamp("1980-03-21")


def test_without_a_last_test_week_they_go_on_to_the_end_of_the_data():
    assert refits.end_row(FRIDAYS) == len(FRIDAYS)
    assert list(refits.refit_rows(FRIDAYS, FRIDAYS[-3], 2)) == [len(FRIDAYS) - 3, len(FRIDAYS) - 1]
    assert refits.end_row(FRIDAYS, "2050-01-01") == len(FRIDAYS)


@pytest.mark.parametrize(
    ("start", "last", "said"),
    [
        ("1990-01-01", "", "no test week: the first would be 1990-01-01, the data end on 1989-12-29"),
        ("1990-01-01", "2050-01-01", "the data end on 1989-12-29"),
        ("1985-01-04", "1984-12-31", "no test week: the first would be 1985-01-04, last_test is 1984-12-31"),
        ("1985-01-01", "1985-01-03", "last_test is 1985-01-03"),
    ],
)
def test_no_week_between_first_and_last_is_one_line(start, last, said):
    with pytest.raises(RegimeError, match=said):
        refits.refit_rows(FRIDAYS, pd.Timestamp(start), 26, last)
