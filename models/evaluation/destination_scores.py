"""Scores of the groups' probabilities. A week is one observation: its groups are averaged, and resampled together.

The rank correlation of a week (information coefficient) is Spearman's, between
what the model adds to the groups' base rates and what they then returned over
the cap leg; its t is by Newey & West (1987) over the horizon's overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import bottleneck
import numpy as np
import pandas as pd

from models.evaluation.bootstrap import interval, p_value
from models.evaluation.predictions import LAST_PERIOD, in_period, periods

LEAST_GROUPS = 5
SESSIONS_A_WEEK, SESSIONS_A_YEAR = 5, 252
BEST = 3  # groups bought, and sold, of each week's ranking
COST = 0.001  # a group bought or sold: 10 bp of what is traded
PERIODS: dict[str, tuple[str | None, str | None]] = {
    "": (None, None),
    "_1945_1989": (None, "1989-12-31"),
    "_1990_on": ("1990-01-01", None),
    "_1997_2011": ("1997-01-01", "2011-12-31"),
    "_1999_on": ("1999-01-01", None),
    "_2012_on": ("2012-01-01", None),
}


@dataclass(frozen=True)
class Weekly:
    """One model, outcome, horizon and universe, by week; NaN where a week does not count. All (weeks,).

    Attributes
    ----------
    dates : DatetimeIndex
    loss, reference : ndarray
        Mean log loss over the week's groups, nats: the model's, and that of the groups' base rates.
    ic : ndarray
        Rank correlation.
    spread : ndarray
        Return of the `BEST` groups less that of the worst over the horizon, after costs.
    """

    dates: pd.DatetimeIndex
    loss: np.ndarray
    reference: np.ndarray
    ic: np.ndarray
    spread: np.ndarray


def weekly(
    dates: pd.DatetimeIndex,
    p: np.ndarray,
    base: np.ndarray,
    happened: np.ndarray,
    ahead: np.ndarray,
    horizon: int,
) -> Weekly:
    """Figures of each week from (weeks, groups): probability, base rate, outcome (0, 1, NaN) and return ahead."""
    known = np.isfinite(p) & np.isfinite(happened)
    with np.errstate(divide="ignore", invalid="ignore"):
        own, reference = (np.where(known, -np.log(np.where(happened > 0.0, q, 1.0 - q)), np.nan) for q in (p, base))
        score = np.where(known, np.log(p / (1.0 - p)) - np.log(base / (1.0 - base)), np.nan)
    nothing = np.abs(score) < 1e-12  # rounding is no view
    score, own = np.where(nothing, 0.0, score), np.where(nothing, reference, own)
    return Weekly(
        dates,
        _row_mean(own),
        _row_mean(reference),
        rank_correlation(score, ahead),
        best_less_worst(score, ahead, horizon),
    )


def _row_mean(values: np.ndarray) -> np.ndarray:
    count = np.isfinite(values).sum(axis=1)
    return np.where(count > 0, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan)


def rank_correlation(score: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row, ties at their mean; NaN below `LEAST_GROUPS` or without variation."""
    known = np.isfinite(score) & np.isfinite(ahead)
    ranks = [bottleneck.nanrankdata(np.where(known, x, np.nan), axis=1) for x in (score, ahead)]
    a, b = (np.where(known, r - _row_mean(r)[:, None], 0.0) for r in ranks)
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    good = (known.sum(axis=1) >= LEAST_GROUPS) & (size > 0.0)
    return np.where(good, (a * b).sum(axis=1) / np.where(good, size, 1.0), np.nan)


def best_less_worst(score: np.ndarray, ahead: np.ndarray, horizon: int) -> np.ndarray:
    """Return over the horizon of the `BEST` groups by score less that of the worst, after `COST`, (weeks,).

    What is paid is the share of the names that differ from the portfolio that
    expires, bought and sold, on both sides. NaN in weeks with fewer than twice
    `BEST` groups or a score without variation.
    """
    known = np.isfinite(score) & np.isfinite(ahead)
    place = bottleneck.nanrankdata(np.where(known, score, np.nan), axis=1)
    count = known.sum(axis=1)
    flat = bottleneck.nanmax(np.where(known, score, -np.inf), axis=1) <= bottleneck.nanmin(
        np.where(known, score, np.inf), axis=1
    )
    good = (count >= 2 * BEST) & ~flat
    # Ties share the last places: weights, so that no order of the groups decides.
    top = _ties(place, count, best=True)
    bottom = _ties(place, count, best=False)
    filled = np.where(known, ahead, 0.0)
    lag = max(1, round(horizon / SESSIONS_A_WEEK))
    turned = np.zeros(len(score))
    for side in (top, bottom):
        before = np.zeros_like(side)
        before[lag:] = side[:-lag]
        turned += np.abs(side - before).sum(axis=1)
    out = ((top - bottom) * filled).sum(axis=1) - COST * turned
    return np.where(good, out, np.nan)


