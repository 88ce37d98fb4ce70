"""A sweep on a cluster with a stubbed fit: what the client costs, and whether a second worker doubles the speed.

The fit is a sleep as long as a fold of real data takes, so that what is left is the program's own work and Dask's.
Eight workers in this process. Targets: the client below 10 % of the time, under 10 kB a fold, two workers at least 1.8
times one.
"""

from __future__ import annotations

import os
import pickle
import time
from typing import Any

import distributed
from bench_training import _data

from models.spec import ModelSpec
from training import dask_cluster, inner_folds, trial_scores
from training.walkforward import spans

SPECS = int(os.environ.get("BENCH_SPECS", "160"))
PLANNED = 10_000
BATCH = 32
SECONDS = 0.1  # of a fold: LightGBM and the ridge on 3,000 weeks of 137 columns, one thread
TREES = tuple(range(300, 0, -50))


def _stub(_: Any, __: Any, parts: Any, trees: Any, ___: Any) -> list[trial_scores.FoldScore]:
    time.sleep(SECONDS * len(parts))
    return [(52, tuple(52.0 + n for n in trees)) for _ in parts]


def _spent(folds: inner_folds.InnerFolds, workers: int, specs: int) -> tuple[float, float, float]:
    """Seconds on the clock, of the client's thread, and of the whole process."""
    fits = [trial_scores.Fit(ModelSpec(seed=seed, params={"n_estimators": 300}), TREES) for seed in range(specs)]
    cluster = distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0", memory_limit=0
    )
    with cluster, distributed.Client(cluster) as client, dask_cluster.holding(client, folds.dataset):
        start, mine, whole = time.perf_counter(), time.thread_time(), time.process_time()
        for first in range(0, specs, BATCH):
            trial_scores.score(folds, fits[first : first + BATCH], (), workers, trial_scores.shared())
        return time.perf_counter() - start, time.thread_time() - mine, time.process_time() - whole


def run() -> list[str]:
    """Lines for RESULTS.md."""
    dataset, name = _data()
    folds = inner_folds.inner_walk_forward(dataset, ModelSpec(train_start="1927-01-01"))
    real, trial_scores.score_folds = trial_scores.score_folds, _stub
    try:
        few = max(BATCH, SPECS // 8)
        one, two = (_spent(folds, workers, few // 2)[0] for workers in (1, 2))
        clock, client, whole = _spent(folds, 8, SPECS)
    finally:
        trial_scores.score_folds = real
    parts = spans(folds.starts)[: trial_scores.FOLDS_A_TASK]
    task = (ModelSpec(params={"n_estimators": 300}), parts, TREES, trial_scores.shared())
    sent = len(pickle.dumps(task)) / len(parts) + len(pickle.dumps(_stub(0, 0, parts[:1], TREES, 0)))
    tasks = SPECS * sum(-(-(b - a) // trial_scores.FOLDS_A_TASK) for a, b in _steps(len(folds.starts)))
    grown = PLANNED / SPECS
    return [
        f"{name}, {len(folds.starts)} folds, {SPECS} specifications in batches of {BATCH}, {tasks:,} tasks of up to "
        f"{trial_scores.FOLDS_A_TASK} folds, {SECONDS} s a fold, nothing pruned, load {os.getloadavg()[0]:.1f}:",
        "",
        f"- two workers over one: **{one / two:.2f}** times (target 1.8)",
        f"- eight workers: {clock:.0f} s, the sleeps alone {SPECS * len(folds.starts) * SECONDS / 8:.0f} s; the "
        f"client's thread **{client / clock:.1%}** of the time (target 10 %), the whole process (client, scheduler and "
        f"eight workers) {whole / clock:.1%}",
        f"- client traffic **{sent / 1000:.1f} kB** a fold (target 10), the data set once a worker: "
        f"{dataset.X.to_numpy(float).nbytes / 1e6:.0f} MB",
        "",
        f"The plan for {PLANNED:,} specifications, all folds of each: {tasks * grown:,.0f} tasks, of which the "
        f"scheduler holds one batch's at a time ({tasks * BATCH / SPECS:,.0f}); "
        f"{sent * len(folds.starts) * PLANNED / 1e9:.1f} GB through the client in all; {client * grown:,.0f} s of the "
        f"client's thread in {clock * grown / 3600:.1f} hours "
        "on eight workers. The client keeps a trial's losses by rung and number of trees, under 1 kB each.",
    ]


def _steps(count: int) -> list[tuple[int, int]]:
    ends = trial_scores.rungs(count)
    return list(zip([0, *ends], ends, strict=False))
