"""What a call says of the range on one date: JSON-ready, every number from one fitted model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models.range import predictor, scales
from models.range.fitted import FittedRange, columns_of
from models.range.predictor import FALLS, LEVELS, QUANTILES

SHOWN = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
RANK_YEARS = 10
BAND = ("q10", "q90")
EVIDENCE = ("crps_skill", "crps_skill_p")
SPANS = ("", "_last_10_years")


def statement(fitted: FittedRange, rows: pd.DataFrame, evidence: dict[str, float]) -> dict[str, dict[str, Any]]:
    """The range of the broad leg by horizon (its sessions as text).

    Parameters
    ----------
    fitted : FittedRange
    rows : DataFrame, (weeks, columns)
        Features as `models.range.fit.frame_of` has them: the last row is the decision, the others are the ten
        years before it. A column that the model reads and that is absent counts as missing.
    evidence : dict
        Scores of its walk-forward; `crps_skill`, its p, all and last ten years, are kept.

    Returns
    -------
    dict
        By horizon `quantiles` and `usual`, `falls` and `usual_falls` (by percent), `width_rank` (`width_rank`
        below), `evidence`.

    Raises
    ------
    RegimeError
        `rows` is empty, or the model has no scale on the date.
    """
    if not len(rows):
        raise RegimeError("a range is stated for one decision: no row was given")
    rows = rows.reindex(columns=rows.columns.union(columns_of(fitted), sort=False))
    row, out = rows.iloc[[-1]], {}
    for fit in fitted.horizons:
        own, usual = predictor.draws(fit, row), predictor.usual(fit)
        if not np.isfinite(own.broad).all():
            raise RegimeError(f"what the range model reads has no value on {row.index[0].date()}")
        out[str(fit.horizon)] = {
            "quantiles": _by_name(own.broad),
            "usual": _by_name(usual.broad),
            "falls": _falls(own.lowest),
            "usual_falls": _falls(usual.lowest),
            "width_rank": width_rank(scales.log_scale(fit.members, rows)),
            "evidence": {
                f"{name}{span}": evidence[f"{name}_{fit.horizon}{span}"]
                for name in EVIDENCE
                for span in SPANS
                if f"{name}_{fit.horizon}{span}" in evidence
            },
        }
    return out


def width_rank(log_scale: np.ndarray) -> float | None:
    """Share of the earlier decisions on which the same model's range was narrower than on the last; None without any.

    One pool serves them all, so widths rank as scales do. A constant scale has no rank.
    """
    before = log_scale[:-1][np.isfinite(log_scale[:-1])]
    if not len(before) or (before == log_scale[-1]).all():
        return None
    return float((before < log_scale[-1]).mean())


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
