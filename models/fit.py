"""`fit_at`: the one way a model is fitted, for a fold of the past and for today's call alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from features.dataset import FAMILY_OF, OUTCOMES, REVISED, Dataset
from features.errors import RegimeError
from models.spec import LIGHTGBM_DEFAULTS, ModelSpec

LOGIT2 = ("broad_return_21", "broad_vol_21")
MARKOV = ("vol_regime",)
MIN_ROWS = 200
RECENT_WEEKS = 8
FIRST_TEST = pd.Timestamp("1990-01-01")
Document = dict[str, Any]


def training_rows(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> np.ndarray:
    """Mask of rows whose label had *ended* before the decision at `date` (purged by construction)."""
    index = dataset.X.index
    ended = (dataset.label_end < date).to_numpy()
    return np.asarray((index >= pd.Timestamp(spec.train_start)) & ended & dataset.outcome.notna().to_numpy())


def refit_dates(dataset: Dataset, spec: ModelSpec) -> pd.DatetimeIndex:
    """Decision dates on which the model is refitted: from the first test week, every `refit_weeks`.

    The first test week is the first of 1990, or ten years after the first
    training row if that is later.
    """
    index = pd.DatetimeIndex(dataset.X.index)
    first_row = index[index >= pd.Timestamp(spec.train_start)]
    if not len(first_row):
        raise RegimeError(f"no week on or after train_start {spec.train_start}; the data end on {index[-1].date()}")
    start = max(FIRST_TEST, first_row[0] + pd.DateOffset(years=10))
    tests = index[index >= start]
    if not len(tests):
        raise RegimeError(f"no test week: the first would be {start.date()}, the data end on {index[-1].date()}")
    return tests[:: spec.refit_weeks]


def fit_at(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> Document:
    """Fit `spec` on what had happened before the decision at `date`.

    Returns
    -------
    dict
        A JSON-serialisable document that `models.predictor.predict` reads.

    Raises
    ------
    RegimeError
        Fewer than `MIN_ROWS` training rows.
    """
    rows = training_rows(dataset, spec, date)
    if rows.sum() < MIN_ROWS:
        raise RegimeError(f"{rows.sum()} training weeks before {date.date()}: at least {MIN_ROWS} are needed")
    X = dataset.X[rows]
    codes = pd.Categorical(dataset.outcome[rows], categories=OUTCOMES).codes.astype(int)
    base = np.bincount(codes, minlength=len(OUTCOMES)) / len(codes)
    head: Document = {
        "outcomes": list(OUTCOMES),
        "base": base.tolist(),
        "fitted_at": str(date.date()),
        "rows": len(codes),
    }
    if spec.kind == "climatology":
        return head | {"kind": "constant", "features": [], "probabilities": base.tolist()}
    if spec.kind == "lightgbm":
        return head | _lightgbm(dataset, X, codes, spec, date)
    return head | _logit(X[list(LOGIT2 if spec.kind == "logit2" else MARKOV)], codes)


def _logit(X: pd.DataFrame, codes: np.ndarray) -> Document:
    values = X.to_numpy(float)
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scaled = (values - mean) / scale
    model = LogisticRegression(C=1.0, max_iter=1000).fit(np.where(np.isnan(scaled), 0.0, scaled), codes)
    coef = np.zeros((len(OUTCOMES), values.shape[1]))
    # An outcome absent from the past gets a probability that is small, not zero.
    intercept = np.full(len(OUTCOMES), -10.0)
    if len(model.classes_) == 2:  # scikit-learn then keeps one row: the log odds of the second class
        coef[model.classes_], intercept[model.classes_] = 0.0, 0.0
        coef[model.classes_[1]], intercept[model.classes_[1]] = model.coef_[0], model.intercept_[0]
    else:
        coef[model.classes_], intercept[model.classes_] = model.coef_, model.intercept_
    return {
        "kind": "logit",
        "features": list(X.columns),
        "mean": mean.tolist(),
        "scale": scale.tolist(),
        "coef": coef.tolist(),
        "intercept": intercept.tolist(),
    }


def live_features(dataset: Dataset, date: pd.Timestamp) -> list[str]:
    """Features with a value in the weeks up to `date`: one whose inputs have died is left out of the fold."""
    recent = dataset.X[dataset.X.index <= date].iloc[-RECENT_WEEKS:]
    return [str(name) for name in recent.columns[recent.notna().any()]]


def chosen_features(dataset: Dataset, spec: ModelSpec) -> list[str]:
    """Columns the specification lets LightGBM see.

    Raises
    ------
    RegimeError
        A family or feature that does not exist, or nothing left.
    """
    families = {FAMILY_OF.get(str(name), str(name)) for name in dataset.X.columns} | set(FAMILY_OF.values())
    for name in (*spec.families, *spec.exclude):
        if name not in families and name not in FAMILY_OF and name not in dataset.X.columns:
            raise RegimeError(f"unknown feature or family {name!r}: families are {', '.join(sorted(families))}")
    chosen = []
    for column in dataset.X.columns:
        name, family = str(column), FAMILY_OF.get(str(column), str(column))
        wanted = not spec.families or family in spec.families
        dropped = {name, family} & set(spec.exclude) or (spec.exclude_revised and name in REVISED)
        if wanted and not dropped:
            chosen.append(name)
    if not chosen:
        raise RegimeError(f"families {spec.families} without {spec.exclude} leave no feature in this data set")
    return chosen


def _lightgbm(dataset: Dataset, X: pd.DataFrame, codes: np.ndarray, spec: ModelSpec, date: pd.Timestamp) -> Document:
    import lightgbm

    chosen = set(chosen_features(dataset, spec))
    names = [name for name in live_features(dataset, date) if name in chosen]
    if not names:
        raise RegimeError(f"no chosen feature has a value in the weeks before {date.date()}")
    settings: dict[str, Any] = dict(LIGHTGBM_DEFAULTS | spec.params)
    rounds = int(settings.pop("n_estimators"))
    integers = ("max_depth", "num_leaves", "min_child_samples")
    settings |= {name: int(settings[name]) for name in integers}
    settings |= {
        "objective": "multiclass",
        "num_class": len(OUTCOMES),
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(X[names].to_numpy(float), label=codes, free_raw_data=True)
    booster = lightgbm.train(settings, data, num_boost_round=rounds)
    return {"kind": "lightgbm", "features": names, "booster": booster.model_to_string()}
