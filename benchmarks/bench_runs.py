"""A first run, a repeated run and a sweep, of the sample and of real data, against the reference commit in turn.

Targets: a sweep of 50 trials at least 5 times faster; the first run at most 1.1 times the reference's, though it does
more, and the reference's work of it at most 0.5 times; everything cached at most 0.4 times. `shown` is the same command
asked again, which finds what was logged; `run anew` is the same with `--again`, all folds kept.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import reference
from bench_training import SHARED
from processes import Taken, spread, timed

BIN = Path(sys.executable).parent
OLD_WORK = (sys.executable, Path(__file__).with_name("old_work.py"))
SWEEP = ("sweep", "default", "--trials", "50")
DEFAULT = ("run", "default")
DATA = {
    "sample": ("--source", "sample"),
    "real data": ("--source", "folder", "--folder", str(SHARED)),
}
SETTINGS = {"sample": ("--set", "min_history_years=0"), "real data": ()}  # the sample is too short for ten years of it


def _ours(folder: Path, data: str) -> dict[str, Taken]:
    """What each takes on a store of its own: the reference's work alone is begun from nothing too."""
    env, old = reference.environment(folder / "ours"), reference.environment(folder / "old work")
    for one in (env, old):
        timed([BIN / "regime-data", "refresh", *DATA[data]], one, folder)
    train = BIN / "regime-train"
    return {
        "first run of `default`": timed([train, *DEFAULT], env, folder),
        "the reference's work of it": timed([*OLD_WORK], old, folder),
        "the same again, shown": timed([train, *DEFAULT], env, folder),
        "the same again, run anew": timed([train, *DEFAULT, "--again"], env, folder),
        "sweep of 50 trials": timed([train, *SWEEP, *SETTINGS[data]], env, folder),
    }


def _reference(folder: Path, data: str, theirs: Path) -> dict[str, Taken]:
    env, train = reference.environment(folder / "reference"), theirs / "regime-train"
    timed([theirs / "regime-data", "refresh", *DATA[data]], env, folder)
    first, again = (timed([train, *DEFAULT], env, folder) for _ in range(2))
    return {
        "first run of `default`": first,
        "the reference's work of it": first,
        "the same again, shown": again,
        "the same again, run anew": again,
        "sweep of 50 trials": timed([train, *SWEEP, *SETTINGS[data]], env, folder),
    }


def _lines(data: str, theirs: Path, rounds: int) -> list[str]:
    taken = []
    for turn in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if turn % 2:
                ours, old = _ours(folder, data), _reference(folder, data, theirs)
            else:
                old, ours = _reference(folder, data, theirs), _ours(folder, data)
        taken.append((ours, old))
    lines = [
        f"{data}, {rounds} round{'s' * (rounds > 1)}, whole processes in turn, two workers each, load "
        f"{os.getloadavg()[0]:.1f} at the end; ours over the reference (commit {reference.COMMIT}), least to most:",
        "",
        "| | processor | clock | ours, processor s | reference, processor s |",
        "|---|---|---|---|---|",
    ]
    for name in taken[0][0]:
        ours_of, old_of = [one[name] for one, _ in taken], [one[name] for _, one in taken]
        cpu = spread([a.cpu / b.cpu for a, b in zip(ours_of, old_of, strict=True)])
        wall = spread([a.wall / b.wall for a, b in zip(ours_of, old_of, strict=True)])
        seconds = [spread([one.cpu for one in side], ".1f") for side in (ours_of, old_of)]
        lines.append(f"| {name} | {cpu} | {wall} | {seconds[0]} | {seconds[1]} |")
    return [*lines, ""]


def run() -> list[str]:
    """Lines for RESULTS.md; `BENCH_ROUNDS` rounds of each, two without it."""
    theirs = reference.bin_of_reference()
    if theirs is None:
        return [reference.MISSING]
    rounds = int(os.environ.get("BENCH_ROUNDS", "2"))
    lines = _lines("sample", theirs, rounds)
    if (SHARED / "prices_etf.parquet").exists():
        return lines + _lines("real data", theirs, rounds)
    return [*lines, "Real data are not measured: REGIME_SHARED names no folder."]
