"""Downloaded reports of the CFTC and facts of EDGAR into a folder's tables: genuine files, and files made by hand."""

import csv
import io
import json
import zipfile

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.cli import app
from features.data import importing
from features.data.errors import RegimeError
from features.data.sources import folder
from tests.support.data import SHARED

SAMPLES = SHARED.parent / "samples"
GENUINE = pytest.mark.skipif(not SAMPLES.exists(), reason="the genuine files are not the project's to redistribute")
REPORT = (
    "Market_and_Exchange_Names,Report_Date_as_YYYY-MM-DD,CFTC_Contract_Market_Code,Open_Interest_All,"
    "Asset_Mgr_Positions_Long_All,Asset_Mgr_Positions_Short_All,Lev_Money_Positions_Long_All,"
    "Lev_Money_Positions_Short_All\r\n"
)
VIX = '"VIX FUTURES - CBOE","{day}","1170E1"," 200","  50","10","30","80"\r\n'
TICKERS = {"0": {"cik_str": 7, "ticker": "BRK.B"}, "1": {"cik_str": 8, "ticker": "ABC"}}
HEAD = b"ticker,start_date,end_date\n"
MEMBERS = HEAD + b"BRK.B,2019-01-02,\nABC,2019-01-02,\n"


def zipped(text):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("FinFutYY.txt", text)
    return made.getvalue()


def company(number, *values):
    """Quarters of 2019 and 2020, each filed on the tenth of the month after the next."""
    ends = pd.date_range("2019-03-31", periods=len(values), freq="QE")
    rows = [
        {
            "start": str((end - pd.offsets.QuarterEnd() + pd.Timedelta(days=1)).date()),
            "end": str(end.date()),
            "val": value,
            "filed": str((end + pd.Timedelta(days=41)).date()),
        }
        for end, value in zip(ends, values, strict=True)
    ]
    tag = {"units": {"USD": rows}}
    return json.dumps({"cik": number, "entityName": "Made Up", "facts": {"us-gaap": {"NetIncomeLoss": tag}}}).encode()


def write(path, **files):
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return [path / name for name in files]


def refusal(paths, into):
    with pytest.raises(RegimeError) as error:
        importing.import_files(paths, into)
    return str(error.value)


@pytest.mark.parametrize("packed", [False, True])
def test_the_reports_of_two_years_join(tmp_path, packed):
    first, second = REPORT + VIX.format(day="2016-12-27"), REPORT + VIX.format(day="2017-01-03").replace("30", "130")
    pack = zipped if packed else str.encode
    for text in (first, second):
        (report,) = importing.import_files(write(tmp_path / "got", FinFut=pack(text)), tmp_path / "into")
        assert report["vendor"] == "CFTC"
    table = pd.read_parquet(tmp_path / "into" / "cftc_positioning.parquet")
    assert table["vix_leveraged"].to_dict() == {
        pd.Timestamp("2016-12-27"): -50 / 200,
        pd.Timestamp("2017-01-03"): 50 / 200,
    }
    assert table["vix_asset_manager"].tolist() == [0.2, 0.2]
    assert "no row of sp500, nasdaq100, russell2000" in report["notes"]


@GENUINE
def test_a_genuine_year_of_reports(tmp_path):
    path = SAMPLES / "FinFut17_equity_rows.txt"
    (report,) = importing.import_files([path], tmp_path)
    assert (report["first"], report["last"], report["doubtful"]) == ("2017-01-03", "2017-12-26", {})
    table = pd.read_parquet(tmp_path / "cftc_positioning.parquet")
    assert len(table) == 52
    rows = {  # read without the product's parser
        (row["Report_Date_as_YYYY-MM-DD"].strip(), row["CFTC_Contract_Market_Code"].strip()): row
        for row in csv.DictReader(io.StringIO(path.read_text()))
    }
    for day, code, name in (
        ("2017-12-26", "13874A", "sp500"),
        ("2017-08-08", "23977A", "russell2000"),
        ("2017-08-15", "239742", "russell2000"),
        ("2017-01-03", "1170E1", "vix"),
    ):
        row = rows[day, code]
        net = float(row["Lev_Money_Positions_Long_All"]) - float(row["Lev_Money_Positions_Short_All"])
        assert table.loc[day, f"{name}_leveraged"] == net / float(row["Open_Interest_All"])


BAD_REPORTS = {
    "cut": (REPORT + VIX.format(day="2017-01-03")[:-20], "cut off"),
    "codes": (REPORT + VIX.format(day="2017-01-03").replace("1170E1", "1170XX"), "contract codes are not in the file"),
    "legacy": ("Market and Exchange Names,CFTC Contract Market Code\r\nVIX,1170E1\r\n", "no contract codes"),
    "disaggregated": (REPORT.replace("Lev_Money", "M_Money") + VIX.format(day="2017-01-03"), "lacks the column Lev_"),
}


