"""Fitting at a decision: only rows whose horizon had ended before it (the purge), all groups pooled.

Every model is the group's own base rate plus something in log odds, so that a
group's habit of beating the cap leg is nobody's skill.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from features.blas import one_blas_thread
from features.data.errors import RegimeError
from features.group_panel import FEATURES, QUADRANT, QUADRANTS, GroupPanel, happened
from features.groups import GROUPS
from models.destinations.fitted import FittedGroups, LogitShift, NoShift, QuadrantShift, Shift, TreesShift, standardised
from models.destinations.spec import CANDIDATES, LOGITS, DestinationsSpec

LEAST_ROWS = 500
PRIOR = 104.0  # rows of the pooled rate in a group's own: two years of weeks
RIDGE = 1.0  # on standardised columns, in rows
STEPS, CLOSE = 25, 1e-9
STRIDE = 2  # LightGBM learns from every second week: horizons overlap, so the others say little more
SHARE_TO_FIT = 0.8  # of a ranker's rows; the rest gives its score a scale in log odds
PARAMS: dict[str, float] = {
    "n_estimators": 60,
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.05,
    "min_child_samples": 500,
    "colsample_bytree": 0.5,
    "reg_lambda": 20.0,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "max_bin": 63,
    "bin_construct_sample_cnt": 10_000,
}
WHOLE = ("max_depth", "num_leaves", "min_child_samples", "bagging_freq", "max_bin", "bin_construct_sample_cnt")


@dataclass(frozen=True)
class TrainingTable:
    """The pooled rows in the order of weeks, so that what a fold may see is a prefix.

    Attributes
    ----------
    panel : GroupPanel
    train_start : str
    binned : dict
        LightGBM's binned rows by horizon, fold and settings, which the outcomes share: time is saved, the result the
        same.
    """

    panel: GroupPanel
    train_start: str
    binned: dict[tuple[object, ...], Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Week and group of each row, (rows,) each."""
        wanted = self.panel.rows["joined"].known & (self.panel.dates >= pd.Timestamp(self.train_start))[:, None]
        week, group = np.nonzero(wanted)
        return week, group

    @cached_property
    def X(self) -> np.ndarray:
        """Features, (rows, features)."""
        return np.asarray(self.panel.rows["joined"].X[self.places])

    def ahead(self, horizon: int) -> np.ndarray:
        """Return over the cap leg, (rows,)."""
        return np.asarray(self.panel.rows["joined"].ahead[horizon][self.places])

    def rows_before(self, horizon: int, date: pd.Timestamp) -> int:
        """How many rows belong to weeks whose horizon ended before `date`; a horizon that ends on it is purged."""
        weeks = int(self.panel.ends[horizon].searchsorted(date, side="left"))
        return int(np.searchsorted(self.places[0], weeks, side="left"))


def fit_at(
    table: TrainingTable, spec: DestinationsSpec, outcome: str, horizon: int, date: pd.Timestamp
) -> FittedGroups:
    """Fit `spec.model` to one outcome and horizon on what had happened before the decision at `date`.

    Raises
    ------
    RegimeError
        Fewer than `LEAST_ROWS` rows before it.
    """
    end = table.rows_before(horizon, date)
    ahead = table.ahead(horizon)[:end]
    y = happened(ahead, outcome)
    rows = np.flatnonzero(np.isfinite(y))
    if len(rows) < LEAST_ROWS:
        raise RegimeError(f"{len(rows)} rows with {horizon} sessions ended before {date.date()}: {LEAST_ROWS} needed")
    week, group = (place[rows] for place in table.places)
    y, X = y[rows], table.X[rows]
    base = base_rates(y, group)
    offset = logit(base)[group]
    if spec.model in CANDIDATES:
        kept = week % STRIDE == 0
        X, y, offset, week, rows = X[kept], y[kept], offset[kept], week[kept], rows[kept]
    with one_blas_thread():
        if spec.model == "lightgbm":
            part: Shift = TreesShift(booster=_binary(table, spec, X, y, offset, (horizon, end)))
        else:
            part = _part(spec, X, y, offset, week, ahead[rows])
    return FittedGroups(
        model=spec.model,
        outcome=outcome,
        horizon=horizon,
        fitted_at=str(date.date()),
        rows=len(rows),
        base=tuple(base.tolist()),
        part=part,
    )


