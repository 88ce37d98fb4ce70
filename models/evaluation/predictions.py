"""The matured weeks of a walk-forward, as arrays that every figure is computed from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.data.errors import RegimeError

PERIODS = {"_1990_2007": (None, "2007-12-31"), "_2008_on": ("2008-01-01", None)}
MONTHLY_DAYS = 20.0  # decisions further apart than this (median) are monthly, their horizons do not overlap


@dataclass(frozen=True)
class Weeks:
    """Matured decisions in the order of time.

    Attributes
    ----------
    dates : DatetimeIndex, (weeks,)
    outcomes : tuple of str
        In the order of the columns below; from the table, not from a constant.
    codes : int array, (weeks,)
        Place in `outcomes` of what happened.
    p, base : float array, (weeks, outcomes)
        The model's probabilities and the climatology of the same fold.
    monthly : bool
        Decisions are monthly: a row is a month, not 5/21 of one.
    trailing : float array, (weeks, outcomes), or None
        Climatology of the twenty years before the fold.
    faltering : bool array, (weeks,), or None
    volatility : float array, (weeks,), or None
    margin : int array, (weeks,), or None
        `codes` with a margin on rotation.
    """

    dates: pd.DatetimeIndex
    outcomes: tuple[str, ...]
    codes: np.ndarray
    p: np.ndarray
    base: np.ndarray
    monthly: bool
    trailing: np.ndarray | None = None
    faltering: np.ndarray | None = None
    volatility: np.ndarray | None = None
    margin: np.ndarray | None = None

    def column(self, name: str) -> np.ndarray:
        """The model's probabilities of one outcome, shape (weeks,)."""
        return np.asarray(self.p[:, self.outcomes.index(name)])

    def happened(self, name: str) -> np.ndarray:
        """Whether each week's outcome was `name`, shape (weeks,)."""
        return np.asarray(self.codes == self.outcomes.index(name))

    @property
    def months(self) -> float:
        """Independent months: rows, or rows x 5/21 where weekly horizons of 21 sessions overlap."""
        return len(self.dates) * (1.0 if self.monthly else 5.0 / 21.0)


def outcomes_of(table: pd.DataFrame) -> tuple[str, ...]:
    """The outcomes of a table of predictions: the order of its `p_` columns."""
    found = tuple(str(name).removeprefix("p_") for name in table if str(name).startswith("p_"))
    if not found:
        raise RegimeError(f"a table of predictions needs columns p_<outcome>: found {', '.join(map(str, table))}")
    return found


def _probabilities(table: pd.DataFrame, prefix: str, outcomes: tuple[str, ...]) -> np.ndarray:
    names = [f"{prefix}{name}" for name in outcomes]
    missing = [name for name in names if name not in table]
    if missing:
        raise RegimeError(f"a table of predictions needs the columns {', '.join(missing)}")
    values = table[names].to_numpy(float)
    broken = ~np.isfinite(values).all(axis=1)
    if broken.any():
        raise RegimeError(f"{names[0]} ...: not a number on {pd.Timestamp(table['date'][broken].iloc[0]).date()}")
    return np.asarray(values)


def _codes(values: pd.Series, outcomes: tuple[str, ...]) -> np.ndarray:
    codes = pd.Index(outcomes).get_indexer(values)
    if (codes < 0).any():
        raise RegimeError(f"outcome {values[codes < 0].iloc[0]!r} has no column p_: known are {', '.join(outcomes)}")
    return np.asarray(codes)


def read(table: pd.DataFrame) -> Weeks:
    """The matured rows of a table of predictions, sorted by date.

    Parameters
    ----------
    table : DataFrame
        `date`, `outcome`, `p_<outcome>`, `base_<outcome>`; if present also
        `trailing_<outcome>`, `faltering`, `volatility`, `outcome_margin`.

    Raises
    ------
    RegimeError
        A column is missing, a probability is not a number, an outcome is unknown.
    """
    outcomes = outcomes_of(table)
    ripe = table[table["outcome"].notna()].sort_values("date", kind="stable")
    dates = pd.DatetimeIndex(ripe["date"])
    gap = np.median(np.diff(dates.to_numpy())) / np.timedelta64(1, "D") if len(dates) > 1 else 0.0
    return Weeks(
        dates,
        outcomes,
        _codes(ripe["outcome"], outcomes),
        _probabilities(ripe, "p_", outcomes),
        _probabilities(ripe, "base_", outcomes),
        bool(gap > MONTHLY_DAYS),
        _probabilities(ripe, "trailing_", outcomes) if f"trailing_{outcomes[0]}" in ripe else None,
        ripe["faltering"].to_numpy(bool) if "faltering" in ripe else None,
        ripe["volatility"].to_numpy(float) if "volatility" in ripe else None,
        _codes(ripe["outcome_margin"], outcomes) if "outcome_margin" in ripe else None,
    )


def select(weeks: Weeks, kept: np.ndarray) -> Weeks:
    """The weeks where the boolean array `kept` holds."""
    parts = {
        name: value[kept]
        for name in ("dates", "codes", "p", "base", "trailing", "faltering", "volatility", "margin")
        if (value := getattr(weeks, name)) is not None
    }
    return dataclasses.replace(weeks, **parts)


def in_period(dates: pd.DatetimeIndex, start: str | None, end: str | None) -> np.ndarray:
    """Whether each date is in [start, end]; None leaves that side open."""
    kept = np.ones(len(dates), dtype=bool)
    if start is not None:
        kept &= np.asarray(dates >= start)
    if end is not None:
        kept &= np.asarray(dates <= end)
    return kept


def slices(weeks: Weeks) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Suffix, the span as a boolean array, and the weeks of it that count, for every slice that has any.

    A period is a span in which all weeks count. The faltering weeks are
    scattered over the whole span, so whatever respects dependence in time must
    know the weeks between them.
    """
    every = np.ones(len(weeks.dates), dtype=bool)
    yield "", every, every
    for suffix, (start, end) in PERIODS.items():
        span = in_period(weeks.dates, start, end)
        if span.any():
            yield suffix, span, span
    if weeks.faltering is not None and weeks.faltering.any():
        yield "_faltering", every, weeks.faltering
