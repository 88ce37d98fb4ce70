"""Independent pieces of work on threads, or on a cluster inside `training.dask_cluster.holding`, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from joblib import Parallel, delayed

T = TypeVar("T")


def in_order(function: Callable[..., T], tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[T]:
    """`function(*task)` of each task, in order, as they are ready.

    On `workers` threads: LightGBM releases the interpreter's lock while it
    fits, and threads neither copy the data set nor take seconds to start. On a
    cluster, where joblib is told of one. A task that was lost with a worker is
    done again.
    """
    left, before = list(tasks), -1
    while left:
        calls = (delayed(function)(*task) for task in list(left))
        try:
            for found in Parallel(n_jobs=workers, prefer="threads", return_as="generator")(calls):
                left.pop(0)
                yield found
        except CancelledError:  # a worker of the cluster that died can take a finished task with it
            if len(left) == before:  # none came since the last time: there is no cluster left
                raise
            before = len(left)
