"""Whether probabilities mean what they say, judged against what a perfect model would show.

Expected calibration error is biased upwards by construction and more so when
labels overlap, so it stands beside the bound a perfectly calibrated model with
the same probabilities would stay under 95 times in 100. The slope says whether
the probabilities are too bold (< 1) or too timid (> 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import logit, ndtri

from features.data.calendar import HORIZON, SESSIONS_A_WEEK

BINS = 10
SIMULATIONS = 400
BOUND = 0.95
SEED = 11
LAGS, MONTH_LAGS = 26, 6
LEAST = 10  # weeks with, and weeks without, the outcome that a recalibration needs
NORMAL_95 = 1.959964
EDGE = 1e-6
UNDEFINED = dict.fromkeys(
    (f"calibration_{what}{end}" for what in ("slope", "intercept") for end in ("", "_low", "_high")), float("nan")
)


def bins(p: np.ndarray) -> np.ndarray:
    """Bin of each probability, 0 to 9, shape (weeks,): ten of equal count, equal probabilities together.

    The edges are deciles of `p`, as in scikit-learn's `calibration_curve` with
    `strategy="quantile"`; a forecast of few distinct values fills fewer bins.
    """
    edges = np.quantile(p, np.linspace(0.0, 1.0, BINS + 1)[1:-1])
    return np.asarray(np.searchsorted(edges, p))


def ece(p: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error: mean over weeks of their bin's |mean probability - frequency|.

    Assumes nothing, but is above zero for a perfect model too: read it beside `ece_bound`.

    Parameters
    ----------
    p : float array, (weeks,)
    truth : bool array, (weeks,)
    """
    return float(_errors(p, truth[None, :].astype(float))[0])


