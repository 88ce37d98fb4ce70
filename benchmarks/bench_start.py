"""How long a command takes to say what it can do, beyond a bare Python start. Target for `regime`: at most 0.4 s."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
ROUNDS = 9
COMMANDS = (
    ("regime", "--help"),
    ("regime", "--version"),
    ("regime", "data", "--help"),
    ("regime", "train", "--help"),
    ("regime", "call", "--help"),
)


def _seconds(words: list[str | Path]) -> float:
    start = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - start


def run() -> list[str]:
    """Lines for RESULTS.md; each round times a bare start and every command, in turn."""
    rounds = [
        (_seconds([sys.executable, "-c", "pass"]), [_seconds([BIN / one[0], *one[1:]]) for one in COMMANDS])
        for _ in range(ROUNDS)
    ]
    lines = [f"Median of {ROUNDS} rounds, seconds beyond `python -c pass`:", ""]
    for place, words in enumerate(COMMANDS):
        over = sorted(taken[place] - bare for bare, taken in rounds)
        spread = f"{over[0]:.2f} to {over[-1]:.2f}"
        lines.append(f"- `{' '.join(words)}` **{statistics.median(over):.2f}** ({spread})")
    return lines
