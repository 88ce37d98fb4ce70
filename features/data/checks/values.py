"""Findings in one series: values, changes and runs beyond the limits of its unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.data.arrays import Floats
from features.data.checks.limits import MISSING_CODES, Limits
from features.data.percent import percent

FEW = 0.01  # above this share of values beyond their range the unit is wrong, not a value
YEAR = 250  # observations a series' own past must have before it is a measure
ENOUGH = 30  # observations before a statement about the whole series is made
BRIEF = 10  # observations after which a shifted level is taken to have come to stay
LARGEST_LOG = 8  # of a price, about 3,000 dollars
SPLITS = np.log([2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50, 100])


@dataclass(frozen=True)
class Finding:
    """What is wrong at `rows`; `whole` when one yes answers for all of them, `final` when no yes does."""

    rows: np.ndarray
    reason: str
    whole: bool = False
    final: bool = False


def examine(values: Floats, limits: Limits, peers: Floats | None = None) -> list[Finding]:
    """Everything in a series that its unit does not allow.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Observations in the order of their dates; NaN where there is none.
    limits : Limits
    peers : ndarray, shape (n,), optional
        Median log change of the series' peers from the row before; NaN where unknown.

    Returns
    -------
    list of Finding
        Rows to be set aside, each with its reason; a row may stand in several.
    """
    present = np.flatnonzero(~np.isnan(values))
    if not len(present):
        return []
    found = list(_range(values, limits, present))
    if found and found[-1].whole:
        return found
    beyond = np.concatenate([item.rows for item in found]) if found else present[:0]
    rows = np.setdiff1d(present, beyond, assume_unique=True)
    kept = values[rows].astype(float)
    if (unit := _unit(kept, limits)) is not None:
        return [*found, Finding(rows, unit, whole=True)]
    found += [Finding(rows[a:b], reason, whole=True) for a, b, reason in _flat(kept, limits)]
    if limits.scale != "none" and len(rows) > 1:
        found += _changes(rows, kept, limits, peers)
    return found


def _range(values: Floats, limits: Limits, present: np.ndarray) -> Iterator[Finding]:
    infinite = np.isinf(values[present])
    if infinite.any():
        yield Finding(present[infinite], "no finite number", final=True)
        present = present[~infinite]
    kept = values[present]
    code = np.isin(kept, MISSING_CODES)
    beyond = (kept < limits.lowest) | (kept > limits.highest) | code
    if not beyond.any():
        return
    rows = present[beyond]
    span = f"outside {limits.lowest:g} to {limits.highest:g}: {limits.hint}"
    if len(rows) > max(5, FEW * len(present)):
        yield Finding(present, f"{len(rows)} of {len(present)} values {span}", whole=True)
    elif code[beyond].all():
        yield Finding(rows, "a code for a missing value; leave such cells empty")
    else:
        yield Finding(rows, span)


def _unit(kept: Floats, limits: Limits) -> str | None:
    """Why the whole series cannot be in its unit, if it cannot."""
    if len(kept) < ENOUGH:
        return None
    if limits.hundredths and 0 < np.abs(kept).max() < 0.35:
        fine = np.abs(kept - np.round(kept, 2)) > 1e-6
        if fine.mean() > 0.5:
            return f"no value above {np.abs(kept).max():.3g}: {limits.hint}"
    if limits.activity == (0.0, np.inf):
        return None
    if limits.scale == "log":
        change = np.diff(np.log(kept))
        swing = change - change.mean()
        turned = float((swing[1:] * swing[:-1]).mean() / max((swing**2).mean(), 1e-300))
        if kept.min() > 0.5 and kept.max() < 1.5 and turned < -0.3:
            return f"values around one that turn back each day look like returns: {limits.hint}"
    else:
        change = kept
    size = float(np.median(np.abs(change)))
    low, high = limits.activity
    if limits.scale == "log" and kept.max() < LARGEST_LOG and size < 0.0035:
        return f"values below {LARGEST_LOG} that change by {percent(size)} look like logarithms: {limits.hint}"
    if size < low:
        return f"the median change of {size:.2g} is too small: {limits.hint}"
    if size > high:
        return f"the median change of {size:.2g} is too large: {limits.hint}"
    return None


def _flat(kept: Floats, limits: Limits) -> Iterator[tuple[int, int, str]]:
    """Runs of repeated values as (first repetition, end, reason)."""
    if not np.isfinite(limits.flat) or len(kept) <= limits.flat:
        return
    starts = np.flatnonzero(np.append(True, kept[1:] != kept[:-1]))
    ends = np.append(starts[1:], len(kept))
    long = ends - starts > limits.flat
    for start, end in zip(starts[long], ends[long], strict=True):
        yield int(start) + 1, int(end), f"{kept[start]:g} repeated {end - start} times in a row"


def _changes(rows: np.ndarray, kept: Floats, limits: Limits, peers: Floats | None) -> list[Finding]:
    x = np.log(kept) if limits.scale == "log" else kept
    change, alone, _ = _moves(rows, x, peers)
    back = np.zeros(len(change), bool)
    back[:-1] = (
        (np.abs(alone[:-1]) > limits.spike)
        & (np.abs(alone[1:]) > limits.spike)
        & (np.abs(alone[:-1] + alone[1:]) < 0.5 * np.abs(alone[:-1]))
    )
    found = [Finding(rows[at + 1 : at + 2], _taken_back(change[at], limits)) for at in np.flatnonzero(back)]
    settled = np.delete(np.arange(len(rows)), np.flatnonzero(back) + 1)  # a spike's way back is no jump of its own
    if len(settled) < 2:
        return found
    x, rows = x[settled], rows[settled]
    change, alone, compared = _moves(rows, x, peers)
    jumped = (np.abs(change) > limits.jump) | (compared & (np.abs(alone) > limits.peer_jump)) | _rescaled(x, limits)
    if np.isfinite(limits.own_past):
        jumped |= np.abs(change) > np.maximum(limits.jump / 2, limits.own_past * _past_extreme(change))
    if not limits.levels and limits.peer_jump == np.inf:
        jumped |= np.abs(np.abs(change) - SPLITS[0]) < 0.03  # a forgotten two-for-one, in a company
    return found + _jumps(x, rows, change, jumped, limits)


def _moves(rows: np.ndarray, x: Floats, peers: Floats | None) -> tuple[Floats, Floats, np.ndarray]:
    """Changes, changes beyond the peers', and where peers are known."""
    change = np.diff(x)
    if peers is None:
        return change, change, np.zeros(len(change), bool)
    theirs = peers[rows[1:]]
    known = (np.diff(rows) == 1) & ~np.isnan(theirs)
    return change, np.where(known, change - np.where(known, theirs, 0.0), change), known


