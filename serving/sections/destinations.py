"""Where money may go: each group's strength, the odds that were earned, and what followed in the past."""

from __future__ import annotations

import json
from typing import Literal, cast

import numpy as np
import pandas as pd
from pydantic import Field

from features.data.errors import RegimeError
from features.group_panel import FEATURES, GroupPanel
from features.groups import GROUPS, MAY_CLAIM
from models.destinations import conditional, history
from models.destinations.fit import TrainingTable, fit_at
from models.destinations.record import CellEvidence, DestinationsRecord
from models.destinations.spec import DestinationsSpec
from models.tracking import destination_runs
from serving.call_context import CallContext
from serving.contract import Contract, Share

HORIZON = 21
Interval = tuple[float, float]
Quadrant = Literal["leading", "weakening", "lagging", "improving"]
TRAIN = "run `regime train run destinations`"


class GroupReading(Contract):
    """One group now."""

    group: str = Field(description="its name")
    kind: Literal["sector", "style", "overlap"] = Field(description="`overlap`: part of the broad leg, claims nothing")
    fund: str = Field(description="the fund that trades it")
    relative_21: float | None = Field(description="log return over the cap leg, 21 sessions")
    relative_63: float | None = Field(description="the same over 63")
    relative_252: float | None = Field(description="the same over 252")
    quadrant: Literal["leading", "weakening", "lagging", "improving"] | None = Field(
        description="of the rotation graph"
    )
    p_beats: Share | None = Field(description="odds of beating the cap leg over 21 sessions; None: not earned")
    base_beats: Share | None = Field(description="how often it did")
    p_moves: Share | None = Field(description="odds of ending more than 2 points away; None: not earned")
    base_moves: Share | None = Field(description="how often it did")
    given_rotation: Share | None = Field(description="how often it beat the cap leg in weeks that became rotations")
    rotation_weeks: int = Field(description="such weeks")
    given_breakdown: Share | None = Field(description="the same in weeks that became breakdowns")
    breakdown_weeks: int = Field(description="such weeks")
    weighted: Share | None = Field(description="rates given each outcome by the call's odds; None without a champion")


class GroupHistory(Contract):
    """What followed in the past for a group under a condition, on funds."""

    group: str = Field(description="its name")
    condition: Literal["rotation", "breakdown", "faltering"] = Field(description="what the weeks became, or were")
    weeks: int = Field(description="weeks")
    episodes: int = Field(description="stretches of such weeks, at most 13 weeks apart (faltering: 4)")
    share: Share = Field(description="of the weeks, how many it was ahead of the cap leg 21 sessions later")
    share_interval: Interval | None = Field(description="90 % block bootstrap")
    lead: float = Field(description="mean return over the cap leg, a decimal")
    lead_interval: Interval | None = Field(description="90 % block bootstrap")


class Evidence(Contract):
    """What the gate found on funds for one outcome over 21 sessions."""

    outcome: Literal["beats", "moves"] = Field(description="beats the cap leg, or moves by more than 2 points")
    model: str = Field(description="the champion, or the model that came nearest")
    earned: bool = Field(description="whether it may claim")
    skill: float = Field(description="log-loss skill against the groups' own rates")
    skill_interval: Interval | None = Field(description="90 % block bootstrap of weeks")
    p: Share = Field(description="one-sided")
    adjusted_p: Share = Field(description="by Holm, for all models, outcomes, horizons and tries")
    weeks: int = Field(description="test weeks on funds")
    first: str = Field(description="the first of them")
    last: str = Field(description="the last of them")


class LeadersBought(Contract):
    """The three strongest groups of the leading quadrant, bought each week and held for 21 sessions, after 10 bp."""

    first: str = Field(description="first week")
    last: str = Field(description="last week")
    weeks: int = Field(description="weeks with a leading group")
    a_year: float = Field(description="return over the cap leg a year")
    interval: Interval | None = Field(description="90 % block bootstrap")


class Destinations(Contract):
    """Where money may go."""

    groups: tuple[GroupReading, ...] = Field(description="every group that has a price")
    missing: tuple[str, ...] = Field(description="groups without a fund or library series now")
    evidence: tuple[Evidence, ...] = Field(description="what was earned on funds")
    followed: tuple[GroupHistory, ...] = Field(description="what followed in the past")
    leaders_bought: LeadersBought | None = Field(description="what buying the graph's leaders returned")
    version: str = Field(description="of `regime-destinations`")


def make(
    context: CallContext, date: pd.Timestamp, probabilities: dict[str, float] | None
) -> tuple[Destinations | None, str]:
    """The section of the decision at `date`, or None and the reason why there is none, in one line."""
    try:
        if context.snapshot.legs != "us":
            return None, "these data hold no sector or style"
        if context.destinations is None:
            return None, f"no experiment on the groups is registered: {TRAIN}"
        version, record = context.destinations
        if record.source != context.snapshot.source:
            return (
                None,
                f"{destination_runs.NAME} was trained on {record.source} data: run `regime train run destinations`",
            )
        return build(context.groups, record, version, date, probabilities), ""
    except RegimeError as error:
        return None, str(error)


