"""Tables of predictions and experiments made by hand."""

import dataclasses

import numpy as np
import pandas as pd

from features.dataset import OUTCOMES
from models.evaluation import metrics
from models.fit import fit_at
from models.spec import PROTOCOL, ModelSpec
from training.model_run import Experiment, ModelRun

TWO = ("breakdown", "neither")


def table(outcomes=OUTCOMES, weeks=260, seed=0, monthly=False):
    """A walk-forward's table whose probabilities are exactly right."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2000-01-07", periods=weeks, freq="BME" if monthly else "W-FRI")
    p = rng.dirichlet([3.0] * len(outcomes), size=weeks)
    made = pd.DataFrame(p, columns=[f"p_{name}" for name in outcomes])
    for name in outcomes:
        made[f"base_{name}"] = 1.0 / len(outcomes)
    happened = np.array([rng.choice(len(outcomes), p=row) for row in p])
    made.insert(0, "date", dates)
    made.insert(1, "outcome", pd.Series(np.array(outcomes, dtype=object)[happened]))
    made.loc[made.index[-4:], "outcome"] = None
    made["volatility"] = rng.uniform(0.05, 0.4, weeks)
    made["faltering"] = rng.random(weeks) < 0.5
    return made


def returns(made):
    days = pd.bdate_range(made["date"].iloc[0], made["date"].iloc[-1] + pd.Timedelta(days=60))
    steps = np.random.default_rng(1).normal(0.0004, 0.01, size=(len(days), 3))
    return pd.DataFrame(steps, days, ["ret_broad", "ret_cap", "ret_bill"])


def experiment_of(toy, kinds=("lightgbm", "markov", "climatology"), name="default"):
    """An experiment whose first model is the candidate; every table has its own seed."""
    tables = {kind: table(weeks=200, seed=place) for place, kind in enumerate(kinds)}
    first = tables[kinds[0]]
    # As in a real run the features cover the test weeks.
    X = toy.X.set_axis(pd.date_range(end=first["date"].iloc[-1], periods=len(toy.X), freq="W-FRI"))
    data = dataclasses.replace(toy, X=X, returns=returns(first))
    runs = []
    for kind, one in tables.items():
        spec = ModelSpec(estimator=kind, train_start=PROTOCOL["train_start"])
        scores = metrics.evaluate(one) | {"train_seconds": 1.0}
        if kind == "climatology":
            del scores["calibration_slope_breakdown"]  # a constant forecast has none
        runs.append(ModelRun(kind, spec, one, fit_at(toy, spec, pd.Timestamp("1996-01-05")), scores))
    return Experiment(name, 'label = "path"\n', data, runs[0], tuple(runs[1:]))