def _errors(p: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Calibration error of each of many histories `happened`, (histories, weeks), of one forecast."""
    member = (bins(p)[:, None] == np.arange(BINS)).astype(float)
    return np.asarray(np.abs(happened @ member - p @ member).sum(axis=1) / len(p))


@lru_cache(maxsize=4)
def latent(rows: int, monthly: bool, horizon: int = HORIZON) -> np.ndarray:
    """Standard normal latent outcomes of simulated histories, shape (`SIMULATIONS`, rows); cached, read-only.

    Weekly: sums of `horizon` daily normals, sampled every 5 sessions, so that weeks
    share sessions as their labels do (21 sessions: autocorrelation 16/21, 11/21,
    6/21, 1/21). Monthly horizons do not overlap: independent normals.
    """
    rng = np.random.default_rng(SEED)
    if monthly:
        z = rng.standard_normal((SIMULATIONS, rows))
    else:
        daily = rng.standard_normal((SIMULATIONS, SESSIONS_A_WEEK * (rows - 1) + horizon))
        total = np.concatenate([np.zeros((SIMULATIONS, 1)), np.cumsum(daily, axis=1)], axis=1)
        first = SESSIONS_A_WEEK * np.arange(rows)
        z = (total[:, first + horizon] - total[:, first]) / np.sqrt(horizon)
    z.flags.writeable = False
    return np.asarray(z)


@lru_cache(maxsize=128)
def coverage_bound(rows: int, horizon: int, share: float) -> tuple[float, float]:
    """2.5 % and 97.5 % quantiles of a band's coverage over `rows` weeks, were its forecaster perfectly calibrated.

    Parameters
    ----------
    rows : int
        Weeks scored.
    horizon : int
        Sessions; weeks overlap as far as it reaches.
    share : float
        Of outcomes that the band promises to hold, 0 to 1.
    """
    inside = np.abs(latent(rows, False, horizon)) <= ndtri(0.5 + share / 2.0)
    low, high = np.quantile(inside.mean(axis=1), [(1.0 - BOUND) / 2.0, (1.0 + BOUND) / 2.0])
    return float(low), float(high)


@dataclass(frozen=True)
class Reliability:
    """Stated and observed frequency of one outcome in bins of equal count.

    Attributes
    ----------
    stated, observed, count : float array, (bins,)
        Mean probability, share of weeks in which the outcome happened, number of weeks.
    low, high : float array, (bins,)
        2.5 % and 97.5 % quantiles of the observed frequency if `p` were right.
    """

    stated: np.ndarray
    observed: np.ndarray
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def outside(self) -> int:
        """Number of bins whose observed frequency is outside the band."""
        return int(np.sum((self.observed < self.low) | (self.observed > self.high)))


def reliability(p: np.ndarray, truth: np.ndarray, z: np.ndarray) -> Reliability:
    """The reliability curve with the band of a perfectly calibrated model whose labels overlap.

    The simulated outcomes are those of `ece_bound`.

    Parameters
    ----------
    p : float array, (weeks,)
    truth : bool array, (weeks,)
    z : float array, (simulations, weeks)
        From `latent`. In a simulation the outcome happens where z < ndtri(p).
    """
    place = bins(p)
    member = (place[:, None] == np.unique(place)).astype(float)
    count = member.sum(axis=0)
    null = (z < ndtri(np.clip(p, 1e-9, 1.0 - 1e-9))).astype(float) @ member / count
    low, high = np.quantile(null, [0.025, 0.975], axis=0)
    return Reliability(p @ member / count, truth @ member / count, count, low, high)


def ece_bound(p: np.ndarray, z: np.ndarray) -> float:
    """The 95 % quantile of `ece` if `p` were right and labels depended on each other only by overlap.

    A Gaussian copula: the outcome happens where the latent uniform is below the
    probability, so each week's chance is exactly `p`. Assumes the dependence is
    that of returns which are independent from day to day; a market whose
    calibration drifts with the regime needs a wider bound.

    Parameters
    ----------
    p : float array, (weeks,)
    z : float array, (simulations, weeks)
        Columns of `latent` for these weeks.
    """
    return float(np.quantile(_errors(p, (z < ndtri(p)).astype(float)), BOUND))


def recalibration(p: np.ndarray, truth: np.ndarray, on: np.ndarray, lags: int) -> dict[str, float]:
    """Slope and intercept of the logistic regression of the outcome on logit(p), with 95 % intervals.

    1 and 0 for a calibrated model (Cox 1958). Standard errors by Newey-West
    (Bartlett kernel, `lags` rows), which assumes that the scores' dependence has
    died by then. NaN where no finite estimate exists: fewer than `LEAST` weeks
    of either kind, a forecast without variation, or one that separates the
    outcomes without error.

    Parameters
    ----------
    p : float array, (weeks,)
        Clipped to [1e-6, 1 - 1e-6].
    truth : bool array, (weeks,)
    on : bool array, (weeks,)
        The weeks that count. The others stay in place as rows of zeros, which
        add nothing to the likelihood but keep the distance in time between
        those that count (amplitude modulation, Parzen 1963).
    lags : int
    """
    # Importing statsmodels costs a second that a weekly call need not pay.
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    x = logit(np.clip(p, EDGE, 1.0 - EDGE))
    least = min(truth[on].sum(), (~truth[on]).sum())
    if least < LEAST or np.std(x[on]) < EDGE or _separated(x[on], truth[on]):
        return UNDEFINED
    design = np.column_stack([np.ones(len(x)), x]) * on[:, None]
    try:
        fit = Logit(truth.astype(float), design).fit(
            disp=0, warn_convergence=False, cov_type="HAC", cov_kwds={"maxlags": lags}
        )
    except (np.linalg.LinAlgError, PerfectSeparationError):
        return UNDEFINED
    if not fit.mle_retvals["converged"]:
        return UNDEFINED
    out = {}
    for place, name in ((1, "slope"), (0, "intercept")):
        value, error = float(fit.params[place]), float(fit.bse[place])
        out[f"calibration_{name}"] = value
        out[f"calibration_{name}_low"] = value - NORMAL_95 * error
        out[f"calibration_{name}_high"] = value + NORMAL_95 * error
    return out


def _separated(x: np.ndarray, truth: np.ndarray) -> bool:
    """Whether some threshold on `x` splits the outcomes without error: the likelihood has no maximum then."""
    return bool(x[truth].min() >= x[~truth].max() or x[truth].max() <= x[~truth].min())
