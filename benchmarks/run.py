"""Run every benchmark here and write RESULTS.md: `make bench`."""

from __future__ import annotations

import importlib
import os
import platform
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Each `bench_*.py` has `run() -> list of lines`; its docstring heads its section."""
    parts = [
        "# Benchmarks",
        f"Written by `make bench` on {os.cpu_count()} cores, Python {platform.python_version()}. Machines are noisy: "
        "ratios are of things timed in turn in one process.",
    ]
    for path in sorted(HERE.glob("bench_*.py")):
        module = importlib.import_module(path.stem)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["REGIME_HOME"] = folder
            print(path.stem, flush=True)
            body = "\n".join(module.run())
        parts += [f"## {path.stem.removeprefix('bench_')}", (module.__doc__ or "").strip(), body]
    (HERE / "RESULTS.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
