"""Make a call's section on where money may go, from the groups' panel and what its experiment earned."""

from __future__ import annotations

import json
from typing import Literal, cast

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.group_panel import FEATURES, GroupPanel
from features.groups import GROUPS, MAY_CLAIM
from models.destinations import conditional, history
from models.destinations.fit import TrainingTable, fit_at
from models.destinations.record import CellEvidence, DestinationsRecord
from models.destinations.schedule import last_refit
from models.destinations.spec import DestinationsSpec
from models.tracking import destination_runs
from serving.call_context import CallContext
from serving.sections.destinations import (
    Destinations,
    Evidence,
    GroupHistory,
    GroupReading,
    LeadersBought,
    Quadrant,
)

HORIZON = 21
TRAIN = "run `regime train run destinations`"


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
    refit = last_refit(panel, spec, date)
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
        faltering_skill=cell.faltering_skill,
        faltering_p=cell.faltering_p,
        weeks=cell.weeks,
        first=cell.first,
        last=cell.last,
    )


def as_table(section: Destinations) -> pd.DataFrame:
    """The groups as a table, a row a group: what CSV holds.

    The columns of a `GroupReading`, and of each condition what followed on funds alone: `funds_<condition>_weeks`,
    `_share` and `_lead`.
    """
    rows = []
    for one in section.groups:
        row = one.model_dump()
        for told in section.followed:
            if told.group == one.group:
                row |= {f"funds_{told.condition}_{name}": getattr(told, name) for name in ("weeks", "share", "lead")}
        rows.append(row)
    return pd.DataFrame(rows).astype({f"funds_{name}_weeks": "Int64" for name in history.CONDITIONS}, errors="ignore")
