"""A feature is data plus a pure function, computed in calendar-year blocks.

Each year is computed from its own look-back rows and nothing older, so the same
bits come out whether the history is whole or cut, and one more week touches
only the present year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from features.data.arrays import Bools, Floats
from features.panel import Inputs
from features.rolling import level, log_return
from features.wording import Say

# Stand-ins for the member panel: `members` asks for enough of them with a price, `membership` does not.
MEMBERS = frozenset({"members", "membership"})
MIN_COVERAGE = 0.95  # below this share of members with a value, a share of members is missing


# Look-backs are rounded up to these, so that features share blocks and what is worked out in them.
SHARED_ROWS = (22, 64, 150, 262, 525)


@dataclass(frozen=True)
class Block:
    """Consecutive rows of every input, as arrays.

    Attributes
    ----------
    dates : DatetimeIndex, (rows,)
    columns : dict of ndarray, each (rows,)
        The panel; ``block["ret_cap"]`` reads one.
    stored, membership : ndarray, (rows, members)
        Prices as stored, in single precision; `prices` has them in double.
    count : ndarray, (rows,)
        Members by the dated list, priced or not.
    """

    dates: pd.DatetimeIndex
    columns: dict[str, Floats]
    stored: Floats
    membership: Bools
    count: Floats
    cache: dict[tuple[str | int, ...], Floats] = field(default_factory=dict, repr=False)

    def __getitem__(self, key: str) -> Floats:
        return self.columns[key]

    @cached_property
    def prices(self) -> Floats:
        """Prices of the members, (rows, members)."""
        return self.stored.astype(float)

    def cached(self, key: tuple[str | int, ...], make: Callable[[], Floats]) -> Floats:
        """`make()`, worked out once a block; what several features share. Not to be written to."""
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    def run(self, key: str, window: int) -> Floats:
        """Log return of a column of returns over `window` rows."""
        return self.cached(("run", key, window), lambda: log_return(self.columns[key], window))

    def line(self, key: str) -> Floats:
        """Cumulated log return of a column of returns since the block's first row."""
        return self.cached(("line", key), lambda: level(self.columns[key]))

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
    say : callable
        A value to the clause that says it (`features.wording`).
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
    say: Say
    compute: Callable[[Block], Floats]
    display: bool = False


def entries(family: str) -> Callable[..., Feature]:
    """`Feature` for one family: (name, signal, inputs, lookback, meaning, say, compute, display=False)."""

    def entry(
        name: str,
        signal: str,
        inputs: tuple[str, ...],
        lookback: int,
        meaning: str,
        say: Say,
        compute: Callable[[Block], Floats],
        display: bool = False,
    ) -> Feature:
        return Feature(name, family, signal, inputs, lookback, meaning, say, compute, display)

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
        self.offset = len(panel) - len(inputs.members)
        # Column by column in memory: a window runs down one member at a time.
        self.prices = np.asfortranarray(inputs.members.to_numpy())
        self.membership = np.asfortranarray(inputs.membership.to_numpy(dtype=bool))
        self.count = inputs.count.to_numpy()
        self.filled = {key: _running(~np.isnan(x)) for key, x in self.columns.items()}
        if self.prices.shape[1]:
            priced = (self.membership & ~np.isnan(self.prices)).sum(axis=1)
            before = np.zeros(self.offset, bool)
            self.filled["membership"] = _running(np.append(before, priced > 0))
            enough = (priced >= MIN_COVERAGE * self.count) & (self.count > 0)
            self.filled["members"] = _running(np.append(before, enough))

    def can_compute(self, feature: Feature, first: int, end: int) -> bool:
        """Whether rows first..end-1 can give a value: some of every kind of input, members in the year itself."""
        if any(key not in self.filled for key in feature.inputs):
            return False
        panel = [self.filled[key] for key in feature.inputs if key not in MEMBERS]
        start = max(0, first - feature.lookback)
        if panel and not any(filled[end] > filled[start] for filled in panel):
            return False
        return all(self.filled[key][end] > self.filled[key][first] for key in MEMBERS & set(feature.inputs))

    def cut(self, first: int, end: int, members: bool) -> Block:
        """Rows first..end-1; member rows, if wanted, begin where the members' table does."""
        if members:
            first = max(first, self.offset)
        rows = slice(max(0, first - self.offset), end - self.offset) if members else slice(0, 0)
        columns = {key: x[first:end] for key, x in self.columns.items()}
        return Block(self.dates[first:end], columns, self.prices[rows], self.membership[rows], self.count[rows])


def _running(true: Bools) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(true)])


def _rows_before(lookback: int) -> int:
    """Rows a block holds before its year: look-backs rounded up, so that features share blocks."""
    return next((rows for rows in SHARED_ROWS if lookback <= rows), lookback)


def _year(features: tuple[Feature, ...], blocks: Blocks, first: int, end: int) -> np.ndarray:
    """Every feature over rows first..end-1 of the panel, (rows, features)."""
    cuts: dict[tuple[int, bool], Block] = {}
    out = np.full((len(features), end - first), np.nan)
    for row, feature in zip(out, features, strict=True):
        if not blocks.can_compute(feature, first, end):
            continue
        start, members = max(0, first - _rows_before(feature.lookback)), bool(MEMBERS & set(feature.inputs))
        if (start, members) not in cuts:
            cuts[start, members] = blocks.cut(start, end, members)
        values = feature.compute(cuts[start, members])[-len(row) :]
        row[len(row) - len(values) :] = values
    out[~np.isfinite(out)] = np.nan
    return out.T


def compute_years(features: tuple[Feature, ...], inputs: Inputs, years: range) -> pd.DataFrame:
    """All features over the sessions of some consecutive calendar years."""
    blocks = Blocks(inputs)
    edges = blocks.dates.searchsorted(pd.DatetimeIndex([pd.Timestamp(year, 1, 1) for year in (*years, years.stop)]))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = [_year(features, blocks, int(a), int(b)) for a, b in pairwise(edges)]
    rows = blocks.dates[edges[0] : edges[-1]]
    return pd.DataFrame(np.concatenate(values), rows, [feature.name for feature in features])


def compute_year(features: tuple[Feature, ...], inputs: Inputs, year: int) -> pd.DataFrame:
    """All features over one calendar year's sessions."""
    return compute_years(features, inputs, range(year, year + 1))


def compute(features: tuple[Feature, ...], inputs: Inputs, since: int) -> pd.DataFrame:
    """All features, daily, from the first session of the year `since`."""
    dates = inputs.panel.index
    return compute_years(features, inputs, range(max(since, dates[0].year), dates[-1].year + 1))
