"""Earnings as first filed: a genuine excerpt, hand-made companies, and a stand-in server."""

import json

import numpy as np
import pandas as pd
import pytest

from features.data import calendar
from features.data.errors import RegimeError
from features.data.sources import edgar, retry
from tests.support.answers import answering_server
from tests.support.data import SHARED

SAMPLE = SHARED.parent / "samples" / "companyfacts_snow_excerpt.json"
AGENT = "a tester tester@example.org"


def company(*rows, tag="NetIncomeLoss"):
    units = [dict(zip(("start", "end", "val", "filed"), row, strict=True)) for row in rows]
    return {"entityName": "Made Up Inc", "facts": {"us-gaap": {tag: {"units": {"USD": units}}}}}


YEAR = [
    ("2020-01-01", "2020-03-31", 10, "2020-05-01"),
    ("2020-04-01", "2020-06-30", 20, "2020-08-03"),
    ("2020-01-01", "2020-06-30", 30, "2020-08-03"),
    ("2020-07-01", "2020-09-30", 30, "2020-11-02"),
    ("2020-01-01", "2020-12-31", 100, "2021-02-12"),
]


def test_a_later_filing_never_overwrites_the_first():
    again = [("2020-01-01", "2020-03-31", -99, "2021-05-03")]
    filed = edgar.first_filed(company(*again, *YEAR))
    first = filed[(filed["end"] == "2020-03-31")]
    assert first["value"].tolist() == [10.0]
    assert first["filed"].tolist() == [pd.Timestamp("2020-05-01")]


def test_the_fourth_quarter_is_the_year_less_three_known_with_the_annual_report():
    found = edgar.quarters(edgar.first_filed(company(*YEAR))).set_index("end")
    assert found["value"].tolist() == [10.0, 20.0, 30.0, 40.0]
    assert found.loc["2020-12-31", "filed"] == pd.Timestamp("2021-02-12")
    without = edgar.quarters(edgar.first_filed(company(*YEAR[:1], *YEAR[3:])))
    assert pd.Timestamp("2020-12-31") not in set(without["end"])  # a quarter is missing: it cannot be told


def test_a_fourth_quarter_waits_for_a_quarter_that_was_filed_late():
    late = [(*YEAR[3][:3], "2021-06-01") if row == YEAR[3] else row for row in YEAR]
    found = edgar.quarters(edgar.first_filed(company(*late))).set_index("end")
    assert found.loc["2020-12-31", "filed"] == pd.Timestamp("2021-06-01")


def test_growth_is_known_the_session_after_the_later_filing():
    next_year = [("2021-01-01", "2021-03-31", 11, "2021-04-30"), ("2021-04-01", "2021-06-30", 15, "2021-07-30")]
    found = edgar.growth(edgar.quarters(edgar.first_filed(company(*YEAR, *next_year))))
    assert found["grew"].tolist() == [True, False]
    assert found["known"].tolist() == [pd.Timestamp("2021-05-03"), pd.Timestamp("2021-08-02")]  # both filed on a Friday


@pytest.mark.skipif(not SAMPLE.exists(), reason="the genuine excerpt is not the project's to redistribute")
def test_a_genuine_company():
    filed = edgar.first_filed(json.loads(SAMPLE.read_text()))
    one = filed[(filed["start"] == "2020-08-01") & (filed["end"] == "2020-10-31")].iloc[0]
    assert (one["value"], one["filed"]) == (-168_889_000.0, pd.Timestamp("2020-12-03"))
    found = edgar.quarters(filed).set_index("end")
    # The year to January 2022 was -679,948 thousand, its first three quarters -203,220, -189,719 and -154,856.
    assert found.loc["2022-01-31", "value"] == -132_153_000.0
    assert found.loc["2022-01-31", "filed"] == pd.Timestamp("2022-03-30")
    # The quarter to April 2020 was first filed a year late, so its fourth quarter was told no sooner.
    assert found.loc["2020-04-30", "filed"] == pd.Timestamp("2021-06-04")
    assert found.loc["2021-01-31", "filed"] == pd.Timestamp("2021-09-02")
    known = edgar.growth(found.reset_index()).set_index("end")
    assert known.loc["2020-10-31", "known"] == pd.Timestamp("2020-12-04")


