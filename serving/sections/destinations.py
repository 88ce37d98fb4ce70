"""Where money may go: each group's strength, the odds that were earned, and what followed in the past.

The types alone: a call kept from last time is read without the libraries that build it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from serving.contract import Contract, Share

Interval = tuple[float, float]
Quadrant = Literal["leading", "weakening", "lagging", "improving"]


class GroupReading(Contract):
    """One group now."""

    group: str = Field(description="its name")
    kind: Literal["sector", "style", "overlap"] = Field(description="`overlap`: part of the broad leg, claims nothing")
    fund: str = Field(description="the fund that trades it")
    relative_21: float | None = Field(description="log return over the cap leg, 21 sessions")
    relative_63: float | None = Field(description="the same over 63")
    relative_252: float | None = Field(description="the same over 252")
    quadrant: Quadrant | None = Field(description="of the rotation graph")
    p_beats: Share | None = Field(description="odds of beating the cap leg over 21 sessions; None: not earned")
    base_beats: Share | None = Field(description="how often it did")
    p_moves: Share | None = Field(description="odds of ending more than 2 points away; None: not earned")
    base_moves: Share | None = Field(description="how often it did")
    given_rotation: Share | None = Field(
        description="how often it beat the cap leg in weeks that became rotations, with the library's portfolios "
        "before there were funds, drawn to its own rate by 52 weeks"
    )
    rotation_weeks: int = Field(description="such weeks")
    given_breakdown: Share | None = Field(description="the same in weeks that became breakdowns")
    breakdown_weeks: int = Field(description="such weeks")
    weighted: Share | None = Field(description="rates given each outcome by the call's odds; None without a champion")


class GroupHistory(Contract):
    """What followed in the past for a group under a condition, on funds alone."""

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
    faltering_skill: float | None = Field(default=None, description="skill in the weeks when the leaders faltered")
    faltering_p: Share | None = Field(default=None, description="of that, one-sided, not adjusted")
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
