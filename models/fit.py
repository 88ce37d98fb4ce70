"""`fit_at`: the one way a model is fitted, for a fold of the past and for today's call alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from features.dataset import BASELINE_FAMILY, FAMILY_OF, LAST_OUTCOME, PUBLISHED_SINCE, REVISED, Dataset
from features.errors import RegimeError
from models import kinds, predictor, weights
from models.kinds import Document as Document
from models.spec import ModelSpec
from models.threads import one_blas_thread

LOGIT2 = ("broad_return_21", "broad_vol_21")
MARKOV = ("vol_regime",)
JUMP = ("jump_state",)
MIN_ROWS = {52: 200, 12: 100}
RECENT_ROWS = {52: 8, 12: 2}
FIRST_TEST = pd.Timestamp("1990-01-01")
INNER_SHARE = 1.0 / 3.0
GRID = np.linspace(0.0, 1.0, 21)


def training_rows(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> np.ndarray:
    """Mask of rows whose label had *ended* before the decision at `date` (purged by construction)."""
    index = dataset.X.index
    ended = (dataset.label_end < date).to_numpy()
    return np.asarray((index >= pd.Timestamp(spec.train_start)) & ended & dataset.outcome.notna().to_numpy())


def refit_dates(dataset: Dataset, spec: ModelSpec) -> pd.DatetimeIndex:
    """Decision dates on which the model is refitted: from the first test week, every `refit_weeks`.

    The first test week is the first of 1990, or ten years after the first
    training row if that is later. Monthly rows are refitted as often in time.
    """
    index = pd.DatetimeIndex(dataset.X.index)
    first_row = index[index >= pd.Timestamp(spec.train_start)]
    if not len(first_row):
        raise RegimeError(f"no week on or after train_start {spec.train_start}; the data end on {index[-1].date()}")
    start = max(FIRST_TEST, first_row[0] + pd.DateOffset(years=10))
    tests = index[index >= start]
    if not len(tests):
        raise RegimeError(f"no test week: the first would be {start.date()}, the data end on {index[-1].date()}")
    return tests[:: max(1, round(spec.refit_weeks * dataset.rows_per_year / 52))]


def live_features(dataset: Dataset, date: pd.Timestamp) -> list[str]:
    """Features with a value in the weeks up to `date`: one whose inputs have died is left out of the fold."""
    recent = dataset.X[dataset.X.index <= date].iloc[-RECENT_ROWS[dataset.rows_per_year] :]
    return [str(name) for name in recent.columns[recent.notna().any()]]


def chosen_features(dataset: Dataset, spec: ModelSpec) -> list[str]:
    """Columns the specification lets LightGBM and the logit on all features see.

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
        if wanted and not dropped and family != BASELINE_FAMILY:
            chosen.append(name)
    if not chosen:
        raise RegimeError(f"families {spec.families} without {spec.exclude} leave no feature in this data set")
    return chosen


