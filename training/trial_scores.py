"""Scores of the trials of a batch: rung by rung over folds that are spread over time, on whatever workers there are.

A task is a specification and several folds, and returns sums of losses: a
cluster is sent a few kilobytes a task, and answers with less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.blas import one_blas_thread
from features.dataset import Dataset
from models import tree_counts
from models.evaluation import metrics
from models.spec import ModelSpec
from models.stacking import FitCache
from training import fold_cache
from training.fold_cache import Span
from training.inner_folds import InnerFolds
from training.parallel import in_order
from training.walkforward import spans

RUNGS = (0.125, 0.25, 0.5, 1.0)  # share of the folds after which a fit may be pruned; at the last it is done
PRUNE_AFTER = 5  # fits of earlier batches that a fit is measured against, before any is pruned
FOLDS_A_TASK = 4
KEPT = 100_000  # members' predictions, some kilobytes each

FoldScore = tuple[int, tuple[float, ...]]
"""Number of weeks of a fold, and the sum of their log losses for each number of trees, in nats."""


@dataclass(frozen=True)
class Fit:
    """What one fit is asked for: a specification and the numbers of trees to score."""

    spec: ModelSpec
    trees: tuple[int, ...]


@dataclass(frozen=True)
class Scored:
    """Mean log loss of the weeks seen, (rungs, trees); fewer rungs than `RUNGS` where the fit was pruned."""

    running: tuple[tuple[float, ...], ...]
    pruned: bool


def shared() -> FitCache:
    """Room for what the fits of a sweep have in common."""
    return FitCache(KEPT)


def score_folds(
    dataset: Dataset, spec: ModelSpec, parts: Sequence[Span], trees: Sequence[int], cache: FitCache
) -> list[FoldScore]:
    """Scores of several folds: one task."""
    with one_blas_thread():  # once for all fits: to find the libraries takes as long as a small one
        return [_score_fold(dataset, spec, span, trees, cache) for span in parts]


def _score_fold(dataset: Dataset, spec: ModelSpec, span: Span, trees: Sequence[int], cache: FitCache) -> FoldScore:
    rows = fold_cache.test_rows(dataset, span).index
    test = np.asarray(dataset.X.index.isin(rows))
    p = tree_counts.predictions(dataset, spec, span[0], test, trees, cache)
    outcome = dataset.outcome[test]
    known = outcome.notna().to_numpy()
    codes = pd.Categorical(outcome[known], categories=dataset.outcomes).codes.astype(int)
    return int(known.sum()), tuple(float(metrics.losses(one[known], codes).sum()) for one in p)


def spread(count: int) -> list[int]:
    """0 to `count` - 1 in an order of which every beginning is spread over the whole: the bits of each, reversed."""
    bits = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda place: int(f"{place:0{bits}b}"[::-1], 2))


def rungs(count: int) -> list[int]:
    """How many of `count` folds are seen at each rung."""
    return [max(1, round(count * share)) for share in RUNGS]


def score(
    folds: InnerFolds, fits: Sequence[Fit], earlier: Sequence[Scored], workers: int, cache: FitCache
) -> list[Scored]:
    """Score the fits of one batch side by side.

    A fit is pruned at a rung where even its best number of trees is worse than
    the median of those of `earlier` fits, which are of batches before this one:
    what comes out depends on no order of work.

    Parameters
    ----------
    folds : InnerFolds
    fits, earlier : sequence of Fit, of Scored
    workers : int
    cache : FitCache
        From `shared`.
    """
    parts, order = spans(folds.starts), spread(len(folds.starts))
    seen: list[dict[int, FoldScore]] = [{} for _ in fits]
    running: list[list[tuple[float, ...]]] = [[] for _ in fits]
    alive, begin = list(range(len(fits))), 0
    for rung, end in enumerate(rungs(len(parts))):
        tasks = [
            (fit, sorted(order[at : min(end, at + FOLDS_A_TASK)]))
            for fit in alive
            for at in range(begin, end, FOLDS_A_TASK)
        ]
        calls = [
            (folds.dataset, fits[fit].spec, [parts[place] for place in places], fits[fit].trees, cache)
            for fit, places in tasks
        ]
        for (fit, places), made in zip(tasks, in_order(score_folds, calls, workers), strict=True):
            seen[fit].update(zip(places, made, strict=True))
        for fit in alive:
            running[fit].append(mean_loss(seen[fit]))
        begin = end
        if end < len(parts):
            limit = _limit(earlier, rung)
            alive = [fit for fit in alive if min(running[fit][-1]) <= limit]
    return [Scored(tuple(one), fit not in alive) for fit, one in enumerate(running)]


def mean_loss(seen: dict[int, FoldScore]) -> tuple[float, ...]:
    """Mean log loss of the weeks of some folds, for each number of trees; added up in the order of time."""
    places = sorted(seen)
    totals = [0.0] * len(seen[places[0]][1])
    for place in places:
        totals = [total + loss for total, loss in zip(totals, seen[place][1], strict=True)]
    weeks = sum(seen[place][0] for place in places)
    return tuple(total / weeks for total in totals)


def _limit(earlier: Sequence[Scored], rung: int) -> float:
    bests = [min(one.running[rung]) for one in earlier if len(one.running) > rung]
    return float(np.median(bests)) if len(bests) >= PRUNE_AFTER else float("inf")
