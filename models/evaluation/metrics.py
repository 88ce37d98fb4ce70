"""Every metric of the evaluation protocol, from one table of out-of-sample probabilities.

All models, baselines and past calls are scored here and nowhere else.
`models.evaluation.registry` states what each metric means and assumes.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from models.evaluation import backtest, bootstrap, calibration, discrimination, tails_and_onsets, verdicts
from models.evaluation.bootstrap import BLOCKS, MONTH_BLOCKS, p_value
from models.evaluation.discrimination import concordance, head_to_head
from models.evaluation.predictions import FLOOR, Predictions, matured, scored_subsets, subset

__all__ = ["BLOCKS", "ahead_of", "evaluate", "gain_by_year", "head_to_head_p", "losses", "p_value"]


def losses(p: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Log loss of each week, in nats. `p` is (weeks, outcomes), `codes` the index of what happened."""
    return np.asarray(-np.log(np.clip(p[np.arange(len(codes)), codes], FLOOR, 1.0)))


def skill(loss: np.ndarray, reference: np.ndarray) -> float:
    """1 - mean loss / mean reference loss: the share of the reference's loss that was saved; NaN if it had none."""
    mean = reference.mean()
    return float(1.0 - loss.mean() / mean) if mean > 0.0 else float("nan")


def given_no_breakdown(predictions: Predictions, p: np.ndarray) -> np.ndarray:
    """`p` with breakdown's column set to zero and the rest scaled to one: rotation against neither, (weeks, 3)."""
    rest = np.where(np.array(predictions.outcomes) == "breakdown", 0.0, p)
    return np.asarray(rest / np.maximum(rest.sum(axis=1, keepdims=True), FLOOR))


def _significance(loss: np.ndarray, reference: np.ndarray, on: np.ndarray, monthly: bool) -> float:
    """`p_value` of the gain where `on`; the other weeks stay in place with gain zero, so blocks are calendar time."""
    blocks = MONTH_BLOCKS if monthly else BLOCKS
    return p_value(np.where(on, reference - loss, 0.0), blocks=blocks) if on.sum() >= 2 * max(blocks) else 1.0


def _reach(loss: np.ndarray, reference: np.ndarray, on: np.ndarray, monthly: bool) -> dict[str, float]:
    """90 % interval of the skill where `on`, by the same blocks."""

    def resampled(saved: np.ndarray, spent: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):  # a replication may hold none of the weeks
            return np.asarray(1.0 - saved / spent)

    blocks = MONTH_BLOCKS if monthly else BLOCKS
    if on.sum() < 2 * max(blocks):
        return {}
    low, high = bootstrap.interval(resampled, (np.where(on, loss, 0.0), np.where(on, reference, 0.0)), blocks)
    return {"log_loss_skill_low": low, "log_loss_skill_high": high}


def of_climatology(predictions: Predictions) -> Predictions:
    """The same weeks as the climatology of their folds would have said them."""
    return dataclasses.replace(predictions, p=predictions.base)


def head_to_head_p(table: pd.DataFrame, rival: pd.DataFrame) -> float:
    """One-sided p that the head-to-head of `table` has a lower log loss than that of `rival` on weeks with either.

    Both tables of predictions hold the same weeks. The other weeks stay in
    place with a gain of zero, so that a block is calendar time. 1 where the
    label has no rotation.
    """
    mine, theirs = matured(table), matured(rival)
    if not {"breakdown", "rotation"} <= set(mine.outcomes):
        return 1.0
    rose = mine.happened("rotation")
    decided = rose | mine.happened("breakdown")
    loss, other = (
        losses(np.column_stack([h, 1.0 - h]), np.where(rose, 0, 1)) for h in map(head_to_head, (mine, theirs))
    )
    return _significance(loss, other, decided, mine.monthly)


def ahead_of(table: pd.DataFrame, rival: pd.DataFrame, name: str) -> dict[str, float]:
    """Log-loss gain over the model `name` in nats a week, `ahead_of_<name>`, and its one-sided `_p`, by slice.

    Both tables of predictions hold the same weeks; p as that of the skill, so it assumes what that assumes.
    """
    mine, theirs = matured(table), matured(rival)
    loss, other = losses(mine.p, mine.codes), losses(theirs.p, theirs.codes)
    out = {}
    for suffix, span, counted in scored_subsets(mine):
        on = counted[span]
        out[f"ahead_of_{name}{suffix}"] = float((other - loss)[span][on].mean())
        out[f"ahead_of_{name}_p{suffix}"] = _significance(loss[span], other[span], on, mine.monthly)
    return out


