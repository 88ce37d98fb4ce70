"""One row a week: features at the decision, and the outcome once it has matured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from features import (
    feature_cache,
    implied_scale,
    jump_regime,
    labels,
    lineage,
    markov_regime,
    path_simulation,
    publication,
)
from features.data import catalog
from features.data.errors import RegimeError
from features.data.store import Snapshot
from features.families import FEATURES
from features.panel import build_inputs
from features.panel_columns import COLUMNS

FIRST_YEAR = 1927  # the library begins in mid-1926 and a year of look-back is needed
check_label = labels.check
codes_of_paths = labels.codes_of_paths  # simulated paths are judged as what happened is
OUTCOMES = labels.OUTCOMES
LABEL_MEANING = labels.LABELS
# A column only baselines read: LightGBM and the logit on all features never see it.
BASELINE_FAMILY = jump_regime.FAMILY
LAST_OUTCOME = "last_outcome"
_LAST_MEANING = "the last outcome that had matured at the decision, by its place in `outcomes`"
FAMILY_OF = (
    {item.name: item.family for item in FEATURES}
    | {
        markov_regime.NAME: markov_regime.FAMILY,
        jump_regime.NAME: jump_regime.FAMILY,
        LAST_OUTCOME: BASELINE_FAMILY,
        implied_scale.NAME: implied_scale.FAMILY,
    }
    | dict.fromkeys(path_simulation.COLUMNS, path_simulation.FAMILY)
)
MEANING_OF = (
    {item.name: item.meaning for item in FEATURES}
    | {
        markov_regime.NAME: markov_regime.MEANING,
        jump_regime.NAME: jump_regime.MEANING,
        LAST_OUTCOME: _LAST_MEANING,
        implied_scale.NAME: implied_scale.MEANING,
    }
    | {f"simulated_{name}": path_simulation.MEANING.format(name) for name in OUTCOMES}
)
SIGNAL_OF = {item.name: item.signal for item in FEATURES}
# What says a reading; columns that only baselines read have none.
SAY_OF = {item.name: item.say for item in FEATURES} | {markov_regime.NAME: markov_regime.say}
# Features with an input that is revised and has no vintages: no champion may read them.
REVISED = frozenset(item.name for item in FEATURES if lineage.revised(item))
# The regime columns are made of the cap leg and bills, not of a `Feature`; the same rule dates them.
_LEG = [
    day
    for name in ("ret_cap", "ret_bill")
    for key in COLUMNS[name].keys
    if (day := catalog.BY_KEY[key].published_since)
]
_OF_THE_LEGS = (markov_regime.NAME, jump_regime.NAME, *path_simulation.COLUMNS)
PUBLISHED_SINCE = {item.name: day for item in FEATURES if (day := lineage.published_since(item)) is not None} | (
    dict.fromkeys(_OF_THE_LEGS, max(pd.Timestamp(day) for day in _LEG)) if _LEG else {}
)
# Before VIX it is realised volatility, so it is as old as that.
PUBLISHED_SINCE |= {implied_scale.NAME: PUBLISHED_SINCE["broad_vol_21"]}
TRAINABLE = tuple(item for item in FEATURES if not item.display)
RETURNS = ("ret_broad", "ret_cap", "ret_bill")


@dataclass(frozen=True)
class Dataset:
    """A labelled, point-in-time data set.

    Attributes
    ----------
    X : DataFrame, (weeks, features)
        Indexed by decision date; NaN where an input does not exist or is too old.
    outcome : Series of object, (weeks,)
        One of `outcomes`; NA until the horizon has ended.
    label_end : Series of Timestamp, (weeks,)
        The session on which the horizon ends.
    faltering : Series of bool, (weeks,)
        The leaders trail the broad leg over the past 21 sessions.
    label, digest, source, legs : str
    outcomes : tuple of str
        The label's outcomes, in the order of every probability table.
    rows_per_year : int
        52 for weekly decisions, 12 for the monthly ones of `stress`.
    outcome_margin : Series or None
        `outcome` with a 50 bp margin on rotation; reported, never trained on.
    returns : DataFrame, (sessions, `RETURNS`)
        Daily total returns of broad leg, cap leg and bills, as decimals.
    then : publication.Then or None
        The same data set as it could be built at a date; `at` reads it.
    """

    X: pd.DataFrame
    outcome: pd.Series
    label_end: pd.Series
    faltering: pd.Series
    label: str
    digest: str
    source: str
    legs: str
    outcomes: tuple[str, ...] = OUTCOMES
    rows_per_year: int = 52
    outcome_margin: pd.Series | None = None
    returns: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(RETURNS), dtype=float))
    then: publication.Then[Dataset] | None = field(default=None, repr=False, compare=False)

    def as_published(self, date: pd.Timestamp) -> Dataset:
        """The data set that could be built on `date`: of each source what it had published before.

        Columns of a source that was not there yet are missing in every row. The outcomes
        are those of the legs' returns, also where the library came later.
        """
        seen = self if self.then is None else self.then.at(date)
        unread = [name for name in seen.X if PUBLISHED_SINCE.get(str(name), pd.Timestamp.min) >= date]
        if self.then is None and self.X[unread].isna().all(axis=None):
            return self  # cut already
        X = seen.X.copy()
        X[unread] = np.nan
        if "vix" in unread and implied_scale.NAME in X and "broad_vol_21" not in unread:
            X[implied_scale.NAME] = implied_scale.compute(None, X["broad_vol_21"], self.rows_per_year)
        return replace(seen, X=X, then=None)


def last_matured(outcome: pd.Series, label_end: pd.Series, outcomes: tuple[str, ...]) -> pd.Series:
    """Place in `outcomes` of the last outcome whose horizon had ended before each decision; NaN before the first."""
    codes = pd.Series(pd.Categorical(outcome, categories=outcomes).codes, outcome.index).astype(float)
    codes = codes.where(codes >= 0).ffill()
    position = np.searchsorted(label_end.to_numpy(), outcome.index.to_numpy(), side="left") - 1
    return pd.Series(np.where(position >= 0, codes.to_numpy()[position], np.nan), outcome.index, name=LAST_OUTCOME)


def build(
    snapshot: Snapshot, label: str, progress: Callable[[int, int], None] | None = None, with_jump: bool = False
) -> Dataset:
    """Build the data set from what `snapshot` shows; `with_jump` adds the jump model's column."""
    then = publication.Then(snapshot, lambda seen: _build(seen, label, progress, with_jump))
    return replace(_build(snapshot, label, progress, with_jump), then=then)


