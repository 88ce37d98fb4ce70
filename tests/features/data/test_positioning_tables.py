"""The tables of positioning and earnings breadth, from a folder to the panel."""

import numpy as np
import pandas as pd
import pytest

from features import feature
from features.data import calendar, store
from features.data.errors import RegimeError
from features.data.freshness import ages
from features.data.sources import cftc, folder
from features.families import earnings, positioning
from features.panel import build_inputs
from tests.support.data import write_folder

END = "2013-12-31"


def write(path, scale=1.0):
    write_folder(path, END)
    reports = pd.date_range("2009-01-06", "2013-12-10", freq="W-TUE", name="date")
    rng = np.random.default_rng(4)
    keys = [f"{contract.name}_{group}" for contract in cftc.CONTRACTS for group in cftc.POSITIONS]
    positions = pd.DataFrame(scale * rng.uniform(-0.5, 0.5, (len(reports), len(keys))), reports, keys)
    positions.to_parquet(path / "cftc_positioning.parquet")
    sessions = calendar.sessions(pd.Timestamp("2010-01-04"), pd.Timestamp(END)).rename("date")
    shares = rng.uniform(0.4, 0.6, (len(sessions), 3))
    breadth = pd.DataFrame(shares, sessions, ["grew", "grew_without_seven", "covered"])
    breadth.to_parquet(path / "earnings_breadth.parquet")
    return positions, breadth


def read(path):
    tables, legs, last = folder.read(path)
    return store.Snapshot("0", "folder", legs, last, tables)


def test_a_report_is_known_from_its_publication(tmp_path):
    positions, _ = write(tmp_path / "data")
    snapshot = read(tmp_path / "data")
    panel = build_inputs(snapshot).panel["vix_leveraged"]
    column = positions["vix_leveraged"]
    # The report of Tuesday 5 March 2013 came on Friday the 8th.
    assert panel["2013-03-07"] == column["2013-02-26"]
    assert panel["2013-03-08"] == column["2013-03-05"]
    # Those of October 2013 waited for the end of the shutdown, and came with that of the 29th.
    assert panel["2013-10-31"] == column["2013-09-24"]
    assert panel["2013-11-01"] == column["2013-10-29"]
    cut = build_inputs(snapshot.as_of(pd.Timestamp("2013-10-31"))).panel["vix_leveraged"]
    assert not set(column["2013-10-01":]) & set(cut.dropna())


def test_the_features_hold_values_and_agree_with_a_slow_loop(tmp_path):
    _, breadth = write(tmp_path / "data")
    snapshot = read(tmp_path / "data")
    inputs = build_inputs(snapshot)
    items = (*positioning.FEATURES, *earnings.FEATURES)
    got = feature.compute_year(items, inputs, 2013)
    assert got.notna().all().all()
    line = inputs.panel["sp500_leveraged"].to_numpy()[-756:]
    below, same = (line[:-1] < line[-1]).sum(), (line[:-1] == line[-1]).sum()
    assert got["sp500_leveraged_percentile_756"].iloc[-1] == pytest.approx((below + same / 2) / 755)
    assert got["sp500_leveraged_change_252"].iloc[-1] == pytest.approx(line[-1] - line[-253])
    last = breadth.iloc[-1]
    assert got["earnings_breadth_minus_seven"].iloc[-1] == pytest.approx(last["grew_without_seven"] - last["grew"])


def test_status_ages_both_tables(tmp_path):
    write(tmp_path / "data")
    table = ages(read(tmp_path / "data")).set_index("series")
    assert table.at["vix_leveraged", "last"] == pd.Timestamp("2013-12-13")
    assert table.at["earnings_grew", "last"] == pd.Timestamp(END)
    late = ages(read(tmp_path / "data"), pd.Timestamp("2014-06-30")).set_index("series")
    assert late.loc[["vix_leveraged", "earnings_grew"], "stale"].all()
    assert not late.loc[["vix_leveraged", "earnings_grew"], "required"].any()


def test_contracts_in_place_of_shares_are_set_aside(tmp_path):
    write(tmp_path / "data", scale=100_000.0)
    snapshot = read(tmp_path / "data")
    assert build_inputs(snapshot).panel.get("vix_leveraged", pd.Series(dtype=float)).isna().all()


def test_an_unknown_contract_is_named(tmp_path):
    positions, _ = write(tmp_path / "data")
    positions.rename(columns={"vix_leveraged": "gold_leveraged"}).to_parquet(
        tmp_path / "data" / "cftc_positioning.parquet"
    )
    with pytest.raises(RegimeError, match="gold_leveraged"):
        folder.read(tmp_path / "data")