def _brier(predictions: Predictions) -> dict[str, float]:
    out: dict[str, float] = {}
    for place, name in enumerate(predictions.outcomes):
        truth = predictions.codes == place
        score, worse = (float(np.mean((p[:, place] - truth) ** 2)) for p in (predictions.p, predictions.base))
        out |= {f"brier_{name}": score, f"brier_skill_{name}": 1.0 - score / worse if worse else float("nan")}
    return out


def _light(predictions: Predictions, on: np.ndarray) -> dict[str, float]:
    """The metrics that choose between models."""
    loss, reference = losses(predictions.p, predictions.codes), losses(predictions.base, predictions.codes)
    out = {
        "log_loss": float(loss[on].mean()),
        "log_loss_skill": skill(loss[on], reference[on]),
        "log_loss_skill_p": _significance(loss, reference, on, predictions.monthly),
    }
    part = subset(predictions, on)
    return out | discrimination.scores(part) | _brier(part) | {"effective_months": part.months}


def _against_others(predictions: Predictions, on: np.ndarray) -> dict[str, float]:
    """Skill against the trailing climatology, of rotation against neither, and with a margin on rotation."""
    loss, reference = losses(predictions.p, predictions.codes), losses(predictions.base, predictions.codes)
    out = _reach(loss, reference, on, predictions.monthly)
    if predictions.trailing is not None:
        out["log_loss_skill_trailing"] = skill(loss[on], losses(predictions.trailing, predictions.codes)[on])
    if "rotation" not in predictions.outcomes:
        return out
    if predictions.margin is not None:
        out["log_loss_skill_margin"] = skill(
            losses(predictions.p, predictions.margin)[on], losses(predictions.base, predictions.margin)[on]
        )
    calm = on & ~predictions.happened("breakdown")
    if calm.any():
        loss, reference = (
            losses(given_no_breakdown(predictions, p), predictions.codes) for p in (predictions.p, predictions.base)
        )
        out["log_loss_skill_rotation"] = skill(loss[calm], reference[calm])
        out["log_loss_skill_rotation_p"] = _significance(loss, reference, calm, predictions.monthly)
    return out


def _calibration(predictions: Predictions, on: np.ndarray, latent: np.ndarray) -> dict[str, float]:
    out = {}
    lags = calibration.MONTH_LAGS if predictions.monthly else calibration.LAGS
    for name in predictions.outcomes:
        p, truth = predictions.column(name), predictions.happened(name)
        out[f"ece_{name}"] = calibration.ece(p[on], truth[on])
        out[f"ece_bound_{name}"] = calibration.ece_bound(p[on], latent[:, on])
        for key, value in calibration.recalibration(p, truth, on, lags).items():
            what, _, end = key.removeprefix("calibration_").partition("_")
            out[f"calibration_{what}_{name}" + (f"_{end}" if end else "")] = value
    return out


def _crises(predictions: Predictions, on: np.ndarray) -> dict[str, float]:
    """Episodes of breakdown among the weeks that count, and the skill without the one that helped most."""
    dates = predictions.dates[on & predictions.happened("breakdown")]
    spans = verdicts.episode_spans(dates)
    out = {"episodes": float(len(spans))}
    gain = losses(predictions.base, predictions.codes) - losses(predictions.p, predictions.codes)
    inside = [on & np.asarray((predictions.dates >= first) & (predictions.dates <= last)) for first, last in spans]
    if inside:
        best = max(inside, key=lambda part: float(gain[part].sum()))
        rest = on & ~best
        if rest.any():
            codes = predictions.codes[rest]
            out["log_loss_skill_without_best_crisis"] = skill(
                losses(predictions.p[rest], codes), losses(predictions.base[rest], codes)
            )
    return out


