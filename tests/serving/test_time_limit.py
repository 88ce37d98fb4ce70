"""The time limit holds for work that answers no signal, and lets everything else through."""

import contextlib
import os
import subprocess
import sys
import time

import psutil
import pytest

from features.data.errors import RefusedError, RegimeError
from serving.exit_status import BudgetSpentError
from serving.time_limit import run_within


def stubborn(seconds: float, started: str) -> None:
    """Work that swallows what it is sent, with a child of its own."""
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])
    with open(started, "w") as file:  # noqa: PTH123
        file.write(f"{os.getpid()} {child.pid}")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(BaseException):
            time.sleep(0.1)


def refuse() -> None:
    raise RefusedError("no")


def crash() -> None:
    os._exit(7)


def test_work_that_answers_nothing_is_ended_with_its_children(tmp_path):
    begun = time.monotonic()
    with pytest.raises(BudgetSpentError, match=r"time budget of 6 s .* whole") as error:
        run_within(6, stubborn, 60.0, str(tmp_path / "started"))
    assert error.value.exit_code == 5
    assert time.monotonic() - begun < 15
    pids = [int(pid) for pid in (tmp_path / "started").read_text().split()]
    assert len(pids) == 2
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_results_and_refusals_come_through():
    assert run_within(60, sorted, [3, 1, 2]) == [1, 2, 3]
    with pytest.raises(RefusedError, match=r"^no$"):
        run_within(60, refuse)


def test_a_run_that_dies_is_said():
    with pytest.raises(RegimeError, match=r"ended without a result \(status 7\)"):
        run_within(60, crash)
