"""What the journal's live calls have proved so far, and whether their own probabilities have become doubtful.

The outcomes are those known at the decision, so a call counts every live call whose
month has passed, not only those of the last scoring.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import Field

from features.data.calendar import HORIZON, SESSIONS_A_WEEK
from features.data.percent import percent
from serving.contract import Contract, Share, odds

if TYPE_CHECKING:  # its import reads every family of features, which a kept call does without
    from features.dataset import Dataset
    from serving.journal_entry import Entry

SHOWN = ("climatology", "markov")  # the nulls that a call says in words; all are in its JSON


class Against(Contract):
    """The evidence against one null hypothesis."""

    null: str = Field(description="a name of `serving.running_evidence.NULLS`")
    value: float = Field(ge=0.0, description="e-value: 3.1 means 3.1 to 1")
    bets: Annotated[int, Field(ge=0, description="settled")]
    reached: dt.date | None = Field(description="when it first stood at 20 to 1")
    claimed: bool = Field(description="it still does with every bet settled")


class SaidAndCame(Contract):
    """Calibration of the matured live calls: mean probability of an outcome, and how often it came."""

    said: Share = Field(description="mean probability")
    came: Share = Field(description="share of weeks in which it came")


class LiveEvidence(Contract):
    """The record of the live calls, valid at any time."""

    since: dt.date = Field(description="the first of these calls")
    calls: Annotated[int, Field(ge=1, description="matured")]
    months: float = Field(description="independent months in them")
    against: tuple[Against, ...] = Field(description="e-values, one a null hypothesis")
    alarm: bool = Field(description="20 to 1 against the calls' own probabilities")
    calibration: dict[str, SaidAndCame] = Field(description="by outcome")


def build(entries: list[Entry], dataset: Dataset) -> LiveEvidence | None:
    """The evidence of the live calls that had matured in `dataset`; None without any.

    Parameters
    ----------
    entries : list of Entry
        Of the journal, those that count (`serving.journal.scored`).
    dataset : Dataset
        Up to the decision and no further.
    """
    from serving.running_evidence import evidence_of
    from serving.scorecard import call_table

    last = dataset.X.index[-1]
    live = [one for one in entries if one.entry_type == "live" and pd.Timestamp(one.call.asof) < last]
    if not live:
        return None
    table = call_table(live, dataset.outcome)
    matured = table[table["outcome"].notna() & (table["label_end"] <= last)].sort_values("date")
    if not len(matured):
        return None
    found = evidence_of(matured)
    own = next(one for one in found if one.null == "own")
    return LiveEvidence(
        since=matured["date"].iloc[0].date(),
        calls=len(matured),
        months=len(matured) * SESSIONS_A_WEEK / HORIZON,
        against=tuple(
            Against(
                null=one.null,
                value=one.value,
                bets=one.bets,
                reached=None if one.reached is None else dt.date.fromisoformat(one.reached),
                claimed=one.claimed,
            )
            for one in found
        ),
        alarm=own.claimed,
        calibration={
            name: SaidAndCame(said=float(matured[f"p_{name}"].mean()), came=float((matured["outcome"] == name).mean()))
            for name in dataset.outcomes
        },
    )


def words(section: LiveEvidence) -> list[str]:
    """The record in plain sentences, the alarm first."""
    values = {one.null: one for one in section.against}
    lines = []
    if section.alarm:
        lines.append(
            f"Warning: the live record stands {odds(values['own'].value)} against the calls' own probabilities: "
            "do not rely on them."
        )
    known = {"climatology": "the usual odds", "markov": "Markov"}
    said = [f"{odds(values[null].value)} against {known[null]}" for null in SHOWN if null in values]
    lines.append(f"Evidence since {section.since}: {', '.join(said)} ({section.calls} matured calls).")
    pairs = ", ".join(
        f"{name} {percent(one.said, 0)} said, {percent(one.came, 0)} came" for name, one in section.calibration.items()
    )
    lines.append(f"Of those calls: {pairs}.")
    return lines
