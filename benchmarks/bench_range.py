"""The experiments `range` and `destinations` on real data, against the reference commit's `default` in turn.

Targets, in processor time of the whole command: `range`, three horizons and all baselines over 69 refits, at most twice
the reference's `default`; `destinations` (18 groups) with three models at most as much. All its outcomes, horizons and
models are told beside that.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import reference
from bench_training import SHARED
from processes import timed

BIN = Path(sys.executable).parent
THREE = ("momentum", "logit3", "lightgbm")


def run() -> list[str]:
    """Lines for RESULTS.md, of one round."""
    theirs = reference.bin_of_reference()
    if theirs is None or not (SHARED / "prices_etf.parquet").exists():
        return [reference.MISSING if theirs is None else "Not measured: REGIME_SHARED names no folder of real data."]
    refresh = ("refresh", "--source", "folder", "--folder", str(SHARED))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, old = reference.environment(folder / "ours"), reference.environment(folder / "reference")
        timed([BIN / "regime-data", *refresh], ours, folder)
        timed([theirs / "regime-data", *refresh], old, folder)
        usual = timed([theirs / "regime-train", "run", "default", "--workers", "1"], old, folder).cpu
        ranges = timed([BIN / "regime-train", "run", "range"], ours, folder).cpu
        groups, models = _groups(folder, ours)
    three = sum(models[kind] for kind in THREE)
    return [
        f"One round, whole processes in turn, one worker, load {os.getloadavg()[0]:.1f} at the end; the reference's "
        f"`default` took {usual:.0f} s of processor time:",
        "",
        f"- `range`: {ranges:.0f} s, **{ranges / usual:.2f}** times (target at most 2)",
        f"- `destinations`: the walk-forwards of {', '.join(THREE)} over all outcomes and horizons {three:.0f} s, "
        f"**{three / usual:.2f}** times (target at most 1); the whole command with every model, scores and pictures "
        f"{groups:.0f} s",
    ]


def _groups(folder: Path, env: dict[str, str]) -> tuple[float, dict[str, float]]:
    """Processor seconds of the whole command, and of each model's walk-forward as its run has them."""
    script = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[2:], stdout=open(sys.argv[1], 'w')).returncode)"
    out = folder / "destinations.json"
    words = [sys.executable, "-c", script, out, BIN / "regime-train", "run", "destinations", "--json"]
    taken = timed(words, env, folder).cpu
    models = json.loads(out.read_text())["models"]
    return taken, {kind: float(one["cpu_seconds"]) for kind, one in models.items()}
