"""Walk-forwards of a LightGBM classifier of three outcomes: the splitters of other libraries, a bare loop, the product.

Rows: `X` (weeks, columns), `y` (0, 1 or 2), `starts` (first row of each fold), `gap` (rows purged), `settings` (JSON).
Each side gives the probabilities of all test rows, (test rows, 3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

SEED = 7
SCIKIT_LEARN = {
    "feature_fraction": "colsample_bytree",
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
}
Rows = dict[str, Any]
Measured = Callable[[], np.ndarray]
Split = Iterator[tuple[np.ndarray, np.ndarray]]


def few(data: Rows) -> Rows:
    """The first two folds."""
    end = data["starts"][2]
    return data | {"starts": data["starts"][:2], "X": data["X"][:end], "y": data["y"][:end]}


def table(data: Rows) -> tuple[pd.DataFrame, pd.Series]:
    """The rows as a user of the libraries has them, one a week."""
    dates = pd.date_range("1927-01-07", periods=len(data["X"]), freq="W-FRI")
    X = pd.DataFrame(data["X"], dates, [f"x{i}" for i in range(data["X"].shape[1])])
    return X, pd.Series(data["y"], dates, name="y")


def geometry(data: Rows) -> tuple[int, int, int]:
    """Rows that the first fold learns from, rows of each fold's test, rows purged."""
    gap = int(data["gap"])
    return int(data["starts"][0]) - gap, int(data["starts"][1] - data["starts"][0]), gap


def booster_settings(data: Rows) -> tuple[dict[str, Any], int]:
    """What `lightgbm.train` gets on every side, and the number of rounds."""
    settings = json.loads(str(data["settings"])) | {"num_threads": 1, "seed": SEED, "verbosity": -1}
    return settings, settings.pop("n_estimators")


def estimator_settings(data: Rows) -> dict[str, Any]:
    """The same by the names of LightGBM's scikit-learn estimators."""
    settings = {SCIKIT_LEARN.get(name, name): value for name, value in json.loads(str(data["settings"])).items()}
    return settings | {"n_jobs": 1, "random_state": SEED, "verbosity": -1}


def bare_loop(data: Rows, target: np.ndarray, settings: dict[str, Any], rounds: int) -> Measured:
    """`lightgbm.train` and `predict` over the folds."""
    import lightgbm

    def measured() -> np.ndarray:
        found = []
        for start, end in zip(data["starts"], [*data["starts"][1:], len(target)], strict=True):
            past = slice(0, start - int(data["gap"]))
            booster = lightgbm.train(settings, lightgbm.Dataset(data["X"][past], target[past]), rounds)
            found.append(booster.predict(data["X"][start:end], num_threads=1))
        return np.concatenate(found)

    return measured


def bare(data: Rows) -> Measured:
    """The bare loop over arrays."""
    settings, rounds = booster_settings(data)
    return bare_loop(data, data["y"], settings | {"objective": "multiclass", "num_class": 3}, rounds)


def _by(split: Callable[[pd.DataFrame], Split], data: Rows) -> Measured:
    from lightgbm import LGBMClassifier

    X, y = table(data)

    def measured() -> np.ndarray:
        found = []
        for past, test in split(X):
            model = LGBMClassifier(**estimator_settings(data)).fit(X.iloc[past], y.iloc[past])
            found.append(model.predict_proba(X.iloc[test]))
        return np.concatenate(found)

    return measured


def scikit_learn(data: Rows) -> Measured:
    """`TimeSeriesSplit` with a gap."""
    from sklearn.model_selection import TimeSeriesSplit

    _, size, gap = geometry(data)
    return _by(lambda X: TimeSeriesSplit(len(data["starts"]), test_size=size, gap=gap).split(X), data)


def purgedcv(data: Rows) -> Measured:
    """`WalkForwardSplit`, expanding, purged by when each label is known: the day after it ended."""
    from purgedcv import WalkForwardSplit

    _, size, gap = geometry(data)

    def split(X: pd.DataFrame) -> Split:
        known = X.index + pd.Timedelta(days=7 * gap + 1)
        times = {"prediction_times": pd.Series(X.index), "evaluation_times": pd.Series(known)}
        return WalkForwardSplit(n_splits=len(data["starts"]), test_size=size, **times).split(X)

    return _by(split, data)


def skfolio(data: Rows) -> Measured:
    """`WalkForward`, expanding, purged by rows."""
    from skfolio.model_selection import WalkForward

    first, size, gap = geometry(data)
    splitter = WalkForward(test_size=size, train_size=first, expand_train=True, purged_size=gap)
    return _by(splitter.split, data)


def sktime(data: Rows) -> Measured:
    """`ExpandingWindowSplitter`, with the gap in its horizon."""
    from sktime.split import ExpandingWindowSplitter

    first, size, gap = geometry(data)
    horizon = np.arange(gap + 1, gap + size + 1)
    splitter = ExpandingWindowSplitter(fh=horizon, initial_window=first, step_length=size)
    return _by(lambda X: splitter.split(X.index), data)


def ours(data: Rows) -> Measured:
    """The product's fit and prediction of each fold: purge, checks, base rates, state of the head-to-head."""
    from features.dataset import OUTCOMES, Dataset
    from models.spec import ModelSpec
    from training.walkforward import fitted_folds, spans

    X, y = table(data)
    outcome = pd.Series(np.array(OUTCOMES, dtype=object)[y], X.index)
    ends = pd.Series(X.index + pd.Timedelta(days=7 * int(data["gap"])), X.index)
    dataset = Dataset(X, outcome, ends, X["x0"] < 0, "path", "bench", "folder", "us")
    own = {"feature_fraction": "colsample_bytree", "min_data_in_leaf": "min_child_samples", "lambda_l2": "reg_lambda"}
    settings = json.loads(str(data["settings"]))
    params = {own.get(name, name): int(value) if name == "extra_trees" else value for name, value in settings.items()}
    spec = ModelSpec(train_start="1927-01-01", seed=SEED, params=params)
    columns = [f"p_{name}" for name in OUTCOMES]

    def measured() -> np.ndarray:
        folds = fitted_folds(dataset, spec, spans(X.index[data["starts"]]), 1)
        return pd.concat([part for part, _ in folds])[columns].to_numpy()

    return measured


SIDES = {
    "bare": bare,
    "ours": ours,
    "scikit-learn": scikit_learn,
    "purgedcv": purgedcv,
    "skfolio": skfolio,
    "sktime": sktime,
}
