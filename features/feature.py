"""A feature is data plus a pure function, computed in calendar-year blocks.

Each year is computed from its own look-back rows and nothing older, so the same
bits come out whether the history is whole or cut, and one more week touches
only the present year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.inputs import Inputs
from features.rolling import Bools, Floats

# Stand-ins for the member panel: `members` asks for enough of them with a price, `membership` does not.
MEMBERS = frozenset({"members", "membership"})
MIN_COVERAGE = 0.95  # below this share of members with a value, a share of members is missing


@dataclass(frozen=True)
class Block:
    """Consecutive rows of every input, as arrays.

    Attributes
    ----------
    dates : DatetimeIndex, (rows,)
    columns : dict of ndarray, each (rows,)
        The panel; ``block["ret_cap"]`` reads one.
    prices, membership : ndarray, (rows, members)
    count : ndarray, (rows,)
        Members by the dated list, priced or not.
    """

    dates: pd.DatetimeIndex
    columns: dict[str, Floats]
    prices: Floats
    membership: Bools
    count: Floats

    def __getitem__(self, key: str) -> Floats:
        return self.columns[key]

    @cached_property
    def member_returns(self) -> Floats:
        """Log returns of the members, (rows, members)."""
        logs = np.log(self.prices)
        return np.vstack([np.full((1, logs.shape[1]), np.nan), np.diff(logs, axis=0)])

    def covered(self, known: Bools) -> Bools:
        """Whether enough members have a value, (rows,)."""
        return np.asarray((known.sum(axis=1) >= MIN_COVERAGE * self.count) & (self.count > 0))


@dataclass(frozen=True)
class Feature:
    """One column of the data set.

    Attributes
    ----------
    name, family : str
    signal : str
        The brief's signal it stands for, a key of `features.families.SIGNALS`.
    inputs : tuple of str
        Columns of the panel it reads; `MEMBERS` stand for the member panel.
    lookback : int
        Rows before a year's first session that its value there needs.
    meaning : str
    compute : callable
        A block to an array over its rows; causal.
    display : bool
        Shown to people, never trained on.
    """

    name: str
    family: str
    signal: str
    inputs: tuple[str, ...]
    lookback: int
    meaning: str
    compute: Callable[[Block], Floats]
    display: bool = False


def entries(family: str) -> Callable[..., Feature]:
    """`Feature` for one family: (name, signal, inputs, lookback, meaning, compute, display=False)."""

    def entry(
        name: str,
        signal: str,
        inputs: tuple[str, ...],
        lookback: int,
        meaning: str,
        compute: Callable[[Block], Floats],
        display: bool = False,
    ) -> Feature:
        return Feature(name, family, signal, inputs, lookback, meaning, compute, display)

    return entry


def block(inputs: Inputs, first: int, last: int) -> Inputs:
    """Rows first..last-1 of every input."""
    dates = inputs.panel.index[first:last]
    start, end = inputs.members.index.searchsorted([dates[0], dates[-1] + pd.Timedelta(days=1)])
    rows = slice(int(start), int(end))
    return Inputs(
        inputs.panel.iloc[first:last], inputs.members.iloc[rows], inputs.membership.iloc[rows], inputs.count.iloc[rows]
    )


class Blocks:
    """Cuts blocks out of `Inputs` without copying the panel, and knows which hold anything."""

    def __init__(self, inputs: Inputs) -> None:
        panel = inputs.panel
        self.dates = pd.DatetimeIndex(panel.index)
        self.columns = {str(key): panel[key].to_numpy(dtype=float) for key in panel}
        self.filled = {key: np.concatenate([[0], np.cumsum(~np.isnan(x))]) for key, x in self.columns.items()}
        self.offset = len(panel) - len(inputs.members)
        self.prices = inputs.members.to_numpy()
        self.membership = inputs.membership.to_numpy(dtype=bool)
        self.count = inputs.count.to_numpy()
        priced = (self.membership & ~np.isnan(self.prices)).sum(axis=1)
        self.priced = priced >= MIN_COVERAGE * self.count if self.prices.shape[1] else np.zeros(len(priced), bool)

    def has(self, feature: Feature, first: int, last: int) -> bool:
        """Whether any input has a value in the rows (and for members, whether enough of them do)."""
        panel = [key for key in feature.inputs if key not in MEMBERS]
        if len(panel) < len(feature.inputs) and not self.prices.shape[1]:
            return False
        if "members" in feature.inputs:
            start = max(0, first + feature.lookback - self.offset)
            if not self.priced[start : max(0, last - self.offset)].any():
                return False
        if any(key not in self.columns for key in panel):
            return False
        return not panel or any(self.filled[key][last] > self.filled[key][first] for key in panel)

    def cut(self, first: int, last: int, members: bool) -> Block:
        """Rows first..last-1; member rows, if wanted, begin where the members' table does."""
        if members:
            first = max(first, self.offset)
        rows = slice(max(0, first - self.offset), last - self.offset) if members else slice(0, 0)
        columns = {key: x[first:last] for key, x in self.columns.items()}
        prices = self.prices[rows].astype(float)
        return Block(self.dates[first:last], columns, prices, self.membership[rows], self.count[rows])


def _year(features: tuple[Feature, ...], blocks: Blocks, year: int) -> pd.DataFrame:
    first, end = (int(blocks.dates.searchsorted(pd.Timestamp(y, 1, 1))) for y in (year, year + 1))
    cuts: dict[tuple[int, bool], Block] = {}
    out = np.full((len(features), end - first), np.nan)
    for row, feature in zip(out, features, strict=True):
        start, members = max(0, first - feature.lookback), bool(MEMBERS & set(feature.inputs))
        if not blocks.has(feature, start, end):
            continue
        if (start, members) not in cuts:
            cuts[start, members] = blocks.cut(start, end, members)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = feature.compute(cuts[start, members])[-len(row) :]
        row[len(row) - len(values) :] = np.where(np.isfinite(values), values, np.nan)
    return pd.DataFrame(out.T, blocks.dates[first:end], [feature.name for feature in features])


def compute_year(features: tuple[Feature, ...], inputs: Inputs, year: int) -> pd.DataFrame:
    """All features over one calendar year's sessions."""
    return _year(features, Blocks(inputs), year)


def compute(features: tuple[Feature, ...], inputs: Inputs, since: int) -> pd.DataFrame:
    """All features, daily, from the first session of the year `since`."""
    blocks = Blocks(inputs)
    years = range(max(since, inputs.panel.index[0].year), inputs.panel.index[-1].year + 1)
    return pd.concat([_year(features, blocks, year) for year in years])
