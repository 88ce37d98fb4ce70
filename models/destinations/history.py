"""What followed in the past: how often and by how much each group led, and what buying the graph's leaders returned.

Everything is known at the decision asked about: only weeks whose horizons had
ended before it count. Nothing is fitted; what a week became is known only
afterwards, so the shares in rotations and breakdowns are no forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.group_panel import QUADRANTS, GroupPanel
from features.groups import MAY_CLAIM, NAMES
from models.evaluation.bootstrap import interval
from models.evaluation.destination_scores import BEST, COST, SESSIONS_A_WEEK, SESSIONS_A_YEAR

CONDITIONS = ("rotation", "breakdown", "faltering")
GAP = 13  # weeks without the condition that part two episodes; leaders falter for shorter stretches
GAPS = {"faltering": 4}
HORIZON = 21


@dataclass(frozen=True)
class Followed:
    """One group under one condition: share of weeks ahead of the cap leg and mean lead, with 90 % intervals.

    Attributes
    ----------
    group, condition : str
    weeks, episodes : int
    share, lead : float
        The lead is a return over the horizon, a decimal.
    share_interval, lead_interval : tuple of float or None
        None for less than two years between the first and the last week.
    """

    group: str
    condition: str
    weeks: int
    episodes: int
    share: float
    lead: float
    share_interval: tuple[float, float] | None
    lead_interval: tuple[float, float] | None


@dataclass(frozen=True)
class LeadersBought:
    """The best of the leading quadrant, bought each week and held for the horizon, after costs, against the cap leg."""

    first: str
    last: str
    weeks: int
    a_year: float
    interval: tuple[float, float] | None


def known_weeks(panel: GroupPanel, week: int) -> int:
    """How many weeks had ended, horizon and label, before the decision of row `week`."""
    return int(panel.ends[HORIZON].searchsorted(panel.dates[week], side="left"))


def followed(panel: GroupPanel, week: int) -> list[Followed]:
    """Every group that has a fund under every condition, as known at the decision of row `week`; funds' weeks only."""
    size = known_weeks(panel, week)
    rows = panel.rows["joined"]
    ahead = np.where(rows.on_fund[:size], rows.ahead[HORIZON][:size], np.nan)
    outcome = panel.outcome.iloc[:size]
    inside = {name: (outcome == name).to_numpy(bool) for name in ("rotation", "breakdown")}
    inside["faltering"] = panel.faltering.to_numpy(bool)[:size]
    return [
        made
        for condition in CONDITIONS
        for place, name in enumerate(NAMES)
        if (made := _followed(name, condition, ahead[:, place], inside[condition])) is not None
    ]


def _followed(name: str, condition: str, ahead: np.ndarray, inside: np.ndarray) -> Followed | None:
    counted = inside & np.isfinite(ahead)
    at = np.flatnonzero(counted)
    if not len(at):
        return None
    span = slice(at[0], at[-1] + 1)
    weight = counted[span].astype(float)
    led = np.where(counted, ahead > 0.0, 0.0)[span]
    lead = np.where(counted, ahead, 0.0)[span]
    return Followed(
        name,
        condition,
        len(at),
        1 + int((np.diff(at) > GAPS.get(condition, GAP)).sum()),
        float(led.sum() / len(at)),
        float(lead.sum() / len(at)),
        _share_interval(led, weight),
        _ratio_interval(lead, weight),
    )


def _ratio_interval(part: np.ndarray, weight: np.ndarray) -> tuple[float, float] | None:
    low, high = interval(lambda a, b: a / np.where(b > 0.0, b, np.nan), (part, weight))
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None


def _share_interval(part: np.ndarray, weight: np.ndarray) -> tuple[float, float] | None:
    found = _ratio_interval(part, weight)
    return None if found is None else (max(0.0, found[0]), min(1.0, found[1]))


def leaders_bought(panel: GroupPanel, week: int) -> LeadersBought | None:
    """What the `BEST` groups of the leading quadrant by strength returned over the cap leg, funds only, a year."""
    size = known_weeks(panel, week)
    rows = panel.rows["joined"]
    ahead = rows.ahead[HORIZON][:size]
    leading = rows.column("quadrant")[:size] == QUADRANTS.index("leading")
    usable = leading & rows.on_fund[:size] & np.isfinite(ahead) & MAY_CLAIM[None, :]
    strength = np.where(usable, rows.column("rs_ratio")[:size], -np.inf)
    order = np.argsort(-strength, axis=1, kind="stable")[:, :BEST]
    picked = np.zeros(usable.shape)
    np.put_along_axis(picked, order, 1.0, axis=1)
    picked *= usable
    count = picked.sum(axis=1)
    held = picked / np.maximum(count, 1.0)[:, None]
    before = np.zeros_like(held)
    lag = round(HORIZON / SESSIONS_A_WEEK)
    before[lag:] = held[:-lag]
    returns = (held * np.where(usable, ahead, 0.0)).sum(axis=1) - COST * np.abs(held - before).sum(axis=1)
    at = np.flatnonzero(count > 0)
    if not len(at):
        return None
    span = slice(at[0], at[-1] + 1)
    weight = (count > 0).astype(float)[span]
    values = np.where(count > 0, returns, 0.0)[span] * SESSIONS_A_YEAR / HORIZON
    first, last = (str(panel.dates[place].date()) for place in (at[0], at[-1]))
    return LeadersBought(first, last, len(at), float(values.sum() / len(at)), _ratio_interval(values, weight))


def quadrant_names(panel: GroupPanel, week: int) -> list[str | None]:
    """Quadrant of each group at row `week`; None where it is not known."""
    place = panel.rows["joined"].column("quadrant")[week]
    return [QUADRANTS[int(one)] if np.isfinite(one) else None for one in place]
