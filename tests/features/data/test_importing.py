"""Vendors' files, byte for byte, into the tables of a folder, and from there into the store."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.cli import app
from features.data import calendar, importing
from features.data.errors import RegimeError
from features.data.sources import folder
from tests.support import vendor_files
from tests.support.data import write_folder


def write(path, files):
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return [path / name for name in files]


@pytest.mark.parametrize("name", sorted(vendor_files.WIDE))
def test_a_vendors_file_is_understood_as_it_is(tmp_path, name):
    content, vendor, want = vendor_files.WIDE[name]
    (report,) = importing.import_files(write(tmp_path / "got", {name: content}), tmp_path / "into")
    assert report["vendor"] == vendor
    assert report["unit"]
    got = {
        path.stem: {
            column: {str(day.date()): value for day, value in values.items()}
            for column, values in pd.read_parquet(path).items()
        }
        for path in (tmp_path / "into").iterdir()
    }
    assert {table: {c: list(v) for c, v in columns.items()} for table, columns in got.items()} == {
        table: {c: list(v) for c, v in columns.items()} for table, columns in want.items()
    }
    for table, columns in want.items():
        for column, values in columns.items():
            np.testing.assert_allclose(list(got[table][column].values()), list(values.values()), rtol=1e-12)


def test_exports_of_fred_join_in_one_table(tmp_path):
    reports = importing.import_files(write(tmp_path / "got", vendor_files.FRED), tmp_path / "into")
    assert [report["vendor"] for report in reports] == ["FRED"] * 3
    table = pd.read_parquet(tmp_path / "into" / "fred.parquet")
    rows = {(row.series, str(row.date.date())): row.value for row in table.itertuples()}
    assert rows == {
        ("DGS10", "1962-01-02"): 4.06,
        ("DGS10", "1962-01-04"): 3.99,
        ("DGS1", "1962-01-02"): 3.22,
        ("DGS1", "1962-01-04"): 3.24,
        ("DGS3MO", "1981-09-01"): 17.01,
        ("DGS3MO", "1981-09-02"): 16.65,
        ("UNRATE", "1981-09-01"): 7.6,
    }
    assert set(table["vintage"]) == {"current_revision"}
    assert "not point in time: UNRATE" in " ".join(reports[2]["notes"])


@pytest.mark.parametrize("name", sorted(vendor_files.MEMBERS))
def test_lists_of_members_become_intervals(tmp_path, name):
    files = write(tmp_path / "got", {name: vendor_files.MEMBERS[name]})
    (report,) = importing.import_files(files, tmp_path / "into")
    table = pd.read_parquet(tmp_path / "into" / "sp500_membership.parquet").set_index("ticker")
    assert pd.isna(table.loc["BRK-B", "end"])
    assert table.loc["BRK-B", "start"] == pd.Timestamp("1997-01-15" if "Changes" in name else "2010-02-16")
    assert table.loc["BRK-B", "price_col"] == "BRK-B"
    if name != "constituents.csv":
        assert table.loc["AAL", "end"] == pd.Timestamp("1997-01-15")
    else:
        assert "survivorship" in " ".join(report["notes"])


def test_the_archive_of_the_library_is_read_in_its_first_block(tmp_path):
    files = write(tmp_path / "got", {"10_Industry_Portfolios_daily_CSV.zip": vendor_files.industries_zip()})
    importing.import_files(files, tmp_path / "into")
    table = pd.read_parquet(tmp_path / "into" / "famafrench_portfolios_daily.parquet")
    assert table.loc["1926-07-01", "IND10_VW_Hlth"] == pytest.approx(0.0097)


def test_what_is_there_stays_and_a_missing_value_overwrites_nothing(tmp_path):
    head = b"Date,Open,High,Low,Close,Adj Close,Volume\n"
    first, second = tmp_path / "SPY.csv", tmp_path / "later" / "SPY.csv"
    second.parent.mkdir()
    first.write_bytes(head + b"2023-01-03,1,1,1,1,374.66,5\n2023-01-04,1,1,1,1,377.55,5\n")
    second.write_bytes(head + b"2023-01-04,null,null,null,null,null,null\n2023-01-05,1,1,1,1,373.24,5\n")
    importing.import_files([first], tmp_path / "into")
    (report,) = importing.import_files([second], tmp_path / "into")
    assert report["replaced"] == 0
    assert list(pd.read_parquet(tmp_path / "into" / "prices_etf.parquet")["SPY"]) == [374.66, 377.55, 373.24]


def monthly(_):
    head = b"This file was created using the 202310 CRSP database.\r\n\r\n,Mkt-RF,SMB,HML,RF\r\n"
    return head + b"192607,2.9,-2.6,-2.4,0.2\r\n"


BAD = {
    "page.csv": (lambda _: b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
    "empty.csv": (lambda _: b"\r\n\r\n", "empty"),
    "unknown.csv": (lambda _: b"a,b\n1,2\n", "no format this program knows"),
    "IBM.csv": (
        lambda _: b"Date,Open,High,Low,Close,Adj Close,Volume\n2023-01-03,1,1,1,1,1,1\n",
        "no ticker of the cat",
    ),
    "SPY ETF Stock Price History.csv": (
        lambda _: (
            b'"Date","Price","Open","High","Low","Vol.","Change %"\n"12/29/2023","475.31","1","1","1","1M","0%"\n'
        ),
        "closes without dividends",
    ),
    "CBOE Volatility Index Historical Data.csv": (
        lambda _: b'"Date","Price","Open","High","Low","Vol.","Change %"\n"03/02/2023","19.5","1","1","1","","0%"\n',
        "day-first or month-first",
    ),
    "VIX_History.csv": (lambda _: vendor_files.WIDE["VIX_History.csv"][0][:-25], "cut off"),
    "RSP.csv": (
        lambda _: b"Date,Open,High,Low,Close,Adj Close,Volume\n2023-01-03,1,1,1,1,oops,1\n",
        "'oops', numbers are expected",
    ),
    "F-F.csv": (monthly, "a monthly file"),
    "library.zip": (lambda _: vendor_files.industries_zip()[:-60], "cannot be read"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_what_is_not_understood_is_one_line_and_writes_nothing(tmp_path, name):
    make, says = BAD[name]
    good = write(tmp_path / "got", {"DGS10.csv": vendor_files.FRED["DGS10.csv"]})
    bad = write(tmp_path / "got", {name: make(name)})
    with pytest.raises(RegimeError, match=says) as error:
        importing.import_files(good + bad, tmp_path / "into")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "into").exists()


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    from features.data.vendor_files import french_library

    monkeypatch.setattr(french_library, "MOST_BYTES", 1000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "0" * 1_000_000)
    with pytest.raises(RegimeError, match="more than a table may have"):
        importing.import_files([path], tmp_path / "into")


def test_from_a_vendors_file_to_a_table(tmp_path):
    data = write_folder(tmp_path / "data")
    days = calendar.sessions(pd.Timestamp("1999-01-04"), pd.Timestamp("2005-06-30"))
    rng = np.random.default_rng(3)
    values = 20 * np.exp(rng.normal(0, 0.05, len(days)))
    rows = "".join(f"{day:%m/%d/%Y},{v:.6f},{v:.6f},{v:.6f},{v:.6f}\r\n" for day, v in zip(days, values, strict=True))
    path = tmp_path / "VIX_History.csv"
    path.write_bytes(f"DATE,OPEN,HIGH,LOW,CLOSE\r\n{rows}".encode())
    done = CliRunner().invoke(app, ["import", str(path), "--into", str(data), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["files"][0]["tables"] == {"vix": ["VIX"]}
    stored, _, _ = folder.read(data)
    np.testing.assert_allclose(stored["vix"]["VIX"], values, atol=1e-6)


def test_a_target_is_a_table_of_the_folder():
    assert importing.target_of("prices_sp500") == importing.Target("prices_sp500")
    assert importing.target_of("vix:VIX").column == "VIX"
    with pytest.raises(RegimeError, match="no table of the folder"):
        importing.target_of("nope")
