"""One BLAS thread while a model is fitted: with two, OpenBLAS sums in another order and the last bits differ."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_held = ExitStack()
_depth = 0


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # finds the libraries loaded by now; every caller has imported scikit-learn


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold numerical libraries to one thread; may be nested, and entered by several threads at once.

    The limit belongs to the process, so the first to enter sets it and the last
    to leave restores it: otherwise a fold that ends would free the BLAS threads
    of a fold still being fitted.
    """
    global _depth
    with _lock:
        if _depth == 0:
            _held.enter_context(_controller().limit(limits=1))
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _held.close()
