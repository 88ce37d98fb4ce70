"""The range of the broad leg over the coming weeks, with the odds of falls on the way.

A breakdown *is* a close at least 5 % lower within 21 sessions, so the call has one number
for it, P(breakdown) of the outcomes' model that its gate chose, and one base rate.
The range's odds of all falls are moved onto it by one shift in log odds
(`models.range.statement.moved`): they keep their order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import pandas as pd
from pydantic import Field, model_validator

from features.data.calendar import HORIZON
from models.range.paths import last_decisions, read_legs
from models.range.statement import RANK_YEARS, SHOWN, moved, state_range
from serving.contract import Contract, Share

if TYPE_CHECKING:
    from features.dataset import Dataset
    from models.range.fitted import FittedRange
    from models.tracking.range_registry import RegisteredRange

BREAKDOWN = "5"  # the fall, in percent, that is a breakdown
MONTH = str(HORIZON)


class RangeEvidence(Contract):
    """CRPS skill against the unscaled pool of twenty years, out of sample, with its one-sided p."""

    crps_skill: float | None = Field(default=None, description="over all test weeks")
    crps_skill_p: Share | None = Field(default=None, description="its p")
    crps_skill_last_10_years: float | None = Field(default=None, description="over the last ten years")
    crps_skill_p_last_10_years: Share | None = Field(default=None, description="its p")


class HorizonRange(Contract):
    """The broad leg's return over one horizon, as decimals."""

    quantiles: dict[str, float] = Field(description="of the return, by name: q05 is the 5 % quantile")
    usual: dict[str, float] = Field(description="the same of the unscaled returns of the last twenty years")
    falls: dict[str, Share] = Field(description="odds of a close at least so many percent lower within the horizon")
    usual_falls: dict[str, Share] = Field(description="the same of the unscaled returns")
    width_rank: Share | None = Field(description="share of the last ten years' decisions with a narrower 80 % band")
    evidence: RangeEvidence = Field(description="what ranges of this model were worth")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for values in (self.quantiles, self.usual):
            if tuple(values) != SHOWN or any(high < low for low, high in pairwise(values.values())):
                raise ValueError(f"quantiles {list(values)} are not {', '.join(SHOWN)} in ascending order")
        for odds in (self.falls, self.usual_falls):
            deepening = [odds[fall] for fall in sorted(odds, key=int)]
            if any(deeper > shallower for shallower, deeper in pairwise(deepening)):
                raise ValueError("a deeper fall is likelier than a shallower one")
        return self


class RangeModel(Contract):
    """The registered model that the range is from; `champion`: it earned its place at the range's gate."""

    name: str = Field(description="registered model")
    version: str = Field(description="its version")
    kind: str = Field(description="what sets its scale")
    champion: bool = Field(description="whether the range's gate chose it")
    fitted_at: dt.date = Field(description="the refit date its rows end before")
    fitted_now: bool = Field(description="it was fitted for this call")
    gate: str = Field(description="the gate's reason")


class Range(Contract):
    """A range with the model it is from."""

    by_horizon: dict[str, HorizonRange]
    model: RangeModel


def build(
    dataset: Dataset,
    registered: RegisteredRange,
    champion: bool,
    fitted: FittedRange,
    date: pd.Timestamp,
    breakdown: float,
    base_rate: float,
) -> Range:
    """The range on `date`.

    Parameters
    ----------
    dataset : Dataset
        Up to the date and no further.
    registered : RegisteredRange
    champion : bool
        Whether it is the champion of its gate.
    fitted : FittedRange
        Its fit in force on that date.
    date : Timestamp
        A decision date.
    breakdown, base_rate : float
        The call's probability of a breakdown, and its base rate.

    Raises
    ------
    RegimeError
        The data set lacks a leg, or what the model reads has no value on the date.
    """
    from models.range.fit import frame_of  # SciPy and LightGBM, which reading a kept call does without

    legs = last_decisions(read_legs(dataset), date, RANK_YEARS)
    rows = frame_of(dataset, legs, registered.spec.reads_garch)[0]
    said = state_range(fitted, rows, registered.evidence)
    for name, known in (("falls", breakdown), ("usual_falls", base_rate)):
        told = moved({horizon: one[name] for horizon, one in said.items()}, MONTH, BREAKDOWN, known)
        for horizon, one in said.items():
            one[name] = told[horizon]
    return Range(
        by_horizon={
            horizon: HorizonRange(**one | {"evidence": RangeEvidence(**one["evidence"])})
            for horizon, one in said.items()
        },
        model=RangeModel(
            name=registered.name,
            version=registered.version,
            kind=registered.spec.model,
            champion=champion,
            fitted_at=pd.Timestamp(fitted.fitted_at).date(),
            fitted_now=fitted is not registered.document,
            gate=registered.tags.get("gate", ""),
        ),
    )


def words(by_horizon: Mapping[str, HorizonRange], model: RangeModel) -> list[str]:
    """The range over a month in plain sentences."""
    one = by_horizon.get(MONTH)
    if one is None:
        return []
    low, high = (f"{100 * one.quantiles[name]:+.1f} %" for name in ("q10", "q90"))
    usual_low, usual_high = (f"{100 * one.usual[name]:+.1f} %" for name in ("q10", "q90"))
    lines = [
        f"The broad market's likely range over {MONTH} sessions: {low} to {high} (8 in 10); "
        f"usual {usual_low} to {usual_high}."
    ]
    if BREAKDOWN in one.falls:
        lines.append(
            f"Odds of closing {BREAKDOWN} % lower on the way: {100 * one.falls[BREAKDOWN]:.0f} % "
            f"(usual {100 * one.usual_falls[BREAKDOWN]:.0f} %)."
        )
    if one.width_rank is not None:
        wide = one.width_rank >= 0.5
        share = 100 * (one.width_rank if wide else 1.0 - one.width_rank)
        lines.append(
            f"The range is {'wider' if wide else 'narrower'} than in {share:.0f} % of the last ten years' weeks."
        )
    if not model.champion:
        lines.append("No evidence for this range: no model of it is ahead of the usual one.")
    elif one.evidence.crps_skill is not None and one.evidence.crps_skill_p is not None:
        skill, p = one.evidence.crps_skill, one.evidence.crps_skill_p
        told = f"Its CRPS is {100 * skill:.1f} % below the usual range's (p {p:.3f})"
        recent = one.evidence.crps_skill_last_10_years
        lines.append(f"{told}; in the last ten years {100 * recent:.1f} %." if recent is not None else f"{told}.")
    return lines
