"""From a snapshot to one daily panel: every input at the session it could first be used.

`features.panel_columns` says what the panel holds; here is how it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features import panel_columns
from features.data import calendar, catalog
from features.data.catalog import MEMBERS, MEMBERSHIP
from features.data.point_in_time import Reader
from features.data.store import Snapshot

FIRST_DATE = {"us": pd.Timestamp("1926-07-01"), "sample": pd.Timestamp("1990-01-02")}


@dataclass(frozen=True)
class Inputs:
    """What features read.

    Attributes
    ----------
    panel : DataFrame, (sessions, inputs)
        Returns as decimals, yields and spreads in percent, VIX in percent a year.
    members : DataFrame, (sessions, members)
        Prices; NaN where the source has none.
    membership : DataFrame of bool, same shape
        Whether the column was an index member on the session.
    count : Series, (sessions,)
        Members on the session by the dated list, priced or not.
    """

    panel: pd.DataFrame
    members: pd.DataFrame
    membership: pd.DataFrame
    count: pd.Series


def _members(snapshot: Snapshot, sessions: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    table = snapshot.tables.get(MEMBERS)
    intervals = snapshot.tables.get(MEMBERSHIP)
    if table is None or intervals is None or not len(table):
        empty = pd.DataFrame(index=sessions)
        return empty, empty.astype(bool), pd.Series(0, index=sessions)
    prices = table.drop(columns="available_at").reindex(sessions[sessions >= table.index[0]])
    inside = np.zeros(prices.shape, dtype=bool)
    count = np.zeros(len(prices), dtype=int)
    place = {name: position for position, name in enumerate(prices.columns)}
    starts = prices.index.searchsorted(intervals["start"])
    ends = prices.index.searchsorted(intervals["end"].fillna(pd.Timestamp("2200-01-01")))
    for column, first, last in zip(intervals["price_col"], starts, ends, strict=True):
        count[first:last] += 1
        if column in place:
            inside[first:last, place[column]] = True
    return prices, pd.DataFrame(inside, prices.index, prices.columns), pd.Series(count, prices.index)


def _sample_legs(reader: Reader, members: pd.DataFrame) -> dict[str, np.ndarray]:
    prices = members.astype(float)  # stored as float32; returns are kept in full precision
    returns = prices / prices.shift(1) - 1.0
    return {
        "ret_broad": returns.mean(axis=1, skipna=False).to_numpy(),
        "ret_cap": reader.fund(*catalog.LEGS["sample"]),
        "ret_leaders": returns[list(catalog.SAMPLE_LEADERS)].mean(axis=1, skipna=False).to_numpy(),
        "ret_bill": reader.daily("DGS3MO") / 100.0 / 252.0,
    }


def build_inputs(snapshot: Snapshot, handover: dict[str, tuple[str, pd.Timestamp]] = panel_columns.HANDOVER) -> Inputs:
    """All inputs on NYSE sessions up to the snapshot's last one."""
    sessions = calendar.sessions(FIRST_DATE[snapshot.legs], snapshot.last)
    reader = Reader(snapshot, sessions, handover)
    prices, membership, count = _members(snapshot, sessions)
    us = snapshot.legs == "us"  # there every column is expected, if only as missing; the sample has few
    made = {
        name: column.read(reader)
        for name, column in panel_columns.COLUMNS.items()
        if us or reader.has_any(*column.keys)
    }
    if not us:
        made |= _sample_legs(reader, prices)
    return Inputs(pd.DataFrame(made, index=sessions), prices, membership, count)
