"""One fit scored at every number of trees: boosting goes on from where it was, so the first n trees are the fit with n.

For searches over parameters. What comes out has the bits that `fit_at` and
`predict` give for each number of trees apart (tested).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.blas import one_blas_thread
from features.dataset import Dataset
from models import fingerprint, fit, splits
from models.estimators import estimator
from models.fitted import Mixture, Part, Staged, Trees
from models.predictor import predict
from models.spec import ModelSpec
from models.stacking import FitCache, InnerFold, inner_predictions


def predictions(
    dataset: Dataset, spec: ModelSpec, date: pd.Timestamp, test: np.ndarray, counts: Sequence[int], cache: FitCache
) -> np.ndarray:
    """Probabilities of the rows of a mask by `spec` fitted at `date`, for each number of trees.

    Parameters
    ----------
    dataset : Dataset
    spec : ModelSpec
        Its own `n_estimators` is not read.
    date : Timestamp
        A decision date.
    test : ndarray of bool, (rows,)
        The rows to predict.
    counts : sequence of int
        Numbers of trees.
    cache : FitCache
        Predictions of members that several fits share: those inside the training window, and those of members whose
        settings do not differ between two specifications.

    Returns
    -------
    ndarray, (counts, rows, outcomes)

    Raises
    ------
    RegimeError
        As `fit_at`.
    """
    rows = fit.rows_to_fit(dataset, spec, date)
    digest = fingerprint.digests(dataset, [date])[0]
    limits = [*splits.inner_dates(dataset, spec, dataset.X.index[-1] + pd.Timedelta(days=1)), None]

    def one(member: ModelSpec, at: pd.Timestamp, past: np.ndarray, key: str, wanted: np.ndarray) -> np.ndarray:
        member, shown = own_settings(member), counts if estimator(member.estimator).trees else (0,)
        if shown is counts:
            member = member.replace(params=member.params | {"n_estimators": max(counts)})
        place = (member.identity, key, str(shown), str(np.flatnonzero(wanted)[[0, -1]]))
        with one_blas_thread():
            return cache.get(place, lambda: by_count(fit.fit_one(dataset, member, at, past), dataset.X[wanted], shown))

    def inner(member: ModelSpec, fold: InnerFold) -> np.ndarray:
        # Predicted up to the next inner refit, wherever this training window ends, so that later ones find it.
        until = limits[limits.index(fold.date) + 1]
        span = np.asarray((dataset.X.index >= fold.date) & (True if until is None else dataset.X.index < until))
        return _widened(one(member, fold.date, fold.past, fold.digest, span)[:, fold.test[span]], len(counts))

    pools = fit.weighed_pools(spec)
    whole = [[one(member, date, rows, digest, test) for member in pool] for pool in pools]
    if len(pools) > 1:
        p, codes = inner_predictions(dataset, pools, date, inner)
        if len(codes):
            each = [_widened(_mean(pool), len(counts)) for pool in whole]
            weights = [fit.pool_weights(p[:, place], codes, dataset).tolist() for place in range(len(counts))]
            weighed = [
                np.asarray(sum(weight * pool[place] for weight, pool in zip(weights[place], each, strict=True)))
                for place in range(len(counts))
            ]
            return np.stack(weighed)
    blend = [part for pool in whole for part in pool][: len(spec.members)]
    return _widened(_mean(blend), len(counts))


def own_settings(spec: ModelSpec) -> ModelSpec:
    """A member's specification without what its estimator does not read, so that equal fits have equal keys."""
    entry, plain = estimator(spec.estimator), ModelSpec()
    unread = ["refit_weeks"]
    unread += [] if entry.trees else ["params", "seed", "seeds", "monotone"]
    unread += [] if entry.weighted else ["weighting", "half_life_years"]
    unread += [] if entry.columns is None else ["families", "exclude", "min_history_years", "exclude_revised"]
    return spec.replace(**{name: getattr(plain, name) for name in unread})


def by_count(part: Part, frame: pd.DataFrame, counts: Sequence[int]) -> np.ndarray:
    """Probabilities by the first n trees of a fitted part, for each n; (counts, rows, outcomes)."""
    columns = frame[list(part.features)]
    match part:
        case Trees():
            values = columns.to_numpy(dtype=float)
            grown = [part.grown[n - 1] for n in counts]  # a round in which no tree could split left none
            found = [np.asarray(part.loaded.predict(values, num_iteration=n, num_threads=1)) for n in grown]
            return np.stack([p if p.ndim == 2 else np.column_stack([p, 1.0 - p]) for p in found])
        case Mixture():
            members = zip(part.weights, part.members, strict=True)
            return np.asarray(sum(weight * by_count(member, columns, counts) for weight, member in members))
        case Staged():
            breakdown = by_count(part.first, columns, counts)[..., 0]
            out = np.empty((len(counts), len(frame), 1 + len(part.others)))
            out[..., part.breakdown] = breakdown
            out[..., list(part.others)] = (1.0 - breakdown)[..., None] * by_count(part.second, columns, counts)
            return out
        case _:
            return np.stack([predict(part, columns)] * len(counts))


def _mean(members: list[np.ndarray]) -> np.ndarray:
    """As `models.learners.mixture` weighs equal members; one alone is itself."""
    if len(members) == 1:
        return members[0]
    return np.asarray(sum((1.0 / len(members)) * member for member in members))


def _widened(p: np.ndarray, counts: int) -> np.ndarray:
    """The same predictions for every number of trees, where a member has none; (counts, rows, outcomes)."""
    return np.broadcast_to(p, (counts, *p.shape[1:]))