@pytest.mark.parametrize("name", sorted(BAD_REPORTS))
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_report_changes_nothing(tmp_path, name, packed):
    text, says = BAD_REPORTS[name]
    good = write(tmp_path / "good", FinFut16=(REPORT + VIX.format(day="2016-12-27")).encode())
    importing.import_files(good, tmp_path / "into")
    before = (tmp_path / "into" / "cftc_positioning.parquet").read_bytes()
    bad = write(tmp_path / "bad", FinFut17=zipped(text) if packed else text.encode())
    assert says in refusal(bad, tmp_path / "into")
    assert (tmp_path / "into" / "cftc_positioning.parquet").read_bytes() == before


def test_companies_become_the_share_of_members_that_grew(tmp_path):
    paths = write(
        tmp_path / "got",
        **{
            "CIK0000000007.json": company(7, 1, 1, 1, 1, 2),
            "CIK0000000008.json": company(8, 5, 5, 5, 5, 4),
            "company_tickers.json": json.dumps(TICKERS).encode(),
            "members.csv": MEMBERS,
        },
    )
    answer = CliRunner().invoke(app, ["import", *map(str, paths), "--into", str(tmp_path / "into")])
    assert answer.exit_code == 0, answer.output
    assert "2 of 2 companies are members; 100% of the last day's are covered" in answer.output
    table = pd.read_parquet(tmp_path / "into" / "earnings_breadth.parquet")
    # Filed on Monday, 11 May 2020; known on the Tuesday. One of the two grew.
    assert table.to_dict("index") == {
        pd.Timestamp("2020-05-12"): {"grew": 0.5, "grew_without_seven": 0.5, "covered": 1.0}
    }
    assert folder.LAYOUTS.keys() >= {path.stem for path in (tmp_path / "into").iterdir()}


def test_companies_without_their_list_without_members_or_with_fewer_than_before_are_refused(tmp_path):
    tickers, both = json.dumps(TICKERS).encode(), {"CIK7.json": company(7, 1, 1, 1, 1, 2)}
    assert "company_tickers.json" in refusal(write(tmp_path / "a", **both), tmp_path / "into")
    listed = both | {"company_tickers.json": tickers}
    assert "sp500_membership" in refusal(write(tmp_path / "b", **listed), tmp_path / "into")
    whole = listed | {"CIK8.json": company(8, 5, 5, 5, 5, 4), "members.csv": MEMBERS}
    importing.import_files(write(tmp_path / "c", **whole), tmp_path / "into")
    before = (tmp_path / "into" / "earnings_breadth.parquet").read_bytes()
    said = refusal(write(tmp_path / "d", **listed), tmp_path / "into")
    assert "cover 50% of the members where the table has 100%" in said
    assert "damaged or cut off" in refusal(write(tmp_path / "e", cut=both["CIK7.json"][:-9]), tmp_path / "into")
    assert (tmp_path / "into" / "earnings_breadth.parquet").read_bytes() == before


def test_a_company_without_net_income_is_left_out_and_named(tmp_path):
    nothing = json.dumps({"cik": 8, "entityName": "Shell Inc", "facts": {"us-gaap": {}}}).encode()
    files = {"CIK7.json": company(7, 1, 1, 1, 1, 2), "CIK8.json": nothing, "members.csv": MEMBERS}
    files["company_tickers.json"] = json.dumps(TICKERS).encode()
    said = importing.import_files(write(tmp_path / "got", **files), tmp_path / "into")
    assert ["left out: Shell Inc files no net income in dollars"] in [report["notes"] for report in said]
    table = pd.read_parquet(tmp_path / "into" / "earnings_breadth.parquet")
    assert table["covered"].tolist() == [0.5]
    assert table["grew"].isna().all()  # 60 % of the members must have reported


@GENUINE
def test_a_genuine_company(tmp_path):
    tickers = json.dumps({"0": {"cik_str": 1640147, "ticker": "SNOW"}}).encode()
    paths = write(tmp_path / "got", **{"company_tickers.json": tickers, "members.csv": HEAD + b"SNOW,2020-09-16,\n"})
    importing.import_files([SAMPLES / "companyfacts_snow_excerpt.json", *paths], tmp_path / "into")
    grew = pd.read_parquet(tmp_path / "into" / "earnings_breadth.parquet")["grew"]
    # The loss of the quarter to October 2020 (169 million, 88 a year before) was filed on 3 December 2020.
    assert grew.index[0] == pd.Timestamp("2020-12-04")
    assert grew.iloc[0] == 0.0
