"""A synthetic US market with every table of a folder: what the real data are to the program, without the real data.

One common factor with volatility that comes and goes, and everything else a
random walk on it. Prices, library returns, yields, implied volatility, counts,
slow series and members that join and leave, from 1994 to 2010. By seed.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from features.data import calendar, catalog
from features.data.sources.folder import for_store
from features.data.store import Snapshot

FIRST, LAST = "1994-01-03", "2010-12-31"
MEMBER_COUNT = 40
MONTHLY = {"month", "release", "earnings"}
QUARTERLY = {"survey", "quarter"}
# Typical level of the series whose unit alone does not say it.
LEVELS = {"RRPONTSYD": 50.0, "DRTSCILM": 10.0, "NFCI_FIRST": 0.0, "UNRATE": 5.5, "SKEW": 115.0, "VVIX": 90.0}


def _factor(rng: np.random.Generator, size: int) -> np.ndarray:
    """Daily returns of the market, decimals; volatility follows an AR(1) in logs."""
    log_scale = np.zeros(size)
    for day in range(1, size):
        log_scale[day] = 0.99 * log_scale[day - 1] + 0.07 * rng.standard_normal()
    return 0.0003 + 0.008 * np.exp(log_scale) * rng.standard_normal(size)


def _around(rng: np.random.Generator, size: int, level: float, step: float, pull: float = 0.005) -> np.ndarray:
    """A mean-reverting walk around a level."""
    values = np.full(size, level)
    for place in range(1, size):
        values[place] = values[place - 1] + pull * (level - values[place - 1]) + step * rng.standard_normal()
    return values


def _daily(series: catalog.Series, rng: np.random.Generator, market: np.ndarray) -> np.ndarray:
    size = len(market)
    returns = rng.uniform(0.8, 1.2) * market + 0.004 * rng.standard_normal(size)
    if series.key == "RF":
        return np.round(np.full(size, 0.0001), 6)
    if series.unit == "daily return":
        return returns - (0.0 if series.key != "SMB" else market)
    if series.unit.startswith(("adjusted close", "index level")):
        return 50.0 * np.exp(np.cumsum(np.log1p(returns)))
    if series.unit == "shares":
        return np.round(1e7 * np.exp(0.2 * rng.standard_normal(size)))
    if series.unit == "issues":
        return np.round(1500.0 + 300.0 * rng.standard_normal(size)).clip(1.0)
    if series.key in ("MMTH", "S5TH"):
        return _around(rng, size, 55.0, 2.0, 0.02).clip(1.0, 99.0)
    if series.unit == "percent a year" or series.key in ("SKEW", "VVIX"):
        return np.exp(_around(rng, size, np.log(LEVELS.get(series.key, 20.0)), 0.04, 0.02))
    if series.unit == "ratio":
        return np.exp(_around(rng, size, np.log(16.0 if "PE" in series.key else 0.9), 0.02, 0.02))
    return np.round(_around(rng, size, LEVELS.get(series.key, 4.0), 0.04), 2).clip(0.05)


def _slow(series: catalog.Series, rng: np.random.Generator, size: int) -> np.ndarray:
    if series.unit in ("index", "thousands", "millions") and series.key not in LEVELS | {"UMCSENT": 0}:
        return (
            120000.0
            * np.exp(np.cumsum(0.002 + 0.002 * rng.standard_normal(size)))
            / (1000.0 if series.unit == "index" else 1.0)
        )
    if series.unit == "persons":
        return np.round(350000.0 * np.exp(_around(rng, size, 0.0, 0.03, 0.05)))
    return np.round(_around(rng, size, LEVELS.get(series.key, 90.0 if series.unit == "index" else 6.0), 0.15, 0.03), 2)


def _slow_dates(series: catalog.Series) -> pd.DatetimeIndex:
    if series.lag in QUARTERLY:
        return pd.date_range(FIRST, LAST, freq="QS").as_unit("ns")
    if series.lag in MONTHLY:
        return pd.date_range(FIRST, LAST, freq="MS").as_unit("ns")
    return pd.date_range(FIRST, LAST, freq="W-SAT" if series.lag == "week" else "W-FRI").as_unit("ns")


@lru_cache(maxsize=2)
def us_tables(seed: int = 0) -> dict[str, pd.DataFrame]:
    """The raw tables, as files of a folder hold them. Shared: copy before changing."""
    rng = np.random.default_rng(seed)
    days = calendar.sessions(pd.Timestamp(FIRST), pd.Timestamp(LAST)).rename("date")
    market = _factor(rng, len(days))
    wide: dict[str, dict[str, pd.Series]] = {}
    long = []
    for series in catalog.CATALOG:
        slow = series.lag in MONTHLY | QUARTERLY | {"week", "vintage"}
        index = _slow_dates(series) if slow else days
        values = pd.Series(_slow(series, rng, len(index)) if slow else _daily(series, rng, market), index)
        if series.table == "fred":
            part = pd.DataFrame({"date": index, "value": values.to_numpy()}).assign(series=series.column)
            printed = series.lag == "vintage"
            part["vintage"] = "first_print" if printed else "current_revision"
            part["realtime_start"] = index + pd.Timedelta(days=5) if printed else pd.NaT
            long.append(part)
        else:
            wide.setdefault(series.table, {})[series.column] = values
    tables = {name: pd.DataFrame(columns).rename_axis("date") for name, columns in wide.items()}
    tables["fred"] = pd.concat(long, ignore_index=True)
    return tables | _members(rng, days, market)


def _members(rng: np.random.Generator, days: pd.DatetimeIndex, market: np.ndarray) -> dict[str, pd.DataFrame]:
    """Members in places: when one leaves, another joins on the same day, so the index keeps its size."""
    prices, rows = {}, []
    for place in range(MEMBER_COUNT):
        # Half of the places change hands, spread over the years.
        change = days[(place + 1) * len(days) // (MEMBER_COUNT + 2)] if place % 2 else None
        spans = [(days[0], change)] + ([(change, None)] if change is not None else [])
        for number, (start, end) in enumerate(spans):
            name = f"M{place:02d}{'AB'[number]}"
            steps = rng.uniform(0.7, 1.4) * market + 0.012 * rng.standard_normal(len(days))
            price = pd.Series(40.0 * np.exp(np.cumsum(np.log1p(steps))), days)
            # A stock trades on for half a year after it has left, and then no more.
            prices[name] = price if end is None else price[: end + pd.Timedelta(days=180)]
            rows.append((name, start, end, name))
    membership = pd.DataFrame(rows, columns=["ticker", "start", "end", "price_col"])
    membership["end"] = pd.to_datetime(membership["end"]).astype("datetime64[ns]")
    return {
        catalog.MEMBERS: pd.DataFrame(prices).astype("float32").rename_axis("date"),
        catalog.MEMBERSHIP: membership,
    }


def us_snapshot(seed: int = 0) -> Snapshot:
    """The tables as the store holds them, each row with the session at which it was available."""
    stored: dict[str, pd.DataFrame] = {}
    for name, table in us_tables(seed).items():
        stored |= for_store(name, table.copy())
    return Snapshot(f"{seed:016x}", "folder", "us", pd.Timestamp(LAST), stored)
