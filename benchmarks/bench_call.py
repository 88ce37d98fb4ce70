"""A call as a whole process, against a bare process that loads the same model's trees and predicts one row.

Targets: warm at most 1.5 times the bare process, cold (no call and no model kept) at most 2.0 times its processor
time, and warm at least 3 times faster than `mlflow models predict`.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import spread, timed

from models.tracking import loader

BIN = Path(sys.executable).parent
ROUNDS = 5
BARE = """
import json, sys, lightgbm, numpy
document = json.load(open(sys.argv[1]))
for one in document.get("members", [document]):
    if "booster" in one:
        print(lightgbm.Booster(model_str=one["booster"]).predict(numpy.zeros((1, len(one["features"])))))
"""


def _seconds(words: list[str | Path]) -> float:
    start = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - start


def _cold(call: list[str | Path]) -> float:
    """Processor seconds of a call that finds neither itself nor its model kept."""
    for name in ("calls", "models"):
        shutil.rmtree(Path(os.environ["REGIME_HOME"]) / "cache" / name, ignore_errors=True)
    return timed(call).cpu


def run() -> list[str]:
    """Lines for RESULTS.md, measured on the embedded sample in a store and database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        _seconds([BIN / "regime-data", "refresh", "--source", "sample"])
        _seconds([BIN / "regime-train", "run", "default"])
        call = [BIN / "regime-predict", "--json"]
        cold = _seconds(call)
        model = loader.registered("regime-sample", "challenger")
        assert model is not None
        copy, rows = Path(folder) / "model.json", Path(folder) / "rows.json"
        copy.write_text(model.document.to_json())
        names = list(model.document.features)
        rows.write_text(json.dumps({"dataframe_split": {"columns": names, "data": [[0.0] * len(names)]}}))
        bare = [sys.executable, "-c", BARE, copy]
        uri = "models:/regime-sample@challenger"
        theirs = [BIN / "mlflow", "models", "predict", "-m", uri, "-i", rows, "--env-manager", "local"]
        pairs = [(timed(bare).cpu, _cold(call)) for _ in range(ROUNDS)]
        trios = [(_seconds(bare), _seconds(call), _seconds(theirs)) for _ in range(ROUNDS)]
        del os.environ["MLFLOW_TRACKING_URI"]
    over = sorted(b / a for a, b, _ in trios)
    faster = sorted(c / b for _, b, c in trios)
    return [
        f"{ROUNDS} rounds, whole processes in turn:",
        "",
        f"- warm `regime-predict --json` over the bare process: **{statistics.median(over):.2f}x** "
        f"({over[0]:.2f} to {over[-1]:.2f}; target at most 1.5)",
        f"- `mlflow models predict` over it: **{statistics.median(faster):.1f}x** "
        f"({faster[0]:.1f} to {faster[-1]:.1f}; target at least 3)",
        f"- warm call {statistics.median(b for _, b, _ in trios):.2f} s, the first one of all {cold:.2f} s",
        f"- cold call over the bare process, processor time: {spread([b / a for a, b in pairs])}x (target at most 2.0)",
    ]