def base_rates(y: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Share of each group's rows with the outcome, drawn to the pooled share by `PRIOR` rows, (groups,)."""
    pooled = (y.sum() + 0.5) / (len(y) + 1.0)
    count = np.bincount(group, minlength=len(GROUPS))
    return np.asarray((np.bincount(group, y, len(GROUPS)) + PRIOR * pooled) / (count + PRIOR))


def _part(
    spec: DestinationsSpec, X: np.ndarray, y: np.ndarray, offset: np.ndarray, week: np.ndarray, ahead: np.ndarray
) -> Shift:
    if spec.model == "base":
        return NoShift()
    if spec.model == "quadrants":
        return quadrants(X, y, offset)
    if spec.model in LOGITS:
        return offset_logit(X, LOGITS[spec.model], y, offset)
    return ranker(X, ahead, y, offset, week, spec)


def quadrants(X: np.ndarray, y: np.ndarray, offset: np.ndarray) -> QuadrantShift:
    """Log odds of each quadrant's share less what its groups' base rates give."""
    place = X[:, FEATURES.index(QUADRANT)]
    shifts = []
    for one in range(len(QUADRANTS)):
        at = place == one
        expected = (expit(offset[at]).sum() + 0.5 * PRIOR) / (at.sum() + PRIOR)
        found = (y[at].sum() + 0.5 * PRIOR) / (at.sum() + PRIOR)
        shifts.append(float(logit(found) - logit(expected)))
    return QuadrantShift(shifts=tuple(shifts))


def offset_logit(X: np.ndarray, columns: tuple[str, ...], y: np.ndarray, offset: np.ndarray) -> LogitShift:
    """Logistic regression with an offset by Newton's method, a ridge of `RIDGE` rows on all but the intercept."""
    values = X[:, [FEATURES.index(name) for name in columns]]
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    design = np.column_stack([np.ones(len(y)), standardised(X, columns, mean, scale)])
    penalty = np.diag([0.0, *[RIDGE] * len(columns)])
    beta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        p = expit(offset + design @ beta)
        slope = design.T @ (y - p) - penalty @ beta
        curve = (design * (p * (1.0 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve, slope)
        beta += step
        if np.abs(step).max() < CLOSE:
            break
    return LogitShift(
        columns=columns,
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coef=tuple(beta[1:].tolist()),
        intercept=float(beta[0]),
    )


def ranker(
    X: np.ndarray, ahead: np.ndarray, y: np.ndarray, offset: np.ndarray, week: np.ndarray, spec: DestinationsSpec
) -> TreesShift:
    """LambdaRank on the fifths of each week's returns; rows it has not seen give its score a scale in log odds."""
    cut = int(np.searchsorted(week, np.quantile(week, SHARE_TO_FIT)))
    late = int(np.searchsorted(week, week[cut - 1] + 14))  # 63 sessions between the two, so that no horizon is in both
    fifth = pd.Series(ahead[:cut]).groupby(week[:cut]).rank(pct=True).to_numpy()
    sizes = np.unique(week[:cut], return_counts=True)[1]
    grade = np.minimum((fifth * 5.0).astype(int), 4)
    settings = {"objective": "lambdarank", "label_gain": [0, 1, 2, 3, 4]}
    made = TreesShift(booster=_train(X[:cut], grade, spec, settings, group=sizes))
    score = made.shift(X[late:])
    line = _line(score, y[late:], offset[late:])
    return TreesShift(booster=made.booster, slope=line[0], intercept=line[1])


def _line(score: np.ndarray, y: np.ndarray, offset: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the log odds in a score."""
    columns = np.full((len(y), len(FEATURES)), np.nan)
    columns[:, 0] = score
    made = offset_logit(columns, (FEATURES[0],), y, offset)
    slope = made.coef[0] / made.scale[0]
    return slope, made.intercept - slope * made.mean[0]


def _binary(
    table: TrainingTable,
    spec: DestinationsSpec,
    X: np.ndarray,
    y: np.ndarray,
    offset: np.ndarray,
    rows: tuple[int, int],
) -> str:
    """The booster of one outcome; the rows of a horizon and fold (`rows`) are binned once for all outcomes."""
    import lightgbm as lgb

    settings = _settings(spec) | {"objective": "binary"}
    key = (*rows, *sorted(settings.items()))
    if key not in table.binned:
        if any(horizon != rows[0] for horizon, *_ in table.binned):
            table.binned.clear()  # one horizon's at a time: they are megabytes, and outcomes are walked within it
        table.binned[key] = lgb.Dataset(X, params=settings, free_raw_data=True)
    data = table.binned[key]
    data.set_label(y)
    data.set_init_score(offset)
    return _trained(data, spec, settings)


def _train(X: np.ndarray, label: np.ndarray, spec: DestinationsSpec, settings: dict[str, Any], **data: Any) -> str:
    """A LightGBM booster as text."""
    import lightgbm as lgb

    return _trained(lgb.Dataset(X, label=label, free_raw_data=True, **data), spec, _settings(spec) | settings)


def _settings(spec: DestinationsSpec) -> dict[str, Any]:
    """LightGBM's parameters but the number of rounds: deterministic, on one thread."""
    params: dict[str, Any] = dict(PARAMS | spec.params)
    del params["n_estimators"]
    params |= {name: int(params[name]) for name in WHOLE}
    params |= {"seed": spec.seed, "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbosity": -1}
    return params | {"boost_from_average": False}  # the base rates are the initial score


def _trained(data: Any, spec: DestinationsSpec, settings: dict[str, Any]) -> str:
    import lightgbm as lgb

    rounds = int((PARAMS | spec.params)["n_estimators"])
    made = lgb.train(dict(settings), data, num_boost_round=rounds, keep_training_booster=True)
    return str(made.model_to_string())
