"""Expanding walk-forward: each fold is one `fit_at` and the predictions until the next."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from joblib import Parallel, delayed

from features.dataset import Dataset
from models.fit import Document, fit_at, refit_dates
from models.predictor import predict
from models.spec import ModelSpec

TRAILING_YEARS = 20


def _fold(
    dataset: Dataset, spec: ModelSpec, start: pd.Timestamp, end: pd.Timestamp | None
) -> tuple[pd.DataFrame, Document]:
    document = fit_at(dataset, spec, start)
    index = dataset.X.index
    rows = dataset.X[(index >= start) & (index < end)] if end is not None else dataset.X[index >= start]
    p = pd.DataFrame(predict(document, rows), index=rows.index, columns=[f"p_{name}" for name in dataset.outcomes])
    base = {f"base_{name}": share for name, share in zip(dataset.outcomes, document["base"], strict=True)}
    recent = climatology_of_recent_years(dataset, start)
    return p.assign(**base, **recent), document


def climatology_of_recent_years(dataset: Dataset, date: pd.Timestamp) -> dict[str, float]:
    """`trailing_<outcome>`: shares among the outcomes of the last `TRAILING_YEARS` that had matured before `date`."""
    index = dataset.X.index
    ended = (dataset.label_end < date).to_numpy() & (index >= date - pd.DateOffset(years=TRAILING_YEARS))
    past = dataset.outcome[ended].dropna()
    return {f"trailing_{name}": float((past == name).mean()) for name in dataset.outcomes}


def walk_forward(
    dataset: Dataset, spec: ModelSpec, workers: int = 1, progress: Callable[[], None] | None = None
) -> tuple[pd.DataFrame, Document]:
    """Out-of-sample predictions of every week since the first test week, and the last fold's model.

    The table's columns: `date`, `label_end`, `outcome`, then for every outcome
    `p_`, `base_` (climatology of the fold) and `trailing_` (of the twenty years
    before it); `faltering`, `volatility` (the broad leg's over the past 21
    sessions), `outcome_margin` (50 bp margin on rotation), `refit` (the fold's
    fitting date).

    The same bits for any number of workers: folds are independent and LightGBM
    runs on one thread in each.
    """
    starts = list(refit_dates(dataset, spec))
    spans = zip(starts, [*starts[1:], None], strict=True)
    parts = []
    tasks = (delayed(_fold)(dataset, spec, start, end) for start, end in spans)
    for part in Parallel(n_jobs=workers, return_as="generator")(tasks):
        parts.append(part)
        if progress:
            progress()
    table = pd.concat([part for part, _ in parts])
    table.insert(0, "date", table.index)
    table.insert(1, "label_end", dataset.label_end.loc[table.index])
    table.insert(2, "outcome", dataset.outcome.loc[table.index])
    table["faltering"] = dataset.faltering.loc[table.index]
    table["volatility"] = dataset.X["broad_vol_21"].reindex(table.index)
    if dataset.outcome_margin is not None:
        table["outcome_margin"] = dataset.outcome_margin.loc[table.index]
    table["refit"] = [start for (part, _), start in zip(parts, starts, strict=True) for _ in range(len(part))]
    return table.reset_index(drop=True), parts[-1][1]
