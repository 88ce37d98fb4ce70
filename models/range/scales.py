"""The scale of a range: forecasts of the log of the realised daily volatility over a horizon.

Members are fitted on arrays and return a typed part; `log_scale` reads parts and
averages them. A mean of logarithms is the logarithm of a geometric mean: a member
that doubles its forecast counts as much as one that halves it.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
import pandas as pd

from models.range.fitted import Column, Linear, Member, Trees

CLIP = 2.5  # standard deviations
RIDGE = 0.1  # penalty as a share of the rows; chosen on weeks before 1990
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
ROUNDS = 200
HAR = ("log_vol_{leg}_1", "log_vol_{leg}_5", "log_vol_{leg}_21")  # Corsi (2009), in logarithms


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


def trees(X: pd.DataFrame, y: np.ndarray, seed: int, rounds: int = ROUNDS) -> Trees:
    """Least-squares LightGBM regression of `y`, (rows,), deterministic on one thread."""
    import lightgbm as lgb

    settings = TREES | {
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(X.to_numpy(float), label=y, free_raw_data=True)
    booster = lgb.train(settings, data, num_boost_round=rounds, keep_training_booster=True)
    return Trees(features=tuple(str(name) for name in X.columns), booster=booster.model_to_string())


def joined(column: pd.Series, instead: pd.Series, known: np.ndarray, least: int) -> Column:
    """`column` from the week when it had `least` values in the past, before that `instead` times their past ratio.

    Parameters
    ----------
    column, instead : Series, (weeks,)
        In logarithms, by decision date.
    known : bool array, (weeks,)
        The weeks of the past.
    least : int
        Weeks of overlap that are needed.
    """
    both = known & column.notna().to_numpy() & instead.notna().to_numpy()
    if both.sum() < least:
        return Column(column=str(instead.name))
    ratio = float((column - instead).to_numpy()[both].mean())
    start = pd.DatetimeIndex(column.index)[both][0]
    return Column(column=str(column.name), instead=str(instead.name), log_ratio=ratio, joined_from=str(start.date()))


def log_scale(members: tuple[Member, ...], frame: pd.DataFrame) -> np.ndarray:
    """Mean log scale of the members, (rows,); zero (a scale of one) where there are none."""
    if not members:
        return np.zeros(len(frame))
    return np.asarray(sum(_one(member, frame) for member in members) / len(members))


def _one(member: Member, frame: pd.DataFrame) -> np.ndarray:
    match member:
        case Column():
            return _column(member, frame)
        case Linear():
            Z = _standardised(
                frame[list(member.features)].to_numpy(float),
                np.array(member.mean),
                np.array(member.scale),
                member.clip,
            )
            # Summed row by row: a matrix product takes another path, with other last bits, for one row than for many.
            return np.asarray((np.ascontiguousarray(Z) * np.array(member.coef)).sum(axis=1) + member.intercept)
        case Trees():
            values = np.ascontiguousarray(frame[list(member.features)].to_numpy(float))
            return np.asarray(member.loaded.predict(values, num_threads=1))
        case _:
            assert_never(member)


def _column(member: Column, frame: pd.DataFrame) -> np.ndarray:
    values = frame[member.column].to_numpy(float)
    if member.instead is None:
        return np.asarray(values)
    other = frame[member.instead].to_numpy(float) + member.log_ratio
    early = np.isnan(values) | (pd.DatetimeIndex(frame.index) < pd.Timestamp(str(member.joined_from)))
    return np.asarray(np.where(early, other, values))


def _standardised(values: np.ndarray, mean: np.ndarray, scale: np.ndarray, clip: float) -> np.ndarray:
    scaled = np.clip((values - mean) / scale, -clip, clip)
    return np.where(np.isnan(scaled), 0.0, scaled)
