"""How often each verdict was right, out of sample: the record a model carries with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from models.evaluation.predictions import outcomes_of
from models.evaluation.verdict import verdict

GAP_WEEKS = 13  # verdicts further apart than this are episodes of their own
WEEKS_A_MONTH = 21.0 / 5.0  # overlapping horizons: this many weeks hold one independent outcome
LEVEL = 0.90


def episode_spans(dates: pd.DatetimeIndex) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last date of each run of sorted dates with gaps of at most `GAP_WEEKS` weeks."""
    if not len(dates):
        return []
    breaks = np.flatnonzero(np.diff(dates.to_numpy()) > np.timedelta64(7 * GAP_WEEKS, "D")) + 1
    return [(dates[part[0]], dates[part[-1]]) for part in np.split(np.arange(len(dates)), breaks)]


def episodes(dates: pd.DatetimeIndex) -> int:
    """Runs of dates with gaps of at most `GAP_WEEKS` weeks."""
    return len(episode_spans(dates))


def of(predictions: pd.DataFrame) -> dict[str, Any]:
    """By verdict: weeks, share right, its 90 % Wilson interval on effective months, and episodes.

    Parameters
    ----------
    predictions : DataFrame
        A walk-forward's table; only matured weeks count.

    Notes
    -----
    The interval treats weeks/4.2 as independent trials; verdicts that come in
    long runs are fewer still, which `episodes` shows.
    """
    outcomes = outcomes_of(predictions)
    table = predictions[predictions["outcome"].notna()]
    said = [
        verdict({k: row[f"p_{k}"] for k in outcomes}, {k: row[f"base_{k}"] for k in outcomes}, True)
        for row in table.to_dict("records")
    ]
    found = {}
    for name in outcomes:
        part = table[np.array(said, dtype=object) == name]
        if not len(part):
            continue
        right = float((part["outcome"] == name).mean())
        months = max(1, round(len(part) / WEEKS_A_MONTH))
        interval = binomtest(round(right * months), months).proportion_ci(LEVEL, method="wilson")
        found[name] = {
            "weeks": len(part),
            "right": round(right, 4),
            "interval": [round(float(interval.low), 4), round(float(interval.high), 4)],
            "base_rate": round(float(part[f"base_{name}"].mean()), 4),
            "episodes": episodes(pd.DatetimeIndex(part["date"])),
        }
    return found
