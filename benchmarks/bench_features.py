"""All features over a folder, against reading the same tables and taking one 200-session mean.

Targets: ratio at most 5, peak memory under 1.5 GB, growth linear in members, one more week
computes the present year only.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd

from features import feature, panel
from features.data import store, table_files
from features.data.paths import home
from features.data.sources import folder
from features.families import FEATURES

DATA = Path(os.environ.get("REGIME_SHARED", Path(__file__).parents[2] / "shared")) / "data"
ROUNDS = 5


def _seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def plain():
    """Read every stored table without a check and take one rolling mean of the member panel."""
    manifest = store.current_manifest()
    folder = home() / "snapshots" / manifest.digest
    tables = {name: table_files.read(folder, name, entry) for name, entry in manifest.tables.items()}
    return tables["prices_sp500"].drop(columns="available_at").rolling(200).mean()


def ours():
    """Read the snapshot, verify it, align every input, compute every feature since 1964."""
    return feature.compute(FEATURES, panel.build_inputs(store.load()), 1964)


def tiled(times: int) -> panel.Inputs:
    """The inputs with the member panel repeated side by side."""
    data = panel.build_inputs(store.load())
    names = [f"{name}-{i}" for i in range(times) for name in data.members]
    members = pd.DataFrame(np.tile(data.members.to_numpy(), times), data.members.index, names)
    membership = pd.DataFrame(np.tile(data.membership.to_numpy(), times), data.members.index, names)
    return panel.Inputs(data.panel, members, membership, data.count * times)


def run() -> list[str]:
    """Lines for RESULTS.md."""
    if not (DATA / "prices_etf.parquet").exists():
        return ["The real data set is not at `../shared/data`: not measured."]
    tables, legs, last = folder.read(DATA)
    store.write(tables, "folder", legs, last)
    del tables
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pairs = [(_seconds(plain)[0], _seconds(ours)[0]) for _ in range(ROUNDS + 1)][1:]
    ratios = sorted(b / a for a, b in pairs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    lines = [
        f"{len(FEATURES)} features, {last.date()} back to 1964, {ROUNDS} pairs in one process:",
        "",
        f"- features over plain reading and one mean: **{statistics.median(ratios):.2f}x** "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}; target 5)",
        f"- plain {statistics.median(a for a, _ in pairs):.2f} s, ours {statistics.median(b for _, b in pairs):.2f} s",
        f"- peak memory of the process {peak:.2f} GB (target 1.5; {base / 1e6:.2f} GB after the refresh alone)",
    ]
    year = last.year
    whole = panel.build_inputs(store.load())
    week = min(_seconds(lambda: feature.compute_year(FEATURES, whole, year))[0] for _ in range(ROUNDS))
    every = min(_seconds(lambda: feature.compute(FEATURES, whole, 1964))[0] for _ in range(ROUNDS))
    lines.append(f"- one more week computes {year} alone: {week / every:.1%} of all years")
    members = tuple(item for item in FEATURES if "members" in item.inputs)
    lines += ["", "| members | seconds, member features | per member, against the first |", "|---|---|---|"]
    first = 0.0
    for times in (1, 4, 8):
        data = tiled(times)
        took = min(_seconds(lambda data=data: feature.compute(members, data, 1990))[0] for _ in range(3))
        each = took / data.members.shape[1]
        first = first or each
        lines.append(f"| {data.members.shape[1]:,} | {took:.2f} | {each / first:.2f} |")
    return lines
