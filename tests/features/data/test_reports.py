"""Positions and filings in a live refresh: the archive, what is asked again, and vendors that are down."""

import numpy as np
import pandas as pd
import pytest

from features.data import settings
from features.data.sources import archive, cftc, edgar, live, reports
from features.data.sources.live_names import Notes
from features.data.sources.retry import GoneError, UnavailableError

SESSION = pd.Timestamp("2019-03-15")


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("REGIME_HOME", str(tmp_path))
    monkeypatch.delenv(reports.AGENT, raising=False)
    return tmp_path


def report(year: int, through: str) -> pd.DataFrame:
    days = pd.date_range(f"{year}-01-02", through, freq="W-TUE", name="date")
    names = ["open_interest", "leveraged_net", "asset_manager_net"]
    values = {f"{one.name}_{name}": np.arange(len(days)) + 100.0 for one in cftc.CONTRACTS for name in names}
    return pd.DataFrame(values, days)


def plan(cftc_years=(), companies=()):
    members = pd.DataFrame(
        {"ticker": ["AAA", "AAPL"], "start": pd.Timestamp("2018-01-02"), "end": pd.NaT, "price_col": ["AAA", "AAPL"]}
    )
    return live.Plan(SESSION, (), (), (), tuple(cftc_years), tuple(companies), members, "test")


@pytest.mark.usefixtures("empty_home")
def test_a_past_year_is_asked_once_and_the_present_one_each_session(monkeypatch):
    assert reports.years(SESSION) == ("2016", "2017", "2018", "2019")
    monkeypatch.setattr(cftc, "fetch", lambda year: report(year, f"{year}-03-12"))
    for year in reports.years(SESSION):
        reports.positions(year, SESSION)
    assert reports.years(SESSION) == ()
    assert reports.years(SESSION + pd.Timedelta(days=3)) == ("2019",)
    # The last reports of a year come in January.
    assert reports.years(pd.Timestamp("2020-01-10")) == ("2019", "2020")


@pytest.mark.usefixtures("empty_home")
def test_a_half_written_year_leaves_what_was_there(monkeypatch):
    monkeypatch.setattr(cftc, "fetch", lambda year: report(year, f"{year}-03-05"))
    reports.positions("2019", SESSION)

    def cut(year):
        assert year == 2019
        raise UnavailableError("CFTC: a row of 3 fields where 9 are expected: cut off?")

    monkeypatch.setattr(cftc, "fetch", cut)
    notes = Notes()
    live._optional(plan(["2019"]), notes, lambda: None)
    assert notes.missing["2019"] == "CFTC: a row of 3 fields where 9 are expected: cut off?"
    assert archive.read("cftc", "2019").index[-1] == pd.Timestamp("2019-03-05")
    monkeypatch.setattr(cftc, "fetch", lambda year: report(year, "2019-03-12").iloc[3:])
    reports.positions("2019", SESSION)
    assert len(archive.read("cftc", "2019")) == len(report(2019, "2019-03-12"))


@pytest.mark.usefixtures("empty_home")
def test_a_missing_year_is_one_line_and_the_others_make_the_table(monkeypatch):
    def fetch(year):
        if year == 2018:
            raise GoneError("CFTC has no file /files/dea/history/fut_fin_txt_2018.zip")
        return report(year, f"{year}-03-05")

    monkeypatch.setattr(cftc, "fetch", fetch)
    notes = Notes()
    todo = plan(reports.years(SESSION))
    live._optional(todo, notes, lambda: None)
    made = reports.tables(todo.members, SESSION, notes)
    assert "2018" in notes.missing
    assert set(made["cftc_positioning"].index.year) == {2016, 2017, 2019}
    assert (made["cftc_positioning"] == 1.0).all().all()
    assert "2010-07-22" in notes.back_filled["cftc_positioning"]
    assert "SEC_USER_AGENT" in notes.missing["edgar"]


@pytest.mark.usefixtures("empty_home")
def test_a_vendor_that_refuses_ends_no_refresh(monkeypatch):
    def refuse(year):
        assert year == 2018
        raise UnavailableError("CFTC, x: status 429", refused=True)

    monkeypatch.setattr(cftc, "fetch", refuse)
    notes = Notes()
    live._optional(plan(["2018", "2019"]), notes, lambda: None)
    assert "status 429 after 0 of 2 items" in notes.missing["cftc"]


