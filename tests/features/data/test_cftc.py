"""The CFTC's positions: files in every form they have had, release days by its own notices, a stand-in server."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from features.data import calendar
from features.data.errors import RegimeError
from features.data.sources import cftc, retry
from tests.support.answers import answering_server
from tests.support.data import SHARED

SAMPLE = SHARED.parent / "samples" / "FinFut17_equity_rows.txt"
HEADINGS = (
    "Market_and_Exchange_Names,As_of_Date_In_Form_YYMMDD,{date},CFTC_Contract_Market_Code,Open_Interest_All,"
    "Asset_Mgr_Positions_Long_All,Asset_Mgr_Positions_Short_All,Lev_Money_Positions_Long_All,"
    "Lev_Money_Positions_Short_All"
)


def file_of(*rows, date="Report_Date_as_YYYY-MM-DD", end="\n"):
    return end.join([HEADINGS.format(date=date), *rows]) + end


def test_every_form_of_the_file_says_the_same():
    plain = file_of("E-MINI S&P 500 - CME,171226,2017-12-26,13874A,100,30,10,5,25")
    padded = file_of('"E-MINI S&P 500 STOCK INDEX - CME" ,171226 ,2017-12-26, "13874A" ,     100,  30,10,5,25')
    other = file_of(
        '"S&P, E-MINI",171226,12/26/2017,"13874A","100","30","10","5","25"',
        date="Report_Date_as_MM_DD_YYYY",
        end="\r\n",
    )
    tables = [cftc.parse(text) for text in (plain, padded, other)]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], table)
    row = tables[0].loc["2017-12-26"]
    assert (row["sp500_open_interest"], row["sp500_leveraged_net"], row["sp500_asset_manager_net"]) == (100, -20, 20)


def test_the_russell_contract_changes_its_code_and_the_consolidated_one_is_left_out():
    rows = [
        "RUSSELL ICE,170808,2017-08-08,23977A,600,1,0,2,0",
        "RUSSELL CME,170808,2017-08-08,239742,50,9,0,9,0",
        "RUSSELL ICE,170815,2017-08-15,23977A,500,1,0,3,0",
        "RUSSELL CME,170815,2017-08-15,239742,60,4,0,7,0",
        "S&P Consolidated,170815,2017-08-15,13874+,9999,1,0,1,0",
    ]
    table = cftc.parse(file_of(*rows))
    assert table["russell2000_open_interest"].to_dict() == {
        pd.Timestamp("2017-08-08"): 600.0,
        pd.Timestamp("2017-08-15"): 60.0,
    }
    assert "sp500_open_interest" not in table


def test_a_dot_is_missing():
    table = cftc.parse(file_of("VIX,171226,2017-12-26,1170E1,.,1,0,.,3"))
    assert np.isnan(table.loc["2017-12-26", ["vix_open_interest", "vix_leveraged_net"]].astype(float)).all()
    assert table.loc["2017-12-26", "vix_asset_manager_net"] == 1.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html>busy</html>", "not a report"),
        ("", "not a report"),
        (file_of("VIX,171226,2017-12-26,1170E1,1,1"), "cut off"),
        (file_of("VIX,171226,26.12.2017,1170E1,1,1,0,1,3"), "not a report date"),
        (file_of("VIX,171226,2017-12-26,1170E1,many,1,0,1,3"), "not a number"),
        ("CFTC_Contract_Market_Code,Report_Date_as_YYYY-MM-DD\n", "lacks the column"),
    ],
)
def test_what_is_no_report_is_said_in_one_line(text, says):
    with pytest.raises(retry.UnavailableError, match=says) as error:
        cftc.parse(text)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.skipif(not SAMPLE.exists(), reason="the genuine rows are not the project's to redistribute")
def test_a_genuine_file_of_2017():
    table = cftc.parse(SAMPLE.read_text())
    assert len(table) == 52
    assert table.notna().all().all()
    assert pd.Timestamp("2017-07-03") in table.index  # a Monday: the Tuesday was a holiday
    assert table.loc["2017-12-26", "sp500_open_interest"] == 3_061_310
    assert table["russell2000_open_interest"].min() > 0


# Report dates and the days on which they would have been published, from the CFTC's notice of 2025-11-18.
NOTICE = [
    ("2025-09-30", "2025-10-03"),
    ("2025-10-07", "2025-10-10"),
    ("2025-10-14", "2025-10-17"),
    ("2025-10-21", "2025-10-24"),
    ("2025-10-28", "2025-10-31"),
    ("2025-11-04", "2025-11-07"),
    ("2025-11-10", "2025-11-14"),
    ("2025-11-18", "2025-11-21"),
    ("2025-11-25", "2025-12-01"),
    ("2025-12-02", "2025-12-05"),
    ("2025-12-09", "2025-12-12"),
    ("2025-12-16", "2025-12-19"),
    ("2025-12-23", "2025-12-29"),
    ("2025-12-30", "2026-01-05"),
    ("2026-01-06", "2026-01-09"),
    ("2026-01-13", "2026-01-16"),
    ("2026-01-20", "2026-01-23"),
]


@pytest.mark.parametrize(("report", "release"), NOTICE)
def test_the_schedule_is_that_of_the_notice(report, release):
    assert cftc.scheduled_release(pd.Timestamp(report)) == pd.Timestamp(release)


@pytest.mark.parametrize(
    ("report", "session"),
    [
        ("2017-12-26", "2017-12-29"),  # Friday 15:30, before the close
        ("2017-11-21", "2017-11-27"),  # Thanksgiving: three business days later is the Monday
        ("2018-11-20", "2018-11-26"),
        ("2012-11-20", "2012-11-26"),
        ("2019-07-02", "2019-07-08"),  # Wednesday 3 July, Friday 5 July, Monday
        ("2018-07-02", "2018-07-06"),
        ("2024-03-26", "2024-04-01"),  # Good Friday is a federal business day, but no session
        ("2013-10-08", "2013-11-01"),  # the shutdown
        ("2018-12-24", "2019-02-01"),
        ("2025-11-25", "2025-12-19"),
    ],
)
def test_a_report_is_known_with_the_first_close_after_its_release(report, session):
    assert cftc.available_at(pd.DatetimeIndex([report]))[0] == pd.Timestamp(session)


def test_an_early_close_makes_it_known_a_session_later():
    # The day after Thanksgiving closes at 13:00: what is published at 15:30 is known on Monday.
    assert calendar.session_at(pd.Timestamp("2023-11-24 15:30")) == pd.Timestamp("2023-11-27")
    assert calendar.session_at(pd.Timestamp("2023-11-22 15:30")) == pd.Timestamp("2023-11-22")
    assert calendar.session_at(pd.Timestamp("2023-11-22 16:00")) == pd.Timestamp("2023-11-22")
    assert calendar.session_at(pd.Timestamp("2023-11-22 16:01")) == pd.Timestamp("2023-11-24")


def test_no_late_report_is_early():
    for report, release in cftc.LATE.items():
        assert pd.Timestamp(release) > cftc.scheduled_release(pd.Timestamp(report))


@pytest.fixture
def server():
    with answering_server() as (host, answers, _):
        yield host, answers


def zipped(text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("FinFutYY.txt", text)
    return buffer.getvalue()


def test_a_year_is_fetched_from_its_archive(server, monkeypatch):
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.0)
    host, answers = server
    text = file_of("VIX,171226,2017-12-26,1170E1,10,1,0,1,3")
    answers["/files/dea/history/fut_fin_txt_2017.zip"] = (200, zipped(text))
    answers["/files/dea/history/fin_fut_txt_2006_2016.zip"] = (200, zipped(text.replace("2017", "2010")))
    assert cftc.fetch(2017, host).loc["2017-12-26", "vix_open_interest"] == 10.0
    assert cftc.fetch(2008, host).index[0] == pd.Timestamp("2010-12-26")
    with pytest.raises(retry.GoneError, match="no file"):
        cftc.fetch(2018, host)
    answers["/files/dea/history/fut_fin_txt_2019.zip"] = (200, zipped(text)[:60])
    with pytest.raises(retry.UnavailableError, match="damaged or cut off"):
        cftc.fetch(2019, host)
    answers["/files/dea/history/fut_fin_txt_2020.zip"] = (503, b"<html>down</html>")
    with pytest.raises(retry.UnavailableError, match="status 503"):
        cftc.fetch(2020, host)


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(cftc, "LARGEST_FILE", 100)
    with pytest.raises(RegimeError, match="bytes of text"):
        cftc.text_of(zipped("x" * 1000), "a.zip")
