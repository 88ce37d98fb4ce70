"""How unusual the model's inputs were in each call, and whether its odds came true since: the drift of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from features.data.paths import home
from features.data.percent import percent
from models.evaluation.predictions import known_at
from serving.call import Side
from serving.headline import SIDES

SCORES = "scores.parquet"  # of the last scoring, in `REGIME_HOME`
EXPECTED = 0.02  # outside the 1 to 99 % range by construction
YEAR = 52  # matured calls over which said and came are compared
LEAST = 13


def stored(model: str, asof: pd.Timestamp) -> pd.DataFrame | None:
    """Scored calls of a model up to a date, outcomes as known then; None with fewer than two that say their drift.

    Columns as `serving.scorecard.call_table`; of a week with a live call the replay is left out.
    """
    path: Path = home() / SCORES
    if not path.exists():
        return None
    table = pd.read_parquet(path)
    if "outside" not in table:  # of an earlier version: the next scoring writes it anew
        return None
    table = known_at(table[(table["model"] == model) & table["outside"].notna()], asof)
    table = table.sort_values(["date", "kind"]).drop_duplicates("date")  # live before replay
    return table if len(table) > 1 else None


def calibration(table: pd.DataFrame) -> pd.DataFrame:
    """Came less said of each side over the last `YEAR` matured calls, by date; NaN before `LEAST` of them."""
    matured = table[table["outcome"].notna()].sort_values("date")
    gaps = {name: (matured["outcome"] == name).astype(float) - matured[f"p_{name}"] for name in SIDES}
    gap = pd.DataFrame(gaps).rolling(YEAR, min_periods=LEAST).mean()
    return gap.set_axis(pd.DatetimeIndex(matured["date"]))


def sentences(
    outside: float, median: float, said: Mapping[Side, float], came: Mapping[Side, float], matured: int
) -> list[str]:
    """Where the drift stands: how unusual the latest inputs are, and odds against what came."""
    pairs = "; ".join(f"{name} {percent(said[name], 0)} said, {percent(came[name], 0)} came" for name in SIDES)
    return [
        f"Unusual inputs: in the latest call {percent(outside, 0)} of the features lie outside the 1 to 99 % range of "
        f"their past, each counted by what it contributes; the median of all calls is {percent(median, 0)}, chance "
        f"alone gives {percent(EXPECTED, 0)}.",
        f"Odds against what came, in the last {matured} calls with a known outcome: {pairs}.",
    ]
