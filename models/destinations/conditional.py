"""Rates given what the weeks became: how often a group beat the cap leg in rotations, and in breakdowns.

They are base rates and no forecast: what a week becomes is known only afterwards.
Their skill says whether a group's habit in such weeks is a habit at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.group_panel import GroupPanel, happened
from features.groups import KINDS
from models.evaluation import destination_scores
from models.evaluation.predictions import in_period

CONDITIONS = ("rotation", "breakdown")
PRIOR = 52.0  # rows of the group's own rate in its rate under a condition
LEAST_WEEKS = 30  # of the condition before a rate is forecast
BETWEEN = 26  # weeks between two refits
SETS = {"sector": "sectors", "style": "styles"}
FIRST = pd.Timestamp("1990-01-01")


@dataclass(frozen=True)
class ConditionalScore:
    """Skill of a condition's rates against the groups' own rates, on the weeks that became it, funds only."""

    condition: str
    groups: str
    since: str
    weeks: int
    skill: float
    p: float


def rates(panel: GroupPanel, condition: str, week: int, horizon: int = 21) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate of beating the cap leg under a condition, own rate, and weeks of the condition, each (groups,).

    Only weeks whose horizon had ended before the decision of row `week`. The
    rate is drawn to the group's own by `PRIOR` rows, that to one half.
    """
    known = int(panel.ends[horizon].searchsorted(panel.dates[week], side="left"))
    y = happened(panel.rows["joined"].ahead[horizon][:known], "beats")
    inside = (panel.outcome.iloc[:known] == condition).to_numpy(bool)
    seen = np.isfinite(y)
    own = (np.nansum(y, axis=0) + 0.5 * PRIOR) / (seen.sum(axis=0) + PRIOR)
    count = seen[inside].sum(axis=0)
    return (np.nansum(y[inside], axis=0) + PRIOR * own) / (count + PRIOR), own, count


def scores(panel: GroupPanel, since: tuple[str, ...] = ("1990-01-01", "2011-01-01")) -> list[ConditionalScore]:
    """Out-of-sample skill of the conditional rates by condition and kind of group."""
    horizon, found = 21, []
    y = happened(panel.rows["joined"].ahead[horizon], "beats")
    y = np.where(panel.rows["joined"].on_fund, y, np.nan)
    start = int(panel.dates.searchsorted(FIRST))
    for condition in CONDITIONS:
        p, base = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
        for first in range(start, len(panel.dates), BETWEEN):
            rate, own, count = rates(panel, condition, first, horizon)
            enough = count >= LEAST_WEEKS
            rows = slice(first, first + BETWEEN)
            p[rows], base[rows] = np.where(enough, rate, np.nan), np.where(enough, own, np.nan)
        inside = (panel.outcome == condition).to_numpy(bool)
        for kind, said in SETS.items():
            mask = inside[:, None] & np.isin(KINDS, [kind])
            ahead = np.where(mask, panel.rows["joined"].ahead[horizon], np.nan)
            weekly = destination_scores.weekly(panel.dates, p, base, np.where(mask, y, np.nan), ahead, horizon)
            for day in since:
                kept = in_period(panel.dates, day, None) & np.isfinite(weekly.loss)
                if kept.any():
                    made = destination_scores.figures(weekly, horizon, kept)
                    start_day = str(panel.dates[kept][0].date())
                    score = ConditionalScore(
                        condition, said, start_day, int(kept.sum()), made["log_loss_skill"], made["log_loss_skill_p"]
                    )
                    found.append(score)
    return found