def _tails_and_onsets(predictions: Predictions, on: np.ndarray) -> dict[str, float]:
    """What the highest probabilities were worth, and those before a breakdown had begun."""
    out = {}
    blocks = MONTH_BLOCKS if predictions.monthly else BLOCKS
    for name in predictions.outcomes:
        p, happened = predictions.column(name)[on], predictions.happened(name)[on]
        for key, value in tails_and_onsets.tail_bias(p, happened, blocks).items():
            _, _, end = key.removeprefix("tail_").partition("_")
            out[f"tail_bias_{name}" + (f"_{end}" if end else "")] = value
    if "breakdown" not in predictions.outcomes:
        return out
    p, happened = predictions.column("breakdown"), predictions.happened("breakdown")
    if predictions.from_high is not None:
        before, after = tails_and_onsets.before_and_after_onset(predictions.from_high)
        out["auc_onset"] = concordance(happened[on & before], p[on & before])
        out["auc_deep"] = concordance(happened[on & after], p[on & after])
    if on.all():  # scattered weeks have no first one
        spans = verdicts.episode_spans(predictions.dates[happened])
        first = tails_and_onsets.first_weeks(predictions.dates, spans)
        out["episodes_called"] = tails_and_onsets.episodes_called(p, happened, first)
    return out


def _full(predictions: Predictions, on: np.ndarray, latent: np.ndarray) -> dict[str, float]:
    out = _light(predictions, on) | _against_others(predictions, on) | _calibration(predictions, on, latent)
    out |= _tails_and_onsets(predictions, on)
    if "breakdown" in predictions.outcomes:
        out |= _crises(predictions, on)
        out |= backtest.cost_ratios(predictions.column("breakdown")[on], predictions.happened("breakdown")[on])
    return out


def evaluate(table: pd.DataFrame, returns: pd.DataFrame | None = None, full: bool = True) -> dict[str, float]:
    """All metrics of the matured weeks: overall, by period, and on the faltering weeks; finite values only.

    Parameters
    ----------
    table : DataFrame
        Columns `date`, `outcome`, `p_<outcome>`, `base_<outcome>`; the outcomes
        are those of its `p_` columns. `trailing_<outcome>`, `faltering`,
        `volatility`, `outcome_margin` and `refit` add the metrics that need them.
    returns : DataFrame, (sessions, `ret_broad`, `ret_cap`, `ret_bill`), optional
        Daily total returns as decimals. They tell weeks near the high from deeper
        ones; with `refit` they give what following the probabilities earned.
    full : bool
        False: log loss, skill, its p, AUCs, Brier and effective months only
        (a few milliseconds, for callers that score thousands of tables).

    Raises
    ------
    RegimeError
        A column is missing, a probability is not a number, an outcome is
        unknown, returns have gaps.
    """
    predictions = matured(table)
    out: dict[str, float] = {}
    if not len(predictions.dates):
        return out
    if returns is not None and len(returns):
        high = tails_and_onsets.distance_from_high(returns["ret_broad"].astype(float), predictions.dates)
        predictions = dataclasses.replace(predictions, from_high=high)
    latent = (
        calibration.latent(len(predictions.dates), predictions.monthly)
        if full
        else np.empty((0, len(predictions.dates)))
    )
    for suffix, span, counted in scored_subsets(predictions):
        part, on = subset(predictions, span), counted[span]
        found = _full(part, on, latent[:, span]) if full else _light(part, on)
        out |= {f"{name}{suffix}": value for name, value in found.items()}
    if full and returns is not None and "refit" in table and "breakdown" in predictions.outcomes:
        out |= backtest.backtest_metrics(table, returns)
    return {name: float(value) for name, value in out.items() if np.isfinite(value)}


def gain_by_year(table: pd.DataFrame) -> pd.Series:
    """Log-loss gain over climatology of each calendar year, in nats, summed over its matured weeks.

    Indexed by year; the values add up to (reference - loss) of the whole span.
    Weeks overlap, so a year holds about twelve independent months.
    """
    predictions = matured(table)
    gain = losses(predictions.base, predictions.codes) - losses(predictions.p, predictions.codes)
    return pd.Series(gain, predictions.dates.year, name="gain").groupby(level=0).sum().rename_axis("year")
