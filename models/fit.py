"""`fit_at`: the one way a model is fitted, for a fold of the past and for today's call alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.blas import one_blas_thread
from features.data.errors import RegimeError
from features.dataset import BASELINE_FAMILY, FAMILY_OF, REVISED, Dataset
from models import learners, predictor, sample_weights
from models.classifier import RegimeClassifier
from models.estimators import estimator
from models.fitted import FittedModel, Part
from models.spec import ModelSpec, baseline
from models.splits import MIN_ROWS, training_rows
from models.stacking import FitCache, InnerFold, inner_predictions, mixture_weights, outcome_codes

RECENT_ROWS = {52: 8, 12: 2}  # a feature without a value in so many last rows is left out, by rows a year
MOST_OF_WINDOW = 0.9


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


def fit_at(
    dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, cache: FitCache | None = None, with_ranges: bool = True
) -> FittedModel:
    """Fit `spec` on what had happened before the decision at `date`.

    Parameters
    ----------
    dataset : Dataset
    spec : ModelSpec
    date : Timestamp
        A decision date.
    cache : FitCache, optional
        Inner models that several fits share; it changes the time, not the result.
    with_ranges : bool
        Whether the model is kept and needs the ranges of its features. Predictions do not.

    Raises
    ------
    RegimeError
        Fewer than `MIN_ROWS` training rows, a column that the data set has
        not, or no feature left.
    """
    dataset = seen_by(dataset, spec, date)
    rows = rows_to_fit(dataset, spec, date)
    with one_blas_thread():
        part = _calibrated(dataset, spec, date, rows, FitCache() if cache is None else cache)
    return FittedModel(
        outcomes=dataset.outcomes,
        base=tuple(learners.shares(outcome_codes(dataset)[rows], len(dataset.outcomes)).tolist()),
        fitted_at=str(date.date()),
        rows=int(rows.sum()),
        ranges=_ranges(dataset.X[rows]) if with_ranges else {},
        part=part,
    )


def rows_to_fit(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> np.ndarray:
    """As `models.splits.training_rows`; a RegimeError where they are too few."""
    rows = training_rows(dataset, spec, date)
    least = MIN_ROWS[dataset.rows_per_year]
    if rows.sum() < least:
        raise RegimeError(f"{rows.sum()} training weeks before {date.date()}: at least {least} are needed")
    return rows


def seen_by(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> Dataset:
    """The data set as a model fitted at `date` sees it, for its fit and for all its predictions.

    With `as_published` it holds what each source had published before that date, else everything.
    """
    return dataset.as_published(date) if spec.as_published else dataset


def _ranges(X: pd.DataFrame) -> dict[str, tuple[float, float]]:
    X = X[[name for name in X.columns if FAMILY_OF.get(str(name)) != BASELINE_FAMILY]].dropna(axis=1, how="all")
    low, high = _quantiles(X.to_numpy(float), (0.01, 0.99))
    return {str(name): (float(a), float(b)) for name, a, b in zip(X.columns, low, high, strict=True)}


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


def _calibrated(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray, cache: FitCache) -> Part:
    """The members' mean, or their mean by weights learned from their predictions inside the training window."""
    pools = weighed_pools(spec)
    if len(pools) > 1:

        def predicted(member: ModelSpec, fold: InnerFold) -> np.ndarray:
            key = (member.identity, fold.digest)
            part = cache.get(key, lambda: fit_one(dataset, member, fold.date, fold.past))
            return predictor.predict(part, dataset.X[fold.test])

        p, codes = inner_predictions(dataset, pools, date, predicted)
        if len(codes):
            weights = pool_weights(p, codes, dataset)
            return learners.mixture([_mean(dataset, pool, date, rows) for pool in pools], weights.tolist())
    return _mean(dataset, blended(spec), date, rows)


def blended(spec: ModelSpec) -> list[ModelSpec]:
    """The members of the blend, each alone."""
    return [spec.replace(estimator=name, blend=(), calibration="none") for name in spec.members]


def weighed_pools(spec: ModelSpec) -> list[list[ModelSpec]]:
    """What is weighed against each other; one pool alone is averaged, and nothing is learned.

    `stack` weighs the members of the blend and climatology; `climatology` and
    `markov` weigh the blend, as one, against that baseline.
    """
    if spec.calibration == "none":
        return [blended(spec)]
    if spec.calibration == "stack":
        return [[member] for member in blended(spec)] + [[baseline(spec, "climatology")]]
    return [blended(spec), [baseline(spec, spec.calibration)]]


def pool_weights(p: np.ndarray, codes: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Weights of the pools, (pools,), from their predictions (pools, weeks, outcomes) and outcome codes, (weeks,)."""
    return mixture_weights(p[:, np.arange(len(codes)), codes], len(codes) / (dataset.rows_per_year / 12.0))


def _mean(dataset: Dataset, members: list[ModelSpec], date: pd.Timestamp, rows: np.ndarray) -> Part:
    fitted = [fit_one(dataset, member, date, rows) for member in members]
    return fitted[0] if len(fitted) == 1 else learners.mixture(fitted, [1.0 / len(fitted)] * len(fitted))


def fit_one(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> Part:
    """Fit the estimator of `spec`, without blend and calibration, on the rows of a mask."""
    names = _columns(dataset, spec, date, rows)
    X = dataset.X.loc[rows, names] if names else dataset.X.loc[rows, dataset.X.columns[:1]]
    infinite = np.isinf(X.to_numpy(float)).any(axis=0)
    if infinite.any():
        raise RegimeError(f"{X.columns[infinite.argmax()]} has an infinite value in the weeks before {date.date()}")
    entry = estimator(spec.estimator)
    settings = dict(entry.settings)
    if entry.trees:
        unknown = [name for name in spec.monotone if name not in FAMILY_OF and name not in dataset.X]
        if unknown:
            raise RegimeError(f"monotone: unknown feature {unknown[0]!r}")
        settings |= {"params": spec.params, "seed": spec.seed, "seeds": spec.seeds, "monotone": spec.monotone}
    model = RegimeClassifier(outcomes=dataset.outcomes, pivot="breakdown", **settings)
    weight = _weights(dataset, spec, date, rows) if entry.weighted else None
    return model.part(X, outcome_codes(dataset)[rows], list(dataset.outcomes), weight)


def _columns(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, rows: np.ndarray) -> list[str]:
    """The columns an estimator reads: its own, or those the specification chooses that have values enough."""
    fixed = estimator(spec.estimator).columns
    if fixed is not None:
        missing = [name for name in fixed if name not in dataset.X]
        if missing:
            raise RegimeError(f"estimator {spec.estimator!r} needs the column {missing[0]!r}: the data set has none")
        return list(fixed)
    chosen = set(chosen_features(dataset, spec))
    counts = rows.sum() - np.isnan(dataset.X.to_numpy(float))[rows].sum(axis=0)
    known = dict(zip(map(str, dataset.X.columns), counts, strict=True))
    # A window that is itself hardly longer asks nine tenths of it.
    least = max(1.0, min(spec.min_history_years * dataset.rows_per_year, MOST_OF_WINDOW * rows.sum()))
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