def _ties(place: np.ndarray, count: np.ndarray, best: bool) -> np.ndarray:
    """Equal weights of the `BEST` first or last places, ties at the edge shared, (weeks, groups)."""
    rank = np.where(np.isfinite(place), count[:, None] + 1 - place if best else place, np.inf)
    order = np.sort(rank, axis=1)
    edge = order[:, [min(BEST, rank.shape[1]) - 1]]
    inside, at_edge = rank < edge, (rank == edge) & np.isfinite(rank)
    left = BEST - inside.sum(axis=1, keepdims=True)
    return np.asarray((inside + at_edge * left / np.maximum(at_edge.sum(axis=1, keepdims=True), 1)) / BEST)


def newey_west_t(values: np.ndarray, lag: int) -> float:
    """Mean over its standard error by Newey & West with Bartlett weights; NaN for fewer than ten lags of values."""
    size = len(values)
    if size < 10 * max(lag, 1):
        return float("nan")
    centred = values - values.mean()
    total = float((centred**2).sum())
    for step in range(1, lag + 1):
        total += 2.0 * (1.0 - step / (lag + 1.0)) * float((centred[step:] * centred[:-step]).sum())
    return float(values.mean() / (np.sqrt(total) / size)) if total > 0.0 else float("nan")


def figures(found: Weekly, horizon: int, keep: np.ndarray | None = None) -> dict[str, float]:
    """Skill with p and 90 % interval, rank correlation with t, best less worst with t, and the size of the evidence.

    Parameters
    ----------
    found : Weekly
    horizon : int
        Sessions.
    keep : ndarray of bool, (weeks,), optional
        The weeks to score. The bootstrap runs over all weeks, the others in place with a contribution of zero.
    """
    scored = np.isfinite(found.loss)
    keep = scored if keep is None else scored & keep
    if not keep.any():
        return {}
    lag = max(1, round(horizon / SESSIONS_A_WEEK))
    first, last = np.flatnonzero(keep)[[0, -1]]
    span = slice(first, last + 1)
    loss, reference = (np.where(keep, x, 0.0)[span] for x in (found.loss, found.reference))
    own, usual = float(loss.sum()), float(reference.sum())
    low, high = interval(lambda a, b: 1.0 - a / np.where(b > 0.0, b, np.nan), (loss, reference))
    out = {
        "log_loss_skill": 1.0 - own / usual,
        "log_loss_skill_p": p_value(reference - loss),
        "log_loss_skill_low": low,
        "log_loss_skill_high": high,
        "weeks": float(keep.sum()),
        "effective_months": float(keep.sum() * SESSIONS_A_WEEK / 21),
    }
    for name, values in (("ic", found.ic), ("best_less_worst", found.spread)):
        used = values[keep & np.isfinite(values)]
        if len(used):
            scale = 1.0 if name == "ic" else SESSIONS_A_YEAR / horizon
            out |= {name: scale * float(used.mean()), f"{name}_t": newey_west_t(used, lag)}
    return {name: value for name, value in out.items() if np.isfinite(value)}


def by_period(found: Weekly, horizon: int, faltering: np.ndarray) -> dict[str, float]:
    """`figures` overall, by period, in the last ten years and in the weeks when the leaders faltered."""
    scored = np.isfinite(found.loss)
    if not scored.any():
        return {}
    last = found.dates[scored][-1]
    spans = PERIODS | {LAST_PERIOD: periods(last)[LAST_PERIOD]}
    out: dict[str, float] = {}
    for suffix, (start, end) in spans.items():
        inside = in_period(found.dates, start, end)
        out |= {f"{name}{suffix}": value for name, value in figures(found, horizon, inside).items()}
    out |= {f"{name}_faltering": value for name, value in figures(found, horizon, faltering).items()}
    return out


def holm(p: dict[str, float], more: int = 0) -> dict[str, float]:
    """P-values adjusted for all of them, and `more` that are not shown (Holm 1979)."""
    out, worst = {}, 0.0
    size = len(p) + more
    for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, (size - rank) * value))
        out[name] = worst
    return out
