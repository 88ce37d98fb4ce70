"""What a call says of the range on one date: JSON-ready, every number from one fitted model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models.range import predictor
from models.range.fitted import FittedRange
from models.range.predictor import FALLS, LEVELS, QUANTILES

SHOWN = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
RANK_YEARS = 10
BAND = ("q10", "q90")  # whose width is ranked


def statement(
    fitted: FittedRange, row: pd.DataFrame, history: pd.DataFrame, evidence: dict[str, float]
) -> dict[str, dict[str, Any]]:
    """The range of the broad leg by horizon (its sessions as text).

    Parameters
    ----------
    fitted : FittedRange
    row : DataFrame, (1, columns)
        The features of the decision, as `RangeData.frame` has them.
    history : DataFrame
        The model's out-of-sample ranges (`range.parquet`), for the rank of the width.
    evidence : dict
        Scores of its walk-forward; `crps_skill`, its p, all and last ten years, are kept.

    Returns
    -------
    dict
        By horizon `quantiles` and `usual`, `falls` and `usual_falls` (by percent), `width_rank` (share of the
        last ten years' widths that were narrower; None without history), `evidence`.

    Raises
    ------
    RegimeError
        `row` is not one decision.
    """
    if len(row) != 1:
        raise RegimeError(f"a range is stated for one decision, not for {len(row)}")
    out = {}
    for fit in fitted.horizons:
        own, usual = predictor.draws(fit, row), predictor.usual(fit)
        quantiles, base = _by_name(own.broad), _by_name(usual.broad)
        out[str(fit.horizon)] = {
            "quantiles": quantiles,
            "usual": base,
            "falls": _falls(own.lowest),
            "usual_falls": _falls(usual.lowest),
            "width_rank": width_rank(quantiles, history, fit.horizon, pd.Timestamp(row.index[0])),
            "evidence": {
                f"{name}{suffix}": evidence[f"{name}_{fit.horizon}{suffix}"]
                for name in ("crps_skill", "crps_skill_p")
                for suffix in ("", "_last_10_years")
                if f"{name}_{fit.horizon}{suffix}" in evidence
            },
        }
    return out


def width_rank(quantiles: dict[str, float], history: pd.DataFrame, horizon: int, date: pd.Timestamp) -> float | None:
    """Share of the widths of the 80 % band in the ten years before `date` that were narrower; None without any."""
    rows = history[(history["leg"] == "broad") & (history["horizon"] == horizon) & (history["date"] < date)]
    rows = rows[rows["date"] >= date - pd.DateOffset(years=RANK_YEARS)]
    if not len(rows):
        return None
    low, high = BAND
    return float(((rows[high] - rows[low]) < quantiles[high] - quantiles[low]).mean())


def words(said: dict[str, dict[str, Any]], horizon: int = 21) -> tuple[str, str]:
    """Two lines of plain words for one horizon."""
    one = said[str(horizon)]
    low, high = (one["quantiles"][name] for name in BAND)
    usual_low, usual_high = (one["usual"][name] for name in BAND)
    return (
        f"The broad market's likely range over {horizon} sessions: {100 * low:+.1f} % to {100 * high:+.1f} % "
        f"(8 in 10); usual {100 * usual_low:+.1f} % to {100 * usual_high:+.1f} %.",
        f"Odds of closing 5 % lower on the way: {one['falls']['5']:.0%} (usual {one['usual_falls']['5']:.0%}).",
    )


def _by_name(draws: np.ndarray) -> dict[str, float]:
    values = predictor.quantiles(np.sort(draws, axis=1), LEVELS)[0]
    return {name: float(value) for name, value in zip(QUANTILES, values, strict=True) if name in SHOWN}


def _falls(lowest: np.ndarray) -> dict[str, float]:
    return {str(fall): float(p) for fall, p in zip(FALLS, predictor.fall_odds(lowest)[0], strict=True)}
