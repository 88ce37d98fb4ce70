"""Expanding walk-forward of a range model: each fold is one `fit_range_at` and the weeks until the next."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd

from features import path_simulation
from features.dataset import codes_of_paths
from models import refits
from models.evaluation import range_scores
from models.range import pools, predictor, size
from models.range.fit import RangeCache, RangeData, fit_range_at
from models.range.fitted import FittedRange, HorizonFit
from models.range.paths import LEGS
from models.range.predictor import FALL_NAMES, QUANTILES, Draws
from models.range.schedule import refit_rows
from models.range.spec import GARCH, RangeSpec

BASE = tuple(f"base_{name}" for name in (*QUANTILES, *FALL_NAMES))
MONTH = 21  # sessions: the horizon that the labels judge paths by
PUBLISHED = ("date", "label_end", "leg", "horizon", *QUANTILES, *FALL_NAMES, *BASE, "realised", "lowest", "size")


def walk_forward(
    data: RangeData, spec: RangeSpec, step: Callable[[], None] = lambda: None, legs: tuple[str, ...] = LEGS
) -> tuple[pd.DataFrame, pd.DataFrame, FittedRange | None]:
    """Out-of-sample ranges of every test week, of some legs.

    Returns
    -------
    ranges : DataFrame
        A row a week, leg and horizon: the columns `PUBLISHED` (`size`: the state of its width), and `crps`,
        `base_crps`, `pit`.
    outcomes : DataFrame, (weeks, `date` and `p_<outcome>`)
        The same paths judged by the label's own rule, where 21 sessions are among the horizons.
    fitted : FittedRange or None
        Of the last fold; None for the GARCH simulation, whose parameters are by year.
    """
    starts = refit_rows(data.dates, spec)
    cache, parts, shares, fitted = RangeCache(), [], [], None
    reference = spec.beside("constant")
    usual_cache = RangeCache()
    for start, end in pairwise([*starts, refits.end_row(data.dates, spec.last_test)]):
        weeks = np.arange(start, end)
        frame = data.frame.iloc[weeks]
        if spec.model == GARCH:
            fit = fit_range_at(data, reference, data.dates[start], usual_cache)
            drawn = _simulated(data, spec, weeks)
        else:
            fit = fitted = fit_range_at(data, spec, data.dates[start], cache)
            drawn = predictor.predict_range(fit, frame)
        for one in fit.horizons:
            part = describe(data, one.horizon, weeks, drawn[one.horizon], predictor.usual(one), legs)
            parts.append(part.assign(size=np.tile(_sizes(data, one, start, end), len(legs))))
        if MONTH in drawn:
            shares.append(_outcome_shares(data, spec.label, weeks, drawn[MONTH]))
        step()
    return pd.concat(parts, ignore_index=True), pd.concat(shares) if shares else pd.DataFrame(), fitted


def _sizes(data: RangeData, fit: HorizonFit, start: int, end: int) -> np.ndarray:
    """State of the width in the weeks of a fold, (weeks,), by its fit alone (`models.range.size`)."""
    first = int(data.dates.searchsorted(data.dates[start] - pd.DateOffset(years=size.YEARS)))
    return size.states(fit, data.frame.iloc[first:end])[start - first :]


def _simulated(data: RangeData, spec: RangeSpec, weeks: np.ndarray) -> dict[int, Draws]:
    legs, years = data.legs, data.dates[weeks].year.to_numpy()
    parts = [
        path_simulation.simulate(
            (legs.broad, legs.cap),
            (data.refits["broad"], data.refits["cap"]),
            legs.places[weeks[years == year]],
            int(legs.sessions.searchsorted(pd.Timestamp(int(year), 1, 1))),
            int(year),
            spec.horizons,
            spec.seed,
        )
        for year in np.unique(years)
    ]
    return {
        horizon: Draws(*(np.concatenate([getattr(p[horizon], n) for p in parts]) for n in ("broad", "cap", "lowest")))
        for horizon in spec.horizons
    }


def describe(
    data: RangeData, horizon: int, weeks: np.ndarray, drawn: Draws, usual: Draws, legs: tuple[str, ...] = LEGS
) -> pd.DataFrame:
    """Quantiles, odds and scores of some weeks, a row a week and leg."""
    then = data.ahead[horizon]
    broad, spread = then.broad[weeks], then.spread[weeks]
    happened = {"broad": np.expm1(broad), "cap": np.expm1(broad - spread)}
    happened["spread"] = happened["broad"] - happened["cap"]
    ends = then.ends[weeks]
    known = ends < len(data.legs.sessions)
    last = np.full(len(weeks), np.datetime64("NaT"), dtype="datetime64[ns]")
    last[known] = data.legs.sessions.to_numpy()[ends[known]]
    out = []
    for leg in legs:
        draws = np.sort(getattr(drawn, leg), axis=1, kind="stable")  # one pass where a pool is in order
        base = np.sort(getattr(usual, leg), axis=1, kind="stable")
        table = pd.DataFrame({"date": data.dates[weeks], "label_end": last, "leg": leg, "horizon": horizon})
        table[list(QUANTILES)] = predictor.quantiles(draws)
        table[[f"base_{name}" for name in QUANTILES]] = np.repeat(predictor.quantiles(base), len(weeks), axis=0)
        own = predictor.fall_odds(drawn.lowest) if leg == "broad" else np.nan
        table[list(FALL_NAMES)] = own
        base_falls = predictor.fall_odds(usual.lowest) if leg == "broad" else np.full((1, len(FALL_NAMES)), np.nan)
        table[[f"base_{name}" for name in FALL_NAMES]] = np.repeat(base_falls, len(weeks), axis=0)
        table["realised"] = happened[leg]
        table["lowest"] = np.expm1(then.lowest[weeks]) if leg == "broad" else np.nan
        table["crps"] = pools.crps(draws, happened[leg])
        table["base_crps"] = pools.crps(np.repeat(base, len(weeks), axis=0), happened[leg])
        table["pit"] = range_scores.pit(draws, happened[leg])
        out.append(table)
    return pd.concat(out, ignore_index=True)


def _outcome_shares(data: RangeData, label: str, weeks: np.ndarray, drawn: Draws) -> pd.DataFrame:
    """Share of the paths that end in each outcome of the label, by week."""
    volatility = np.exp(data.frame["log_vol_broad_63"].to_numpy(float)[weeks])[:, None]
    codes = codes_of_paths(label, drawn.broad, drawn.cap, drawn.lowest, volatility)
    shares = {
        f"p_{name}": (codes == place).mean(axis=1) for place, name in enumerate(("rotation", "breakdown", "neither"))
    }
    return pd.DataFrame({"date": data.dates[weeks]} | shares)
