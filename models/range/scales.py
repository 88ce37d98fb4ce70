"""The scale of a range: forecasts of the log of the realised daily volatility over a horizon.

Members are fitted on arrays and return a typed part; `log_scale` reads parts and
averages them. A mean of logarithms is the logarithm of a geometric mean: a member
that doubles its forecast counts as much as one that halves it.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
import pandas as pd

from models.range.fitted import Boosted, Column, Linear, Member

CLIP = 2.5  # standard deviations
# Chosen on weeks before 1990 (docs/method.md, the range): a strong penalty, and few trees grown on what a HAR leaves.
RIDGE = 2.0  # penalty a row, in standard deviations
HAR_RIDGE = 0.1
ROUNDS = 50
# The shapes of the classifier's trees: shallow, random split points, strongly regularised.
TREES: dict[str, float | bool | int | str] = {
    "objective": "regression",
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.05,
    "min_child_samples": 100,
    "colsample_bytree": 0.3,
    "reg_lambda": 20.0,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "extra_trees": True,
}
# Heterogeneous autoregression (Corsi 2009), in logarithms.
HAR = {
    "broad": tuple(f"log_vol_broad_{window}" for window in (1, 5, 10, 21, 63, 252)),
    "spread": tuple(f"log_vol_spread_{window}" for window in (5, 21, 63, 252)),
}


def linear(X: pd.DataFrame, y: np.ndarray, penalty: float = RIDGE) -> Linear:
    """Ridge regression of `y`, (rows,), on the columns of `X`; `penalty` is per row, 0 gives least squares.

    A column without a value or without variation counts nothing.
    """
    values = X.to_numpy(float)
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    scale = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    scale = np.where(scale > 1e-12, scale, 1.0)
    Z = _standardised(values, mean, scale, CLIP)
    centre = Z.mean(axis=0)
    Z = Z - centre
    gram = Z.T @ Z + np.diag(np.full(Z.shape[1], penalty * len(y) + 1e-8))
    coef = np.linalg.solve(gram, Z.T @ (y - y.mean()))
    return Linear(
        features=tuple(str(name) for name in X.columns),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        clip=CLIP,
        coef=tuple(coef.tolist()),
        intercept=float(y.mean() - (centre * coef).sum()),
    )


def boosted(X: pd.DataFrame, y: np.ndarray, har: tuple[str, ...], seed: int, rounds: int = ROUNDS) -> Boosted:
    """A HAR and LightGBM regression (squared error) of what it leaves of `y`, (rows,).

    Trees cannot follow volatility beyond what they have seen; the linear start
    can. Deterministic on one thread.
    """
    import lightgbm as lgb

    start = linear(X[list(har)], y, HAR_RIDGE)
    left = y - _one(start, X)

    settings = TREES | {
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(X.to_numpy(float), label=left, free_raw_data=True)
    booster = lgb.train(settings, data, num_boost_round=rounds, keep_training_booster=True)
    names = tuple(str(name) for name in X.columns)
    return Boosted(features=names, start=start, booster=booster.model_to_string())


def joined(column: pd.Series, other: np.ndarray, known: np.ndarray, least: int) -> Column | None:
    """`column` on the level of `other`: less their mean difference over the weeks of the past; None with too few.

    Parameters
    ----------
    column : Series, (weeks,)
        A log scale by decision date, missing before its data begin.
    other : array, (weeks,)
        The log scale it joins.
    known : bool array, (weeks,)
        The weeks of the past.
    least : int
        Weeks in which both must have a value.
    """
    both = known & column.notna().to_numpy() & np.isfinite(other)
    if both.sum() < least:
        return None
    return Column(column=str(column.name), shift=float((other - column.to_numpy())[both].mean()))


def log_scale(members: tuple[Member, ...], frame: pd.DataFrame) -> np.ndarray:
    """Mean log scale of the members that have a value in the row, (rows,); zero (a scale of one) without members."""
    if not members:
        return np.zeros(len(frame))
    return mean_scale(np.stack([_one(member, frame) for member in members]))


def mean_scale(each: np.ndarray) -> np.ndarray:
    """Mean over the members, (rows,), of (members, rows); a missing member does not count, NaN if all are missing."""
    known = np.isfinite(each)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, each, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _one(member: Member, frame: pd.DataFrame) -> np.ndarray:
    match member:
        case Column():
            values = frame[member.column].to_numpy(float) + member.shift
            if member.instead is None:
                return np.asarray(values)
            return np.asarray(np.where(np.isnan(values), frame[member.instead].to_numpy(float), values))
        case Linear():
            Z = _standardised(
                frame[list(member.features)].to_numpy(float),
                np.array(member.mean),
                np.array(member.scale),
                member.clip,
            )
            # Summed row by row: a matrix product takes another path, with other last bits, for one row than for many.
            return np.asarray((np.ascontiguousarray(Z) * np.array(member.coef)).sum(axis=1) + member.intercept)
        case Boosted():
            values = np.ascontiguousarray(frame[list(member.features)].to_numpy(float))
            return np.asarray(_one(member.start, frame) + member.loaded.predict(values, num_threads=1))
        case _:
            assert_never(member)


def _standardised(values: np.ndarray, mean: np.ndarray, scale: np.ndarray, clip: float) -> np.ndarray:
    scaled = np.clip((values - mean) / scale, -clip, clip)
    return np.where(np.isnan(scaled), 0.0, scaled)
