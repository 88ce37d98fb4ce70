"""The statistical jump model: is the market in its bear state? A baseline's column, made only when asked for.

Two-state discrete jump model (Shu, Yu & Mulvey 2024, arXiv 2402.05272; package
`jumpmodels`) on daily cap-leg excess returns: log downside deviation (half-life
10) and Sortino ratios (half-lives 20 and 60). Re-estimated each January on the
3,000 sessions before it; states are told apart by their return; within the
year the state is decoded online. The jump penalty is fixed in advance.
"""

from __future__ import annotations

import warnings
from types import ModuleType

import numpy as np
import pandas as pd

from features.data.errors import RegimeError

NAME = "jump_state"
FAMILY = "baseline"
MEANING = "bear state of the statistical jump model on daily cap-leg excess returns, decoded online"
WINDOW = 3000
MIN_ROWS = 1500
WARM_UP = 600
PENALTY = 50.0
CLIP = 3.0
STARTS = 3


def _package() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jumpmodels.jump
    except ImportError as error:
        raise RegimeError(
            "the jump baseline needs the package jumpmodels, which is not installed: pip install 'regime[baselines]'"
        ) from error
    found: ModuleType = jumpmodels.jump
    return found


def features_of(excess: pd.Series) -> pd.DataFrame:
    """Downside deviation and Sortino ratios of daily excess returns, (sessions, 3)."""
    squared = excess.clip(upper=0.0) ** 2
    fall = {life: np.sqrt(squared.ewm(halflife=life).mean()).clip(lower=1e-6) for life in (10, 20, 60)}
    return pd.DataFrame(
        {"dd_10": np.log(fall[10])}
        | {f"sortino_{life}": excess.ewm(halflife=life).mean() / fall[life] for life in (20, 60)}
    )


def compute(panel: pd.DataFrame, since: int) -> pd.Series:
    """Daily column from the year `since`, 1 in the bear state and 0 in the bull state.

    Parameters
    ----------
    panel : DataFrame
        With `ret_cap` and `ret_bill`.
    since : int
        First calendar year of the result.

    Raises
    ------
    RegimeError
        The package of the extra `baselines` is not installed.
    """
    jump = _package()
    excess = (panel["ret_cap"] - panel["ret_bill"].ffill().fillna(0.0)).dropna()
    parts = [_year(jump, excess, year) for year in range(since, panel.index[-1].year + 1)]
    daily = pd.concat(parts) if parts else pd.Series(dtype=float)
    return daily.reindex(panel.index[panel.index.year >= since]).rename(NAME)


def _year(jump: ModuleType, excess: pd.Series, year: int) -> pd.Series:
    january = int(excess.index.searchsorted(pd.Timestamp(year, 1, 1)))
    end = int(excess.index.searchsorted(pd.Timestamp(year + 1, 1, 1)))
    # The running means start anew WARM_UP sessions before the window, so a year needs only its own look-back.
    first = max(0, january - WINDOW - WARM_UP)
    warm_up = min(WARM_UP, max(0, january - first - MIN_ROWS))
    if january - first - warm_up < MIN_ROWS or end == january:
        return pd.Series(dtype=float)
    X = features_of(excess.iloc[first:end]).iloc[warm_up:]
    past = X.iloc[: january - first - warm_up]
    mean, scale = past.mean(), past.std(ddof=0)
    X = ((X - mean) / scale).clip(-CLIP, CLIP)
    model = jump.JumpModel(n_components=2, jump_penalty=PENALTY, n_init=STARTS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas' notices about the package's own indexing
        model.fit(X.iloc[: len(past)], excess.loc[past.index], sort_by="cumret")
        states = model.predict_online(X)
    return pd.Series(np.asarray(states, dtype=float), X.index).iloc[len(past) :]
