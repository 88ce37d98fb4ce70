"""The walk-forward against the loops of other libraries, each in an environment of its own: `make bench-peers`.

The environment is made from `peers.lock`, never the project's: REGIME_PEERS names its folder (default `.venv-peers`).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from processes import spread

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ROWS, COLUMNS, FOLDS, GAP = 4_900, 120, 69, 5
SETTINGS = {
    "n_estimators": int(os.environ.get("BENCH_TREES", "100")),
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.03,
    "min_child_samples": 100,
    "feature_fraction": 0.2,
    "reg_lambda": 20.0,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "extra_trees": True,
}
SIDES = ("bare", "ours", "scikit-learn", "skfolio", "sktime")


def _rows(path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(ROWS, COLUMNS)), rng.integers(0, 3, ROWS)
    starts = ROWS - 26 * np.arange(FOLDS, 0, -1)
    np.savez(path, X=X, y=y, starts=starts, gap=GAP, settings=json.dumps(SETTINGS))


def _side(name: str, path: Path, peers: Path) -> dict[str, float]:
    python = sys.executable if name == "ours" else str(peers / "bin" / "python")
    done = subprocess.run([python, HERE / "peers_loop.py", path, name], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Write PEERS.md."""
    peers = Path(os.environ.get("REGIME_PEERS", HERE.parent / ".venv-peers"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        _rows(path)
        rounds = []
        for turn in range(ROUNDS):
            order = SIDES if turn % 2 else SIDES[::-1]
            rounds.append({name: _side(name, path, peers) for name in order})
    names = "lightgbm|pandas|scikit-learn|skfolio|sktime|numpy"
    frozen = subprocess.run(
        [peers / "bin" / "python", "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    versions = [line for line in frozen.stdout.splitlines() if line.split("==")[0].lower() in names.split("|")]
    lines = [
        "# Against other libraries",
        "",
        f"Written by `make bench-peers` on {os.cpu_count()} cores, Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f}. {ROWS:,} rows of noise, {COLUMNS} columns, {FOLDS} expanding folds of 26 rows, "
        f"{GAP} rows purged, {SETTINGS['n_estimators']} rounds of three classes, one thread; processor seconds "
        f"without imports over those of a bare `lightgbm.train` loop, median of {ROUNDS} rounds in turn.",
        "",
        "| side | over the bare loop | seconds | same predictions as the bare loop |",
        "|---|---|---|---|",
    ]
    for name in SIDES:
        over = spread([one[name]["seconds"] / one["bare"]["seconds"] for one in rounds])
        seconds = spread([one[name]["seconds"] for one in rounds], ".1f")
        last = rounds[-1]
        same = np.allclose(last[name]["first"], last["bare"]["first"], rtol=0, atol=1e-12)
        lines.append(f"| {name} | {over} | {seconds} | {'yes' if same else 'no'} |")
    lines += ["", f"The peers' environment: {', '.join(versions)}."]
    (HERE / "PEERS.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
