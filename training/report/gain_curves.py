"""Cumulative log-loss gain over the weeks: what the MLflow UI overlays, and what the picture of the gain draws."""

from __future__ import annotations

import pandas as pd

from models.evaluation import metrics
from models.evaluation.predictions import read

REFERENCES = ("climatology", "logit2", "markov")
POINTS = 450  # a curve's most: three of them are logged in a quarter of a second, and no screen shows more
Curve = list[tuple[int, float]]


def losses(table: pd.DataFrame, of: str = "p") -> pd.Series:
    """Log loss of each matured week, in nats, by decision date; `of="base"` gives that of the fold's climatology."""
    weeks = read(table)
    return pd.Series(metrics.losses(getattr(weeks, of), weeks.codes), weeks.dates)


def gains(tables: dict[str, pd.DataFrame], kind: str) -> dict[str, pd.Series]:
    """Running sum of (reference's loss - the model's), in nats, by reference and decision date.

    Climatology is that of the model's own folds. A reference that the experiment
    has no table of is left out; weeks that only one of the two has do not count.
    """
    mine = losses(tables[kind])
    found = {}
    for name in REFERENCES:
        if name == "climatology":
            reference = losses(tables[kind], "base")
        elif name in tables:
            reference = losses(tables[name])
        else:
            continue
        found[name] = (reference - mine).dropna().cumsum()
    return found


def step(date: pd.Timestamp) -> int:
    """A date as the integer YYYYMMDD, which sorts and reads as one."""
    return int(date.strftime("%Y%m%d"))


def stepped(tables: dict[str, pd.DataFrame], kind: str) -> dict[str, Curve]:
    """The gains as stepped metrics `gain_over_<reference>`, at most `POINTS` each, the last week always among them."""
    curves = {}
    for name, gain in gains(tables, kind).items():
        every = max(1, -(-len(gain) // POINTS))
        thin = gain.iloc[::-1].iloc[::every].iloc[::-1]
        curves[f"gain_over_{name}"] = [(step(date), float(value)) for date, value in zip(thin.index, thin, strict=True)]
    return curves
