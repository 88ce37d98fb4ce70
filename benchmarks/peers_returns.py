"""Walk-forwards of a LightGBM regression by the loops of forecasting libraries, which predict a number, not odds.

Rows as in `peers_outcomes`; here `target` is the number. As many trees as there: a round of three outcomes is three.
Each side gives the predictions of all test rows, (test rows,).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from peers_outcomes import Measured, Rows, bare_loop, booster_settings, estimator_settings, geometry
from peers_outcomes import few as few_outcomes
from peers_outcomes import table as table_outcomes

OUTCOMES = 3


def few(data: Rows) -> Rows:
    """The first two folds."""
    return few_outcomes(data) | {"target": data["target"][: data["starts"][2]]}


def table(data: Rows) -> tuple[pd.DataFrame, pd.Series]:
    """The rows as a user of the libraries has them, one a week."""
    return table_outcomes(data | {"y": data["target"]})


def _settings(data: Rows) -> tuple[dict[str, Any], int]:
    settings, rounds = booster_settings(data)
    return settings, OUTCOMES * rounds


def _regressor(data: Rows) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(**estimator_settings(data) | {"n_estimators": _settings(data)[1]})


def bare(data: Rows) -> Measured:
    """The bare loop over arrays."""
    settings, rounds = _settings(data)
    return bare_loop(data, data["target"], settings | {"objective": "regression"}, rounds)


def bare_lag(data: Rows) -> Measured:
    """The bare loop with the target's last value as first column; in a fold's test that is its own prediction."""
    import lightgbm

    settings, rounds = _settings(data)
    X, y, gap = data["X"], data["target"], int(data["gap"])

    def measured() -> np.ndarray:
        found = []
        for start, end in zip(data["starts"], [*data["starts"][1:], len(y)], strict=True):
            first = start - gap
            past = np.column_stack([y[: first - 1], X[1:first]])
            booster = lightgbm.train(settings | {"objective": "regression"}, lightgbm.Dataset(past, y[1:first]), rounds)
            predicted = [y[first - 1]]
            for row in X[first:end]:
                predicted.append(booster.predict(np.append(predicted[-1], row)[None], num_threads=1)[0])
            found.append(predicted[gap + 1 :])
        return np.concatenate(found)

    return measured


def sktime(data: Rows) -> Measured:
    """`evaluate` of `YfromX`, refitted in each fold."""
    import warnings

    from sktime.forecasting.compose import YfromX
    from sktime.forecasting.model_evaluation import evaluate
    from sktime.performance_metrics.forecasting import MeanSquaredError
    from sktime.split import ExpandingWindowSplitter

    warnings.filterwarnings("ignore", "The default of config ``remember_data``", FutureWarning)
    X, y = table(data)
    first, size, gap = geometry(data)
    horizon = np.arange(gap + 1, gap + size + 1)
    splitter = ExpandingWindowSplitter(fh=horizon, initial_window=first, step_length=size)

    def measured() -> np.ndarray:
        forecaster, score = YfromX(_regressor(data)), MeanSquaredError()
        done = evaluate(forecaster, splitter, y=y, X=X, strategy="refit", scoring=score, return_data=True)
        return np.concatenate([part.to_numpy().ravel() for part in done["y_pred"]])

    return measured


def mlforecast(data: Rows) -> Measured:
    """`MLForecast.cross_validation` without lags; it knows no gap, so that the horizon holds it."""
    from mlforecast import MLForecast

    X, y = table(data)
    _, size, gap = geometry(data)
    long = X.assign(y=y, unique_id="market").reset_index(names="ds")

    def measured() -> np.ndarray:
        forecaster = MLForecast(models={"forecast": _regressor(data)}, freq="W-FRI")
        windows = {"n_windows": len(data["starts"]), "h": gap + size, "step_size": size}
        done = forecaster.cross_validation(long, static_features=[], **windows)
        return done.groupby("cutoff").tail(size)["forecast"].to_numpy()

    return measured


def skforecast(data: Rows) -> Measured:
    """`backtesting_forecaster` of `ForecasterRecursive`, which takes no fewer than one lag of the target."""
    from skforecast.model_selection import TimeSeriesFold, backtesting_forecaster
    from skforecast.recursive import ForecasterRecursive

    X, y = table(data)
    first, size, gap = geometry(data)

    def measured() -> np.ndarray:
        forecaster = ForecasterRecursive(estimator=_regressor(data), lags=1)
        folds = TimeSeriesFold(
            steps=size, initial_train_size=first, gap=gap, refit=True, fixed_train_size=False, verbose=False
        )
        options = {"metric": "mean_squared_error", "n_jobs": 1, "show_progress": False}
        _, done = backtesting_forecaster(forecaster, y=y, exog=X, cv=folds, **options)
        return done["pred"].to_numpy()

    return measured


def _qlib_tasks(data: Rows, folder: Path) -> list[dict[str, Any]]:
    """qlib's folder with a calendar of the weeks, its handler of the rows, and a task a fold."""
    import qlib as library
    from qlib.data.dataset.handler import DataHandlerLP
    from qlib.data.dataset.loader import StaticDataLoader
    from qlib.workflow.task.gen import RollingGen, task_generator

    X, y = table(data)
    week, (first, size, gap) = pd.Timedelta(days=7), geometry(data)
    # `RollingGen` wants a date before the first row.
    weeks = "".join(f"{date:%Y-%m-%d}\n" for date in [X.index[0] - week, *X.index, X.index[-1] + week])
    for name in ("calendars", "instruments", "features"):
        (folder / name).mkdir()
    for name in ("day.txt", "day_future.txt"):
        (folder / "calendars" / name).write_text(weeks)
    (folder / "instruments" / "all.txt").write_text(f"market\t{X.index[0]:%Y-%m-%d}\t{X.index[-1]:%Y-%m-%d}\n")
    manager = {
        "class": "MLflowExpManager",
        "module_path": "qlib.workflow.expm",
        "kwargs": {"uri": f"file:{folder / 'mlruns'}", "default_exp_name": "Experiment"},
    }
    library.init(provider_uri=str(folder), region="us", exp_manager=manager)
    both = pd.concat({"feature": X, "label": y.to_frame()}, axis=1)
    both.index = pd.MultiIndex.from_product([X.index, ["market"]], names=["datetime", "instrument"])
    settings, rounds = _settings(data)
    segments = {"train": (X.index[0], X.index[first - 1]), "test": (X.index[first + gap], X.index[-1])}
    handler = DataHandlerLP(data_loader=StaticDataLoader(both))
    task = {
        "model": {
            "class": "LGBModel",
            "module_path": "qlib.contrib.model.gbdt",
            "kwargs": {"loss": "mse", "num_boost_round": rounds, **settings},
        },
        "dataset": {
            "class": "DatasetH",
            "module_path": "qlib.data.dataset",
            "kwargs": {"handler": handler, "segments": segments},
        },
        "record": ["qlib.workflow.record_temp.SignalRecord"],
    }

    def copied(one: dict[str, Any]) -> dict[str, Any]:
        """A copy that shares the handler, so that the rows are not copied for each fold."""
        return one | {"dataset": one["dataset"] | {"kwargs": dict(one["dataset"]["kwargs"])}}

    return task_generator(task, RollingGen(step=size, trunc_days=gap + 1, task_copy_func=copied))


