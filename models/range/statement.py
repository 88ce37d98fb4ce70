"""What a call says of the range on one date: JSON-ready, every number from one fitted model."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from models.range import predictor, scales
from models.range.fitted import FittedRange, columns_of
from models.range.predictor import FALLS, LEVELS, QUANTILES

SHOWN = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
RANK_YEARS = 10
EVIDENCE = ("crps_skill", "crps_skill_p")
SPANS = ("", "_last_10_years")
LEAST_ODDS = 1e-6


def state_range(fitted: FittedRange, rows: pd.DataFrame, evidence: dict[str, float]) -> dict[str, dict[str, Any]]:
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


def moved(falls: dict[str, dict[str, float]], month: str, fall: str, known: float) -> dict[str, dict[str, float]]:
    """Odds of falls by horizon and percent, moved by one shift in log odds so that one of them is `known`.

    What is likelier stays likelier: a shallower fall, and the same fall within a longer horizon.

    Parameters
    ----------
    falls : dict
        By horizon (sessions as text) and percent (as text).
    month, fall : str
        The event whose probability is known; without that horizon there are no odds to be had from it.
    known : float

    Returns
    -------
    dict
        As `falls`; empty by horizon where `month` is absent.
    """
    if month not in falls:
        return {horizon: {} for horizon in falls}
    shift = _logit(known) - _logit(falls[month][fall])
    out = {
        horizon: {percent: 1.0 / (1.0 + math.exp(-_logit(p) - shift)) for percent, p in odds.items()}
        for horizon, odds in falls.items()
    }
    own = out[month]
    for percent, p in own.items():  # exactly the number, which a sum of rounded logarithms is not
        own[percent] = known if percent == fall else (max if int(percent) < int(fall) else min)(p, known)
    ordered = sorted(out, key=int)
    place = ordered.index(month)
    for longer, shorter in pairwise(ordered[: place + 1][::-1]):
        out[shorter] = {percent: min(p, out[longer][percent]) for percent, p in out[shorter].items()}
    for shorter, longer in pairwise(ordered[place:]):
        out[longer] = {percent: max(p, out[shorter][percent]) for percent, p in out[longer].items()}
    return out


def _logit(p: float) -> float:
    kept = min(max(p, LEAST_ODDS), 1.0 - LEAST_ODDS)
    return math.log(kept / (1.0 - kept))


def width_rank(log_scale: np.ndarray) -> float | None:
    """Share of the earlier decisions on which the same model's range was narrower than on the last; None without any.

    One pool serves them all, so widths rank as scales do. A constant scale has no rank.
    """
    before = log_scale[:-1][np.isfinite(log_scale[:-1])]
    if not len(before) or (before == log_scale[-1]).all():
        return None
    return float((before < log_scale[-1]).mean())


def _by_name(draws: np.ndarray) -> dict[str, float]:
    values = predictor.quantiles(np.sort(draws, axis=1), LEVELS)[0]
    return {name: float(value) for name, value in zip(QUANTILES, values, strict=True) if name in SHOWN}


def _falls(lowest: np.ndarray) -> dict[str, float]:
    return {str(fall): float(p) for fall, p in zip(FALLS, predictor.fall_odds(lowest)[0], strict=True)}
