"""The words of a call: how turbulent it gets, and which side leads, each only in the sense in which it has been right.

The size word reads the width of the range, the direction word the head-to-head of
the champion (`models.evaluation.words`). What followed each word is computed from
the stored walk-forwards of both models with the outcomes known at the decision, so
that a replay knows only the weeks matured by then.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from features.data.calendar import HORIZON
from features.data.percent import percent
from serving.contract import Contract, Share

if TYPE_CHECKING:  # SciPy and the models, which reading a kept call does without
    from features.dataset import Dataset
    from models.evaluation.words import Followed
    from models.fitted import FittedModel
    from models.range.fitted import FittedRange

NO_DIRECTION = "no evidence on direction"
SIDES = ("rotation", "breakdown")
WIDTHS = {"calm": "narrow among", "usual": "neither wide nor narrow among", "turbulent": "wide among"}


class WordRecord(Contract):
    """What followed a word in the weeks matured by the decision; shares are of its weeks."""

    weeks: Annotated[int, Field(ge=1)] = Field(description="weeks with the word")
    runs_a_year: float = Field(description="unbroken stretches of such weeks, a year")
    mean_return: float = Field(description="of the broad leg over 21 sessions")
    q10: float = Field(description="10 % quantile of that return")
    q90: float = Field(description="90 % quantile of that return")
    breakdown: Share = Field(description="how often a breakdown came")
    rotation: Share = Field(description="how often a rotation came")
    at_onsets: Share | None = Field(description="share of breakdown episodes in whose first week it stood")
    event: Share = Field(description="how often what the word claims came")
    otherwise: Share | None = Field(description="how often that came after the other words")
    bound: float | None = Field(description="one-sided 95 % block bound of the difference, all weeks")
    bound_last_10_years: float | None = Field(description="the same over the last ten years")
    earned: bool = Field(description="whether the word may be printed")


class NextWord(Contract):
    """Where a word would become another."""

    word: str = Field(description="the word it would be")
    above: bool = Field(description="whether the reading has to rise for it, else to fall")
    level: float = Field(description="the reading from which it would")
    driver: float | None = Field(
        default=None, description="what the driver would have to be for that, all else held; None where none does it"
    )


class Levels(Contract):
    """What a word hangs on, where that stands among the last ten years' readings, and where the word changes."""

    reading: float = Field(
        description="for a size the forecast volatility of the next 21 sessions, a year; for a direction the "
        "head-to-head"
    )
    rank: Share = Field(description="share of the last ten years' readings below it")
    driver: float | None = Field(
        default=None,
        description="for a size the broad leg's volatility a year over the past 21 sessions (all of its volatilities "
        "move by the same factor), for a direction the volatility regime; None where the model reads others",
    )
    changes: tuple[NextWord, ...] = Field(description="the nearest other words")


class Direction(Contract):
    """The words that may be printed, and what followed every word."""

    size: Literal["calm", "usual", "turbulent"] | None = Field(description="of the range; None unless earned")
    size_state: Literal["calm", "usual", "turbulent"] | None = Field(description="earned or not")
    direction: Literal["rotation", "breakdown"] | None = Field(description="None without evidence on direction")
    direction_state: Literal["rotation", "breakdown", "neither"] | None = Field(description="earned or not")
    evidence: bool = Field(description="the head-to-head beats the two-feature logit's, and is alive")
    followed_by: dict[str, WordRecord] = Field(description="by word, printed or not")
    size_levels: Levels | None = Field(default=None, description="where the size word changes; None without a rank")
    direction_levels: Levels | None = Field(default=None, description="where the direction word changes")


def build(
    dataset: Dataset,
    X: pd.DataFrame,
    model: FittedModel,
    run_id: str,
    head_to_head_p: float,
    fitted: FittedRange | None,
    range_run: str,
    reads_garch: bool = False,
) -> Direction:
    """The words of the last week of `dataset`.

    Parameters
    ----------
    dataset : Dataset
        Up to the decision and no further.
    X : DataFrame, (weeks, features)
        The rows as the champion sees them.
    model : FittedModel
        The champion's fit in force.
    run_id : str
        Of its walk-forward, kept in `REGIME_HOME`.
    head_to_head_p : float
        Of its head-to-head against the two-feature logit's.
    fitted : FittedRange or None
        The range's fit in force.
    range_run : str
        Of the range's walk-forward.
    reads_garch : bool
        Whether the range's scale has a GARCH column.
    """
    from models import direction
    from models.evaluation import words
    from models.tracking import stored_predictions
    from serving.sections import levels, walk_forward

    date = dataset.X.index[-1]
    followed: dict[str, Followed] = {}
    size_state, size_levels = None, None
    if fitted is not None:
        followed |= _sizes_so_far(dataset, range_run)
        size_state, size_levels = _size(dataset, fitted, reads_garch)
    stored = walk_forward.stored(run_id, stored_predictions.NAME, "direction", "words")
    followed |= _directions_so_far(dataset, stored)
    rows = direction.rows_before(X, date, date)
    state = direction.states(model, rows)[-1]
    side = None if math.isnan(state) else words.DIRECTIONS[int(state)]
    evidence = head_to_head_p < 0.05 and _alive(stored, dataset)
    earned = {word for word, one in followed.items() if one.earned}
    return Direction(
        size=size_state if size_state in earned else None,
        size_state=size_state,
        direction=side if evidence and side is not None and side != "neither" and side in earned else None,
        direction_state=side,
        evidence=evidence,
        followed_by={word: WordRecord.model_validate(_finite(one)) for word, one in followed.items()},
        size_levels=size_levels,
        direction_levels=levels.of_direction(model, rows, state),
    )


