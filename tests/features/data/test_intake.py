"""A refresh from a folder: what is refused, what is kept, what is named, and what is never lost."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import readback
from features.data import store
from features.data.checks import tables
from features.data.errors import RegimeError
from features.data.refresh import refresh_store
from features.data.source import Source
from tests.support.data import write_folder


@pytest.fixture
def data(tmp_path):
    return write_folder(tmp_path / "data")


def refresh(data, *accept, replace=False):
    return refresh_store(Source.folder, data, accept, replace, prove=readback.check)


def change(data, how):
    table = pd.read_parquet(data / "prices_etf.parquet")
    how(table).to_parquet(data / "prices_etf.parquet")


def as_csv(data, name="prices_etf"):
    path = data / f"{name}.parquet"
    table = pd.read_parquet(path)
    path.unlink()
    table.to_csv(data / f"{name}.csv")
    return data / f"{name}.csv"


def both(data):
    pd.read_parquet(data / "prices_etf.parquet").to_csv(data / "prices_etf.csv")


def repeated_heading(data):
    path = as_csv(data)
    path.write_text(path.read_text().replace("RSP,XLG", "RSP,RSP", 1))


def repeated_in_parquet(data):
    table = pq.read_table(data / "prices_etf.parquet").replace_schema_metadata(None)
    pq.write_table(table.rename_columns(["SPY", "RSP", "RSP", "date"]), data / "prices_etf.parquet")


def cut_off(data):
    path = as_csv(data)
    path.write_bytes(path.read_bytes()[:-30])


def not_text(data):
    (data / "vix.csv").write_bytes(b"date,VIX\n2020-01-02,\xff\xfe\n")


def booleans(data):
    change(data, lambda t: t.assign(IWM=True))


def lists(data):
    pq.write_table(pa.table({"date": [1], "VIX": [[1.0]]}), data / "vix.parquet")


def weekends(data):
    change(data, lambda t: t.set_axis(t.index[:-1].append(pd.DatetimeIndex(["2005-07-02"])).rename("date")))


def hole(data):
    change(data, lambda t: t.drop(index=t.index[700]))


def weekly(data):
    change(data, lambda t: t[t.index.day_of_week == 4])


def blank_leg(data):
    change(data, lambda t: t.assign(SPY=np.nan))


def vintage(data):
    (data / "fred.csv").write_text("series,date,value,vintage,realtime_start\nDGS1,2004-01-02,4.5,2023-12-29,\n")


def too_early(data):
    rows = "NFCI_FIRST,2012-01-06,0.1,alfred_first_release,2012-01-04\n"
    (data / "fred.csv").write_text("series,date,value,vintage,realtime_start\n" + rows)


def backwards(data):
    (data / "sp500_membership.csv").write_text("ticker,start,end,price_col\nAAA,2004-01-02,2003-01-02,AAA\n")


def directory(data):
    (data / "vix.csv").mkdir()


FAULTS = {
    both: "prices_etf.csv and prices_etf.parquet are both there",
    repeated_heading: "heading RSP stands there twice",
    repeated_in_parquet: "heading RSP stands there twice",
    cut_off: "the file is cut off",
    not_text: "not text in UTF-8",
    booleans: "column IWM holds bool",
    lists: "lists or records",
    weekends: "2005-07-02 is a Saturday",
    hole: r"(SPY|RSP|XLG) has no price on 1 sessions",
    weekly: "has no price on",
    blank_leg: "SPY is required and has no value",
    vintage: "it knows current_revision",
    too_early: "published before its date",
    backwards: "AAA ends before it starts",
    directory: "not an ordinary file",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__)
def test_a_folder_that_is_wrong_is_one_line_and_changes_nothing(data, spoil):
    kept = refresh(data)["digest"]
    spoil(data)
    with pytest.raises(RegimeError, match=FAULTS[spoil]) as error:
        refresh(data)
    assert "\n" not in str(error.value)
    assert store.load().digest == kept


def test_a_parquet_file_is_measured_before_it_is_read(data, monkeypatch):
    rows = 1_000_000
    pq.write_table(pa.table({"date": [0] * rows, "VIX": [20.0] * rows}), data / "vix.parquet")
    assert (data / "vix.parquet").stat().st_size < 1_000_000
    monkeypatch.setattr(tables, "MOST_ROWS", rows - 1)
    monkeypatch.setattr(pd, "read_parquet", lambda *_a, **_k: pytest.fail("read before it was measured"))
    with pytest.raises(RegimeError, match="1,000,000 rows by 2 columns is more"):
        tables.read(data / "vix.parquet")


def test_the_same_table_in_every_spelling_is_the_same_snapshot(data, tmp_path, monkeypatch):
    want = refresh(data)["digest"]
    table = pd.read_parquet(data / "prices_etf.parquet")
    spellings = {
        "shuffled": lambda t: t.sample(frac=1, random_state=0),
        "stamped at the close": lambda t: t.set_axis(
            (t.index + pd.Timedelta(hours=16)).tz_localize("America/New_York").rename("date")
        ),
        "in UTC": lambda t: t.set_axis(
            (t.index + pd.Timedelta(hours=16)).tz_localize("America/New_York").tz_convert("UTC").rename("date")
        ),
        "whole numbers": lambda t: t.set_axis(t.index.strftime("%Y%m%d").astype(int).rename("date")),
        "text": lambda t: t.set_axis(t.index.strftime("%d-%b-%Y").rename("date")),
        "a column": lambda t: t.reset_index(),
        "nullable": lambda t: t.astype("Float64"),
    }
    for name, how in spellings.items():
        monkeypatch.setenv("REGIME_HOME", str(tmp_path / name))
        how(table).to_parquet(data / "prices_etf.parquet")
        assert refresh(data)["digest"] == want, name


def test_blank_last_rows_are_no_rows(data):
    path = as_csv(data)
    want = refresh(data)["last"]
    path.write_text(path.read_text() + ",,,\n,,,\n\n")
    assert refresh(data)["last"] == want


def test_holiday_rows_are_left_out_and_counted(data):
    table = pd.DataFrame({"VIX": [20.0, 21.0, 20.5]}, pd.DatetimeIndex(["2004-12-23", "2004-12-24", "2004-12-27"]))
    table.rename_axis("date").to_parquet(data / "vix.parquet")
    assert refresh(data)["notes"] == {"holiday_rows": {"vix": 1}}
    assert len(store.load().tables["vix"]) == 2


def test_an_optional_fault_is_set_aside_and_named_in_the_snapshot(data):
    change(data, lambda t: t.assign(IWM=t["SPY"] * np.where(t.index == t.index[500], 100, 1)))
    notes = refresh(data)["notes"]
    day = pd.read_parquet(data / "prices_etf.parquet").index[500]
    assert notes["set_aside"]["IWM"][0].startswith(str(day.date()))
    snapshot = store.load()
    assert snapshot.notes == json.loads(json.dumps(notes))
    assert np.isnan(snapshot.tables["prices_etf"].loc[day, "IWM"])


def test_a_yes_is_kept_in_the_snapshot_and_in_those_that_follow(data):
    change(data, lambda t: t.assign(RSP=t["RSP"] * np.where(t.index >= t.index[500], 0.5, 1)))
    with pytest.raises(RegimeError, match="a split that was not applied") as error:
        refresh(data)
    word = str(error.value).split("--accept ")[1].rstrip(")")
    report = refresh(data, word)
    assert report["notes"] == {"accepted": [word]}
    assert refresh(data)["digest"] == report["digest"]
    assert store.load().notes["accepted"] == [word]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda t: t.iloc[:-5], "the data end on 2005-06-23, the stored snapshot reaches 2005-06-30"),
        (lambda t: t.iloc[400:], "rows, 1,633 are stored"),
        (lambda t: t.drop(columns="IWM"), "values of IWM"),
        (lambda t: t.assign(IWM=t["IWM"].where(t.index > t.index[300])), "values of IWM"),
    ],
    ids=["backwards", "shorter", "a column gone", "values gone"],
)
def test_less_than_is_stored_needs_a_word(data, how, says):
    change(data, lambda t: t.assign(IWM=t["SPY"] * 1.1))
    kept = refresh(data)["digest"]
    change(data, how)
    with pytest.raises(RegimeError, match=says) as error:
        refresh(data)
    assert "--replace" in str(error.value)
    assert store.load().digest == kept
    assert refresh(data, replace=True)["digest"] != kept


def test_a_table_that_is_gone_needs_a_word(data):
    vix = pd.read_parquet(data / "prices_etf.parquet")[["SPY"]].set_axis(["VIX"], axis=1)
    (vix / vix.mean() * 20).clip(9, 80).to_parquet(data / "vix.parquet")
    refresh(data)
    (data / "vix.parquet").unlink()
    with pytest.raises(RegimeError, match="table vix is stored and not among the new data"):
        refresh(data)
    refresh(data, replace=True)


def test_a_damaged_store_is_mended_by_a_refresh(data, home):
    digest = refresh(data)["digest"]
    (home / "snapshots" / digest / "manifest.json").write_text("{")
    (home / "CURRENT").write_text("nothing\n")  # nor does the pointer name it
    assert refresh(data)["digest"] == digest
    assert store.load().digest == digest


def test_members_without_dates_cannot_brick_the_store(data):
    prices = pd.read_parquet(data / "prices_etf.parquet").set_axis(["AAA", "NA", "TRUE"], axis=1)
    prices.to_csv(data / "prices_sp500.csv")
    (data / "sp500_membership.csv").write_text(
        "ticker,start,end,price_col\nAAA,2000-01-03,,AAA\nNA,2001-05-01,2003-11-03,NA\nTRUE,2001-05-01,,TRUE\n"
    )
    refresh(data)
    members = store.load().as_of(pd.Timestamp("2003-06-30")).tables["sp500_membership"]
    assert list(members["ticker"]) == ["AAA", "NA", "TRUE"]
    assert members["end"].isna().all()  # who leaves later is not known yet


def test_what_cannot_be_read_back_never_becomes_current(data, monkeypatch):
    kept = refresh(data)["digest"]

    def broken(_snapshot):
        raise TypeError("no panel\nfrom this")

    monkeypatch.setattr(readback, "build_inputs", broken)
    change(data, lambda t: t.assign(IWM=t["SPY"] * 1.1))
    with pytest.raises(RegimeError, match=r"cannot be read back \(TypeError: no panel\)"):
        refresh(data)
    assert store.load().digest == kept
