"""The volatility regime: filtered probability of the high-variance state.

Two-state switching-variance regression (Hamilton 1989; statsmodels'
MarkovRegression) on weekly cap-leg excess log returns. Parameters are
re-estimated each January on the weeks before it; states are sorted by variance;
if a fit does not converge, last year's parameters stay and it is logged.
The filter starts anew ten years before each January, so a year's values need
only its own look-back. Fits are cached by the weeks they saw and the code that fits.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.data import cache, calendar

NAME = "vol_regime"
FAMILY = "volatility"
MEANING = "filtered probability of the high-variance state of the cap leg's weekly excess returns"
FILTER_WEEKS = 520
MIN_WEEKS = 260
LIBRARIES = ("numpy", "scipy", "statsmodels")
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


def _model(weeks: pd.Series) -> Any:
    # Imported here: it costs half a second that `regime-data` need not pay.
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    return MarkovRegression(weeks.to_numpy(), k_regimes=2, trend="c", switching_trend=False, switching_variance=True)


def _fit(weeks: pd.Series) -> list[float] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below, from the optimiser's own report
        try:
            result = _model(weeks).fit(disp=False, maxiter=200)
        except (np.linalg.LinAlgError, ValueError) as error:
            _log.warning("volatility regime: fit on %d weeks failed (%s)", len(weeks), error)
            return None
    params = np.asarray(result.params, dtype=float)
    if not (result.mle_retvals.get("converged") and np.isfinite(params).all()):
        _log.warning("volatility regime: fit on %d weeks did not converge", len(weeks))
        return None
    return [float(value) for value in params]


def _cached_fit(weeks: pd.Series) -> list[float] | None:
    """The parameters, from the cache if these weeks were fitted by this code; a fit that failed is not kept."""
    key = cache.entry_key([Path(__file__)], [weeks.to_numpy(), *(version(name) for name in LIBRARIES)])
    content = cache.read("regime", key)
    if content is not None:
        params: list[float] = json.loads(content)
        return params
    fitted = _fit(weeks)
    if fitted is not None:
        cache.write("regime", key, json.dumps(fitted).encode())
    return fitted


def _filtered(weeks: pd.Series, params: list[float]) -> np.ndarray:
    """Probability of the state with the larger variance, week by week (online: no smoothing)."""
    result = _model(weeks).filter(np.array(params))
    high = int(np.argmax(params[-2:]))
    return np.asarray(result.filtered_marginal_probabilities)[:, high]


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
    years = range(since, panel.index[-1].year + 1)
    parts = []
    params: list[float] | None = None
    for done, year in enumerate(years, start=1):
        january = pd.Timestamp(year, 1, 1)
        past = weeks[weeks.index < january]
        if len(past) >= MIN_WEEKS:
            params = _cached_fit(past) or params
        if params is not None:
            window = pd.concat(
                [past.iloc[-FILTER_WEEKS:], weeks[(weeks.index >= january) & (weeks.index.year == year)]]
            )
            values = pd.Series(_filtered(window, params), index=window.index)
            days = panel.index[panel.index.year == year]
            parts.append(values.reindex(days, method="ffill"))
        if progress:
            progress(done, len(years))
    daily = pd.concat(parts) if parts else pd.Series(dtype=float)
    return daily.reindex(panel.index[panel.index.year >= since]).rename(NAME)
