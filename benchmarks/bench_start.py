"""How long a command takes to say what it can do, beyond a bare Python start. Target: at most 0.4 s for each."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from processes import spread, timed

BIN = Path(sys.executable).parent
ROUNDS = 9
COMMANDS = (
    "regime --help",
    "regime --version",
    "regime data --help",
    "regime data refresh --help",
    "regime train --help",
    "regime train run --help",
    "regime call --help",
    "regime weekly --help",
    "regime-data --help",
    "regime-train --help",
    "regime-predict --help",
)


def run() -> list[str]:
    """Lines for RESULTS.md; each round times a bare start and every command, in turn."""
    words = [command.split() for command in COMMANDS]
    rounds = [
        (timed([sys.executable, "-c", "pass"]), [timed([BIN / one[0], *one[1:]]) for one in words])
        for _ in range(ROUNDS)
    ]
    lines = [
        f"Median of {ROUNDS} rounds (smallest to largest), seconds beyond `python -c pass`, load "
        f"{os.getloadavg()[0]:.1f}:",
        "",
        "| command | processor | clock |",
        "|---|---|---|",
    ]
    for place, command in enumerate(COMMANDS):
        cpu = spread([taken[place].cpu - bare.cpu for bare, taken in rounds])
        wall = spread([taken[place].wall - bare.wall for bare, taken in rounds])
        lines.append(f"| `{command}` | {cpu} | {wall} |")
    return lines
