"""Members on a session, by literal dates."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features import panel
from features.data import catalog


def test_a_member_counts_from_its_start_to_the_session_before_its_end(us_snapshot):
    data = panel.build_inputs(us_snapshot)
    row = us_snapshot.tables[catalog.MEMBERSHIP].dropna(subset="end").iloc[3]
    inside = data.membership[row["price_col"]]
    days = data.members.index
    assert inside[days < row["end"]].all()
    assert not inside[days >= row["end"]].any()
    successor = us_snapshot.tables[catalog.MEMBERSHIP].query("start == @row.end").iloc[0]
    assert data.membership.loc[row["end"], successor["price_col"]]
    assert (data.count == 40).all()


def test_a_member_without_prices_is_counted_and_not_priced(us_snapshot):
    table = us_snapshot.tables[catalog.MEMBERS]
    fewer = replace(us_snapshot, tables=us_snapshot.tables | {catalog.MEMBERS: table.drop(columns="M00A")})
    data = panel.build_inputs(fewer)
    assert "M00A" not in data.membership
    assert (data.count == 40).all()
    assert (data.membership.sum(axis=1) == 39).all()


def test_without_members_there_is_a_panel(us_snapshot):
    tables = {name: table for name, table in us_snapshot.tables.items() if name != catalog.MEMBERSHIP}
    data = panel.build_inputs(replace(us_snapshot, tables=tables))
    assert data.members.shape == (len(data.panel), 0)
    assert (data.count == 0).all()
    assert np.isfinite(data.panel["ret_cap"].iloc[-1])


def test_the_panel_ends_with_the_snapshot(us_snapshot):
    cut = us_snapshot.as_of(pd.Timestamp("2004-05-12"))
    data = panel.build_inputs(cut)
    assert data.panel.index[-1] == data.members.index[-1] == pd.Timestamp("2004-05-12")
    assert data.panel.index[0] == pd.Timestamp("1926-07-01")
