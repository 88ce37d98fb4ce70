"""A time limit that holds whatever the work does.

The work runs in a child process and the parent ends it: a signal or a deadline
checked between steps would wait for a vendor that never answers or for compiled
code, and signals for that exist on POSIX only. Ending it midway is safe: what
the program stores is whole after a kill at any moment.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import psutil

from features.data.errors import RegimeError
from serving.exit_status import BudgetSpentError

T = TypeVar("T")
SECONDS_TO_DIE = 5.0


def run_within(seconds: float, work: Callable[..., T], *arguments: Any) -> T:
    """Run `work(*arguments)` in a child process for at most `seconds`; its result, or the `RegimeError` it raised.

    Parameters
    ----------
    seconds : float
        From start to result, the child's imports included.
    work : callable
        Importable by name, with arguments and a result that can be pickled.

    Raises
    ------
    BudgetSpentError
        The time is used up; the child and its own children are ended.
    RegimeError
        Raised by `work`, or the child ended without a result.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sender, work, arguments))
    child.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            raise BudgetSpentError(
                f"the time budget of {seconds:g} s is used up; what is stored is whole, run it again with more"
            )
        done, value = receiver.recv()
    except EOFError:
        child.join()
        raise RegimeError(
            f"the run ended without a result (status {child.exitcode}); what is stored is whole"
        ) from None
    finally:
        _end(child)
        receiver.close()
    if not done:
        raise value
    result: T = value
    return result


def _child(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        sender.send((True, work(*arguments)))
    except RegimeError as error:
        sender.send((False, error))
    finally:
        sender.close()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(child: BaseProcess) -> None:
    """End the child and whatever it has started; a child that has sent its result has a second to leave by itself."""
    child.join(1.0 if child.exitcode is None else None)
    if child.exitcode is None:
        started: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(child.pid).children(recursive=True)
        child.kill()
        child.join()
        for one in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(started, timeout=SECONDS_TO_DIE)
    child.close()
