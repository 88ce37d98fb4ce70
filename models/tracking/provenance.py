"""Where a run comes from: the commit, the libraries, and the files that say what it was made of."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:  # what only reads the registry need not load the features
    from features.dataset import Dataset

TOP = Path(__file__).resolve().parents[2]
ROOMS = ("features", "models", "training")  # what a result can depend on
LIBRARIES = ("lightgbm", "mlflow", "scikit-learn", "numpy", "pandas")


def tags() -> dict[str, str]:
    """The library versions and, in a checkout, the git commit (`git_modified` where files differ from it)."""
    found = {"version_python": platform.python_version()} | {f"version_{name}": version(name) for name in LIBRARIES}
    commit = _git("rev-parse", "HEAD")
    if commit and Path(_git("rev-parse", "--show-toplevel")).resolve() == TOP:
        found["git_commit"] = commit
        if _git("status", "--porcelain", "--untracked-files=no"):
            found["git_modified"] = "true"
    return found


def _git(*words: str) -> str:
    """What git prints, or nothing where there is no git or no checkout."""
    try:
        done = subprocess.run(["git", "-C", str(TOP), *words], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@functools.lru_cache(maxsize=1)
def program() -> str:
    """Digest of the whole program up to training: its files and the versions of its libraries."""
    digest = hashlib.sha256(json.dumps({name: version(name) for name in LIBRARIES}).encode())
    for room in ROOMS:
        for path in sorted((TOP / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def dataset_spec(dataset: Dataset) -> str:
    """The data set as JSON: digest, source, label, span, outcome shares, and every column with its own span."""
    X = dataset.X

    def span(index: pd.Index) -> list[str] | None:
        return [str(pd.Timestamp(index[i]).date()) for i in (0, -1)] if len(index) else None

    shares = dataset.outcome.dropna().value_counts(normalize=True)
    return json.dumps(
        {
            "digest": dataset.digest,
            "source": dataset.source,
            "legs": dataset.legs,
            "label": dataset.label,
            "outcomes": list(dataset.outcomes),
            "rows": len(X),
            "matured": int(dataset.outcome.notna().sum()),
            "rows_per_year": dataset.rows_per_year,
            "span": span(X.index),
            "shares": {name: round(float(shares.get(name, 0.0)), 6) for name in dataset.outcomes},
            "columns": {str(name): span(X.index[X[name].notna().to_numpy()]) for name in X.columns},
        },
        indent=1,
    )


def files(dataset: Dataset, experiment: str | None = None) -> dict[str, str | bytes]:
    """Artifacts of every run: `dataset.json`, `experiment.toml` and, in a checkout, `requirements.lock`.

    Parameters
    ----------
    dataset : Dataset
    experiment : str, optional
        Text of the experiment file, where there is one.
    """
    found: dict[str, str | bytes] = {"dataset.json": dataset_spec(dataset)}
    if experiment is not None:
        found["experiment.toml"] = experiment
    lock = TOP / "requirements.lock"
    if lock.exists():
        found["requirements.lock"] = lock.read_text()
    return found