def build(
    panel: GroupPanel,
    record: DestinationsRecord,
    version: str,
    date: pd.Timestamp,
    probabilities: dict[str, float] | None,
) -> Destinations:
    """The section of the decision at `date`.

    Parameters
    ----------
    panel : GroupPanel
        May reach beyond `date`: only what was known then is read.
    record : DestinationsRecord
    version : str
    date : Timestamp
    probabilities : dict or None
        The call's own odds of the outcomes, where a champion made them.

    Raises
    ------
    RegimeError
        Too few rows before `date`.
    """
    week = int(panel.dates.get_loc(date))
    spec = DestinationsSpec(**json.loads(record.spec))
    odds, base = _odds(panel, spec, record, date, week)
    rates = {name: conditional.rates(panel, name, week) for name in ("rotation", "breakdown", "neither")}
    known = panel.rows["joined"].known[week]
    quadrants = history.quadrant_names(panel, week)
    X = panel.rows["joined"].X[week]
    groups = []
    for place, group in enumerate(GROUPS):
        if not known[place]:
            continue
        given = {name: (float(rate[place]), int(count[place])) for name, (rate, _, count) in rates.items()}
        weighted = None
        if probabilities is not None and all(count for _, count in given.values()):
            weighted = sum(probabilities[name] * rate for name, (rate, _) in given.items())
        claim = MAY_CLAIM[place]
        groups.append(
            GroupReading(
                group=group.name,
                kind=group.kind,
                fund=group.fund,
                **{f"relative_{w}": _number(X[place, FEATURES.index(f"relative_{w}")]) for w in (21, 63, 252)},
                quadrant=cast(Quadrant | None, quadrants[place]),
                p_beats=float(odds["beats"][place]) if claim and "beats" in odds else None,
                base_beats=float(base["beats"][place]) if "beats" in base else None,
                p_moves=float(odds["moves"][place]) if claim and "moves" in odds else None,
                base_moves=float(base["moves"][place]) if "moves" in base else None,
                given_rotation=given["rotation"][0] if given["rotation"][1] else None,
                rotation_weeks=given["rotation"][1],
                given_breakdown=given["breakdown"][0] if given["breakdown"][1] else None,
                breakdown_weeks=given["breakdown"][1],
                weighted=weighted,
            )
        )
    bought = history.leaders_bought(panel, week)
    return Destinations(
        groups=tuple(groups),
        missing=tuple(group.name for place, group in enumerate(GROUPS) if not known[place]),
        evidence=tuple(_evidence(cell) for name in ("beats", "moves") if (cell := record.cell(name, HORIZON))),
        followed=tuple(GroupHistory(**vars(one)) for one in history.followed(panel, week)),
        leaders_bought=None if bought is None else LeadersBought(**vars(bought)),
        version=version,
    )


def _odds(
    panel: GroupPanel, spec: DestinationsSpec, record: DestinationsRecord, date: pd.Timestamp, week: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Odds of what was earned and base rates by outcome, fitted as the fold of that week is."""
    table = TrainingTable(panel, spec.train_start)
    refit = _last_refit(panel, spec, date, week)
    odds, base = {}, {}
    for name in ("beats", "moves"):
        cell = record.cell(name, HORIZON)
        if cell is None:
            continue
        fitted = fit_at(table, spec.replace(model=cell.champion or "base"), name, HORIZON, refit)
        base[name] = np.array(fitted.base)
        if cell.champion:
            odds[name] = fitted.probabilities(panel.rows["joined"].X[week : week + 1])[0]
    return odds, base


def _last_refit(panel: GroupPanel, spec: DestinationsSpec, date: pd.Timestamp, week: int) -> pd.Timestamp:
    """The last scheduled refit at or before `date`; before the first test week, `date` itself."""
    first = int(panel.dates.searchsorted(pd.Timestamp(spec.first_test)))
    if week < first:
        return date
    return pd.Timestamp(panel.dates[first + (week - first) // spec.refit_weeks * spec.refit_weeks])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _evidence(cell: CellEvidence) -> Evidence:
    low, high = cell.skill_low, cell.skill_high
    return Evidence(
        outcome=cast(Literal["beats", "moves"], cell.outcome),
        model=cell.model,
        earned=cell.champion is not None,
        skill=cell.skill,
        skill_interval=None if low is None or high is None else (low, high),
        p=cell.p,
        adjusted_p=cell.adjusted_p,
        weeks=cell.weeks,
        first=cell.first,
        last=cell.last,
    )


def as_table(section: Destinations) -> pd.DataFrame:
    """The groups as a table, a row a group: what CSV holds."""
    return pd.DataFrame([one.model_dump() for one in section.groups])
