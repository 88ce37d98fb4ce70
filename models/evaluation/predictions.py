"""The matured rows of a table of predictions, as arrays, and the subsets that every metric is computed on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.data.calendar import HORIZON, SESSIONS_A_WEEK
from features.data.errors import RegimeError

PERIODS: dict[str, tuple[str | None, str | None]] = {
    "_1990_1996": (None, "1996-12-31"),
    "_1997_2011": ("1997-01-01", "2011-12-31"),
    "_1997_on": ("1997-01-01", None),
    "_2012_on": ("2012-01-01", None),
}
LAST_YEARS = 10
LAST_PERIOD = f"_last_{LAST_YEARS}_years"  # to the last matured decision
PERIOD_SUFFIXES = (*PERIODS, LAST_PERIOD)
PERIOD_NAMES = dict(
    zip(PERIOD_SUFFIXES, ("1990-96", "1997-2011", "since 1997", "since 2012", "the last ten years"), strict=True)
)
FALTERING = "_faltering"  # suffix of the weeks in which the leaders trail the broad leg
FLOOR = 1e-6  # the least probability in a logarithm or a denominator
MONTHLY_DAYS = 20.0  # decisions further apart than this (median) are monthly; their horizons do not overlap


@dataclass(frozen=True)
class Predictions:
    """Matured out-of-sample predictions, sorted by decision date.

    Attributes
    ----------
    dates : DatetimeIndex, (rows,)
    outcomes : tuple of str
        In the order of the columns below; they come from the table, not from a constant.
    codes : int array, (rows,)
        Place in `outcomes` of what happened.
    p, base : float array, (rows, outcomes)
        The model's probabilities and the climatology of the same fold.
    monthly : bool
        Decisions are monthly: a row is an independent month, not 5/21 of one.
    trailing : float array, (rows, outcomes), or None
        Climatology of the twenty years before the fold.
    faltering : bool array, (rows,), or None
        Whether the leaders trail the broad leg.
    volatility : float array, (rows,), or None
    margin : int array, (rows,), or None
        `codes` with a margin on rotation.
    from_high : float array, (rows,), or None
        The broad leg's close against its 63-session high, a decimal at most 0.
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
    from_high: np.ndarray | None = None

    def column(self, name: str) -> np.ndarray:
        """The model's probabilities of one outcome, shape (rows,)."""
        return np.asarray(self.p[:, self.outcomes.index(name)])

    def happened(self, name: str) -> np.ndarray:
        """Whether each outcome was `name`, shape (rows,)."""
        return np.asarray(self.codes == self.outcomes.index(name))

    @property
    def months(self) -> float:
        """Independent months in the rows."""
        return len(self.dates) * months_a_row(self.monthly)


def months_a_row(monthly: bool) -> float:
    """Independent months a row holds: 1, or 5/21 where the horizons of weekly decisions overlap."""
    return 1.0 if monthly else SESSIONS_A_WEEK / HORIZON


def is_monthly(dates: pd.DatetimeIndex) -> bool:
    """Whether sorted decisions are monthly: further apart than `MONTHLY_DAYS` in the median."""
    gap = np.median(np.diff(dates.to_numpy())) / np.timedelta64(1, "D") if len(dates) > 1 else 0.0
    return bool(gap > MONTHLY_DAYS)


def matured_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of predictions whose outcome is known."""
    return table[table["outcome"].notna()]


def known_at(table: pd.DataFrame, asof: pd.Timestamp, column: str = "outcome") -> pd.DataFrame:
    """The rows up to a decision; `column`, what came, is missing where it had not matured by then."""
    rows = table[table["date"] <= asof]
    return rows.assign(**{column: rows[column].where(rows["label_end"] <= asof)})


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


def matured(table: pd.DataFrame) -> Predictions:
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
    rows = matured_rows(table).sort_values("date", kind="stable")
    dates = pd.DatetimeIndex(rows["date"])
    return Predictions(
        dates,
        outcomes,
        _codes(rows["outcome"], outcomes),
        _probabilities(rows, "p_", outcomes),
        _probabilities(rows, "base_", outcomes),
        is_monthly(dates),
        _probabilities(rows, "trailing_", outcomes) if f"trailing_{outcomes[0]}" in rows else None,
        rows["faltering"].to_numpy(bool) if "faltering" in rows else None,
        rows["volatility"].to_numpy(float) if "volatility" in rows else None,
        _codes(rows["outcome_margin"], outcomes) if "outcome_margin" in rows else None,
    )


def subset(predictions: Predictions, kept: np.ndarray) -> Predictions:
    """The rows where the boolean array `kept` is true."""
    parts = {
        name: value[kept]
        for name in ("dates", "codes", "p", "base", "trailing", "faltering", "volatility", "margin", "from_high")
        if (value := getattr(predictions, name)) is not None
    }
    return dataclasses.replace(predictions, **parts)


def periods(last: pd.Timestamp) -> dict[str, tuple[str | None, str | None]]:
    """First and last date by suffix of every period a skill is shown in; the last years end with `last`."""
    first = last - pd.DateOffset(years=LAST_YEARS) + pd.Timedelta(days=1)
    return PERIODS | {LAST_PERIOD: (str(first.date()), None)}


def in_period(dates: pd.DatetimeIndex, start: str | None, end: str | None) -> np.ndarray:
    """Whether each date is in [start, end]; None leaves that side open."""
    kept = np.ones(len(dates), dtype=bool)
    if start is not None:
        kept &= np.asarray(dates >= start)
    if end is not None:
        kept &= np.asarray(dates <= end)
    return kept


def scored_subsets(predictions: Predictions) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Suffix, span and counted rows (boolean arrays) of every subset that has rows: all, each period, faltering.

    A period is a span in which all rows count. The faltering weeks are scattered
    over the whole span: a statistic that respects dependence in time must know
    the weeks between them.
    """
    every = np.ones(len(predictions.dates), dtype=bool)
    yield "", every, every
    for suffix, (start, end) in periods(predictions.dates[-1]).items() if len(every) else ():
        span = in_period(predictions.dates, start, end)
        if span.any():
            yield suffix, span, span
    if predictions.faltering is not None and predictions.faltering.any():
        yield FALTERING, every, predictions.faltering
