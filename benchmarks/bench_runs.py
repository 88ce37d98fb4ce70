"""A sweep, a first run and a cached run of the sample, against the reference commit in turn.

Targets: a sweep of 50 trials at least 5 times faster; everything cached at most 0.4 times the reference. The first run
does more than the reference's did (more features, metrics, pictures): its part is told, not held to a target here.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import reference
from processes import Taken, spread, timed

BIN = Path(sys.executable).parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
SWEEP = ("sweep", "default", "--trials", "50", "--set", "min_history_years=0")
STEPS = (
    ("sweep of 50 trials", SWEEP),
    ("first run of `default`", ("run", "default")),
    ("cached run of `default`", ("run", "default")),
)
AGAIN = ("--again",)  # ours alone shows an earlier run where it may; the reference has no such option


def _round(folder: Path, commands: Path, again: tuple[str, ...]) -> list[Taken]:
    env = reference.environment(folder)
    timed([commands / "regime-data", "refresh", "--source", "sample"], env, folder)
    taken, seen = [], set()
    for _, words in STEPS:
        taken.append(timed([commands / "regime-train", *words, *(again if words in seen else ())], env, folder))
        seen.add(words)
    return taken


def run() -> list[str]:
    """Lines for RESULTS.md."""
    theirs = reference.bin_of_reference()
    if theirs is None:
        return [reference.MISSING]
    rounds = []
    for turn in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            sides = [("ours", BIN, AGAIN), ("reference", theirs, ())]
            order = sides if turn % 2 else sides[::-1]
            made = {name: _round(Path(folder) / name, path, again) for name, path, again in order}
        rounds.append((made["ours"], made["reference"]))
    lines = [
        f"{ROUNDS} rounds, whole processes in turn, two workers each, load {os.getloadavg()[0]:.1f} at the end; the "
        f"reference (commit {reference.COMMIT}) over ours, smallest to largest:",
        "",
        "| | processor | clock | ours, processor s | reference, processor s |",
        "|---|---|---|---|---|",
    ]
    for place, (name, _) in enumerate(STEPS):
        ours, old = [one[place] for one, _ in rounds], [one[place] for _, one in rounds]
        cpu = spread([b.cpu / a.cpu for a, b in zip(ours, old, strict=True)])
        wall = spread([b.wall / a.wall for a, b in zip(ours, old, strict=True)])
        seconds = [spread([one.cpu for one in side], ".1f") for side in (ours, old)]
        lines.append(f"| {name} | {cpu} | {wall} | {seconds[0]} | {seconds[1]} |")
    return lines
