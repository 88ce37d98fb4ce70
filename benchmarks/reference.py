"""The commit that the program is measured against: a clone of it with an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path

COMMIT = "e15ad0d"
MISSING = (
    f"Not measured: REGIME_REFERENCE does not name a clone at {COMMIT} in which `make install` was run "
    "(bytecode compiled, as `make install` does)."
)


def bin_of_reference() -> Path | None:
    """Where its commands are, or None where there is none."""
    named = os.environ.get("REGIME_REFERENCE")
    found = Path(named) / ".venv" / "bin" if named else None
    return found if found and (found / "regime-train").exists() else None


def environment(folder: Path) -> dict[str, str]:
    """A store and a database of their own, so that neither side finds what the other left."""
    folder.mkdir(parents=True, exist_ok=True)
    own = {"REGIME_HOME": str(folder / "home"), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own
