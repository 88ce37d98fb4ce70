"""Simulated markets whose truth is known: what the canaries and tests of the gate are run on.

Daily returns of the two legs are drawn, and everything after that is the real
thing: NYSE dates, the real labels with their overlapping horizons, features from
the past alone. Deterministic by seed. Strengths are stated where they are set:

- calm: the legs' returns are independent and identically distributed (cap leg
  0.8 % a day, broad leg as volatile, correlation 0.9). No feature can help.
- two states: a weekly Markov chain (it stays calm with 0.98, turbulent with
  0.94) multiplies all returns by 0.8 or 1.6 (`TURBULENT`; a logit on the state
  then has a skill of about 0.02, as on real data), or by 0.6 or 2.2 (`WILD`; 0.06
  to 0.09). The column `vol_regime` is the filtered probability of the turbulent
  state with the true parameters.
- signal: a weekly AR(1) of unit variance and coefficient 0.95 moves the
  expected return of both legs in the following week, by `strength` daily
  standard deviations for each of its own.
- leak: `next_week`, both legs' returns over the next five sessions; or
  `label`, whether a breakdown follows, plus normal noise of deviation 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features import labels, markov_regime
from features.data import calendar
from features.data.errors import RegimeError
from features.dataset import LAST_OUTCOME, RETURNS, Dataset, last_matured

START = pd.Timestamp("1980-01-04")
WARM_UP = 64  # sessions before the first decision
DAILY = 0.008
CORRELATION = 0.9
DRIFT = 0.0003
CALM, TURBULENT, WILD = (1.0, 1.0), (0.8, 1.6), (0.6, 2.2)  # multiples of the daily deviation
STAY = (0.98, 0.94)  # a week
AR = 0.95
# Of the real broad leg from 1926 to 1989, by `features.garch`: alpha 0.049, gamma 0.106, beta 0.886.
PERSISTENCE, REACTION = 0.988, 0.10
LEAKS = ("next_week", "label")
LABEL_NOISE = 0.5
NOISE_COLUMNS = 4


@dataclass(frozen=True)
class Market:
    """Daily returns and the weekly quantities that made them.

    Attributes
    ----------
    returns : DataFrame, (sessions, `RETURNS`)
    dates : DatetimeIndex, (weeks,)
        Decision dates.
    signal : Series, (weeks,)
        Known at each decision.
    states : pair of float
        Multiples of the daily deviation in the two states.
    """

    returns: pd.DataFrame
    dates: pd.DatetimeIndex
    signal: pd.Series
    states: tuple[float, float]


def market(seed: int, weeks: int, states: tuple[float, float] = CALM, strength: float = 0.0) -> Market:
    """Draw a market of `weeks` decision weeks from 1980, the last ones without a matured outcome."""
    rng = np.random.default_rng(seed)
    dates = calendar.decision_dates(START, calendar.LAST_SESSION)[:weeks]
    every = calendar.all_sessions()
    first, last = int(every.searchsorted(START)) - WARM_UP, int(every.searchsorted(dates[-1]))
    days = every[first : last + 1]
    # A week's returns belong to the decision before them.
    week = np.maximum(dates.searchsorted(days, side="left") - 1, 0)
    scale = np.asarray(states)[_chain(rng, weeks)]
    signal = _ar(rng, weeks)
    shock = rng.standard_normal((len(days), 2)) @ np.linalg.cholesky([[1.0, CORRELATION], [CORRELATION, 1.0]]).T
    steps = DRIFT + DAILY * scale[week, None] * (shock + strength * signal[week, None])
    returns = pd.DataFrame({"ret_broad": steps[:, 0], "ret_cap": steps[:, 1], "ret_bill": 0.0}, days)
    return Market(returns[list(RETURNS)], dates, pd.Series(signal, dates), states)


def garch_market(seed: int, weeks: int, persistence: float = PERSISTENCE, reaction: float = REACTION) -> Market:
    """A market whose daily variance follows a GARCH(1,1) common to both legs; with `reaction` 0 it is constant.

    Parameters
    ----------
    seed, weeks : int
    persistence : float
        Share of a variance above the long run that is left the next day.
    reaction : float
        Weight of yesterday's squared shock of the first leg; at most `persistence`.
    """
    calm = market(seed, weeks)
    shocks = (calm.returns[["ret_broad", "ret_cap"]].to_numpy() - DRIFT) / DAILY
    variance = np.ones(len(shocks))
    for day in range(1, len(shocks) if reaction else 0):
        before = variance[day - 1]
        variance[day] = 1.0 - persistence + before * (persistence - reaction + reaction * shocks[day - 1, 0] ** 2)
    steps = DRIFT + DAILY * np.sqrt(variance)[:, None] * shocks
    returns = calm.returns.assign(ret_broad=steps[:, 0], ret_cap=steps[:, 1])
    return replace(calm, returns=returns)


def _chain(rng: np.random.Generator, size: int) -> np.ndarray:
    leave = 1.0 - np.array(STAY)
    states = np.zeros(size, dtype=int)
    moves = rng.random(size)
    for place in range(1, size):
        before = states[place - 1]
        states[place] = 1 - before if moves[place] < leave[before] else before
    return states


def _ar(rng: np.random.Generator, size: int) -> np.ndarray:
    shocks = rng.standard_normal(size)
    values = np.empty(size)
    values[0] = shocks[0]
    for place in range(1, size):
        values[place] = AR * values[place - 1] + np.sqrt(1.0 - AR**2) * shocks[place]
    return values


def turbulent_probability(weekly: np.ndarray, states: tuple[float, float]) -> np.ndarray:
    """Filtered probability of the turbulent state given weekly log returns in percent, true parameters (Hamilton 1989).

    Shape (weeks,). An estimated filter can only do worse: this is the `vol_regime` Markov would wish for.
    """
    deviation = 100.0 * DAILY * np.sqrt(5.0) * np.asarray(states)
    density = np.exp(-0.5 * ((weekly[:, None] - 500.0 * DRIFT) / deviation) ** 2) / deviation
    stay_calm, stay_turbulent = STAY
    out = np.empty(len(weekly))
    p = (1.0 - stay_calm) / (2.0 - stay_calm - stay_turbulent)
    for place, (calm, turbulent) in enumerate(density):
        ahead = p * stay_turbulent + (1.0 - p) * (1.0 - stay_calm)
        p = ahead * turbulent / (ahead * turbulent + (1.0 - ahead) * calm)
        out[place] = p
    return out


def dataset(drawn: Market, seed: int, with_signal: bool = False) -> Dataset:
    """The labelled data set of a market: features from the past, outcomes by the real labels (`path`).

    Columns: the baselines' (`broad_return_21`, `broad_vol_21`, `vol_regime`,
    `last_outcome`), the cap leg's return, `NOISE_COLUMNS` of pure noise, and
    `signal` on request.
    """
    broad, cap, dates = drawn.returns["ret_broad"], drawn.returns["ret_cap"], drawn.dates
    logs = np.log1p(drawn.returns)
    past = np.expm1(logs.rolling(21).sum()).loc[dates]
    X = pd.DataFrame(
        {
            "broad_return_21": past["ret_broad"],
            "broad_vol_21": broad.rolling(21).std().loc[dates],
            "cap_return_21": past["ret_cap"],
            markov_regime.NAME: _regime(drawn),
        },
        dates,
    )
    rng = np.random.default_rng([seed, 1])
    for number in range(NOISE_COLUMNS):
        X[f"noise_{number}"] = rng.standard_normal(len(dates))
    if with_signal:
        X["signal"] = drawn.signal
    outcome = labels.outcomes("path", broad, cap).loc[dates]
    ends = labels.label_ends("path", dates)
    X[LAST_OUTCOME] = last_matured(outcome, ends, labels.OUTCOMES)
    faltering = past["ret_cap"] < past["ret_broad"]
    digest = f"synthetic-{seed}"
    return Dataset(X, outcome, ends, faltering, "path", digest, "synthetic", "synthetic", returns=drawn.returns)


def _regime(drawn: Market) -> np.ndarray:
    """The filter's probability; in a calm market that of the filter for `TURBULENT`, which then follows chance."""
    weekly = markov_regime.weekly_excess(drawn.returns).loc[drawn.dates].to_numpy()
    return turbulent_probability(weekly, TURBULENT if drawn.states == CALM else drawn.states)


