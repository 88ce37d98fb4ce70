"""Why the call says what it says: its strongest features in words, and how unusual its row is."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd

from features.dataset import FAMILY_OF, MEANING_OF, OUTCOMES, SAY_OF, SIGNAL_OF
from features.wording import HIGH, LOW, rank_words
from models.explain import contribution_table, contributions
from models.fitted import FittedModel
from serving.call import Drift, Driver, DriverHistory, Probabilities, Reading, Side

DRIVERS_A_SIDE = 5
CONSIDERED = 60  # strongest features that are looked through for drivers
SAME = 0.7  # correlation from which two features say the same
SAME_OF_SIGNAL = 0.3  # the same for two that stand for one signal, such as the yield curve
RECENT_WEEKS = 1040  # weeks that correlations are taken over
FEW = 3  # features up to which a model's every reading is told
FIFTHS = 5
MIN_WEEKS = 52  # matured weeks below which a reading's history says nothing


def strongest_drivers(
    model: FittedModel, row: pd.DataFrame, past: pd.DataFrame, outcome: pd.Series
) -> tuple[Driver, ...]:
    """The strongest reasons for rotation, then those for breakdown, each side strongest first.

    A reading near its usual is no reason. Features that move together are one: the strongest of them speaks, with
    the sum of what they add.

    Parameters
    ----------
    model : FittedModel
        The fitted model that made the call.
    row : DataFrame, (1, features)
    past : DataFrame, (weeks, features)
        The rows before it, for the percentile of each reading.
    outcome : Series, (weeks,)
        Outcome by decision date as known at the decision; missing where it had not matured.
    """
    parts = contributions(model, row)
    parts = parts[parts != 0.0]
    telling = [str(name) for name in parts.index if max(_below_and_above(row, past, str(name))) >= HIGH]
    order = parts[telling].abs().sort_values(ascending=False, kind="stable").index[:CONSIDERED]
    found = []
    for names in _groups([str(name) for name in order], past):
        total = float(parts[names].sum())
        first = next((name for name in names if parts[name] * total > 0.0), None)
        if first is not None:
            found.append(_driver(first, tuple(name for name in names if name != first), total, row, past, outcome))
    found.sort(key=lambda one: -abs(one.contribution))
    sides: tuple[Side, Side] = ("rotation", "breakdown")
    return tuple(one for side in sides for one in [d for d in found if d.side == side][:DRIVERS_A_SIDE])


def few_readings(model: FittedModel, row: pd.DataFrame, past: pd.DataFrame, outcome: pd.Series) -> tuple[Reading, ...]:
    """Every reading of a model of at most `FEW` features, near its usual or not; nothing for a larger one.

    Such a model's odds follow from where these readings stand, so each tells how often the outcomes followed past
    readings in the same fifth of its past. Parameters as for `strongest_drivers`. A reading that is missing, or whose
    fifth holds fewer than `MIN_WEEKS` matured weeks, is left out.
    """
    names = [name for name in model.features if name in past]
    if len(names) > FEW:
        return ()
    found = (_reading(name, row, past, outcome.reindex(past.index)) for name in names)
    return tuple(one for one in found if one is not None)


def _reading(name: str, row: pd.DataFrame, past: pd.DataFrame, outcome: pd.Series) -> Reading | None:
    value, history = float(row[name].iloc[0]), past[name]
    below, above = _below_and_above(row, past, name)
    fifth = min(int(FIFTHS * below), FIFTHS - 1)
    low, high = history.quantile([fifth / FIFTHS, (fifth + 1) / FIFTHS])
    known = history.notna() & outcome.notna()
    inside = known & (history >= low) & (history <= high)
    if not math.isfinite(value) or inside.sum() < MIN_WEEKS:
        return None
    return Reading(
        feature=name,
        value=value,
        percentile=below,
        words=reading_in_words(name, value, below, above),
        weeks=int(inside.sum()),
        followed=_shares(outcome[inside]),
        usual=_shares(outcome[known]),
    )


def _shares(came: pd.Series) -> Probabilities:
    return Probabilities(**{name: float((came == name).mean()) for name in OUTCOMES})


def _below_and_above(row: pd.DataFrame, past: pd.DataFrame, name: str) -> tuple[float, float]:
    """Shares of past readings below and above this one, ties in neither; zeros where it is missing or has no past."""
    value, history = float(row[name].iloc[0]), past[name].dropna()
    if not len(history) or not math.isfinite(value):
        return 0.0, 0.0
    return float((history < value).mean()), float((history > value).mean())


def _groups(names: list[str], past: pd.DataFrame) -> list[list[str]]:
    """Names in groups that move together, each led by the first of its own in the order given."""
    if not names:
        return []
    recent = past[names].iloc[-RECENT_WEEKS:]
    values = (recent - recent.mean()).fillna(0.0).to_numpy()
    norm = np.sqrt((values**2).sum(axis=0))
    cosine = values.T @ values / np.maximum(np.outer(norm, norm), 1e-300)
    groups: list[list[str]] = []
    left = list(range(len(names)))
    while left:
        first = left[0]
        same = [
            place for place in left if place == first or abs(cosine[first, place]) >= _bound(names[first], names[place])
        ]
        groups.append([names[place] for place in same])
        left = [place for place in left if place not in same]
    return groups


def _bound(one: str, other: str) -> float:
    """The correlation from which two features are one reason."""
    signal = SIGNAL_OF.get(one)
    return SAME_OF_SIGNAL if signal is not None and signal == SIGNAL_OF.get(other) else SAME


def _driver(
    name: str, together: tuple[str, ...], contribution: float, row: pd.DataFrame, past: pd.DataFrame, outcome: pd.Series
) -> Driver:
    value, (below, above) = float(row[name].iloc[0]), _below_and_above(row, past, name)
    side: Side = "rotation" if contribution > 0.0 else "breakdown"
    return Driver(
        feature=name,
        family=_family(name),
        side=side,
        contribution=contribution,
        value=value,
        percentile=below,
        words=reading_in_words(name, value, below, above),
        together=together,
        history=_history(past[name], below < HIGH, outcome.reindex(past.index), side),
    )


def _history(past: pd.Series, low: bool, outcome: pd.Series, side: Side) -> DriverHistory | None:
    """How often the outcome followed readings in the same outer fifth of the past."""
    outer = (past <= past.quantile(LOW)) if low else (past >= past.quantile(HIGH))
    known = past.notna() & outcome.notna()
    came = outcome[known].to_numpy(str) == side
    inside = outer[known].to_numpy()
    if inside.sum() < MIN_WEEKS:
        return None
    return DriverHistory(weeks=int(inside.sum()), share=float(came[inside].mean()), usual=float(came.mean()))


def reading_in_words(name: str, value: float, below: float, above: float) -> str:
    """A reading and where it stands in its past: "VIX is at 31.0, higher than 93 % of its past".

    Parameters
    ----------
    name : str
        The feature's name; its wording stands beside it in `features.families`.
    value : float
    below, above : float
        Shares of past readings below and above this one.
    """
    say = SAY_OF.get(name)
    said = say(value) if say else f"{MEANING_OF.get(name, name)}: {value:.2f}"
    rank = rank_words(below, above)
    return f"{said}, {rank}" if rank else said


def _family(name: str) -> str:
    return FAMILY_OF.get(name, "other")


def family_contributions(model: FittedModel, row: pd.DataFrame) -> dict[str, float]:
    """Sum of contributions by family, largest magnitude first; positive speaks for rotation."""
    parts = contributions(model, row)
    if not len(parts):
        return {}
    sums = parts.groupby([_family(str(name)) for name in parts.index]).sum()
    return {str(name): float(sums[name]) for name in sums.abs().sort_values(ascending=False).index}


WEIGHED_WEEKS = 52


def feature_drift(
    model: FittedModel, row: pd.DataFrame, past: pd.DataFrame, of: Literal["shown", "challenger"] = "shown"
) -> Drift:
    """The model's features that lie outside the 1 to 99 % range of the rows before; about 2 % do by construction."""
    names = [name for name in model.features if name in past]
    if not names:
        return Drift(of=of, share_outside=0.0, features=())
    low, high = past[names].quantile(0.01), past[names].quantile(0.99)
    value = row[names].iloc[0]
    outside = (value < low) | (value > high)
    weight = contribution_table(model, past.iloc[-WEIGHED_WEEKS:].reindex(columns=past.columns.union(model.features)))
    weight = weight.abs().mean().reindex(names).fillna(0.0)
    return Drift(
        of=of,
        share_outside=float(outside.mean()),
        features=tuple(str(name) for name in outside.index[outside]),
        weighted=min(1.0, float((weight * outside).sum() / weight.sum())) if weight.sum() > 0.0 else None,
    )
