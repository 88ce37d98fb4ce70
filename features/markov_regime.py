"""The volatility regime: filtered probability of the high-variance state.

Two-state switching-variance regression (`features.switching_variance`; Hamilton
1989) on weekly cap-leg excess log returns. Parameters are re-estimated each January
on the weeks before it, from the last January's on; if a fit does not converge, last
year's parameters stay and it is logged. The filter starts anew ten years before each
January, so a year's values need only its own look-back. Fits are cached by the weeks
they saw and the code that fits.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features import switching_variance
from features.data import cache, calendar
from features.switching_variance import SwitchingVariance

NAME = "vol_regime"
FAMILY = "volatility"
MEANING = "filtered probability of the high-variance state of the cap leg's weekly excess returns"


def say(value: float) -> str:
    """The state that is likelier, with the probability of the turbulent one."""
    state = "turbulent" if value > 0.5 else "calm"
    return f"the market's volatility is in its {state} state ({100.0 * value:.0f} % turbulent)"


FILTER_WEEKS = 520
MIN_WEEKS = 260
CODE = (Path(__file__), Path(switching_variance.__file__))
_log = logging.getLogger(__name__)


def weekly_excess(panel: pd.DataFrame) -> pd.Series:
    """Weekly log returns of the cap leg over bills, in percent, dated by the week's last session."""
    bill = panel["ret_bill"].ffill().fillna(0.0)
    daily = np.log1p(panel["ret_cap"]) - np.log1p(bill)
    ends = calendar.decision_dates(panel.index[0], panel.index[-1])
    week = ends.searchsorted(panel.index)
    total = daily.groupby(week).sum(min_count=1)
    total = total[total.index < len(ends)]
    return (100.0 * total.set_axis(ends[total.index])).dropna()


def _cached_fit(weeks: pd.Series, start: SwitchingVariance | None) -> SwitchingVariance | None:
    """The estimate, from the cache if these weeks were fitted by this code; a fit that failed is not kept."""
    key = cache.entry_key(CODE, [weeks.to_numpy(), version("numpy")])
    content = cache.read("regime", key)
    if content is not None:
        mean, (calm, turbulent), (stay_calm, stay_turbulent), log_likelihood = json.loads(content)
        return SwitchingVariance(mean, (calm, turbulent), (stay_calm, stay_turbulent), log_likelihood)
    fitted = switching_variance.fit(weeks.to_numpy(), start)
    if fitted is None:
        _log.warning("volatility regime: fit on %d weeks did not converge", len(weeks))
        return None
    cache.write("regime", key, json.dumps(dataclasses.astuple(fitted)).encode())
    return fitted


def yearly_fits(weeks: pd.Series, last_year: int) -> Iterator[tuple[int, SwitchingVariance | None]]:
    """Year and estimate of each January from the first with any week before it; None before `MIN_WEEKS`.

    The chain begins with the data, not with the year that is asked for, so that
    an estimate depends on its past alone.
    """
    model: SwitchingVariance | None = None
    for year in range(weeks.index[0].year + 1, last_year + 1):
        past = weeks[weeks.index < pd.Timestamp(year, 1, 1)]
        if len(past) >= MIN_WEEKS:
            model = _cached_fit(past, model) or model
        yield year, model


def compute(panel: pd.DataFrame, since: int, progress: Callable[[int, int], None] | None = None) -> pd.Series:
    """Daily column from the year `since`: the value of the last completed week.

    Parameters
    ----------
    panel : DataFrame
        With `ret_cap` and `ret_bill`.
    since : int
        First calendar year of the result.
    progress : callable, optional
        Called with (years done, years in all).
    """
    weeks = weekly_excess(panel)
    last_year = panel.index[-1].year
    parts = []
    for year, model in yearly_fits(weeks, last_year):
        if model is not None and year >= since:
            january = pd.Timestamp(year, 1, 1)
            past, now = weeks[weeks.index < january], weeks[weeks.index.year == year]
            window = pd.concat([past.iloc[-FILTER_WEEKS:], now])
            said = switching_variance.filtered_probabilities(window.to_numpy(), model)
            days = panel.index[panel.index.year == year]
            parts.append(pd.Series(said, window.index).reindex(days, method="ffill"))
        if progress and year >= since:
            progress(year - since + 1, last_year - since + 1)
    daily = pd.concat(parts) if parts else pd.Series(dtype=float)
    return daily.reindex(panel.index[panel.index.year >= since]).rename(NAME)
