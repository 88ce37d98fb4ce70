"""One range model of an experiment: walked forward, scored, and as MLflow takes it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.data import kept_results
from features.data.calendar import HORIZON
from features.data.progress import Progress, silent
from features.dataset import Dataset
from models.evaluation import range_scores
from models.evaluation.bootstrap import p_value
from models.figures import ranges, style
from models.range.fit import RangeData
from models.range.fitted import FittedRange
from models.range.paths import LEGS
from models.range.spec import RangeSpec
from models.tracking import range_runs, stored_predictions
from training.range_walkforward import PUBLISHED, walk_forward

SHOWN_SCORES = ("crps_skill_", "fall_5_brier_skill_", "fall_5_log_loss_skill_")  # what a call shows of a range
LEAST_SHARE = 1e-3  # of the paths, for an outcome that none had


@dataclass(frozen=True)
class RangeModelRun:
    """One model walked forward: its specification, ranges, outcome shares, last fit and scores of the broad leg."""

    spec: RangeSpec
    ranges: pd.DataFrame
    outcomes: pd.DataFrame
    fitted: FittedRange | None
    scores: dict[str, float]


def walk(
    data: RangeData, dataset: Dataset, spec: RangeSpec, progress: Progress = silent, legs: tuple[str, ...] = LEGS
) -> RangeModelRun:
    """Walk one model forward and score it."""
    began = time.perf_counter()
    with progress(f"walk-forward {spec.model}", None):
        table, outcomes, fitted = walk_forward(data, spec, legs=legs)
    scores = range_scores.evaluate(table[table["leg"] == "broad"])
    scores |= outcome_scores(outcomes, dataset) | {"train_seconds": time.perf_counter() - began}
    return RangeModelRun(spec, table, outcomes, fitted, scores)


def outcome_scores(shares: pd.DataFrame, dataset: Dataset) -> dict[str, float]:
    """Log-loss skill of the paths as a three-way classifier, against the outcomes' shares up to each week, with p."""
    if not len(shares) or len(dataset.outcomes) != 3:
        return {}
    dates = pd.DatetimeIndex(shares["date"])
    p = floored(shares[[f"p_{name}" for name in dataset.outcomes]].to_numpy(float))
    matured = dataset.outcome.notna()
    codes = pd.Categorical(dataset.outcome, categories=dataset.outcomes).codes
    ends = dataset.label_end[matured].to_numpy()
    counts = np.cumsum(np.eye(len(dataset.outcomes))[codes[matured.to_numpy()]], axis=0)
    before = np.searchsorted(ends, dates.to_numpy(), side="left") - 1
    base = counts[before] / counts[before].sum(axis=1, keepdims=True)
    at = dataset.X.index.get_indexer(dates)
    known = codes[at] >= 0
    rows = np.flatnonzero(known)
    own, reference = (-np.log(q[rows, codes[at][rows]]) for q in (p, base))
    return {
        "log_loss_skill": range_scores.skill(own, reference),
        "log_loss_skill_p": p_value(reference - own),
    }


def floored(shares: np.ndarray) -> np.ndarray:
    """Shares of paths as probabilities, (weeks, outcomes): an outcome that no path had is not impossible."""
    p = np.maximum(shares, LEAST_SHARE)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def write_ranges(run_id: str, table: pd.DataFrame) -> str:
    """Keep the out-of-sample ranges of a run in `REGIME_HOME`; returns the file."""
    return str(kept_results.write(run_id, stored_predictions.RANGES, table[list(PUBLISHED)]))


def as_logged(
    experiment: str, one: RangeModelRun, dataset: Dataset, data: RangeData, text: str, said: dict[str, str]
) -> range_runs.RangeRun:
    """A run with its figures, pictures and ranges; `said` are the tags that tell what was decided of it."""
    kind = one.spec.model
    title, broad = f"{experiment}:{kind}", one.ranges[one.ranges["leg"] == "broad"]
    failed = {leg: [r.year for r in refits if not r.converged] for leg, refits in data.refits.items()}
    month = min(one.spec.horizons, key=lambda h: abs(h - HORIZON))
    with style.applied():
        pictures = {
            "pictures/fan.png": ranges.fan(title, broad, month),
            "pictures/pit.png": ranges.pit(title, broad),
            "pictures/coverage.png": ranges.coverage(title, broad, month),
            "pictures/gain.png": ranges.gain(title, broad),
        }
    files: dict[str, str | bytes] = {**pictures, "experiment.toml": text}
    files[stored_predictions.RANGES] = one.ranges[list(PUBLISHED)].to_parquet(index=False)
    scores = one.scores | {f"garch_not_converged_{leg}": float(len(years)) for leg, years in failed.items()}
    return range_runs.RangeRun(
        kind,
        {key: str(value) for key, value in one.spec.model_dump().items()},
        {key: value for key, value in scores.items() if np.isfinite(value)},
        {
            "experiment": experiment,
            "kind": kind,
            "spec": one.spec.to_json(),
            "digest": dataset.digest,
            "source": dataset.source,
            "legs": dataset.legs,
            "garch_not_converged": ", ".join(f"{leg} {year}" for leg, years in failed.items() for year in years)
            or "none",
        }
        | said,
        files,
        one.fitted,
        data.frame.iloc[[-1]],
        {key: value for key, value in scores.items() if key.startswith(SHOWN_SCORES) and np.isfinite(value)},
    )
