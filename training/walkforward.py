"""Expanding walk-forward: each fold is one `fit_at` and the predictions until the next."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from joblib import Parallel, delayed

from features.dataset import Dataset
from models.fit import Document, fit_at, refit_dates
from models.predictor import predict
from models.spec import ModelSpec


def _fold(
    dataset: Dataset, spec: ModelSpec, start: pd.Timestamp, end: pd.Timestamp | None
) -> tuple[pd.DataFrame, Document]:
    document = fit_at(dataset, spec, start)
    index = dataset.X.index
    rows = dataset.X[(index >= start) & (index < end)] if end is not None else dataset.X[index >= start]
    p = pd.DataFrame(predict(document, rows), index=rows.index, columns=[f"p_{name}" for name in dataset.outcomes])
    base = {f"base_{name}": share for name, share in zip(dataset.outcomes, document["base"], strict=True)}
    return p.assign(**base), document


def walk_forward(
    dataset: Dataset, spec: ModelSpec, workers: int = 1, progress: Callable[[], None] | None = None
) -> tuple[pd.DataFrame, Document]:
    """Out-of-sample predictions of every week since the first test week, and the last fold's model.

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
    return table.reset_index(drop=True), parts[-1][1]
