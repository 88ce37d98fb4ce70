"""What is read onto a session, by hand."""

import numpy as np
import pandas as pd
import pytest

from features import panel_columns
from features.data import calendar
from features.data.point_in_time import Reader, latest
from features.data.store import Snapshot

SESSIONS = calendar.sessions(pd.Timestamp("2019-01-02"), pd.Timestamp("2020-12-31"))


def snapshot(rows, **tables):
    fred = pd.DataFrame(rows, columns=["series", "date", "value", "available_at"])
    fred[["date", "available_at"]] = fred[["date", "available_at"]].apply(pd.to_datetime)
    return Snapshot("0", "folder", "us", SESSIONS[-1], {"fred": fred} | tables)


def read(found, name):
    made = panel_columns.COLUMNS[name].read(Reader(found, SESSIONS, panel_columns.HANDOVER))
    return pd.Series(made, SESSIONS)


def test_growth_is_counted_in_the_vintage_of_the_day():
    months = pd.date_range("2018-01-01", "2019-01-01", freq="MS")
    rows = [("CPIAUCSL", m, 100.0, m + pd.DateOffset(months=2)) for m in months[:-1]]
    rows += [("CPIAUCSL", "2019-01-01", 103.0, "2019-03-01")]
    # In April the base month is revised: growth changes from then on, never before.
    rows += [("CPIAUCSL", "2018-01-01", 101.0, "2019-04-01")]
    got = read(snapshot(rows), "cpi_12m")
    assert got[:"2019-02-28"].isna().all()
    assert got["2019-03-01"] == pytest.approx(3.0)
    assert got["2019-03-29"] == pytest.approx(3.0)
    assert got["2019-04-01"] == pytest.approx(100 * (103 / 101 - 1))
    assert np.isnan(got["2019-06-28"])  # past its age


def test_a_gap_in_a_monthly_series_is_missing():
    months = pd.date_range("2018-01-01", "2019-01-01", freq="MS").delete(-4)
    rows = [("PAYEMS", m, 100.0, m + pd.DateOffset(months=2)) for m in months]
    found = snapshot(rows)
    assert np.isnan(read(found, "payrolls_3m")["2019-03-01"])
    assert read(found, "payrolls_12m")["2019-03-01"] == 0.0


def test_a_late_revision_of_an_old_date_is_not_today():
    rows = [("UNRATE", "2019-01-01", 4.0, "2019-03-01"), ("UNRATE", "2018-01-01", 9.0, "2019-03-08")]
    assert latest(snapshot(rows), "UNRATE")["2019-03-01":].to_dict() == {pd.Timestamp("2019-03-01"): 4.0}


def test_a_yield_is_carried_for_ten_days_and_no_longer():
    got = read(snapshot([("DGS10", "2019-01-03", 2.5, "2019-01-04")]), "DGS10")
    assert np.isnan(got["2019-01-03"])
    assert (got["2019-01-04":"2019-01-14"] == 2.5).all()
    assert got["2019-01-15":].isna().all()


def test_a_basket_has_no_past():
    prices = pd.DataFrame({"NVDA": np.linspace(10, 20, len(SESSIONS))}, SESSIONS).assign(available_at=SESSIONS)
    assert read(snapshot([], prices_mag7=prices), "ret_nvda").isna().all()


def test_off_low_and_claims_by_hand():
    assert panel_columns._off_low(np.array([[4.0, 3.5, 3.9]]))[0] == pytest.approx(0.4)
    weeks = np.full((1, 55), 200.0)
    weeks[0, -4:] = 300.0
    assert panel_columns._claims(weeks)[0] == pytest.approx(np.log(1.5))
    steady = 100 * 1.1 ** (np.arange(21) / 4)
    assert panel_columns._against_trend(steady[None, :])[0] == pytest.approx(0.0, abs=1e-9)
