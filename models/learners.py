"""One function for each type of `models.fitted`: arrays in, the fitted part out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from models.fitted import Constant, FrequencyTable, Logit, Mixture, Part, Staged, Stated, Trees
from models.spec import LIGHTGBM_DEFAULTS

# Weight of climatology in a frequency table, in rows: one effective month or so.
TABLE_PRIOR = 5.0
# LightGBM's histograms: by columns where a tree draws few of many, by rows else; the same bits. Measured on 5,000 weeks
# (benchmarks/bench_histograms.py): 222 columns, a tenth to half of them drawn, 1.3 to 1.8 times faster by columns;
# all drawn, 0.8 times; 53 columns, 0.8 to 1.0 times.
MANY_COLUMNS = 100
FEW_DRAWN = 0.5


def shares(codes: np.ndarray, k: int, weight: np.ndarray | None = None) -> np.ndarray:
    """Share of each of `k` outcomes, (k,), by weight where rows have one."""
    counts = np.bincount(codes, weight, minlength=k)
    return np.asarray(counts / counts.sum())


def constant(p: np.ndarray) -> Constant:
    """The same probabilities for every row."""
    return Constant(probabilities=tuple(p.tolist()))


def table(column: pd.Series, codes: np.ndarray, k: int, weight: np.ndarray | None = None) -> FrequencyTable:
    """Frequencies of the outcomes given a column of small integers, with `TABLE_PRIOR` rows of climatology."""
    base, rows = shares(codes, k, weight), {}
    values = column.to_numpy(float)
    for value in np.unique(values[~np.isnan(values)]):
        at = values == value
        found = np.bincount(codes[at], None if weight is None else weight[at], minlength=k)
        rows[str(int(value))] = ((found + TABLE_PRIOR * base) / (found.sum() + TABLE_PRIOR)).tolist()
    return FrequencyTable(features=(str(column.name),), shares=rows, otherwise=tuple(base.tolist()))


def stated(X: pd.DataFrame, codes: np.ndarray, k: int, weight: np.ndarray | None = None) -> Stated:
    """The columns of `X` as they stand, one an outcome; climatology where one is missing.

    Raises
    ------
    ValueError
        Not one column an outcome.
    """
    if X.shape[1] != k:
        raise ValueError(f"{X.shape[1]} columns state the probabilities of {k} outcomes")
    return Stated(features=tuple(map(str, X.columns)), otherwise=tuple(shares(codes, k, weight).tolist()))


def _moments(values: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column where it has values; a constant column's deviation counts as one."""
    known = ~np.isnan(values)
    share = known * (1.0 if weight is None else weight[:, None])
    share = share / share.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = (share * filled).sum(axis=0)
    scale = np.sqrt((share * (filled - mean) ** 2).sum(axis=0))
    return mean, np.where(scale > 1e-12 * np.maximum(np.abs(mean), 1e-300), scale, 1.0)


def logit(
    X: pd.DataFrame,
    codes: np.ndarray,
    k: int,
    strength: float,
    clip: float | None = None,
    weight: np.ndarray | None = None,
) -> Logit:
    """Multinomial logit on standardised columns; a missing value counts as the training mean.

    `strength` is scikit-learn's `C`, the inverse of the L2 penalty; `clip` holds
    columns within so many standard deviations. A column without a value in
    training, or without variation, counts nothing.
    """
    X = X.loc[:, X.notna().to_numpy()[slice(None) if weight is None else weight > 0.0].any(axis=0)]
    values = X.to_numpy(float)
    mean, scale = _moments(values, weight)
    scaled = (values - mean) / scale
    scaled = np.where(np.isnan(scaled), 0.0, scaled if clip is None else np.clip(scaled, -clip, clip))
    coef = np.zeros((k, values.shape[1]))
    # An outcome absent from the past gets a probability that is small, not zero.
    intercept = np.full(k, -10.0)
    if len(np.unique(codes)) == 1 or not values.shape[1]:
        intercept = np.log(np.maximum(shares(codes, k, weight), np.exp(-10.0)))
    else:
        model = LogisticRegression(C=strength, max_iter=2000).fit(scaled, codes, weight)
        if len(model.classes_) == 2:  # scikit-learn then keeps one row: the log odds of the second class
            intercept[model.classes_[0]] = 0.0
            coef[model.classes_[1]], intercept[model.classes_[1]] = model.coef_[0], model.intercept_[0]
        else:
            coef[model.classes_], intercept[model.classes_] = model.coef_, model.intercept_
    return Logit(
        features=tuple(str(name) for name in X.columns),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        clip=clip,
        coef=tuple(tuple(row) for row in coef.tolist()),
        intercept=tuple(intercept.tolist()),
    )


def histograms(columns: int, drawn: float) -> str:
    """LightGBM's parameter for the quicker way to sum its histograms, for so many columns and the share a tree draws.

    Left alone, LightGBM times both on the machine at hand. Each adds up the rows of a bin in their order, so the bits
    are the same (tested).
    """
    return "force_col_wise" if columns > MANY_COLUMNS and drawn <= FEW_DRAWN else "force_row_wise"


def lightgbm(
    X: pd.DataFrame,
    codes: np.ndarray,
    k: int,
    params: dict[str, float],
    seed: int,
    weight: np.ndarray | None = None,
    monotone: dict[str, int] | None = None,
) -> Trees:
    """Gradient-boosted trees, deterministic on one thread.

    With `k` = 2 the booster predicts the probability of code 0, so that
    `monotone` is about that outcome.
    """
    import lightgbm as lgb

    settings: dict[str, Any] = dict(LIGHTGBM_DEFAULTS | params)
    rounds = int(settings.pop("n_estimators"))
    whole = ("max_depth", "num_leaves", "min_child_samples", "bagging_freq")
    settings |= {name: int(settings[name]) for name in whole} | {"extra_trees": bool(settings["extra_trees"])}
    settings |= {"objective": "multiclass", "num_class": k} if k > 2 else {"objective": "binary"}
    settings |= {
        "seed": seed,
        "deterministic": True,
        histograms(X.shape[1], settings["colsample_bytree"]): True,
        "num_threads": 1,
        "verbosity": -1,
    }
    if monotone:
        settings["monotone_constraints"] = [monotone.get(str(name), 0) for name in X.columns]
    label = codes if k > 2 else (codes == 0).astype(int)
    data = lgb.Dataset(X.to_numpy(float), label=label, weight=weight, free_raw_data=True)
    # Kept as it is: by default LightGBM writes it as text and reads that again, and text is what we want once.
    grown: list[int] = []
    count = [lambda env: grown.append(env.model.current_iteration())]
    booster = lgb.train(settings, data, num_boost_round=rounds, keep_training_booster=True, callbacks=count)
    trees = Trees(features=tuple(str(name) for name in X.columns), booster=booster.model_to_string())
    trees.__dict__["grown"] = tuple(grown)  # as `cached_property` keeps it
    return trees


def mixture(members: list[Part], weights: list[float]) -> Mixture:
    """Weighted mean of the members' probabilities; the weights sum to one."""
    names = dict.fromkeys(name for member in members for name in member.features)
    return Mixture(features=tuple(names), members=tuple(members), weights=tuple(weights))


def staged(first: Part, second: Part, breakdown: int, k: int) -> Staged:
    """`first` tells breakdown (its column 0) from the rest, `second` divides the rest."""
    names = dict.fromkeys([*first.features, *second.features])
    others = tuple(place for place in range(k) if place != breakdown)
    return Staged(features=tuple(names), first=first, second=second, breakdown=breakdown, others=others)