def _finite(one: Followed) -> dict[str, float | int | bool | None]:
    values = asdict(one)
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in values.items()}


def _size(
    dataset: Dataset, fitted: FittedRange, reads_garch: bool
) -> tuple[Literal["calm", "usual", "turbulent"] | None, Levels | None]:
    """The state of the width in the last week, by the fit in force, and where it would be another."""
    from models.evaluation import words
    from models.range import paths, size
    from models.range.fit import frame_of
    from serving.sections import levels

    fit = next((one for one in fitted.horizons if one.horizon == HORIZON), None)
    if fit is None:
        return None, None
    legs = paths.last_decisions(paths.read_legs(dataset), dataset.X.index[-1], size.YEARS)
    frame = frame_of(dataset, legs, reads_garch)[0]
    state = size.states(fit, frame)[-1]
    return None if math.isnan(state) else words.SIZES[int(state)], levels.of_size(fit, frame, state)


def _sizes_so_far(dataset: Dataset, run_id: str) -> dict[str, Followed]:
    from models.evaluation import words
    from models.tracking import stored_predictions
    from serving.sections import walk_forward

    stored = walk_forward.stored(run_id, stored_predictions.RANGES, "size", "words")
    return words.record(words.size_table(dataset, words.size_states(stored)))


def _directions_so_far(dataset: Dataset, stored: pd.DataFrame) -> dict[str, Followed]:
    from models.evaluation import words

    table = words.direction_table(dataset, words.direction_states(stored))
    return {word: one for word, one in words.record(table).items() if word in SIDES}


def _alive(stored: pd.DataFrame, dataset: Dataset) -> bool:
    """Whether the head-to-head's skill against its folds' base rates is alive; weeks with neither add nothing."""
    from models.evaluation import discrimination, metrics
    from models.evaluation.alive import life
    from models.evaluation.predictions import matured

    dates = pd.DatetimeIndex(stored["date"])
    known = matured(stored.assign(outcome=dataset.outcome.reindex(dates).to_numpy()))
    rose = known.happened("rotation")
    decided = rose | known.happened("breakdown")

    def loss(h: np.ndarray) -> pd.Series:
        each = metrics.losses(np.column_stack([h, 1.0 - h]), np.where(rose, 0, 1))
        return pd.Series(np.where(decided, each, 0.0), known.dates)

    base = discrimination.head_to_head(metrics.of_climatology(known))
    return life(loss(discrimination.head_to_head(known)), loss(base)).alive


def words_of(section: Direction) -> list[str]:
    """The words in plain sentences."""
    lines = []
    if section.size is not None:
        width = f"The range is {WIDTHS[section.size]} those of the last ten years."
        lines.append(f"Size: {section.size}. {width} {_sentence(section.size, section.followed_by[section.size])}")
    elif section.size_state is not None:
        lines.append(f"No evidence on size: {section.size_state} has not been right more often than otherwise.")
    if section.direction is not None:
        lines.append(
            f"Direction: {section.direction}. {_sentence(section.direction, section.followed_by[section.direction])}"
        )
    else:
        lines.append(f"{NO_DIRECTION.capitalize()}.")
    return lines


def _sentence(word: str, one: WordRecord) -> str:
    """What followed a word."""
    return (
        f"After {word} in {one.weeks:,} weeks: {100 * one.mean_return:+.1f} % on average ({100 * one.q10:+.1f} to "
        f"{100 * one.q90:+.1f}), breakdown {100 * one.breakdown:.0f} %, rotation {100 * one.rotation:.0f} %."
    )


def levels_words(section: Direction) -> list[str]:
    """Where each word stands, and from where it would be another."""
    lines = []
    if section.size_levels is not None:
        windows = "the broad market's volatility of the past 21 sessions (its other windows in proportion)"
        what = "Size hangs on the forecast volatility of the next 21 sessions"
        lines.append(_hangs(what, section.size_levels, " a year", section.size is not None))
        lines += _changes(section.size_levels, windows)
    if section.direction_levels is not None:
        what = "Direction hangs on the head-to-head"
        lines.append(_hangs(what, section.direction_levels, "", section.direction is not None))
        lines += _changes(section.direction_levels, "the odds of the high-variance state")
    return lines


def _hangs(what: str, one: Levels, unit: str, printed: bool) -> str:
    told = f"{what}: {percent(one.reading)}{unit}, above {percent(one.rank, 0)} of the last ten years' weeks"
    return f"{told}." if printed else f"{told}; without evidence its words are not printed."


def _changes(one: Levels, driver: str) -> list[str]:
    lines = []
    for other in one.changes:
        said = f"It becomes {other.word} {'above' if other.above else 'below'} {percent(other.level)}"
        if other.driver is not None and one.driver is not None:
            verb = "rose" if other.driver > one.driver else "fell"
            said += f": if {driver} {verb} from {percent(one.driver)} to {percent(other.driver)}, all else as it is"
        lines.append(f"{said}.")
    return lines
