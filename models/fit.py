"""`fit_at`: the one way a model is fitted, for a fold of the past and for today's call alike."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.dataset import BASELINE_FAMILY, FAMILY_OF, PUBLISHED_SINCE, REVISED, Dataset
from models import estimators, fingerprint, predictor, sample_weights
from models.classifier import RegimeClassifier
from models.estimators import Document as Document
from models.spec import FIXED_COLUMNS, TREES, ModelSpec, baseline
from models.threads import one_blas_thread

# What a kind is to the classifier. The ridge on all features was fixed on weeks before 1990 (docs/method.md).
ALGORITHM: dict[str, dict[str, Any]] = {
    "climatology": {"algorithm": "constant"},
    "persistence": {"algorithm": "table"},
    "logit2": {"algorithm": "logit"},
    "markov": {"algorithm": "logit"},
    "jump": {"algorithm": "logit"},
    "logit-all": {"algorithm": "logit", "strength": 0.001, "clip": 2.5},
    "lightgbm": {"algorithm": "lightgbm"},
    "staged": {"algorithm": "staged"},
}
MIN_ROWS = {52: 200, 12: 100}
RECENT_ROWS = {52: 8, 12: 2}
FIRST_TEST = pd.Timestamp("1990-01-01")
INNER_YEARS = 5
PRIOR_MONTHS = 24.0
EM_STEPS = 200
MOST = 0.9
MEMORY = 400  # inner models a process remembers
_memory: dict[tuple[str, str], Future[Document]] = {}
_memory_lock = threading.Lock()


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
    end = int(dataset.X.index.searchsorted(date, side="right"))
    recent = dataset.X.iloc[max(0, end - RECENT_ROWS[dataset.rows_per_year]) : end]
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
        "base": estimators.shares(codes, len(dataset.outcomes)).tolist(),
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
    ordered = np.sort(np.ascontiguousarray(values.T), axis=1)  # NaN last
    last, columns = (~np.isnan(values)).sum(axis=0) - 1, np.arange(values.shape[1])
    out = []
    for level in levels:
        place = level * last
        low = np.floor(place).astype(int)
        a, b = ordered[columns, low], ordered[columns, np.minimum(low + 1, last)]
        out.append(a + (b - a) * (place - low))
    return out


def _calibrated(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> Document:
    """The members' mean, or their mean by weights learned from what each would have said inside the window.

    `stack` weighs the members of the blend and climatology; `climatology` and
    `markov` weigh the blend, as one, against that baseline.
    """
    blend = [replace(spec, kind=kind, blend=(), calibration="none") for kind in (spec.kind, *spec.blend)]
    if spec.calibration == "none":
        return _mean(dataset, blend, date, rows)
    if spec.calibration == "stack":
        parts = [[one] for one in blend] + [[baseline(spec, "climatology")]]
    else:
        parts = [blend, [baseline(spec, spec.calibration)]]
    said, codes = _inner(dataset, parts, date)
    if not len(codes):
        return _mean(dataset, blend, date, rows)
    learned = mixture_weights(said[:, np.arange(len(codes)), codes], len(codes) / _rows_a_month(dataset))
    return estimators.mixture([_mean(dataset, part, date, rows) for part in parts], learned.tolist())


def _mean(dataset: Dataset, members: list[ModelSpec], date: pd.Timestamp, rows: np.ndarray) -> Document:
    fitted = [_one(dataset, member, date, rows) for member in members]
    return fitted[0] if len(fitted) == 1 else estimators.mixture(fitted, [1.0 / len(fitted)] * len(fitted))


def _rows_a_month(dataset: Dataset) -> float:
    return dataset.rows_per_year / 12.0


def inner_dates(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> pd.DatetimeIndex:
    """Refits of the walk-forward inside the training window: every `INNER_YEARS` from ten years in, up to `date`.

    They hang on the first training row alone, so that the folds of one
    experiment share them.
    """
    index = pd.DatetimeIndex(dataset.X.index)
    first = index[index >= pd.Timestamp(spec.train_start)][0]
    count = max(0, date.year - first.year - 10) // INNER_YEARS + 1
    wanted = [first + pd.DateOffset(years=10 + INNER_YEARS * i) for i in range(count)]
    places = [index.searchsorted(day) for day in wanted if day < date]
    return index[[place for place in places if place < len(index) and index[place] < date]]


def _inner(dataset: Dataset, parts: list[list[ModelSpec]], date: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
    """What each part would have said in the window's later weeks, (parts, weeks, outcomes), and what happened.

    An expanding walk-forward of its own: every row is said by a model fitted on
    labels that had ended before it, and counts only if its own had before `date`.
    """
    spec = parts[0][0]
    starts = inner_dates(dataset, spec, date)
    kept = fingerprint.digests(dataset, starts)
    judged = training_rows(dataset, spec, date)
    index, said, truth = dataset.X.index, [], []
    for i, (start, digest) in enumerate(zip(starts, kept, strict=True)):
        before = training_rows(dataset, spec, start)
        if before.sum() < MIN_ROWS[dataset.rows_per_year]:
            continue
        span = judged & (index >= start)
        if i + 1 < len(starts):
            span &= index < starts[i + 1]
        if not span.any():
            continue
        fitted = [[_remembered(dataset, member, start, before, digest) for member in part] for part in parts]
        said.append([np.mean([predictor.predict(one, dataset.X[span]) for one in part], axis=0) for part in fitted])
        truth.append(_codes(dataset)[span])
    if not said:
        return np.empty((len(parts), 0, len(dataset.outcomes))), np.empty(0, dtype=int)
    return np.concatenate(said, axis=1), np.concatenate(truth)


def _remembered(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray, digest: str) -> Document:
    """The model of an inner refit, fitted once a process: the folds that share the very same past wait for it."""
    key = (spec.to_json(), digest)
    with _memory_lock:
        known = _memory.get(key)
        if known is None:
            while len(_memory) >= MEMORY:
                _memory.pop(next(iter(_memory)))
            mine = _memory[key] = Future()
    if known is not None:
        return known.result()
    try:
        mine.set_result(_one(dataset, spec, date, rows))
    except BaseException as error:  # noqa: BLE001 - raised below; who waits must hear of an interrupt too
        with _memory_lock:
            _memory.pop(key, None)
        mine.set_exception(error)
    return mine.result()


def mixture_weights(p: np.ndarray, months: float) -> np.ndarray:
    """Weights of a linear pool that make what happened most probable, (members,), by EM.

    Parameters
    ----------
    p : ndarray, (members, rows)
        Probability each member gave to what happened.
    months : float
        Effective sample size of the rows; the prior is worth `PRIOR_MONTHS`, spread evenly.

    Notes
    -----
    The fixed point maximises the mixture's log likelihood with a symmetric
    Dirichlet prior (Dempster, Laird & Rubin 1977); it is concave, so there is one.
    """
    members = len(p)
    weight = np.full(members, 1.0 / members)
    for _ in range(EM_STEPS):
        share = weight[:, None] * p
        found = (share / share.sum(axis=0)).mean(axis=1) * months
        weight = (found + PRIOR_MONTHS / members) / (months + PRIOR_MONTHS)
    return np.asarray(weight)


def _one(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> Document:
    names = _columns(dataset, spec, date, rows)
    X = dataset.X.loc[rows, names] if names else dataset.X.loc[rows, dataset.X.columns[:1]]
    settings: dict[str, Any] = ALGORITHM[spec.kind]
    if spec.kind in TREES:
        unknown = [name for name in spec.monotone if name not in FAMILY_OF and name not in dataset.X]
        if unknown:
            raise RegimeError(f"monotone: unknown feature {unknown[0]!r}")
        settings = settings | {"params": spec.params, "seed": spec.seed, "seeds": spec.seeds, "monotone": spec.monotone}
    model = RegimeClassifier(outcomes=dataset.outcomes, pivot="breakdown", **settings)
    weight = _weights(dataset, spec, date, rows) if spec.kind in (*TREES, "logit-all") else None
    return model.fit(X, dataset.outcome[rows].to_numpy(str), weight).document_


def _columns(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> list[str]:
    """The columns a kind reads; for LightGBM and the logit on all features what the specification lets them see."""
    fixed = FIXED_COLUMNS.get(spec.kind)
    if fixed is not None:
        missing = [name for name in fixed if name not in dataset.X]
        if missing:
            raise RegimeError(f"model kind {spec.kind!r} needs the column {missing[0]!r}: the data set has none")
        return list(fixed)
    chosen = set(chosen_features(dataset, spec))
    counts = (~np.isnan(dataset.X.to_numpy(float)[rows])).sum(axis=0)
    known = dict(zip(map(str, dataset.X.columns), counts, strict=True))
    # A window that is itself hardly longer asks nine tenths of it.
    least = max(1.0, min(spec.min_history_years * dataset.rows_per_year, MOST * rows.sum()))
    names = [name for name in live_features(dataset, date) if name in chosen and known[name] >= least]
    if not names:
        raise RegimeError(f"no chosen feature has a value in the weeks before {date.date()}")
    return names


def _weights(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> np.ndarray | None:
    dates = pd.DatetimeIndex(dataset.X.index[rows])
    weight: Any = 1.0
    if spec.weighting == "uniqueness":
        weight = weight * sample_weights.uniqueness(dates, pd.DatetimeIndex(dataset.label_end[rows]))
    if spec.half_life_years:
        weight = weight * sample_weights.recency(dates, date, spec.half_life_years)
    return None if isinstance(weight, float) else np.asarray(weight)
