"""One BLAS thread while something is estimated: with two, OpenBLAS sums in another order and the last bits differ."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_held = ExitStack()
_depth = 0


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold numerical libraries to one thread; may be nested, and entered by several threads at once.

    The limit belongs to the process, so the first to enter sets it and the last
    to leave restores it: otherwise a fold that ends would free the BLAS threads
    of a fold still being fitted.
    """
    # SciPy brings a BLAS of its own, which only loaded libraries' limits reach: it must be there before they are set.
    import scipy.linalg  # noqa: F401

    global _depth
    with _lock:
        if _depth == 0:
            _held.enter_context(ThreadpoolController().limit(limits=1))
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _held.close()