def shuffled(data: Dataset, seed: int, block: int = 26) -> Dataset:
    """The same features with the outcomes' blocks of `block` weeks in another order: nothing left to learn.

    Matured weeks only; the last, shorter block moves too. `last_outcome` follows the shuffled outcomes.
    """
    known = np.flatnonzero(data.outcome.notna())
    blocks = np.array_split(known, np.arange(block, len(known), block))
    order = np.concatenate([blocks[i] for i in np.random.default_rng([seed, 2]).permutation(len(blocks))])
    values = data.outcome.to_numpy(dtype=object, copy=True)
    values[known] = values[order]
    outcome = pd.Series(values, data.outcome.index, dtype=object)
    X = data.X.assign(**{LAST_OUTCOME: last_matured(outcome, data.label_end, data.outcomes)})
    return replace(data, X=X, outcome=outcome, digest=f"{data.digest}-shuffled")


def leaking(data: Dataset, leak: str, seed: int) -> Dataset:
    """The same data set with a feature from the future: one of `LEAKS`.

    Raises
    ------
    RegimeError
        An unknown leak.
    """
    if leak not in LEAKS:
        raise RegimeError(f"unknown leak {leak!r}: known are {', '.join(LEAKS)}")
    if leak == "label":
        noise = np.random.default_rng([seed, 3]).normal(scale=LABEL_NOISE, size=len(data.X))
        extra = {"leak": (data.outcome == "breakdown").to_numpy(dtype=float) + noise}
    else:
        ahead = np.log1p(data.returns).rolling(5).sum().shift(-5).loc[data.X.index]
        extra = {f"leak_{name}": ahead[name].to_numpy() for name in ("ret_broad", "ret_cap")}
    return replace(data, X=data.X.assign(**extra), digest=f"{data.digest}-{leak}")
