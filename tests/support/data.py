"""Data for tests: the real folder where it is, and small folders made here."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.data import calendar

SHARED = Path(os.environ.get("REGIME_SHARED", Path(__file__).parents[3] / "shared")) / "data"
needs_shared = pytest.mark.skipif(
    not (SHARED / "prices_etf.parquet").exists(),
    reason="the real data set is not the project's to redistribute: put it at ../shared/data or set REGIME_SHARED",
)


def write_folder(path: Path, end: str = "2005-06-30") -> Path:
    """A minimal folder with both legs from 1999, made of random walks."""
    path.mkdir()
    rng = np.random.default_rng(1)
    index = calendar.sessions(pd.Timestamp("1999-01-04"), pd.Timestamp(end)).rename("date")
    steps = rng.normal(0, 0.01, size=(len(index), 3))
    etf = pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index, ["SPY", "RSP", "XLG"])
    etf.to_parquet(path / "prices_etf.parquet")
    return path


def two_days(value=1.0):
    """The smallest store: one fund on two days."""
    index = pd.DatetimeIndex(["2020-01-02", "2020-01-03"], name="date")
    return {"prices_etf": pd.DataFrame({"SPY": [value, 2.0], "available_at": index}, index=index)}
