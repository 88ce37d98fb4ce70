"""The groups' section in words: a table of at most 80 columns, sentences, and what followed in the past."""

from __future__ import annotations

import numpy as np

from features.data.percent import percent
from serving.sections.destinations import Destinations, GroupHistory

HEADER = ("", "1m", "3m", "12m", "quadrant", "beats", "moves", "rot.", "brk.")


def grid(section: Destinations) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Header and rows of the table of groups, at most 80 columns wide."""
    rows = []
    for kind in ("sector", "style", "overlap"):
        for one in section.groups:
            if one.kind == kind:
                mark = "*" if kind == "overlap" else ""
                rows.append(
                    (
                        f"{one.group.replace('_', ' ')}{mark}",
                        *(_points(getattr(one, f"relative_{window}")) for window in (21, 63, 252)),
                        one.quadrant or "",
                        f"{_share(one.p_beats)}/{_share(one.base_beats)}",
                        f"{_share(one.p_moves)}/{_share(one.base_moves)}",
                        _share(one.given_rotation),
                        _share(one.given_breakdown),
                    )
                )
    return HEADER, tuple(rows)


def _points(value: float | None) -> str:
    return "" if value is None else f"{round(100.0 * np.expm1(value)) + 0:+d}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100.0 * value:.0f}"


LEVEL = 0.05
WHAT = {"beats": "Whether a group beats the S&P 500", "moves": "Whether it moves by 2 points, up or down"}
MODELS = {
    "momentum": "12-1 momentum",
    "quadrants": "the graph's quadrants",
    "logit3": "the three-column logit",
    "volatility": "the volatility logit",
    "lightgbm": "LightGBM",
}


def words(section: Destinations) -> list[str]:
    """The section in plain sentences of at most 100 characters."""
    said = [
        "beats, moves: odds over 21 sessions / usual, %; a dash where no model has earned odds.",
        *_since_when(section),
        "* holds what the broad leg holds: it leads in rotations by definition and claims nothing.",
    ]
    for one in section.evidence:
        role = "Earned on funds by" if one.earned else "No evidence on funds. The nearest is"
        p = "p < 0.001" if one.p < 0.001 else f"p {one.p:.3f}"
        said.append(f"{WHAT[one.outcome]}: {_small(role)} {MODELS.get(one.model, one.model)}.")
        said.append(f"Its log-loss skill is {one.skill:+.3f}{_reach(one.skill_interval, 1.0, 3)}, {p}.")
        said.append(
            f"With all tries counted p is {one.adjusted_p:.3f}; {one.weeks:,} weeks, {one.first} to {one.last}."
        )
        if one.outcome == "beats" and one.faltering_skill is not None and one.faltering_p is not None:
            found = "no evidence" if one.faltering_p >= LEVEL else "before other tries are counted"
            figures = f"skill {one.faltering_skill:+.3f}, p {one.faltering_p:.3f}"
            said.append(f"In weeks when the leaders faltered alone: {figures}: {found}.")
    bought = section.leaders_bought
    if bought is not None:
        verb = "led" if bought.a_year > 0.0 else "lagged"
        said.append(
            f"Bought weekly since {bought.first}, the three strongest of the leading quadrant {verb} the S&P 500."
        )
        gained = f"{100.0 * bought.a_year:+.1f}{_reach(bought.interval, 100.0, 1)}"
        said.append(f"The difference is {gained} points a year, after 10 bp a trade.")
    if section.missing:
        said.append(f"Without a price now: {', '.join(name.replace('_', ' ') for name in section.missing)}.")
    return said


def _since_when(section: Destinations) -> list[str]:
    """What the last two columns of the table count, and why the lists below it differ."""
    rotations = max((one.rotation_weeks for one in section.groups), default=0)
    breakdowns = max((one.breakdown_weeks for one in section.groups), default=0)
    return [
        "rot., brk.: how often, in %, a group beat the S&P 500 in weeks that became one, known only later.",
        f"rot. counts {rotations:,} weeks and brk. {breakdowns:,}: portfolios of the library, later funds.",
        "Both are drawn to the group's usual share, the second number of beats, by 52 weeks.",
        "The lists below count funds alone, as found.",
    ]


def _small(text: str) -> str:
    return text[0].lower() + text[1:]


def followed_words(section: Destinations) -> dict[str, list[str]]:
    """What followed in the past, by condition: a line a group, the largest lead first."""
    titles = {
        "rotation": "In weeks that became rotations, funds alone",
        "breakdown": "In weeks that became breakdowns, funds alone",
        "faltering": "In weeks when the leaders faltered, funds alone",
    }
    found: dict[str, list[str]] = {}
    for condition, title in titles.items():
        rows = sorted((one for one in section.followed if one.condition == condition), key=lambda one: -one.lead)
        found[title] = [_history_line(one) for one in rows]
    return {title: lines for title, lines in found.items() if lines}


def _history_line(one: GroupHistory) -> str:
    share = percent(one.share, 0)
    if one.share_interval is not None:
        low, high = (percent(end, 0) for end in one.share_interval)
        share += f" ({low} to {high})"
    lead = f"{100.0 * one.lead:+.1f}{_reach(one.lead_interval, 100.0, 1)}"
    said = f"{one.group.replace('_', ' ')}: ahead in {share}, by {lead} points"
    return f"{said}; {one.weeks} weeks, {one.episodes} episodes"


def _reach(interval: tuple[float, float] | None, scale: float, digits: int) -> str:
    """The ends of a 90 % interval in brackets; empty where there is none."""
    if interval is None:
        return ""
    low, high = (f"{scale * end:+.{digits}f}" for end in interval)
    return f" ({low} to {high})"
