"""One side of `peers.py`: a walk-forward of LightGBM over given rows, by one library's own loop. Prints JSON.

Runs in the peers' environment, or in the project's for `ours`; called with the file of the rows and the side's name.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

SEED = 7


def _settings(data: Any) -> dict[str, Any]:
    return json.loads(str(data["settings"]))


def _classifier(data: Any) -> Any:
    from lightgbm import LGBMClassifier

    settings = _settings(data)
    names = {"feature_fraction": "colsample_bytree", "bagging_fraction": "subsample", "bagging_freq": "subsample_freq"}
    settings = {names.get(name, name): value for name, value in settings.items()}
    return LGBMClassifier(n_jobs=1, random_state=SEED, verbosity=-1, **settings)


def bare(data: Any) -> np.ndarray:
    """`lightgbm.train` and `predict` in a loop over the folds."""
    import lightgbm

    settings = _settings(data) | {"objective": "multiclass", "num_class": 3, "num_threads": 1, "seed": SEED}
    rounds = settings.pop("n_estimators")
    found = []
    for start, end in zip(data["starts"], [*data["starts"][1:], len(data["X"])], strict=True):
        past = slice(0, start - int(data["gap"]))
        booster = lightgbm.train(
            settings | {"verbosity": -1}, lightgbm.Dataset(data["X"][past], data["y"][past]), rounds
        )
        found.append(booster.predict(data["X"][start:end], num_threads=1))
    return np.concatenate(found)


def _by(splits: Iterator[tuple[np.ndarray, np.ndarray]], data: Any) -> np.ndarray:
    found = []
    for past, test in splits:
        found.append(_classifier(data).fit(data["X"][past], data["y"][past]).predict_proba(data["X"][test]))
    return np.concatenate(found)


def scikit_learn(data: Any) -> np.ndarray:
    """`TimeSeriesSplit` with a gap, and the classifier of LightGBM."""
    from sklearn.model_selection import TimeSeriesSplit

    starts, gap = data["starts"], int(data["gap"])
    splitter = TimeSeriesSplit(len(starts), test_size=int(starts[1] - starts[0]), gap=gap)
    return _by(splitter.split(data["X"]), data)


def skfolio(data: Any) -> np.ndarray:
    """`WalkForward`, expanding, purged."""
    from skfolio.model_selection import WalkForward

    starts, gap = data["starts"], int(data["gap"])
    size = int(starts[1] - starts[0])
    splitter = WalkForward(test_size=size, train_size=int(starts[0]) - gap, expand_train=True, purged_size=gap)
    return _by(splitter.split(data["X"]), data)


def sktime(data: Any) -> np.ndarray:
    """`ExpandingWindowSplitter`, with the gap in its horizon."""
    from sktime.split import ExpandingWindowSplitter

    starts, gap = data["starts"], int(data["gap"])
    size = int(starts[1] - starts[0])
    horizon = np.arange(gap + 1, gap + size + 1)
    splitter = ExpandingWindowSplitter(fh=horizon, initial_window=int(starts[0]) - gap, step_length=size)
    return _by(splitter.split(np.arange(len(data["X"]))), data)


def ours(data: Any) -> np.ndarray:
    """The product's fit and prediction of each fold, purge, checks and base rates included."""
    import pandas as pd

    from features.dataset import OUTCOMES, Dataset
    from models.spec import ModelSpec
    from training.walkforward import fitted_folds, spans

    dates = pd.date_range("1927-01-07", periods=len(data["X"]), freq="W-FRI")
    X = pd.DataFrame(data["X"], dates, [f"x{i}" for i in range(data["X"].shape[1])])
    outcome = pd.Series(np.array(OUTCOMES, dtype=object)[data["y"]], dates)
    ends = pd.Series(dates + pd.Timedelta(days=7 * int(data["gap"])), dates)
    dataset = Dataset(X, outcome, ends, X["x0"] < 0, "path", "bench", "folder", "us")
    settings = _settings(data)
    own = {"feature_fraction": "colsample_bytree", "min_data_in_leaf": "min_child_samples", "lambda_l2": "reg_lambda"}
    params = {own.get(name, name): int(value) if name == "extra_trees" else value for name, value in settings.items()}
    spec = ModelSpec(train_start="1927-01-01", seed=SEED, params=params)
    folds = fitted_folds(dataset, spec, spans(dates[data["starts"]]), 1)
    return pd.concat([table for table, _ in folds])[[f"p_{name}" for name in OUTCOMES]].to_numpy()


SIDES = {"bare": bare, "scikit-learn": scikit_learn, "skfolio": skfolio, "sktime": sktime, "ours": ours}


def main() -> None:
    """Time one side, imports left out: processor seconds, and the first prediction, to see whether sides agree."""
    data = dict(np.load(sys.argv[1]))
    side = SIDES[sys.argv[2]]
    small = data | {
        "starts": data["starts"][:2],
        "X": data["X"][: data["starts"][2]],
        "y": data["y"][: data["starts"][2]],
    }
    side(small)  # imports
    start = time.process_time()
    found = side(data)
    spent = time.process_time() - start
    print(json.dumps({"seconds": spent, "rows": len(found), "first": found[0].tolist()}))


if __name__ == "__main__":
    main()