def fit_at(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> Document:
    """Fit `spec` on what had happened before the decision at `date`.

    Returns
    -------
    dict
        A JSON-serialisable document that `models.predictor.predict` reads, with
        `base` (training shares), `rows`, `fitted_at` and `ranges`: the 1st and
        99th percentile of each feature in the training rows.

    Raises
    ------
    RegimeError
        Fewer than `MIN_ROWS` training rows.
    """
    rows = training_rows(dataset, spec, date)
    least = MIN_ROWS[dataset.rows_per_year]
    if rows.sum() < least:
        raise RegimeError(f"{rows.sum()} training weeks before {date.date()}: at least {least} are needed")
    since = {name: str(day.date()) for name, day in PUBLISHED_SINCE.items()} if spec.as_published else {}
    if since:
        dataset = replace(dataset, X=predictor.as_published(dataset.X, since))
    codes = _codes(dataset)[rows]
    with one_blas_thread():
        document = _calibrated(dataset, spec, date, rows)
    head = {
        "outcomes": list(dataset.outcomes),
        "base": kinds.shares(codes, len(dataset.outcomes)).tolist(),
        "fitted_at": str(date.date()),
        "rows": len(codes),
        "ranges": _ranges(dataset.X[rows]),
    }
    if since:
        head["published_since"] = {name: since[name] for name in document["features"] if name in since}
    return head | document


def _codes(dataset: Dataset) -> np.ndarray:
    return np.asarray(pd.Categorical(dataset.outcome, categories=dataset.outcomes).codes.astype(int))


def _ranges(X: pd.DataFrame) -> dict[str, list[float]]:
    X = X[[name for name in X.columns if FAMILY_OF.get(str(name)) != BASELINE_FAMILY]].dropna(axis=1, how="all")
    low, high = _quantiles(X.to_numpy(float), (0.01, 0.99))
    return {str(name): [float(a), float(b)] for name, a, b in zip(X.columns, low, high, strict=True)}


def _quantiles(values: np.ndarray, levels: tuple[float, ...]) -> list[np.ndarray]:
    """`np.nanquantile(values, levels, axis=0)` by one sort of all columns: that one takes them one by one."""
    ordered = np.sort(values, axis=0)  # NaN last
    last, columns = (~np.isnan(values)).sum(axis=0) - 1, np.arange(values.shape[1])
    out = []
    for level in levels:
        place = level * last
        low = np.floor(place).astype(int)
        a, b = ordered[low, columns], ordered[np.minimum(low + 1, last), columns]
        out.append(a + (b - a) * (place - low))
    return out


def _calibrated(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> Document:
    """The blend, shrunk towards climatology or Markov by a weight learned on the last third of the window.

    The inner model is fitted on the first two thirds, purged as every fold is;
    the weight that minimises its log loss on the last third is then used with
    the model fitted on the whole window.
    """
    whole = _blended(dataset, spec, date, rows)
    if spec.calibration == "none":
        return whole
    places = np.flatnonzero(rows)
    inner_date = dataset.X.index[places[int(len(places) * (1.0 - INNER_SHARE))]]
    inner_rows = training_rows(dataset, spec, inner_date)
    later = rows & (dataset.X.index >= inner_date)
    towards = replace(spec, kind=spec.calibration, blend=(), seeds=1)
    frame, truth = dataset.X[later], _codes(dataset)[later]
    p = predictor.predict(_blended(dataset, spec, inner_date, inner_rows), frame)
    q = predictor.predict(_one(dataset, towards, inner_date, inner_rows), frame)
    each = np.arange(len(truth))
    mixed = GRID[:, None] * p[each, truth] + (1.0 - GRID[:, None]) * q[each, truth]
    weight = float(GRID[np.argmin(-np.log(np.maximum(mixed, 1e-6)).mean(axis=1))])
    return kinds.mixture([whole, _one(dataset, towards, date, rows)], [weight, 1.0 - weight])


def _blended(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> Document:
    if not spec.blend:
        return _one(dataset, spec, date, rows)
    members = [_one(dataset, replace(spec, kind=kind), date, rows) for kind in (spec.kind, *spec.blend)]
    return kinds.mixture(members, [1.0 / len(members)] * len(members))


def _one(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> Document:
    X, codes, k = dataset.X[rows], _codes(dataset)[rows], len(dataset.outcomes)
    if spec.kind == "climatology":
        return kinds.constant(kinds.shares(codes, k))
    if spec.kind == "persistence":
        return kinds.table(X[LAST_OUTCOME], codes, k)
    columns = {"logit2": LOGIT2, "markov": MARKOV, "jump": JUMP}.get(spec.kind)
    if columns:
        missing = [name for name in columns if name not in X]
        if missing:
            raise RegimeError(f"model kind {spec.kind!r} needs the column {missing[0]!r}: the data set has none")
        return kinds.logit(X[list(columns)], codes, k)
    chosen = set(chosen_features(dataset, spec))
    names = [name for name in live_features(dataset, date) if name in chosen]
    if not names:
        raise RegimeError(f"no chosen feature has a value in the weeks before {date.date()}")
    if spec.kind == "logit-all":
        return kinds.logit(X[names], codes, k, kinds.LOGIT_ALL_C)
    weight = _weights(dataset, spec, date, rows)
    members = [_trees(X[names], codes, dataset.outcomes, spec, spec.seed + i, weight) for i in range(spec.seeds)]
    return members[0] if len(members) == 1 else kinds.mixture(members, [1.0 / len(members)] * len(members))


def _trees(
    X: pd.DataFrame,
    codes: np.ndarray,
    outcomes: tuple[str, ...],
    spec: ModelSpec,
    seed: int,
    weight: np.ndarray | None,
) -> Document:
    unknown = [name for name in spec.monotone if name not in FAMILY_OF and name not in X]
    if unknown:
        raise RegimeError(f"monotone: unknown feature {unknown[0]!r}")
    k = len(outcomes)
    if spec.kind == "lightgbm" or k == 2:
        return kinds.lightgbm(X, codes, k, spec.params, seed, weight, spec.monotone)
    breakdown = outcomes.index("breakdown")
    fell = codes == breakdown
    first = kinds.lightgbm(X, np.where(fell, 0, 1), 2, spec.params, seed, weight, spec.monotone)
    # Codes of the other outcomes, closed up: (rotation, neither) -> (0, 1).
    rest = np.where(codes > breakdown, codes - 1, codes)[~fell]
    second = kinds.lightgbm(X[~fell], rest, k - 1, spec.params, seed, None if weight is None else weight[~fell])
    return kinds.staged(first, second, breakdown, k)


def _weights(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> np.ndarray | None:
    dates = pd.DatetimeIndex(dataset.X.index[rows])
    weight: Any = 1.0
    if spec.weighting == "uniqueness":
        weight = weight * weights.uniqueness(dates, pd.DatetimeIndex(dataset.label_end[rows]))
    if spec.half_life_years:
        weight = weight * weights.recency(dates, date, spec.half_life_years)
    return None if isinstance(weight, float) else np.asarray(weight)
