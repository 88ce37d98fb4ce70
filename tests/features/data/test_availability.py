"""The session at which a value becomes available, by dates worked out by hand."""

import pandas as pd

from features.data import availability, calendar, catalog


def test_availability_by_hand():
    every = calendar.all_sessions()
    day = pd.DatetimeIndex(["2023-11-22"])  # the day before Thanksgiving
    assert availability.available_sessions(day, "close", every)[0] == pd.Timestamp("2023-11-22")
    assert availability.available_sessions(day, "next", every)[0] == pd.Timestamp("2023-11-24")
    month = pd.DatetimeIndex(["2023-11-01"])  # fifth session of December 2023
    assert availability.available_sessions(month, "month", every)[0] == pd.Timestamp("2023-12-07")
    # CPI for November 2023 came on 12 December; the shutdown delay of 2013 is what 22 sessions allow for.
    assert availability.available_sessions(month, "release", every)[0] == pd.Timestamp("2024-01-03")
    sunday = pd.DatetimeIndex(["2023-11-18"])  # claims for the week ended Saturday 18th came on Wednesday 22nd
    assert availability.available_sessions(sunday, "week", every)[0] == pd.Timestamp("2023-11-24")
    quarter = pd.DatetimeIndex(["2023-07-01"])  # Z.1 for the third quarter came on 7 December 2023
    assert availability.available_sessions(quarter, "quarter", every)[0] == pd.Timestamp("2023-12-19")
    assert availability.available_sessions(quarter, "survey", every)[0] == pd.Timestamp("2023-08-21")
    jobs = availability.available_at(catalog.BY_KEY["PAYEMS"], pd.DatetimeIndex(["2025-10-01"]), every)
    assert jobs[0] == pd.Timestamp("2025-12-16")  # the shutdown of 2025
