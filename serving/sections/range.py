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
from features.data.percent import percent
from models.range.paths import last_decisions, read_legs
from models.range.statement import RANK_YEARS, SHOWN, moved, state_range
from serving.contract import Contract, Share

if TYPE_CHECKING:
    from features.dataset import Dataset
    from models.range.fitted import FittedRange
    from models.tracking.range_registry import RegisteredRange

BREAKDOWN = "5"  # the fall, in percent, that is a breakdown
MONTH = str(HORIZON)
BAND = 80  # percent of returns that the likely range should hold
REFERENCE = "20 years"


class RangeEvidence(Contract):
    """What such ranges were worth out of sample: CRPS skill against the unscaled pool of twenty years, and coverage."""

    crps_skill: float | None = Field(default=None, description="over all test weeks")
    crps_skill_p: Share | None = Field(default=None, description="its p")
    crps_skill_last_10_years: float | None = Field(default=None, description="over the last ten years")
    crps_skill_p_last_10_years: Share | None = Field(default=None, description="its p")
    weeks: int | None = Field(default=None, description="test weeks whose horizon had ended by the decision")
    coverage_80: Share | None = Field(default=None, description="share of them that ended inside the 80 % band")
    coverage_80_least: Share | None = Field(
        default=None, description="the least share that a calibrated band holds in 95 of 100 such records"
    )
    coverage_80_most: Share | None = Field(default=None, description="the most")
    coverage_80_usual: Share | None = Field(
        default=None, description="share that ended inside the 80 % band of the unscaled pool"
    )


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
    held: Mapping[str, dict[str, float]],
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
    held : mapping
        What the band has held by horizon, as `band_record` has it; a horizon may be missing.

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
            horizon: HorizonRange(**one | {"evidence": RangeEvidence(**one["evidence"] | held.get(horizon, {}))})
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


def band_record(run_id: str, date: pd.Timestamp) -> dict[str, dict[str, float]]:
    """What the 80 % band of a run's ranges has held by horizon, in the test weeks whose horizon had ended by `date`.

    Raises
    ------
    RegimeError
        The run's ranges cannot be had.
    """
    from models.evaluation import range_scores
    from models.evaluation.predictions import known_at
    from models.tracking import stored_predictions
    from serving.sections import walk_forward

    table = walk_forward.stored(run_id, stored_predictions.RANGES, "realised", "the record of the range")
    known = known_at(table[table["leg"] == "broad"], date, "realised").dropna(subset="realised")
    return {
        str(horizon): {
            "weeks": len(rows),
            **range_scores.held(rows, BAND),
            f"coverage_{BAND}_usual": range_scores.coverage(rows, BAND, "base_"),
        }
        for horizon, rows in known.groupby("horizon")
    }


def table(by_horizon: Mapping[str, HorizonRange]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Header and rows: each horizon, and under it the unscaled returns of the last twenty years."""
    recorded = any(one.evidence.coverage_80 is not None for one in by_horizon.values())
    rows = []
    for horizon, one in by_horizon.items():
        told = one.evidence
        for name, returns, odds, share in (
            (f"{horizon} sessions", one.quantiles, one.falls, told.coverage_80),
            (REFERENCE, one.usual, one.usual_falls, told.coverage_80_usual),
        ):
            band = (percent(returns[key], sign=True) for key in ("q10", "q90"))
            held = ["" if share is None else percent(share, 0)] if recorded else []
            rows.append((name, *band, *held, *(percent(p, 0) for p in odds.values())))
    falls = next(iter(by_horizon.values())).falls
    return ("", "from", "to", *(["held"] if recorded else []), *(f"-{fall} %" for fall in falls)), tuple(rows)


def key(by_horizon: Mapping[str, HorizonRange]) -> list[str]:
    """What the table shows."""
    lines = [
        "In the table: where the return should end 8 times in 10, and the odds of a close so much lower on the way."
    ]
    month = by_horizon.get(MONTH)
    if month is not None and BREAKDOWN in month.usual_falls:
        lines.append(
            f"{REFERENCE}: the same of all returns of the last twenty years, whatever the market was like; the odds of "
            f"falls are moved so that -{BREAKDOWN} % in {MONTH} sessions is the usual odds of a breakdown, "
            f"{percent(month.usual_falls[BREAKDOWN], 0)}."
        )
    weeks = max((one.evidence.weeks or 0 for one in by_horizon.values()), default=0)
    if weeks:
        lines.append(
            f"held: the share of {weeks:,} weeks out of sample that ended inside such a range; it should be 80 %."
        )
    return lines


def _too_wide_or_narrow(by_horizon: Mapping[str, HorizonRange]) -> list[str]:
    """A sentence where the band held more than chance explains of a calibrated one, and one where it held less."""
    wide, narrow = [], []
    for horizon, each in by_horizon.items():
        one = each.evidence
        share, least, most = one.coverage_80, one.coverage_80_least, one.coverage_80_most
        if share is None or least is None or most is None:
            continue
        if share > most:
            wide.append(f"{percent(share)} over {horizon} sessions (a calibrated one at most {percent(most)})")
        elif share < least:
            narrow.append(f"{percent(share)} over {horizon} sessions (a calibrated one at least {percent(least)})")
    lines = [f"The range has been too wide: it held {', '.join(wide)}."] if wide else []
    return [*lines, f"The range has been too narrow: it held {', '.join(narrow)}."] if narrow else lines


def _has_held(share: float | None) -> str:
    return "" if share is None else f"has held {percent(share)} out of sample"


def words(by_horizon: Mapping[str, HorizonRange], model: RangeModel) -> list[str]:
    """The range over a month in plain sentences, with what such ranges have held."""
    one = by_horizon.get(MONTH)
    if one is None:
        return []
    low, high = (percent(one.quantiles[name], sign=True) for name in ("q10", "q90"))
    usual_low, usual_high = (percent(one.usual[name], sign=True) for name in ("q10", "q90"))
    held, usual_held = (_has_held(share) for share in (one.evidence.coverage_80, one.evidence.coverage_80_usual))
    lines = [
        f"The broad market's likely range over {MONTH} sessions: {low} to {high} (8 in 10{held and f'; {held}'}); that "
        f"of the last twenty years: {usual_low} to {usual_high}{usual_held and f' ({usual_held})'}.",
        *_too_wide_or_narrow(by_horizon),
    ]
    if BREAKDOWN in one.falls:
        lines.append(
            f"Odds of closing {BREAKDOWN} % lower on the way: {percent(one.falls[BREAKDOWN], 0)} "
            f"(usual {percent(one.usual_falls[BREAKDOWN], 0)})."
        )
    if one.width_rank is not None:
        wide = one.width_rank >= 0.5
        share = one.width_rank if wide else 1.0 - one.width_rank
        lines.append(
            f"The range is {'wider' if wide else 'narrower'} than in {percent(share, 0)} of the last ten years' weeks."
        )
    if not model.champion:
        lines.append("No evidence for this range: no model of it is ahead of the last twenty years' returns.")
    elif one.evidence.crps_skill is not None and one.evidence.crps_skill_p is not None:
        skill, p = one.evidence.crps_skill, one.evidence.crps_skill_p
        told = f"Its error (CRPS) out of sample is {percent(skill)} below that of the last twenty years (p {p:.3f})"
        recent = one.evidence.crps_skill_last_10_years
        lines.append(f"{told}; in the last ten years {percent(recent)}." if recent is not None else f"{told}.")
    return lines