def test_the_breadth_of_the_members_of_the_day_by_hand():
    sessions = calendar.sessions(pd.Timestamp("2021-04-26"), pd.Timestamp("2021-05-14"))
    tables = {
        "A": pd.DataFrame({"end": [pd.Timestamp("2021-03-31")], "grew": [True], "known": [pd.Timestamp("2021-05-03")]}),
        "B": pd.DataFrame(
            {
                "end": pd.to_datetime(["2020-12-31", "2021-03-31"]),
                "grew": [True, False],
                "known": pd.to_datetime(["2021-02-16", "2021-05-05"]),
            }
        ),
        "GONE": pd.DataFrame(
            {"end": [pd.Timestamp("2019-03-31")], "grew": [True], "known": [pd.Timestamp("2019-05-03")]}
        ),
    }

    late = sessions >= pd.Timestamp("2021-05-07")
    inside = pd.DataFrame({"A": True, "B": True, "C": late, "GONE": ~late}, sessions)
    found = edgar.breadth(tables, inside)
    assert np.isnan(found.loc["2021-04-30", "grew"])  # one of three is known: too few
    assert found.loc["2021-04-30", "covered"] == pytest.approx(1 / 3)  # what is two years old is not
    assert found.loc["2021-05-03", "grew"] == 1.0
    assert found.loc["2021-05-05", "grew"] == 0.5
    assert found.loc["2021-05-07", "covered"] == pytest.approx(2 / 3)


def test_a_company_without_net_income_is_gone():
    with pytest.raises(retry.GoneError, match="Made Up Inc files no net income"):
        edgar.first_filed(company(*YEAR, tag="Assets"))
    assert len(edgar.first_filed(company(*YEAR, tag="ProfitLoss"))) == len(YEAR)


def test_a_user_agent_without_an_address_is_refused():
    with pytest.raises(RegimeError, match="SEC_USER_AGENT"):
        edgar.Client("python-requests")


@pytest.fixture
def server():
    with answering_server() as (host, answers, asked):
        yield host, answers, asked


def test_the_client_says_who_it_is_and_waits_between_requests(server, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0)
    host, answers, asked = server
    answers["/files/company_tickers.json"] = (200, b'{"0": {"ticker": "BRK.B", "cik_str": 1067983}}')
    answers["/api/xbrl/companyfacts/CIK0001067983.json"] = (200, json.dumps(company(*YEAR)).encode())
    client = edgar.Client(AGENT, host, host)
    assert client.company_numbers() == {"BRK-B": 1067983}
    waits = []
    monkeypatch.setattr(edgar.time, "sleep", waits.append)
    assert len(edgar.first_filed(client.facts(1067983))) == len(YEAR)
    assert 0.0 < waits[0] <= edgar.PAUSE
    assert {agent for _, agent in asked} == {AGENT}


def test_what_is_no_answer_is_said_in_one_line(server, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(edgar, "PAUSE", 0.0)
    host, answers, _ = server
    client = edgar.Client(AGENT, host, host)
    with pytest.raises(retry.GoneError, match="EDGAR has no CIK"):
        client.facts(1)
    for status, body, says in (
        (403, b"<html>Undeclared Automated Tool</html>", "refuses"),
        (500, b"", "status 500"),
        (200, b'{"facts": {"us-', "not JSON"),
        (200, b"[]", "no object"),
    ):
        answers["/api/xbrl/companyfacts/CIK0000000002.json"] = (status, body)
        with pytest.raises(retry.UnavailableError, match=says) as error:
            client.facts(2)
        assert "html" not in str(error.value)


def test_the_newest_quarter_by_a_slow_loop():
    rng = np.random.default_rng(5)
    sessions = calendar.sessions(pd.Timestamp("2015-01-02"), pd.Timestamp("2019-12-31"))
    ends = pd.date_range("2014-09-30", "2019-09-30", freq="QE")
    # Some quarters are filed late, after the next one; some are never filed.
    known = ends + pd.to_timedelta(rng.choice([30, 45, 140, 230], len(ends)), unit="D")
    table = pd.DataFrame({"end": ends, "grew": rng.random(len(ends)) < 0.5, "known": known}).drop(index=[4, 5, 6])
    found = edgar.breadth({"A": table}, pd.DataFrame({"A": True}, sessions))
    for session in sessions[::7]:
        then = table[table["known"] <= session]
        newest = then.loc[then["end"].idxmax()] if len(then) else None
        fresh = newest is not None and (session - newest["end"]).days <= edgar.STALE_DAYS
        assert found.loc[session, "covered"] == float(fresh)
        assert np.isnan(found.loc[session, "grew"]) if not fresh else found.loc[session, "grew"] == newest["grew"]
