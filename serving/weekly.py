"""The weekly run: refresh, status, call, journal, score, report; once or ten times a week, the same.

Exit status: 0 done, 1 bad input or another run at work, 2 refused (stale data),
3 done, but the refresh failed and the call stands on data already there.
"""

from __future__ import annotations

import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd

from features.data import calendar, store
from features.data.errors import RefusedError, RegimeError
from features.data.paths import home
from features.data.refresh import Source, refresh_store
from models.tracking import registry
from serving import journal
from serving.predict import call, desk
from serving.report import page
from serving.scorecard import score


@contextmanager
def _alone() -> Iterator[None]:
    with (home() / "weekly.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RegimeError("another weekly run is at work; this one does nothing") from error
        yield


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def late(_signum: int, _frame: FrameType | None) -> None:
        raise RegimeError(f"the time budget of {seconds} s is used up; what is stored is whole, run it again")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def missed(lines: list[journal.Line], last: pd.Timestamp) -> list[pd.Timestamp]:
    """Decision dates after the journal's first one, up to `last`, for which no call stands there."""
    if not lines:
        return []
    have = {line["asof"] for line in lines}
    first = pd.Timestamp(min(have))
    return [pd.Timestamp(day) for day in calendar.decision_dates(first, last) if str(day.date()) not in have]


def _refresh(source: Source, folder: Path | None) -> str | None:
    """Refresh; the error in one line if that failed but an older snapshot is there."""
    try:
        refresh_store(source, folder)
    except RefusedError:
        raise
    except RegimeError as error:
        if not (home() / "CURRENT").exists():
            raise
        return str(error)
    return None


def weekly(source: Source, folder: Path | None, budget: int, catch_up: bool) -> dict[str, Any]:
    """Everything a week needs, in order; JSON-ready, with a `summary` for a mail's subject.

    Raises
    ------
    RegimeError, RefusedError
        Another run is at work, the time is used up, or the call is refused.
    """
    with _alone(), _within(budget):
        failed = _refresh(source, folder)
        made = call(None)
        line = journal.append(made, pd.Timestamp.now("UTC"))
        caught = _catch_up(pd.Timestamp(made["asof"])) if catch_up else []
        scores = score()
        count, head = journal.verify()
        page.write(home() / "report.html", made)
        registry.tag_version(made["model"]["name"], made["model"]["version"], {"journal_head": head})
    return {
        "summary": summary(made, failed, head),
        "exit_status": 3 if failed else 0,
        "refresh_failed": failed,
        "call": made,
        "journal": {"lines": count, "head": head, "n": line["n"], "kind": line["kind"], "caught_up": caught},
        "scores": scores,
        "report": str(home() / "report.html"),
    }


def _catch_up(last: pd.Timestamp) -> list[str]:
    days = missed(journal.read(), last)
    if not days:
        return []
    at, now = desk(), pd.Timestamp.now("UTC")
    for day in days:
        journal.append(call(day, at), now, "replay")
    return [str(day.date()) for day in days]


def summary(made: dict[str, Any], failed: str | None, head: str) -> str:
    """One line: the verdict, the head-to-head's two sides, the leaders, the journal's head."""
    p = made["probabilities"]
    leaders = "leaders falter" if made["leaders_faltering"]["now"] else "leaders hold"
    said = (
        f"regime {made['asof']}: {made['verdict'].replace('_', ' ')} (rotation {p['rotation']:.0%}, breakdown "
        f"{p['breakdown']:.0%}), {leaders}, journal {head[:12]}"
    )
    return said + ("; refresh failed, older data used" if failed else "")


def stored_source() -> Source:
    """The source of the snapshot in force: what a weekly run refreshes unless told otherwise."""
    return Source(str(store.current_manifest()["source"]))
