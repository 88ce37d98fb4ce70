"""The weekly run: refresh, call, journal, scores, report. Safe to repeat: the same week gives no second entry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features import readback
from features.data import calendar, settings, store
from features.data.errors import RefusedError, RegimeError
from features.data.files import is_folder, lock
from features.data.paths import home
from features.data.progress import Progress, silent
from features.data.refresh import refresh_store, wanted
from features.data.source import Source
from models.tracking import registry
from serving import journal, retraining
from serving.anchor import Anchors
from serving.call import Call
from serving.call_context import CallContext, load_context
from serving.exit_status import ExitStatus, NoDataOfSourceError, NoSuchFolderError
from serving.headline import word_of
from serving.journal_entry import Entry, EntryType
from serving.predict import make_call
from serving.report.page import write_report
from serving.scorecard import Scorecard, score_journal
from serving.succession import NotJudgedError, follow_the_dead
from serving.text import weekly_summary
from serving.time_limit import run_within


@dataclass(frozen=True)
class WeeklyResult:
    """What a weekly run did."""

    call: Call
    entry: Entry
    lines: int
    head: str
    caught_up: tuple[str, ...]
    scores: Scorecard
    report: Path
    refresh_failed: str | None
    not_anchored: tuple[str, ...]
    not_retrained: str | None = None
    not_judged: str | None = None
    word_before: str | None = None
    new: bool = True
    allowed_age_days: int | None = None

    @property
    def exit_status(self) -> ExitStatus:
        """3 where the refresh failed, else 10 on old data, 8 without the training due, 7 without an anchor, else 0."""
        if self.refresh_failed:
            return ExitStatus.older_data_used
        if self.too_old:
            return ExitStatus.old_data
        if self.not_retrained:
            return ExitStatus.not_retrained
        return ExitStatus.not_anchored if self.not_anchored else ExitStatus.done

    @property
    def too_old(self) -> bool:
        """Whether the data end longer ago than allowed; never where their age is not measured."""
        age, allowed = self.call.data_age_days, self.allowed_age_days
        return age is not None and allowed is not None and age > allowed

    @property
    def summary(self) -> str:
        """One line for a mail's subject."""
        return weekly_summary(self.call, self.refresh_failed is not None, self.head)

    def to_json_object(self) -> dict[str, Any]:
        """JSON-ready values, under the keys of `weekly --json`."""
        kind: EntryType = self.entry.entry_type
        entry = {"n": self.entry.n, "kind": kind, "caught_up": list(self.caught_up)}
        return {
            "summary": self.summary,
            "exit_status": int(self.exit_status),
            "refresh_failed": self.refresh_failed,
            "call": self.call.to_json_object(),
            "journal": {"lines": self.lines, "head": self.head, **entry},
            "scores": self.scores.to_json_object(),
            "report": str(self.report),
            "not_anchored": list(self.not_anchored),
            "not_retrained": self.not_retrained,
            "not_judged": self.not_judged,
        }


def run_weekly(
    source: Source | None,
    folder: Path | None,
    budget: float,
    catch_up: bool,
    anchors: Anchors,
    replace: bool = False,
    progress: Progress = silent,
) -> WeeklyResult:
    """Everything a week needs, in order, within `budget` seconds.

    Parameters
    ----------
    source : Source or None
        What to refresh; None for what the settings say, else the source of the snapshot in force.
    folder : Path or None
        With `Source.folder`; None for the one in the settings, else the last one read.
    budget : float
        Seconds for the whole run; it is ended when they are used up.
    catch_up : bool
        Make the calls of missed weeks too, as replays.
    anchors : Anchors
        Where the journal's head goes besides.
    replace : bool
        Take data that end earlier, or hold less, than the stored ones.
    progress : Progress
        Importable by name, since the work runs in a process of its own.

    Raises
    ------
    RegimeError, RefusedError
        With the exit statuses of `ExitStatus`.
    """
    return run_within(budget, weekly_steps, *wanted(source, folder), catch_up, anchors, replace, progress)


def weekly_steps(
    source: Source,
    folder: Path | None,
    catch_up: bool,
    anchors: Anchors,
    replace: bool = False,
    progress: Progress = silent,
) -> WeeklyResult:
    """The steps of `run_weekly`, in this process and without a time limit."""
    if folder is not None and not is_folder(folder):
        raise NoSuchFolderError(f"--folder {folder}: no such directory")
    with lock(home() / "weekly.lock", wait=0.0, busy="another weekly run is at work; this one does nothing"):
        journal.verify()  # a journal that lost its last verified head is not written to
        failed = _refresh(source, folder, replace)
        not_retrained = _retrain_if_due()
        context, not_judged = _judged(load_context())
        with progress("data set", None) as step:
            call = make_call(None, context, step=step)
        known = journal.read()
        entry = journal.append(call, _now())
        new = not known or entry.n > known[-1].n
        caught_up = _catch_up(call, context) if catch_up else ()
        scores = score_journal(dataset=context.dataset)
        lines, head = journal.verify()
        report = write_report(home() / "report.html", call, head=head, context=context)
        registry.tag_version(call.model.name, call.model.version, {"journal_head": head})
        not_anchored = tuple(anchors.put(head, lines))
    before = [word_of(one.call) for one in journal.of_model(known, call.model.name) if one.asof < entry.asof]
    return WeeklyResult(
        allowed_age_days=settings.load().weekly.allowed_age_days,
        call=call,
        entry=entry,
        lines=lines,
        head=head,
        caught_up=caught_up,
        scores=scores,
        report=report,
        refresh_failed=failed,
        not_anchored=not_anchored,
        not_retrained=not_retrained,
        not_judged=not_judged,
        word_before=before[-1] if before else None,
        new=new,
    )


def _judged(context: CallContext) -> tuple[CallContext, str | None]:
    """The context after a champion that died was followed, and why it could not be judged where it could not."""
    try:
        return (load_context(context.snapshot) if follow_the_dead(context) else context), None
    except NotJudgedError as error:
        return context, str(error)


def _retrain_if_due() -> str | None:
    """Train again when that is due; the error in one line where the models before it stay in force."""
    plan = settings.load().weekly
    if not retraining.due(plan, _now()):
        return None
    try:
        retraining.retrain(plan.experiments)
    except RegimeError as error:
        return str(error)
    return None


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")


def _refresh(source: Source, folder: Path | None, replace: bool) -> str | None:
    """Refresh; the error in one line if that failed but older data of the same source are stored."""
    try:
        refresh_store(source, folder, replace=replace, prove=readback.check)
    except RefusedError:
        raise
    except RegimeError as error:
        stored = store.stored()
        if source.value not in stored:
            held = f"only {', '.join(sorted(stored))} data are stored" if stored else "nothing is stored"
            raise NoDataOfSourceError(f"{error}; {held}: no call is made") from error
        store.use(source.value)
        return str(error)
    return None


def missed_weeks(entries: list[Entry], last: pd.Timestamp) -> list[pd.Timestamp]:
    """Decision dates from the first entry's to `last` that no entry is of."""
    if not entries:
        return []
    have = {entry.asof for entry in entries}
    dates = calendar.decision_dates(pd.Timestamp(min(have)), last)
    return [pd.Timestamp(date) for date in dates if date.date() not in have]


def _catch_up(latest: Call, context: CallContext) -> tuple[str, ...]:
    entries = journal.of_model(journal.read(), latest.model.name)
    dates = missed_weeks(entries, pd.Timestamp(latest.asof))
    if not dates:
        return ()
    now = _now()
    for date in dates:
        journal.append(make_call(date, context), now, "replay")
    return tuple(str(date.date()) for date in dates)
