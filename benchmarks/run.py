"""Run the benchmarks here and write RESULTS.md: `make bench`, or `python benchmarks/run.py range runs` for some.

A section is written as soon as it is measured; the others stay as they were.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
NAMES = tuple(sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")))
LIBRARIES = ("lightgbm", "scikit-learn", "pandas", "numpy", "mlflow")


def head() -> str:
    """What stands above the sections."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {os.cpu_count()} cores, Python {platform.python_version()}, {versions}. Machines "
        "are noisy: ratios are of things timed in turn in one process. Each section has the day it was measured."
    )


def sections(text: str) -> dict[str, str]:
    """The sections of RESULTS.md by name, heading included."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.split()[1]: part.strip() for part in parts}


def main() -> None:
    """Each `bench_*.py` has `run() -> list of lines`; its docstring heads its section."""
    wanted = sys.argv[1:] or NAMES
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r}: known are {', '.join(NAMES)}")
    for name in wanted:
        module = importlib.import_module(f"bench_{name}")
        with tempfile.TemporaryDirectory() as folder:
            os.environ["REGIME_HOME"] = folder
            print(name, flush=True)
            body = "\n".join(module.run())
        found = sections(RESULTS.read_text() if RESULTS.exists() else "")
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        found[name] = f"## {name}\n\n{(module.__doc__ or '').strip()}\n\nMeasured on {day}.\n\n{body.strip()}"
        ordered = [found[one] for one in NAMES if one in found]
        RESULTS.write_text("\n\n".join([head(), *ordered]) + "\n")


if __name__ == "__main__":
    main()
