"""Past weeks again: each call as it would have been made then, journalled as a replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from features.data import calendar
from features.data.errors import RegimeError
from serving import journal
from serving.call import Call
from serving.call_context import CallContext, load_context
from serving.predict import WeekRefusedError, make_call


@dataclass
class Replay:
    """The calls of a span of weeks, oldest first, and the weeks that had to be refused with the reason."""

    calls: list[Call] = field(default_factory=list)
    refused: list[tuple[pd.Timestamp, str]] = field(default_factory=list)
    already_there: int = 0


def replay_weeks(
    start: pd.Timestamp,
    step: Callable[[int, int], None],
    refused: Callable[[pd.Timestamp, str], None] | None = None,
    end: pd.Timestamp | None = None,
) -> Replay:
    """The call of every week from `start` to `end`, or to that of the data, in the journal as replays.

    A week whose replay by this model version on these data is in the journal is
    not computed again, so a span that was interrupted is resumed.

    Parameters
    ----------
    start : Timestamp
    step : callable
        Told of progress, as (done, total).
    refused : callable, optional
        Told of each week that had to be refused, and why, as soon as it is.
    end : Timestamp, optional

    Raises
    ------
    RegimeError
        `start` lies after the data or before any model could exist, or no week ends from `start` to `end`.
    RefusedError
        The models are of other data or other features.
    """
    context = load_context()
    data_end = context.snapshot.last
    dates = calendar.decision_dates(start, data_end)
    if not len(dates):
        raise RegimeError(f"--from {start.date()} lies after the data, which end on {data_end.date()}")
    if end is not None and not len(dates := dates[dates <= end]):
        raise RegimeError(f"no week ends from {start.date()} to {end.date()}: give a later --to")
    replay, now, kept = Replay(), pd.Timestamp.now("UTC"), _kept(context)
    for done, date in enumerate(dates, start=1):
        week = str(date.date())
        if week in kept:
            replay.calls.append(kept[week])
            replay.already_there += 1
        else:
            try:
                replay.calls.append(make_call(date, context))
            except WeekRefusedError as error:
                replay.refused.append((date, str(error)))
                if refused is not None:
                    refused(date, str(error))
            else:
                journal.append(replay.calls[-1], now, "replay")
        step(done, len(dates))
    return replay


def _kept(context: CallContext) -> dict[str, Call]:
    """Replays in the journal by the present model version on the present data, by as-of date."""
    made_with = (context.model_name, context.shown.version, context.snapshot.digest)
    return {
        str(entry.asof): entry.call
        for entry in journal.read()
        if entry.entry_type == "replay"
        and not entry.call.allowed_stale
        and (entry.call.model.name, entry.call.model.version, entry.call.digest) == made_with
    }
