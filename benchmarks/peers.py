"""The product against other libraries, in an environment of their own: `make bench-peers`.

The environment is made from `peers.lock`, never the project's: REGIME_PEERS names its folder (default `.venv-peers`).
BENCH_ROUNDS, BENCH_FOLDS and BENCH_TREES set how much is measured.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from peers_rows import members_rows, real_members_rows, walk_rows
from processes import spread

HERE = Path(__file__).parent
PEERS = Path(os.environ.get("REGIME_PEERS", HERE.parent / ".venv-peers")).absolute() / "bin" / "python"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
# Processor time of one thread is what is compared.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
INSTALLED = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
WITHOUT_WHEEL = {"qlib": "pyqlib", "qlib, recorder": "pyqlib"}  # for Python 3.13 and later, and no source either


@dataclass(frozen=True)
class Table:
    """One comparison: its rows, its module of sides, and the side that the others are held against.

    `rows` gives None where the machine does not have them; `text` says what is measured.
    `same_as` names another side whose results a side must give, where they cannot be the reference's.
    """

    title: str
    rows: Callable[[], dict[str, Any] | None]
    module: str
    reference: str
    tolerance: float
    text: str
    same_as: dict[str, str] = field(default_factory=dict)


TABLES = (
    Table(
        "Walk-forward, three outcomes",
        walk_rows,
        "peers_outcomes",
        "bare",
        1e-12,
        "The splitter of each library and LightGBM's classifier; `bare` is `lightgbm.train` in a loop over arrays.",
    ),
    Table(
        "Walk-forward, one number",
        walk_rows,
        "peers_returns",
        "bare",
        1e-12,
        "The whole loop of each library with a LightGBM regression of as many trees (three times the rounds). "
        "`bare, lag` is the bare loop with the target's last value as a column, which skforecast adds.",
        {"skforecast": "bare, lag", "bare, lag": "bare, lag"},
    ),
    Table(
        "Member features",
        members_rows,
        "peers_members",
        "ours",
        1e-9,
        "The product's features of the index's members, by each library from the same table of prices.",
    ),
    Table("Member features, real prices", real_members_rows, "peers_members", "ours", 1e-9, "The same."),
)


@dataclass(frozen=True)
class Result:
    """Of one side in one round: processor seconds, and what it found."""

    seconds: float
    found: np.ndarray


def _side(table: Table, name: str, rows: Path) -> Result:
    python = sys.executable if name == "ours" else PEERS
    results = rows.with_name("found.npy")
    words = [python, HERE / "peers_side.py", table.module, name, rows, results]
    # qlib leaves a lock below the present folder.
    options = {"env": os.environ | THREADS, "cwd": rows.parent}
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{table.module}, {name}: exit status {done.returncode}: {done.stderr[-2000:]}")
    return Result(json.loads(done.stdout.splitlines()[-1])["seconds"], np.load(results))


def _same(table: Table, name: str, results: dict[str, Result]) -> str:
    """Whether a side found what the reference, or the side named in `same_as`, did."""
    other = table.same_as.get(name, table.reference)
    if name == other:
        return ""
    found, expected = results[name].found, results[other].found
    if found.shape != expected.shape:
        raise RuntimeError(f"{table.module}: {name} gave {found.shape}, {other} {expected.shape}")
    equal = np.isclose(found, expected, rtol=0, atol=table.tolerance, equal_nan=True)
    return f"{'yes' if equal.all() else f'no, {(~equal).mean():.1%} differ'}, as `{other}`"


def _measure(table: Table, rows: Path, installed: dict[str, str]) -> list[str]:
    sides = importlib.import_module(table.module).SIDES
    names = [name for name in sides if WITHOUT_WHEEL.get(name, "lightgbm") in installed]
    rounds: list[dict[str, Result]] = []
    for turn in range(ROUNDS):
        rounds.append({})
        for name in names if turn % 2 else names[::-1]:
            print(f"{table.title}, round {turn + 1} of {ROUNDS}: {name}", flush=True)
            rounds[-1][name] = _side(table, name, rows)
    lines = [f"| side | over `{table.reference}` | seconds | same results |", "|---|---|---|---|"]
    for name in names:
        over = spread([one[name].seconds / one[table.reference].seconds for one in rounds])
        seconds = spread([one[name].seconds for one in rounds], ".2f")
        lines.append(f"| {name} | {over} | {seconds} | {_same(table, name, rounds[-1])} |")
    lines += [f"| {name} | no wheel for this Python | | |" for name in sides if name not in names]
    return lines


def _section(table: Table, folder: Path, installed: dict[str, str]) -> list[str]:
    rows = table.rows()
    if rows is None:
        return ["The real data set is not at `../shared/data`: not measured."]
    path = folder / "rows.npz"
    np.savez(path, **rows)
    return [f"{table.text} {rows['text']}", "", *_measure(table, path, installed)]


def main() -> None:
    """Write PEERS.md."""
    done = subprocess.run([PEERS, "-c", INSTALLED], capture_output=True, text=True, check=True)
    installed = json.loads(done.stdout)
    asked = [re.split("[ =]", line)[0] for line in (HERE / "peers.in").read_text().splitlines()]
    versions = [f"{name} {installed[name]}" for name in asked if name in installed]
    lines = [
        "# Against other libraries",
        "",
        f"Written by `make bench-peers` on {os.cpu_count()} cores, Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f}. Processor seconds (user and system, children included) on one thread, without "
        f"imports, conversions of the table and compilers; medians of {ROUNDS} rounds, sides in turn, with the "
        "smallest and the largest. `docs/explanation/speed.md` says what each side does.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["REGIME_HOME"] = folder
        for table in TABLES:
            lines += ["", f"## {table.title}", "", *_section(table, Path(folder), installed)]
    lines += ["", f"The peers' environment: {', '.join(versions)}."]
    (HERE / "PEERS.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