def qlib(data: Rows) -> Measured:
    """`LGBModel` over the tasks of `RollingGen`; the metrics of each round are not recorded."""
    folder = tempfile.TemporaryDirectory()
    tasks = _qlib_tasks(data, Path(folder.name))

    from qlib.utils import init_instance_by_config
    from qlib.workflow import QlibRecorder, R

    class Silent(QlibRecorder):
        def log_metrics(self, step: int | None = None, **kwargs: float) -> None:
            """Nothing."""

    R.register(Silent(R.exp_manager))

    def measured() -> np.ndarray:
        found = []
        for task in tasks:
            model, dataset = init_instance_by_config(task["model"]), init_instance_by_config(task["dataset"])
            model.fit(dataset)
            found.append(model.predict(dataset).to_numpy())
        folder.cleanup()
        return np.concatenate(found)

    return measured


def qlib_recorder(data: Rows) -> Measured:
    """The same tasks by `TrainerR`, which records metrics, model and predictions in files, and collects them."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # qlib's own default, which MLflow asks for by now
    folder = tempfile.TemporaryDirectory()
    tasks = _qlib_tasks(data, Path(folder.name))

    from qlib.model.ens.ensemble import RollingEnsemble
    from qlib.model.trainer import TrainerR
    from qlib.workflow.task.collect import RecorderCollector

    def measured() -> np.ndarray:
        TrainerR(experiment_name="folds")(tasks)
        collected = RecorderCollector(
            experiment="folds",
            artifacts_key=["pred"],
            artifacts_path={"pred": "pred.pkl"},
            process_list=[RollingEnsemble()],
        )()
        folder.cleanup()
        return collected["pred"].iloc[:, 0].to_numpy()

    return measured


SIDES = {
    "bare": bare,
    "bare, lag": bare_lag,
    "sktime": sktime,
    "mlforecast": mlforecast,
    "skforecast": skforecast,
    "qlib": qlib,
    "qlib, recorder": qlib_recorder,
}
