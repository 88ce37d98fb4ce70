"""From a snapshot to one daily panel: every input at the session it could first be used.

The legs and the long backbone are *returns*, spliced at fixed hand-over dates
from the French library to the fund that continues it. The library arrives
months late, but only its rows before the hand-over are ever used, so the row
for today and the row the training set gets for today are the same computation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features import calendar, catalog
from features.sources.folder import MEMBERS, MEMBERSHIP
from features.store import Snapshot

LEGS_HANDOVER = pd.Timestamp("2003-05-02")
FIRST_DATE = pd.Timestamp("1926-07-01")
# key: (fund, the session from which the fund's return is used)
HANDOVER: dict[str, tuple[str, pd.Timestamp]] = {
    "ret_broad": ("RSP", LEGS_HANDOVER),
    "ret_cap": ("SPY", LEGS_HANDOVER),
    "ret_leaders": ("XLG", pd.Timestamp("2005-06-01")),
    "ret_small": ("IWM", pd.Timestamp("2000-07-03")),
    **{f"ret_{name}": (fund, pd.Timestamp("1999-01-04")) for name, fund in catalog.INDUSTRY_FUND.items() if fund},
}
VALUE_HANDOVER = pd.Timestamp("2000-07-03")


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


def observations(snapshot: Snapshot, key: str) -> pd.Series:
    """Observations of one catalogue series, indexed by the session they became available."""
    series = catalog.BY_KEY[key]
    table = snapshot.tables.get(series.table)
    if table is None:
        return pd.Series(dtype=float)
    if series.table == "fred":
        table = table[table["series"] == series.column]
        values = pd.Series(table["value"].to_numpy(float), index=pd.DatetimeIndex(table["available_at"]))
    elif series.column in table:
        values = pd.Series(table[series.column].to_numpy(float), index=pd.DatetimeIndex(table["available_at"]))
    else:
        return pd.Series(dtype=float)
    values = values.dropna()
    return values[~values.index.duplicated(keep="last")]


def aligned(snapshot: Snapshot, key: str, sessions: pd.DatetimeIndex) -> pd.Series:
    """The latest available value at each session; missing once older than the catalogue allows."""
    values = observations(snapshot, key)
    if values.empty:
        return pd.Series(np.nan, index=sessions)
    age = pd.Timedelta(days=catalog.BY_KEY[key].max_age)
    return values.reindex(sessions, method="ffill", tolerance=age)


def _exact(snapshot: Snapshot, key: str, sessions: pd.DatetimeIndex) -> pd.Series:
    """The value of each session itself: prices and returns are never carried on."""
    values = observations(snapshot, key)
    return values.reindex(sessions) if len(values) else pd.Series(np.nan, index=sessions)


def _fund_return(snapshot: Snapshot, ticker: str, sessions: pd.DatetimeIndex) -> pd.Series:
    price = _exact(snapshot, ticker, sessions)
    return price / price.shift(1) - 1.0


def _spliced(before: pd.Series, fund: pd.Series, handover: pd.Timestamp) -> pd.Series:
    return before.where(before.index < handover, fund)


def _us_returns(
    snapshot: Snapshot, sessions: pd.DatetimeIndex, handover: dict[str, tuple[str, pd.Timestamp]]
) -> dict[str, pd.Series]:
    def french(column: str) -> pd.Series:
        return _exact(snapshot, column, sessions)

    bill = french("RF")
    before = {
        "ret_broad": sum((french(f"ME_VW_{d}") for d in ("Dec8", "Dec9", "Hi10")), french("ME_VW_Dec7")) / 4.0,
        "ret_cap": french("Mkt-RF") + bill,
        "ret_leaders": french("ME_VW_Hi10"),
        "ret_small": french("ME_VW_Lo30"),
        **{f"ret_{name}": french(f"IND10_VW_{name}") for name in catalog.INDUSTRIES},
    }
    out = {}
    for key, values in before.items():
        if key in handover:
            fund, since = handover[key]
            out[key] = _spliced(values, _fund_return(snapshot, fund, sessions), since)
        else:  # no fund continues this industry: it ends where its fellows are handed over
            out[key] = values.where(values.index < pd.Timestamp("1999-01-04"))
    value = _fund_return(snapshot, "IVE", sessions) - _fund_return(snapshot, "IVW", sessions)
    out["ret_value"] = _spliced(french("HML"), value, VALUE_HANDOVER)
    out["ret_hyg"] = _fund_return(snapshot, "HYG", sessions)
    out["ret_ief"] = _fund_return(snapshot, "IEF", sessions)
    bill_now = aligned(snapshot, "DGS3MO", sessions) / 100.0 / 252.0
    out["ret_bill"] = _spliced(bill, bill_now, LEGS_HANDOVER)
    return out


def _sample_returns(snapshot: Snapshot, sessions: pd.DatetimeIndex, members: pd.DataFrame) -> dict[str, pd.Series]:
    prices = members.astype(float)  # stored as float32; returns are kept in full precision
    returns = prices / prices.shift(1) - 1.0
    return {
        "ret_broad": returns.mean(axis=1, skipna=False),
        "ret_cap": _fund_return(snapshot, "^GSPC", sessions),
        "ret_leaders": returns[list(catalog.SAMPLE_LEADERS)].mean(axis=1, skipna=False),
        "ret_bill": aligned(snapshot, "DGS3MO", sessions) / 100.0 / 252.0,
    }


def _members(snapshot: Snapshot, sessions: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    table = snapshot.tables.get(MEMBERS)
    intervals = snapshot.tables.get(MEMBERSHIP)
    if table is None or intervals is None:
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


def build(snapshot: Snapshot, handover: dict[str, tuple[str, pd.Timestamp]] = HANDOVER) -> Inputs:
    """All inputs on NYSE sessions up to the snapshot's last one."""
    start = FIRST_DATE if snapshot.legs == "us" else pd.Timestamp("1990-01-02")
    sessions = calendar.sessions(start, snapshot.last)
    prices, membership, count = _members(snapshot, sessions)
    columns = (
        _us_returns(snapshot, sessions, handover)
        if snapshot.legs == "us"
        else _sample_returns(snapshot, sessions, prices)
    )
    for key in ("DGS1", "DGS10", "DGS3MO", "DFF", "BAMLH0A0HYM2", "VIX", "VIX3M"):
        columns[key] = aligned(snapshot, key, sessions)
    for key in ("ADV", "DECL", "MMTH", "MAHN", "MALN"):
        columns[key] = _exact(snapshot, key, sessions)
    columns["aaa"] = aligned(snapshot, "DAAA", sessions).fillna(aligned(snapshot, "AAA", sessions))
    columns["baa"] = aligned(snapshot, "DBAA", sessions).fillna(aligned(snapshot, "BAA", sessions))
    return Inputs(pd.DataFrame(columns, index=sessions), prices, membership, count)
