"""Weights of a linear pool, learned from what its members would have predicted inside the training window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from features.dataset import Dataset
from models import fingerprint, splits
from models.spec import ModelSpec

PRIOR_MONTHS = 24.0
EM_STEPS = 200

T = TypeVar("T")


class FitCache:
    """What the folds of one walk-forward share, such as inner models; safe between threads.

    The thread that asks for a key first fits it, the others wait for the
    result. A fit that fails is forgotten and raises in every thread that
    waited. The oldest of more than `size` is dropped. A pickled cache arrives
    empty: in another process inner models are fitted anew, with the same bits.
    """

    def __init__(self, size: int = 400) -> None:
        self.size = size
        self._fits: dict[tuple[str, ...], Future[Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._fits)

    def __reduce__(self) -> tuple[Any, ...]:
        return FitCache, (self.size,)

    def get(self, key: tuple[str, ...], fit: Callable[[], T]) -> T:
        """What `fit()` returned for `key`, computed once."""
        with self._lock:
            known = self._fits.get(key)
            if known is None:
                while len(self._fits) >= self.size:
                    self._fits.pop(next(iter(self._fits)))
                mine = self._fits[key] = Future()
        if known is not None:
            shared: T = known.result()
            return shared
        try:
            mine.set_result(fit())
        except BaseException as error:  # noqa: BLE001 - raised below; a waiting thread must hear of an interrupt too
            with self._lock:
                self._fits.pop(key, None)
            mine.set_exception(error)
        made: T = mine.result()
        return made


def outcome_codes(dataset: Dataset) -> np.ndarray:
    """Position of each row's outcome in `dataset.outcomes`, -1 where it has none; (rows,)."""
    return np.asarray(pd.Categorical(dataset.outcome, categories=dataset.outcomes).codes.astype(int))


@dataclass(frozen=True)
class InnerFold:
    """A fold of the walk-forward inside a training window.

    Attributes
    ----------
    date : Timestamp
        The decision at which its models are fitted.
    past : ndarray of bool, (rows,)
        The rows they learn from.
    digest : str
        Of the data set's past at `date`; it says whether two folds are the same fit.
    test : ndarray of bool, (rows,)
        The rows they predict.
    """

    date: pd.Timestamp
    past: np.ndarray
    digest: str
    test: np.ndarray


def inner_folds(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> Iterator[InnerFold]:
    """An expanding walk-forward of its own inside the training window.

    Every row is predicted by models fitted on labels that had ended before it,
    and counts only if its own label ended before `date`.
    """
    starts = splits.inner_dates(dataset, spec, date)
    seen = fingerprint.digests(dataset, starts)
    judged, index = splits.training_rows(dataset, spec, date), dataset.X.index
    for i, (start, digest) in enumerate(zip(starts, seen, strict=True)):
        before = splits.training_rows(dataset, spec, start)
        span = judged & (index >= start)
        if i + 1 < len(starts):
            span &= index < starts[i + 1]
        if before.sum() >= splits.MIN_ROWS[dataset.rows_per_year] and span.any():
            yield InnerFold(start, before, digest, span)


PredictOne = Callable[[ModelSpec, InnerFold], np.ndarray]


def inner_predictions(
    dataset: Dataset, pools: list[list[ModelSpec]], date: pd.Timestamp, predicted: PredictOne
) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-sample predictions inside the training window, (pools, ..., weeks, outcomes), and outcome codes, (weeks,).

    `predicted` gives a member's for the test rows of one fold, (..., weeks,
    outcomes). The members of a pool are averaged.
    """
    found, codes = [], []
    for fold in inner_folds(dataset, pools[0][0], date):
        parts = [np.mean([predicted(member, fold) for member in pool], axis=0) for pool in pools]
        found.append(np.stack(parts))
        codes.append(outcome_codes(dataset)[fold.test])
    if not found:
        return np.empty((len(pools), 0, len(dataset.outcomes))), np.empty(0, dtype=int)
    return np.concatenate(found, axis=-2), np.concatenate(codes)


def mixture_weights(p: np.ndarray, months: float) -> np.ndarray:
    """Weights of a linear pool that make the outcomes most probable, (members,), by EM.

    Parameters
    ----------
    p : ndarray, (members, rows)
        Probability each member gave to the outcome of each row.
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
