"""The walk-forward of LightGBM alone: two workers over one, the fold cache, and what the loop adds to the fits.

Targets: two workers at least 1.7 times one, a repeated run at least 20 times the first,
overhead over the bare sum of LightGBM's fit and predict calls at most 15 %.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm

from features.data import cache, store
from features.data.sources import folder, sample
from features.dataset import Dataset, build
from models.spec import ModelSpec
from training.walkforward import walk_forward

SHARED = Path(os.environ.get("REGIME_SHARED", Path(__file__).parents[2] / "shared")) / "data"
SPEC = ModelSpec(refit_weeks=52, families=("breadth", "relative_strength", "rates", "spreads", "volatility"))
ROUNDS = 3


def _data() -> tuple[Dataset, str]:
    real = (SHARED / "prices_etf.parquet").exists()
    tables, legs, last = folder.read(SHARED if real else sample.FOLDER)
    return build(store.Snapshot("0" * 16, "folder", legs, last, tables), "path"), "real data" if real else "sample"


def _seconds(dataset: Dataset, workers: int, cached: bool) -> float:
    start = time.perf_counter()
    walk_forward(dataset, SPEC, workers, cached=cached)
    return time.perf_counter() - start


class _Clock:
    """CPU seconds spent inside LightGBM."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - start

        return call


def _overhead(dataset: Dataset) -> float:
    """CPU seconds of the walk-forward over those of its bare LightGBM calls, less one; one worker, nothing cached.

    CPU seconds, because neighbours on the machine cannot take them. The bare
    calls are `lightgbm.train` as it is by default, binning included, and
    `Booster.predict`, timed inside a second run on the same folds.
    """
    start = time.process_time()
    walk_forward(dataset, SPEC, 1, cached=False)
    whole = time.process_time() - start
    clock, train, predict = _Clock(), lightgbm.train, lightgbm.Booster.predict

    def plain(*args: Any, keep_training_booster: bool = False, **kwargs: Any) -> Any:  # noqa: ARG001 - not bare
        return train(*args, **kwargs)

    lightgbm.train, lightgbm.Booster.predict = clock.timed(plain), clock.timed(predict)
    try:
        walk_forward(dataset, SPEC, 1, cached=False)
    finally:
        lightgbm.train, lightgbm.Booster.predict = train, predict
    return whole / clock.seconds - 1.0


def _spread(values: list[float], form: str) -> str:
    low, high = min(values), max(values)
    return f"**{statistics.median(values):{form}}** ({low:{form}} to {high:{form}})"


def run() -> list[str]:
    """Each figure is the median of `ROUNDS` rounds, each of which times both sides in turn."""
    dataset, name = _data()
    _seconds(replace(dataset, X=dataset.X.copy()), 1, cached=False)  # imports, BLAS, the processor's clock
    speed, repeat, overhead, firsts = [], [], [], []
    for _ in range(ROUNDS):
        one, two = _seconds(dataset, 1, cached=False), _seconds(dataset, 2, cached=False)
        speed.append(one / two)
        shutil.rmtree(cache.folder("folds"), ignore_errors=True)
        first, again = _seconds(dataset, 2, cached=True), _seconds(dataset, 2, cached=True)
        repeat.append(first / again)
        firsts.append(first)
        overhead.append(_overhead(dataset))
    weeks, columns = dataset.X.shape
    return [
        f"{name}, {weeks:,} weeks of {columns} features, refit every 52 weeks, {ROUNDS} rounds in one process, "
        f"load {os.getloadavg()[0]:.1f} at the end:",
        "",
        f"- two workers over one: {_spread(speed, '.2f')} times (target 1.7)",
        f"- repeated run over the first: {_spread(repeat, '.0f')} times (target 20; the first took "
        f"{statistics.median(firsts):.1f} s)",
        f"- over the bare LightGBM calls, in CPU seconds: {_spread(overhead, '+.1%')} (target at most +15 %)",
    ]
