"""A feature is data plus a pure function, computed in calendar-year blocks.

Each year is computed from its own look-back rows and nothing older, so the same
bits come out whether the history is whole or cut, and one more week touches
only the present year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.inputs import Inputs


@dataclass(frozen=True)
class Feature:
    """One column of the data set.

    Attributes
    ----------
    name, family, meaning : str
    inputs : tuple of str
        Columns of the panel it reads; ``members`` stands for the member panel.
    lookback : int
        Rows before a year's first session that its value there needs.
    compute : callable
        Inputs (a block) to a Series over the block's sessions; causal.
    """

    name: str
    family: str
    inputs: tuple[str, ...]
    lookback: int
    meaning: str
    compute: Callable[[Inputs], pd.Series]


def block(inputs: Inputs, first: int, last: int) -> Inputs:
    """Rows first..last-1 of every input."""
    dates = inputs.panel.index[first:last]
    start, end = inputs.members.index.searchsorted([dates[0], dates[-1] + pd.Timedelta(days=1)])
    rows = slice(int(start), int(end))
    return Inputs(
        inputs.panel.iloc[first:last], inputs.members.iloc[rows], inputs.membership.iloc[rows], inputs.count.iloc[rows]
    )


def compute_year(features: tuple[Feature, ...], inputs: Inputs, year: int) -> pd.DataFrame:
    """All features over one calendar year's sessions."""
    index = inputs.panel.index
    first = int(index.searchsorted(pd.Timestamp(year, 1, 1)))
    end = int(index.searchsorted(pd.Timestamp(year + 1, 1, 1)))
    blocks: dict[int, Inputs] = {}
    columns = {}
    for feature in features:
        if "members" in feature.inputs and inputs.members.shape[1] == 0:
            columns[feature.name] = pd.Series(np.nan, index=index[first:end])
            continue
        missing = [key for key in feature.inputs if key != "members" and key not in inputs.panel]
        if missing:
            columns[feature.name] = pd.Series(np.nan, index=index[first:end])
            continue
        start = max(0, first - feature.lookback)
        if start not in blocks:
            blocks[start] = block(inputs, start, end)
        values = feature.compute(blocks[start]).reindex(index[first:end])
        columns[feature.name] = values.where(np.isfinite(values))
    return pd.DataFrame(columns, index=index[first:end])


def compute(features: tuple[Feature, ...], inputs: Inputs, since: int) -> pd.DataFrame:
    """All features, daily, from the first session of the year `since`."""
    years = range(max(since, inputs.panel.index[0].year), inputs.panel.index[-1].year + 1)
    return pd.concat([compute_year(features, inputs, year) for year in years])


def log_return(returns: pd.Series, window: int) -> pd.Series:
    """Sum of log returns over `window` sessions."""
    return np.log1p(returns).rolling(window).sum()


def z_score(values: pd.Series, window: int) -> pd.Series:
    """Distance from the window's mean in its standard deviations."""
    rolling = values.rolling(window)
    return (values - rolling.mean()) / rolling.std()
