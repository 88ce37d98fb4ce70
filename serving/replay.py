"""Past weeks again: each call as it would have been made then, journalled as a replay."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from features.data import calendar
from features.data.errors import RegimeError
from serving import journal
from serving.call import Call
from serving.call_context import load_context
from serving.predict import make_call


def replay_weeks(start: pd.Timestamp, step: Callable[[int, int], None]) -> list[Call]:
    """The call of every week from `start` to the end of the data, in the journal as replays.

    Each goes through `make_call`, the same door as the latest one.

    Raises
    ------
    RegimeError
        `start` lies after the data.
    """
    context = load_context()
    dates = calendar.decision_dates(start, context.snapshot.last)
    if not len(dates):
        raise RegimeError(f"--from {start.date()} lies after the data, which end on {context.snapshot.last.date()}")
    now, calls = pd.Timestamp.now("UTC"), []
    for done, date in enumerate(dates, start=1):
        calls.append(make_call(date, context))
        journal.append(calls[-1], now, "replay")
        step(done, len(dates))
    return calls
