"""What happened after a decision. The only module that looks forward.

Outcomes are exhaustive and decided in this order: `breakdown`, `rotation`,
`neither`. An outcome exists only once its whole horizon has been seen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from features import rolling
from features.data import calendar
from features.data.arrays import Floats
from features.data.errors import RegimeError

HORIZON = 21
OUTCOMES = ("rotation", "breakdown", "neither")
PATH_FALL = -0.05
RETURN_FALL = -0.04
VOL_WINDOW = 63
VOL_MULTIPLE = 1.0
ROTATION_MARGIN = 0.005
STRESS_FALL = -0.05
STRESS_QUANTILE = 0.90
STRESS_MIN_MONTHS = 60
LABELS = {
    "path": "breakdown: the broad leg closes 5 % or more below today's close within the next 21 sessions",
    "path-vol": "breakdown: the broad leg closes below today's close by its 63-session volatility over 21 sessions",
    "return": "breakdown: the broad leg's return over the next 21 sessions is -4 % or less",
    "stress": "breakdown: next month the market loses 5 % or more, or is more volatile than in 90 % of past months",
}
MONTHLY = frozenset({"stress"})
ENTRY = 1  # sessions between a decision and its entry into a group
MOVE = 0.02  # a group moves, leads or lags when it ends this far from the cap leg


def check(label: str) -> None:
    """Raise for a label that is not defined."""
    if label not in LABELS:
        raise RegimeError(f"unknown label {label!r}: known are {', '.join(LABELS)}")


def outcomes_of(label: str) -> tuple[str, ...]:
    """The outcomes of a label, in the order of every probability table."""
    check(label)
    return ("breakdown", "neither") if label == "stress" else OUTCOMES


def decision_dates(label: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """Last sessions of weeks in [start, end]; of calendar months for the monthly labels."""
    check(label)
    return (calendar.month_ends if label in MONTHLY else calendar.decision_dates)(start, end)


def label_ends(label: str, dates: pd.DatetimeIndex) -> pd.Series:
    """The session on which the horizon of each decision ends."""
    if label in MONTHLY:
        ends = calendar.month_ends(calendar.FIRST_SESSION, calendar.LAST_SESSION)
        return pd.Series(ends[ends.searchsorted(dates, side="right")], index=dates)
    return pd.Series([calendar.session_after(date, HORIZON) for date in dates], index=dates)


def outcomes(label: str, broad: pd.Series, cap: pd.Series, margin: float = 0.0) -> pd.Series:
    """The outcome of every session whose horizon has ended; missing for the others.

    Parameters
    ----------
    label : str
        A key of `LABELS`. For `stress` only month ends have an outcome.
    broad, cap : Series, shape (sessions,)
        Daily total returns of the legs, as decimals.
    margin : float
        By how much the broad leg's 21-session return must exceed the cap leg's
        to be called rotation; 0 in every training label, 0.005 in a report.
    """
    check(label)
    if label == "stress":
        return _stress(cap)
    size = len(broad)
    steps = np.log1p(broad.to_numpy(float)), np.log1p(cap.to_numpy(float))
    out = pd.Series(pd.NA, index=broad.index, dtype="object")
    if size <= HORIZON:
        return out
    ahead = [np.cumsum(np.lib.stride_tricks.sliding_window_view(step[1:], HORIZON), axis=1) for step in steps]
    broad_return, cap_return = (np.expm1(path[:, -1]) for path in ahead)
    lowest = np.expm1(ahead[0].min(axis=1))
    known = np.isfinite(broad_return) & np.isfinite(cap_return)
    volatility = None
    if label == "path-vol":
        volatility = broad.rolling(VOL_WINDOW).std().to_numpy()[: size - HORIZON]
        known &= np.isfinite(volatility)
    codes = codes_of_paths(label, broad_return, cap_return, lowest, volatility, HORIZON, margin)
    values = np.array(OUTCOMES, dtype=object)[codes]
    values[~known] = pd.NA
    out.iloc[: size - HORIZON] = values
    return out


def codes_of_paths(
    label: str,
    broad: Floats,
    cap: Floats,
    lowest: Floats,
    volatility: Floats | None = None,
    horizon: int = HORIZON,
    margin: float = 0.0,
    threshold: float | None = None,
) -> npt.NDArray[np.intp]:
    """Position in `OUTCOMES` of each path's outcome; what happened and a simulation are judged by this one rule.

    Parameters
    ----------
    label : str
        `path`, `path-vol` or `return`.
    broad, cap : array
        The legs' returns over the horizon, decimals.
    lowest : array
        The broad leg's lowest close within it against the first, a decimal.
    volatility : array, optional
        Standard deviation of the broad leg's daily returns before the path; `path-vol` needs it.
    horizon : int
        Sessions.
    margin : float
    threshold : float, optional
        The fall that makes a breakdown, a negative decimal; the label's own by default.

    Raises
    ------
    RegimeError
        `stress`, which is no matter of a path's end and lowest close, or `path-vol` without a volatility.
    """
    check(label)
    if label in MONTHLY:
        raise RegimeError(f"label {label!r} is judged by calendar months: paths of a fixed horizon have no outcome")
    if label == "path-vol":
        if volatility is None:
            raise RegimeError("label 'path-vol' needs the volatility before each path: none was given")
        fell = lowest <= -VOL_MULTIPLE * volatility * np.sqrt(horizon)
    else:
        bar = threshold if threshold is not None else PATH_FALL if label == "path" else RETURN_FALL
        fell = (lowest if label == "path" else broad) <= bar
    rotated = (broad > 0.0) & (broad > cap + margin)
    rotation, breakdown, neither = (OUTCOMES.index(name) for name in ("rotation", "breakdown", "neither"))
    return np.where(fell, breakdown, np.where(rotated, rotation, neither))


def _stress(market: pd.Series) -> pd.Series:
    """Stress of the month after each month end (after arXiv 2602.07066).

    The 90th percentile is over all months that ended before the month judged,
    at least `STRESS_MIN_MONTHS` of them; a month the data cut short is missing.
    """
    out = pd.Series(pd.NA, index=market.index, dtype="object")
    ends = calendar.month_ends(market.index[0], market.index[-1])
    month = ends.searchsorted(market.index)
    whole = market.groupby(month).count() == market.groupby(month).size()
    total = np.expm1(np.log1p(market).groupby(month).sum()).where(whole)
    spread = market.groupby(month).std().where(whole)
    bar = spread.expanding(STRESS_MIN_MONTHS).quantile(STRESS_QUANTILE).shift(1)
    known = (total.notna() & spread.notna() & bar.notna()).reindex(range(len(ends)), fill_value=False)
    stressed = ((total <= STRESS_FALL) | (spread > bar)).reindex(range(len(ends)), fill_value=False)
    for place in range(1, len(ends)):
        if known[place]:
            out.loc[ends[place - 1]] = "breakdown" if stressed[place] else "neither"
    return out


def group_outcome(ahead: Floats, outcome: str) -> Floats:
    """1 where a group's return over the cap leg is the outcome, 0 where not, NaN where it is not known."""
    found = {
        "beats": ahead > 0.0,
        "moves": np.abs(ahead) > MOVE,
        "leads": ahead > MOVE,
        "lags": ahead < -MOVE,
    }[outcome]
    return np.where(np.isfinite(ahead), found.astype(float), np.nan)


def group_ahead(own: Floats, cap: Floats, places: npt.NDArray[np.intp], horizon: int) -> Floats:
    """Return of each group less that of the cap leg, from `ENTRY` sessions after each decision on.

    Parameters
    ----------
    own, cap : array, (sessions, groups)
        Daily log returns.
    places : int array, (weeks,)
        Positions of the decisions among the sessions.
    horizon : int
        Sessions.

    Returns
    -------
    array, (weeks, groups)
        Decimals; NaN where a return is missing or the data end first.
    """
    out = np.full((len(places), own.shape[1]), np.nan)
    last = places + ENTRY + horizon
    whole = last < len(own)
    ended = last[whole]
    out[whole] = np.expm1(rolling.total(own, horizon)[ended]) - np.expm1(rolling.total(cap, horizon)[ended])
    return out
