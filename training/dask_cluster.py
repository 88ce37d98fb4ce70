"""Folds and trials on a Dask cluster, through joblib's Dask backend. Needs the extra `dask`.

Workers import the program themselves. Each must have the client's version of the
program and its libraries, since results are the same to the bit on any number of
workers; this is checked before any work.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import joblib

from features.data.errors import RegimeError
from features.dataset import Dataset
from models import fingerprint

TIMEOUT = 5.0  # seconds to answer, for the scheduler and for its first worker
LEAST_MEMORY = 512 * 2**20  # bytes of a worker: the libraries take 350 MB, data set and a fit the rest
ROOMS = ("features", "models", "training")


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """A client of the scheduler at `address`, or None without one.

    Raises
    ------
    RegimeError
        `distributed` is not installed, no scheduler answers at the address, it has no
        worker, a worker has another version or too little memory, or all workers are lost.
    """
    if address is None:
        yield None
        return
    try:
        import distributed
        from distributed.comm import CommClosedError
    except ImportError as error:
        raise RegimeError("--dask needs the package distributed: pip install 'regime[dask]'") from error
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # its errors are raised below, in one line
    try:
        client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise RegimeError(f"no Dask scheduler answers at {address!r} within {TIMEOUT:.0f} s") from error
    with client:
        _check_workers(client, address)
        try:
            yield client
        except (distributed.KilledWorker, CommClosedError, CancelledError, TimeoutError) as error:
            raise RegimeError(
                f"the Dask cluster at {address} lost its workers midway ({type(error).__name__}): "
                "repeat the command, and it continues from the folds and trials that are stored"
            ) from error


def _environment() -> str:
    """Digest of the whole program and its libraries. A function of this module, so that a worker's own is called."""
    digest = hashlib.sha256(fingerprint.environment().encode())
    for path in sorted(path for room in ROOMS for path in (fingerprint.TOP / room).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=TIMEOUT)
    except TimeoutError as error:
        raise RegimeError(f"the Dask scheduler at {address} has no worker after {TIMEOUT:.0f} s") from error
    for worker, known in client.scheduler_info(n_workers=-1)["workers"].items():
        limit = known["memory_limit"]  # 0 or None: none is set
        if limit and limit < LEAST_MEMORY:
            raise RegimeError(
                f"the Dask worker {worker} may use {limit / 2**20:.0f} MB of memory and would stand still: "
                f"at least {LEAST_MEMORY / 2**20:.0f} are needed (--memory-limit)"
            )
    ours = _environment()
    for worker, theirs in client.run(_environment, on_error="return").items():
        if theirs != ours:
            raise RegimeError(
                f"the Dask worker {worker} has another version of this program, Python or a library: "
                "install the same on every machine"
            )


@contextmanager
def holding(client: Any, dataset: Dataset) -> Iterator[None]:
    """Run joblib on `client`, if there is one, with a copy of `dataset` on every worker.

    With a copy on each, the folds of a lost worker can run on another.
    """
    if client is None:
        yield
        return
    with joblib.parallel_config(backend="dask", client=client, scatter=[dataset], wait_for_workers_timeout=TIMEOUT):
        yield