def _build(snapshot: Snapshot, label: str, progress: Callable[[int, int], None] | None, with_jump: bool) -> Dataset:
    labels.check(label)
    data = build_inputs(snapshot)
    panel = data.panel
    whole = panel.index[panel[["ret_broad", "ret_cap"]].notna().all(axis=1)]
    dates = labels.decision_dates(label, pd.Timestamp(FIRST_YEAR, 1, 1), panel.index[-1])
    dates = dates[dates.isin(whole[252:])] if len(whole) > 252 else dates[:0]
    if not len(dates):
        raise RegimeError(f"no decision week by {snapshot.last.date()}: a year of both legs is needed first")
    since = dates[0].year
    daily = feature_cache.compute(TRAINABLE, data, since)
    daily[markov_regime.NAME] = markov_regime.compute(panel, since, progress)
    if with_jump:
        daily[jump_regime.NAME] = jump_regime.compute(panel, since)
    X = daily.loc[dates].dropna(axis=1, how="all").astype(float)
    legs = panel["ret_broad"], panel["ret_cap"]
    outcome = labels.outcomes(label, *legs).loc[dates]
    ends = labels.label_ends(label, dates)
    kinds = labels.outcomes_of(label)
    X[LAST_OUTCOME] = last_matured(outcome, ends, kinds)
    rows_per_year = 12 if label in labels.MONTHLY else 52
    X[implied_scale.NAME] = implied_scale.compute(X.get("vix"), X["broad_vol_21"], rows_per_year)
    if label not in labels.MONTHLY:
        X = X.join(path_simulation.compute(panel, label, dates))
    return Dataset(
        X,
        outcome,
        ends,
        daily.loc[dates, "leaders_minus_broad_21"] < 0.0,
        label,
        snapshot.digest,
        snapshot.source,
        snapshot.legs,
        kinds,
        rows_per_year,
        labels.outcomes(label, *legs, labels.ROTATION_MARGIN).loc[dates],
        panel[list(RETURNS)],
    )
