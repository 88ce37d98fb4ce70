"""The verdict of a call, and the episodes that its weeks belong to.

A verdict is `breakdown` or `rotation` where that outcome's probability over its base
rate is the larger of the two ratios and at least `MARGIN`. It is `neither` where
only that outcome's ratio reaches `MARGIN`, and `no_evidence` where none does (a
refit alone moves probabilities that much) or where there is no champion.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd

from models.evaluation.predictions import outcomes_of

MARGIN = 1.10
GAP_WEEKS = 13  # dates further apart than this belong to different episodes


class Verdict(StrEnum):
    """What a call says, in the order in which tables show it."""

    ROTATION = "rotation"
    BREAKDOWN = "breakdown"
    NEITHER = "neither"
    NO_EVIDENCE = "no_evidence"


def verdict_of(probabilities: dict[str, float], base_rates: dict[str, float], has_champion: bool) -> Verdict:
    """The verdict that follows from probabilities and base rates by outcome; monotone in the probabilities."""
    if not has_champion:
        return Verdict.NO_EVIDENCE
    lift = {
        name: probabilities[name] / max(base_rates[name], 1e-9)
        for name in (Verdict.ROTATION, Verdict.BREAKDOWN)
        if name in probabilities
    }
    highest = max(lift, key=lambda name: lift[name])
    if lift[highest] >= MARGIN:
        return highest
    above = probabilities["neither"] >= MARGIN * base_rates["neither"]
    return Verdict.NEITHER if above else Verdict.NO_EVIDENCE


def verdicts_of(table: pd.DataFrame) -> pd.Series:
    """The verdict of every row of a table of predictions, on the table's index."""
    outcomes = outcomes_of(table)
    found = [
        verdict_of(
            {name: row[f"p_{name}"] for name in outcomes}, {name: row[f"base_{name}"] for name in outcomes}, True
        )
        for row in table.to_dict("records")
    ]
    return pd.Series([verdict.value for verdict in found], table.index, name="verdict", dtype=object)


def episode_spans(dates: pd.DatetimeIndex) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last date of each run of sorted dates with gaps of at most `GAP_WEEKS` weeks."""
    if not len(dates):
        return []
    breaks = np.flatnonzero(np.diff(dates.to_numpy()) > np.timedelta64(7 * GAP_WEEKS, "D")) + 1
    return [(dates[part[0]], dates[part[-1]]) for part in np.split(np.arange(len(dates)), breaks)]


def breakdown_spans(table: pd.DataFrame) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last decision of each episode of breakdown in a table of predictions, sorted by date."""
    return episode_spans(pd.DatetimeIndex(table.loc[table["outcome"] == "breakdown", "date"]))