class Company:
    """EDGAR as the client sees it."""

    def __init__(self, refuse=False):
        self.asked, self.refuse = [], refuse

    def company_numbers(self):
        if self.refuse:
            raise UnavailableError("EDGAR refuses company_tickers.json: status 403", refused=True)
        return {"AAA": 1}

    def facts(self, number):
        self.asked.append(number)
        rows = []
        for place, end in enumerate(pd.date_range("2017-03-31", "2018-12-31", freq="QE")):
            dates = {"start": str((end - pd.DateOffset(days=90)).date()), "end": str(end.date())}
            rows.append(dates | {"filed": str((end + pd.Timedelta(days=30)).date()), "val": 100 + place})
        return {"entityName": "A", "facts": {"us-gaap": {"NetIncomeLoss": {"units": {"USD": rows}}}}}


@pytest.mark.usefixtures("empty_home")
def test_a_company_is_asked_weekly_and_one_without_a_number_is_named(monkeypatch):
    monkeypatch.setenv(reports.AGENT, "A Tester tester@example.org")
    client = Company()
    monkeypatch.setattr(edgar, "Client", lambda _: client)
    members = plan().members
    assert reports.companies(members, SESSION) == ("AAA", "AAPL")
    notes = Notes()
    todo = plan(companies=reports.companies(members, SESSION))
    live._optional(todo, notes, lambda: None)
    assert not notes.missing
    assert client.asked == [1]
    assert reports.companies(members, SESSION) == ()
    assert reports.companies(members, SESSION + pd.Timedelta(days=7)) == ("AAA", "AAPL")
    made = reports.tables(members, SESSION, notes)["earnings_breadth"]
    assert notes.missing == {"earnings": "no net income at EDGAR of AAPL"}
    assert made["covered"].iloc[-1] == 0.5  # of two members one has filings: too few for a share
    assert made["grew"].isna().all()
    assert made["grew_without_seven"].iloc[-1] == 1.0


@pytest.mark.usefixtures("empty_home")
def test_a_filing_of_later_never_replaces_the_first(monkeypatch):
    monkeypatch.setenv(reports.AGENT, "A Tester tester@example.org")
    client = Company()
    monkeypatch.setattr(edgar, "Client", lambda _: client)
    reports.Filings(SESSION)("AAA")
    before = archive.read("edgar", "AAA")

    class Restated(Company):
        def facts(self, number):
            found = super().facts(number)
            for row in found["facts"]["us-gaap"]["NetIncomeLoss"]["units"]["USD"]:
                row |= {"filed": "2019-06-01", "val": -5}
            return found

    monkeypatch.setattr(edgar, "Client", lambda _: Restated())
    reports.Filings(SESSION)("AAA")
    pd.testing.assert_frame_equal(archive.read("edgar", "AAA"), before)


@pytest.mark.usefixtures("empty_home")
@pytest.mark.parametrize("agent", ["nobody", "A Tester tester@example.org"])
def test_edgars_refusal_is_one_line_and_the_refresh_goes_on(monkeypatch, agent):
    monkeypatch.setenv(reports.AGENT, agent)
    if "@" in agent:
        monkeypatch.setattr(edgar, "Client", lambda _: Company(refuse=True))
    notes = Notes()
    live._optional(plan(companies=("AAA",)), notes, lambda: None)
    said = notes.missing["edgar"]
    assert "\n" not in said
    assert ("status 403" if "@" in agent else "set SEC_USER_AGENT") in said


@pytest.mark.usefixtures("empty_home")
def test_who_asks_is_in_the_environment_or_the_settings(monkeypatch):
    assert reports.user_agent() == ""
    path = settings.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('sec_user_agent = "A Setting set@example.org"\n')
    assert reports.user_agent() == "A Setting set@example.org"
    monkeypatch.setenv(reports.AGENT, "A Tester tester@example.org")
    assert reports.user_agent() == "A Tester tester@example.org"
