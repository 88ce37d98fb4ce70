"""`fit_range_at`: the one way a range is fitted, for a fold of the past and for today's call alike.

1. The members of the scale are fitted on the weeks whose horizon had ended.
2. An inner walk-forward (refitted every `inner_years`) gives the scale that would
   have been forecast for each past week from its own past alone.
3. Each past path is divided by that forecast. How long the pool should be, and
   whether an optional member joins, is what did best on matured weeks so far.
4. The paths of the chosen length, and the unscaled paths of the last twenty years,
   go into the fitted document. A forecast is the pool times today's scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features import garch
from features.blas import one_blas_thread
from features.data.errors import RegimeError
from features.dataset import FAMILY_OF, REVISED, Dataset
from models.range import pools, scales, volatility_block
from models.range.fitted import Column, FittedRange, HorizonFit, Member, Pool
from models.range.paths import LEAST_VOLATILITY, Ahead, Legs, ahead, read_legs
from models.range.spec import RangeSpec

WARM_UP_YEARS = 10
LEAST_ROWS = 200  # training weeks
OVERLAP_WEEKS = 156  # three years of an optional column before it joins
RECENT_WEEKS = 8
MOST_OF_WINDOW = 0.9
FITTED = ("har", "ridge", "boosted")


@dataclass(frozen=True)
class RangeData:
    """A data set as a range reads it; every row of `frame` is known at its decision.

    Attributes
    ----------
    legs : Legs
    frame : DataFrame, (weeks, columns)
        The features of the data set and the volatility block.
    ahead : dict of int to Ahead
        What followed, by horizon.
    refits : dict of str to list of Refit
        GARCH parameters by leg.
    """

    legs: Legs
    frame: pd.DataFrame
    ahead: dict[int, Ahead]
    refits: dict[str, list[garch.Refit]]

    @property
    def dates(self) -> pd.DatetimeIndex:
        """Decision dates, (weeks,)."""
        return self.legs.decisions


@dataclass
class RangeCache:
    """What the folds of one `RangeData` and one specification share; it changes the time, not the result."""

    scales: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict)
    scores: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict)
    members: dict[tuple[object, ...], Member] = field(default_factory=dict)


def prepare(dataset: Dataset, horizons: tuple[int, ...], with_garch: bool = True) -> RangeData:
    """Read legs, paths and the volatility block of a data set; without `with_garch` that has no GARCH columns.

    Raises
    ------
    RegimeError
        As `read_legs`, or a horizon out of bounds.
    """
    legs = read_legs(dataset)
    frame, refits = frame_of(dataset, legs, with_garch)
    return RangeData(legs, frame, {horizon: ahead(legs, horizon) for horizon in horizons}, refits)


def frame_of(dataset: Dataset, legs: Legs, with_garch: bool) -> tuple[pd.DataFrame, dict[str, list[garch.Refit]]]:
    """Features of the data set and volatility block at the decisions of `legs`, and the GARCH parameters by leg."""
    years = legs.sessions[0].year, legs.sessions[-1].year
    leg_names = ("broad", "cap", "spread") if with_garch else ()
    refits = {leg: garch.refits(getattr(legs, leg), legs.sessions, *years) for leg in leg_names}
    X = dataset.X.loc[legs.decisions]
    return pd.concat([X, volatility_block.block(X, legs, refits)], axis=1), refits


def fit_range_at(data: RangeData, spec: RangeSpec, date: pd.Timestamp, cache: RangeCache | None = None) -> FittedRange:
    """Fit `spec` on what had happened before the decision at `date`.

    Parameters
    ----------
    data : RangeData
    spec : RangeSpec
        Of a model with a scale; the GARCH simulation is `features.path_simulation`.
    date : Timestamp
        A decision date.
    cache : RangeCache, optional
        Shared by the fits on one `data`.

    Raises
    ------
    RegimeError
        No decision on that date, or too few weeks before it.
    """
    if date not in data.dates:
        raise RegimeError(f"{date.date()} is no decision date of these data ({data.dates[0].date()} on)")
    week = int(data.dates.get_loc(date))
    cache = RangeCache() if cache is None else cache
    with one_blas_thread():
        fits = tuple(_fit_horizon(data, spec, horizon, week, cache) for horizon in spec.horizons)
    return FittedRange(name=spec.model, fitted_at=str(date.date()), horizons=fits)


def _fit_horizon(data: RangeData, spec: RangeSpec, horizon: int, week: int, cache: RangeCache) -> HorizonFit:
    scale, then = spec.scale, data.ahead[horizon]
    rows = training_rows(data, spec, horizon, week)
    if rows.sum() < LEAST_ROWS:
        before = data.dates[week].date()
        raise RegimeError(f"{rows.sum()} weeks with a whole horizon of {horizon} before {before}: {LEAST_ROWS} needed")
    sets = [scale.members]
    for name in scale.optional:
        if name in data.frame and (data.frame[name].notna().to_numpy()[: week + 1]).sum() >= OVERLAP_WEEKS:
            sets.append((*scale.members, name))
    traces = [past_scales(data, spec, horizon, "broad", names, week, cache) for names in sets]
    best: tuple[float, int, int | None] | None = None
    found: dict[str, float] = {}
    for place, (names, trace) in enumerate(zip(sets, traces, strict=True)):
        scores = _scores(data, spec, horizon, names, trace, week, cache)
        length, means = pools.best_length(
            scores, week - np.arange(len(scores), dtype=float), half_life=spec.half_life_years
        )
        label = "+".join(names) or "constant"
        found |= {f"{label}, {years}": mean for years, mean in means.items()}
        value = means.get(pools.name_of(length), 0.0)
        if best is None or value < best[0]:
            best = (value, place, length)
    assert best is not None
    _, place, length = best
    spread = past_scales(data, spec, horizon, "spread", scale.spread_members, week, cache)
    return HorizonFit(
        horizon=horizon,
        rows=int(rows.sum()),
        members=_members(data, spec, horizon, "broad", sets[place], week, cache),
        spread_members=_members(data, spec, horizon, "spread", scale.spread_members, week, cache),
        pool=_pool(data, then, week, length, traces[place], spread),
        usual=_pool(data, then, week, pools.USUAL_YEARS, np.zeros(len(data.dates)), np.zeros(len(data.dates))),
        discounted=found,
    )


def training_rows(data: RangeData, spec: RangeSpec, horizon: int, week: int) -> np.ndarray:
    """Weeks a fit at row `week` may learn from: from `train_start`, the whole horizon ended before the decision."""
    ended = data.ahead[horizon].ended_before(int(data.legs.places[week]))
    return np.asarray(ended & (data.dates >= pd.Timestamp(spec.train_start)))


def _scores(
    data: RangeData,
    spec: RangeSpec,
    horizon: int,
    names: tuple[str, ...],
    trace: np.ndarray,
    week: int,
    cache: RangeCache,
) -> np.ndarray:
    """CRPS of each pool length in every past week, (weeks up to `week`, lengths); NaN in weeks not matured by then."""
    then, parts = data.ahead[horizon], []
    for start in pools.block_starts(week):
        end = int(start) + pools.BLOCK_WEEKS
        key = (spec.model, horizon, names, int(start))
        part = cache.scores.get(key)
        if part is None:
            part = pools.block_scores(then, data.dates, trace, int(start))
            if end <= week:  # a block that today cuts is not whole yet
                cache.scores[key] = part
        parts.append(part)
    scores = np.concatenate(parts)[:week] if parts else np.empty((0, len(pools.LENGTHS)))
    return np.where(then.ended_before(int(data.legs.places[week]))[:week, None], scores, np.nan)


def inner_weeks(data: RangeData, spec: RangeSpec) -> list[int]:
    """Rows at which the inner walk-forward refits; they hang on the first training row alone."""
    first = data.dates[data.dates >= pd.Timestamp(spec.train_start)][0]
    years = range(WARM_UP_YEARS, data.dates[-1].year - first.year + 1, spec.inner_years)
    places = [int(data.dates.searchsorted(first + pd.DateOffset(years=count))) for count in years]
    return [place for place in places if place < len(data.dates)]


def past_scales(
    data: RangeData, spec: RangeSpec, horizon: int, leg: str, names: tuple[str, ...], week: int, cache: RangeCache
) -> np.ndarray:
    """Log scale that would have been forecast in each past week from its own past, (weeks,).

    Zero throughout without members; NaN before the first inner refit where a
    member is fitted, and from row `week` on.
    """
    size = len(data.dates)
    if not names:
        return np.zeros(size)
    out = np.full(size, np.nan)
    every = inner_weeks(data, spec)
    starts = [place for place in every if place < week]
    ends = [*starts[1:], week]
    if not any(name in FITTED for name in names):  # columns as they stand need no refit before the first
        starts, ends = [0, *starts], [starts[0] if starts else week, *ends]
    for start, end in zip(starts, ends, strict=True):
        key = (spec.model, horizon, leg, names, start)
        known = cache.scales.get(key)
        if known is None:
            stop = min([place for place in every if place > start], default=size)
            if training_rows(data, spec, horizon, start).sum() < LEAST_ROWS and any(n in FITTED for n in names):
                known = np.full(stop - start, np.nan)
            else:
                members = _members(data, spec, horizon, leg, names, start, cache)
                known = scales.log_scale(members, data.frame.iloc[start:stop])
            cache.scales[key] = known
        out[start:end] = known[: end - start]
    return out


def _members(
    data: RangeData, spec: RangeSpec, horizon: int, leg: str, names: tuple[str, ...], week: int, cache: RangeCache
) -> tuple[Member, ...]:
    """The members fitted on what had happened before row `week`; those that two sets share once."""
    rows = training_rows(data, spec, horizon, week)
    then = data.ahead[horizon]
    target = then.volatility if leg == "broad" else then.spread_volatility
    y = np.log(np.maximum(target[rows], LEAST_VOLATILITY))
    columns = chosen_columns(data, spec, rows, week) if {"ridge", "boosted"} & set(names) else []
    har = scales.HAR[leg]
    made: list[Member] = []
    for name in names:
        if name not in FITTED:
            made += _column(data, spec, name, tuple(made), week)
            continue
        key = (horizon, leg, name, week)
        if key not in cache.members:
            if name == "har":
                cache.members[key] = scales.linear(data.frame.loc[rows, list(har)], y, scales.HAR_RIDGE)
            elif name == "ridge":
                cache.members[key] = scales.linear(data.frame.loc[rows, columns], y)
            else:
                cache.members[key] = scales.boosted(data.frame.loc[rows, columns], y, har, spec.seed)
        made.append(cache.members[key])
    return tuple(made)


def _column(data: RangeData, spec: RangeSpec, name: str, others: tuple[Member, ...], week: int) -> list[Member]:
    """A column as a member: alone as it stands, beside others on their level; another one stands in before its data."""
    past, instead = data.frame.iloc[: week + 1], spec.scale.instead
    if others:
        joined = scales.joined(past[name], scales.log_scale(others, past), np.ones(len(past), bool), OVERLAP_WEEKS)
        return [] if joined is None else [joined]
    if instead is None or name not in ("log_vix",):
        return [Column(column=name)]
    if name not in past:
        return [Column(column=instead)]
    # On the level of what stands in for it, so that paths scaled by the one and by the other are of one size.
    on_level = scales.joined(past[name], past[instead].to_numpy(), np.ones(len(past), bool), OVERLAP_WEEKS)
    return [Column(column=instead) if on_level is None else on_level.model_copy(update={"instead": instead})]


def chosen_columns(data: RangeData, spec: RangeSpec, rows: np.ndarray, week: int) -> list[str]:
    """Columns of the chosen families and the volatility block with enough values in the rows, and some of late."""
    known = data.frame[rows].notna().sum()
    recent = data.frame.iloc[max(0, week + 1 - RECENT_WEEKS) : week + 1].notna().any()
    least = max(1.0, min(52.0 * spec.min_history_years, MOST_OF_WINDOW * rows.sum()))
    found = []
    for column in map(str, data.frame.columns):
        family = FAMILY_OF.get(column, "block")
        wanted = family in (*spec.families, "block") and column not in REVISED
        left_out = {column, family} & set(spec.exclude)
        if wanted and not left_out and recent[column] and known[column] >= least:
            found.append(column)
    return found


def _pool(
    data: RangeData, then: Ahead, week: int, years: int | None, log_scale: np.ndarray, log_spread: np.ndarray
) -> Pool:
    rows = pools.members_at(then, data.dates, week, years, np.isfinite(log_scale) & np.isfinite(log_spread))
    if rows.sum() < pools.LEAST_PATHS:
        before = data.dates[week].date()
        raise RegimeError(f"{rows.sum()} past paths of {then.horizon} sessions before {before}: a range needs 104")
    broad_scale, spread_scale = np.exp(log_scale[rows]), np.exp(log_spread[rows])
    broad = then.broad[rows] / broad_scale
    order = np.argsort(broad, kind="stable")  # so that the broad leg's draws need no sorting
    return Pool(
        years=years,
        broad=tuple(broad[order].tolist()),
        spread=tuple((then.spread[rows] / spread_scale)[order].tolist()),
        lowest=tuple((then.lowest[rows] / broad_scale)[order].tolist()),
    )
