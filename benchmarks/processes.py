"""Whole processes timed in turn: what a person waits for, and what the machine spends."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Taken:
    """Seconds of one process and its children: on the clock, and of processor time (user and system)."""

    wall: float
    cpu: float


def timed(words: Sequence[str | Path], env: dict[str, str] | None = None, cwd: Path | None = None) -> Taken:
    """Run a command to its end, which must be a success."""
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(words, check=False, capture_output=True, env=env, cwd=cwd)
    wall, after = time.perf_counter() - start, os.times()
    if done.returncode:
        raise RuntimeError(f"{words}: exit status {done.returncode}: {done.stderr.decode()[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(wall, cpu)


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and the smallest and largest behind it."""
    low, high = min(values), max(values)
    return f"**{statistics.median(values):{form}}** ({low:{form}} to {high:{form}})"
