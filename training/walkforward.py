"""Expanding walk-forward: each fold is one `fit_at` and the predictions until the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd

from features.blas import one_blas_thread
from features.data import cache
from features.dataset import Dataset
from models import direction
from models.evaluation import words
from models.fit import fit_at, seen_by
from models.fitted import FittedModel
from models.predictor import predict
from models.spec import ModelSpec
from models.splits import refit_dates
from models.stacking import FitCache
from training import fold_cache
from training.fold_cache import Span
from training.parallel import in_order

TRAILING_YEARS = 20
# What makes a fold's table beside its fit: a change of any of them makes other keys.
PROGRAM = (Path(__file__), Path(direction.__file__), Path(words.__file__))
Fold = tuple[pd.DataFrame, FittedModel | None]  # the model of the last fold only; no other is used


def _fold(dataset: Dataset, spec: ModelSpec, span: Span, fits: FitCache) -> Fold:
    """One fold; `dataset` as its model sees it."""
    last = span[1] is None
    with one_blas_thread():
        model = fit_at(dataset, spec, span[0], fits, with_ranges=last)
        rows = fold_cache.test_rows(dataset, span)
        p = pd.DataFrame(predict(model, rows), index=rows.index, columns=[f"p_{name}" for name in dataset.outcomes])
        p["direction"] = direction.states(model, direction.rows_before(dataset.X, rows.index[0], rows.index[-1]))[
            -len(rows) :
        ]
    base = {f"base_{name}": share for name, share in zip(dataset.outcomes, model.base, strict=True)}
    return p.assign(**base, **climatology_of_recent_years(dataset, span[0])), model if last else None


def climatology_of_recent_years(dataset: Dataset, date: pd.Timestamp) -> dict[str, float]:
    """`trailing_<outcome>`: shares among the outcomes of the last `TRAILING_YEARS` that had matured before `date`."""
    index = dataset.X.index
    ended = (dataset.label_end < date).to_numpy() & (index >= date - pd.DateOffset(years=TRAILING_YEARS))
    past = dataset.outcome[ended].dropna()
    return {f"trailing_{name}": float((past == name).mean()) for name in dataset.outcomes}


def spans(starts: pd.DatetimeIndex) -> list[Span]:
    """Each refit date with the one after it; None after the last."""
    return [*pairwise(starts), (starts[-1], None)]


def fitted_folds(
    dataset: Dataset, spec: ModelSpec, parts: list[Span], workers: int, fits: FitCache | None = None
) -> Iterator[Fold]:
    """The table of each fold, in order and as soon as it is ready; the last comes with its model.

    The same bits for any number of workers, threads or a cluster's: folds are
    independent, and LightGBM and BLAS run on one thread in each. Threads share
    inner models in `fits`; processes of a cluster do not.
    """
    shared = FitCache() if fits is None else fits
    tasks = [(seen_by(dataset, spec, span[0]), spec, span, shared) for span in parts]
    with one_blas_thread():  # once for all folds: to find the libraries takes as long as a small fit
        yield from in_order(_fold, tasks, workers)


def kept_folds(dataset: Dataset, spec: ModelSpec, parts: list[Span], workers: int) -> Iterator[Fold]:
    """As `fitted_folds`; a fold that is in the cache is read from it."""
    keys = fold_cache.keys(dataset, spec, parts, PROGRAM)
    kept = [
        fold_cache.read(key, fold_cache.test_rows(dataset, span).index, with_model=span[1] is None)
        for key, span in zip(keys, parts, strict=True)
    ]
    missing = [place for place, fold in enumerate(kept) if fold is None]
    fitted = fitted_folds(dataset, spec, [parts[place] for place in missing], workers) if missing else iter(())
    for key, fold in zip(keys, kept, strict=True):
        if fold is not None:
            yield fold
            continue
        table, model = next(fitted)
        fold_cache.write(key, table, model)
        yield table, model
    next(fitted, None)  # joblib closes its workers when it is asked once more
    if missing:
        cache.trim(fold_cache.CACHE)


def walk_forward(
    dataset: Dataset,
    spec: ModelSpec,
    workers: int = 1,
    progress: Callable[[], None] | None = None,
    cached: bool = True,
) -> tuple[pd.DataFrame, FittedModel]:
    """Out-of-sample predictions of every week since the first test week, and the last fold's model.

    The table's columns: `date`, `label_end`, `outcome`, then for every outcome
    `p_`, `base_` (climatology of the fold) and `trailing_` (of the twenty years
    before it); `direction` (state of the head-to-head, `models.direction`),
    `faltering`, `volatility` (the broad leg's over the past 21 sessions),
    `outcome_margin` (50 bp margin on rotation), `refit` (the fold's fitting date).
    With `cached` false no fold is read from the cache or written to it.
    """
    starts = refit_dates(dataset, spec)
    folds = (kept_folds if cached else fitted_folds)(dataset, spec, spans(starts), workers)
    parts, last = [], None
    for part, last in folds:  # noqa: B007 - the model of the last fold is the walk-forward's
        parts.append(part)
        if progress:
            progress()
    table = pd.concat(parts)
    table.insert(0, "date", table.index)
    table.insert(1, "label_end", dataset.label_end.loc[table.index])
    table.insert(2, "outcome", dataset.outcome.loc[table.index])
    table["faltering"] = dataset.faltering.loc[table.index]
    table["volatility"] = dataset.X["broad_vol_21"].reindex(table.index)
    if dataset.outcome_margin is not None:
        table["outcome_margin"] = dataset.outcome_margin.loc[table.index]
    table["refit"] = [start for part, start in zip(parts, starts, strict=True) for _ in range(len(part))]
    assert last is not None  # the last fold comes with its model, from the cache too
    return table.reset_index(drop=True), last