def _past_extreme(change: Floats) -> Floats:
    """The largest change before each one; unbounded until a year of them is known."""
    out = np.full(len(change), np.inf)
    if len(change) > YEAR:
        out[YEAR:] = np.maximum.accumulate(np.abs(change))[YEAR - 1 : -1]
    return out


def _jumps(x: Floats, rows: np.ndarray, change: Floats, jumped: np.ndarray, limits: Limits) -> list[Finding]:
    found = []
    at = 0
    for place in np.flatnonzero(jumped):
        if place < at:
            continue
        reason = _jump(change[place], limits)
        if not limits.levels:
            span = _day_or_stretch(x, int(place), abs(float(change[place])))
            found.append(Finding(rows[span], reason, whole=True))
            at = span.stop
            continue
        # The level is wrong until it comes back to where it was, or it was wrong until now: the shorter of the two.
        near = np.abs(x[place + 1 :] - x[place]) <= min(limits.jump / 2, abs(change[place]) / 2)
        end = int(place) + 1 + int(near.argmax()) if near.any() else len(x)
        before = end == len(x) and len(x) - place - 1 > place + 1 - at
        span = slice(at, place + 1) if before else slice(place + 1, end)
        found.append(Finding(rows[span], reason, whole=True))
        at = int(place) + 1 if before else end
    return found


def _day_or_stretch(x: Floats, place: int, size: float) -> slice:
    """What a jump after `place` makes wrong where only returns are read.

    A stretch that soon comes back is wrong throughout, and so are the first observations before an early jump. A
    level that stays is right in its returns, all but the one of the jump.
    """
    if place < BRIEF:
        return slice(0, place + 1)
    near = np.abs(x[place + 1 : place + 1 + BRIEF] - x[place]) <= size / 2
    return slice(place + 1, place + 1 + max(int(near.argmax()), 1) if near.any() else place + 2)


def _rescaled(x: Floats, limits: Limits) -> np.ndarray:
    """Changes by exactly a hundred, of a series whose differences are measured: decimals among percent."""
    out = np.zeros(len(x) - 1, bool)
    if limits.hundredths:
        before, after = np.abs(x[:-1]), np.abs(x[1:])
        safe = (before > 0) & (after > 0) & (np.maximum(before, after) >= 0.3)
        out[safe] = np.abs(np.abs(np.log(after[safe] / before[safe])) - SPLITS[-1]) < 0.1
        # Two published decimals reach the ratio by chance (1.00 to 0.01); decimals have more.
        smaller = np.minimum(before, after)
        out &= np.abs(smaller - np.round(smaller, 2)) > 1e-6
    return out


def _taken_back(change: float, limits: Limits) -> str:
    return f"a change of {_said(change, limits)} that the next observation takes back"


def _jump(change: float, limits: Limits) -> str:
    near = np.abs(np.abs(change) - SPLITS)
    if limits.scale == "log" and near.min() < 0.06:
        factor = round(float(np.exp(SPLITS[near.argmin()])))
        kind = "cents for dollars, or percent for decimals" if factor == 100 else "a split that was not applied"
        return f"a change of {_said(change, limits)}, a factor of {factor}: {kind}"
    return f"a change of {_said(change, limits)}, more than its own past or its peers allow"


def _said(change: float, limits: Limits) -> str:
    return percent(np.expm1(change), sign=True) if limits.scale == "log" else f"{change:+.4g}"
