"""The volatility regime: filtered probability of the high-variance state.

Two-state switching-variance regression (Hamilton 1989; statsmodels'
MarkovRegression) on weekly cap-leg excess log returns. Parameters are
re-estimated each January on the weeks before it; states are sorted by variance;
if a fit does not converge, last year's parameters stay and it is logged.
The filter starts anew ten years before each January, so a year's values need
only its own look-back. Fits are cached by the content of the weeks they saw.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from features import calendar
from features.home import home

NAME = "vol_regime"
FAMILY = "volatility"
MEANING = "filtered probability of the high-variance state of the cap leg's weekly excess returns"
FILTER_WEEKS = 520
MIN_WEEKS = 260
MANY = 24  # fits that are worth starting processes for
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
    """Maximum likelihood parameters, None where the optimiser found none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below, from the optimiser's own report
        try:
            result = _model(weeks).fit(disp=False, maxiter=200)
        except (np.linalg.LinAlgError, ValueError):
            return None
    params = np.asarray(result.params, dtype=float)
    good = result.mle_retvals.get("converged") and np.isfinite(params).all()
    return [float(value) for value in params] if good else None


def _kept(weeks: pd.Series) -> Path:
    content = weeks.to_numpy().tobytes() + version("statsmodels").encode()
    return home() / "cache" / "regime" / f"{hashlib.sha256(content).hexdigest()[:24]}.json"


def _keep(path: Path, params: list[float] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(params, file)
    Path(name).replace(path)


def _fits(pasts: list[pd.Series], progress: Callable[[int, int], None] | None) -> list[list[float] | None]:
    """Parameters on each past, None where it is too short or the fit fails; from the cache where it has them.

    A history's first time is a fit a year, a minute's work: these are made in
    processes of their own, which neither read nor write the cache.
    """
    long = [len(past) >= MIN_WEEKS for past in pasts]
    missing = [past for past, enough in zip(pasts, long, strict=True) if enough and not _kept(past).exists()]
    pool = Parallel(n_jobs=-1 if len(missing) >= MANY else 1, return_as="generator")
    fitted = zip(missing, pool(delayed(_fit)(past) for past in missing), strict=True)
    done = len(pasts) - len(missing)
    for past, params in fitted:
        if params is None:
            _log.warning("volatility regime: the fit on %d weeks failed, last year's parameters stay", len(past))
        _keep(_kept(past), params)
        done += 1
        if progress:
            progress(done, len(pasts))
    return [json.loads(_kept(past).read_text()) if enough else None for past, enough in zip(pasts, long, strict=True)]


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
        Called with (years fitted, years in all).
    """
    weeks = weekly_excess(panel)
    years = range(since, panel.index[-1].year + 1)
    pasts = [weeks[weeks.index < pd.Timestamp(year, 1, 1)] for year in years]
    parts = []
    params: list[float] | None = None
    for year, past, found in zip(years, pasts, _fits(pasts, progress), strict=True):
        params = found or params
        if params is not None:
            window = pd.concat([past.iloc[-FILTER_WEEKS:], weeks[weeks.index.year == year]])
            values = pd.Series(_filtered(window, params), index=window.index)
            days = panel.index[panel.index.year == year]
            parts.append(values.reindex(days, method="ffill"))
    daily = pd.concat(parts) if parts else pd.Series(dtype=float)
    return daily.reindex(panel.index[panel.index.year >= since]).rename(NAME)
