"""One refresh, whoever asks for it: read a source, write a snapshot, say what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from features.data import files, retention, store
from features.data.arrays import Tables
from features.data.checks import history, screen
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.progress import Notify, Progress, ignore, silent
from features.data.source import Source
from features.data.sources import folder as folder_source
from features.data.sources import live as live_source
from features.data.sources.fred import api_key
from features.data.sources.sample import CAVEAT, FOLDER


def refresh_store(
    source: Source,
    folder: Path | None = None,
    accept: tuple[str, ...] = (),
    replace: bool = False,
    *,
    prove: Callable[[store.Snapshot], None],
    progress: Progress = silent,
    notify: Notify = ignore,
) -> dict[str, Any]:
    """Make what `source` holds the current snapshot; JSON-ready report.

    Parameters
    ----------
    source, folder : Source, Path
    accept : tuple of str
        ``SERIES:YYYY-MM-DD`` of findings a person says are right; kept in the snapshot and in those that follow it.
    replace : bool
        Take data that end earlier, or hold less, than the stored snapshot of this source.
    prove : callable
        Builds from the snapshot as read back, before it is in force (`features.readback.check`).
    progress, notify : callable
        Show how far the work is, and a line.

    Raises
    ------
    RegimeError
        The source is unusable or down, or a check objects; the stored snapshot stays.
    """
    if (source is Source.folder) != (folder is not None):
        raise RegimeError("--source folder needs --folder PATH, and --folder goes with no other source")
    home()  # an unusable data directory is said before minutes are spent reading
    before = history.stored(source.value)
    notes: dict[str, Any] = (before or {}).get("notes") or {}
    accepted = sorted({*accept, *notes.get("accepted", [])})
    look = screen.Screen(accepted=screen.parse_accepted(accepted), past={} if replace else history.past(before))
    if source is Source.live:
        tables, last, notes = _live(look, progress, notify)
        legs = "us"
    else:
        with progress(f"reading {source.value}", None):
            tables, legs, last = folder_source.read(folder or FOLDER, look)
        notes = {}
    if not replace and before is not None and before["legs"] == legs:
        history.check_nothing_lost(tables, last, before)
    notes = notes | look.notes() | ({"accepted": accepted} if accepted else {})
    digest = store.write(tables, source.value, legs, last, notes, prove)
    files.remove_abandoned_drafts(home())
    retention.prune()
    report: dict[str, Any] = {"digest": digest, "source": source.value, "legs": legs, "last": str(last.date())}
    report["tables"] = len(tables)
    if source is Source.sample:
        report["caveat"] = CAVEAT
    return report | ({"notes": notes} if notes else {})


def _live(look: screen.Screen, progress: Progress, notify: Notify) -> tuple[Tables, pd.Timestamp, dict[str, Any]]:
    now = pd.Timestamp.now("UTC")
    todo = live_source.plan(now)
    done = pd.Timestamp.now() + pd.Timedelta(seconds=todo.requests * live_source.SECONDS)
    notify(
        f"live data up to {todo.session.date()}: {todo.items} items to fetch (Yahoo {len(todo.yahoo)}, "
        f"FRED {len(todo.fred)}, French {len(todo.french)}), about {todo.requests} requests, "
        f"done at about {done:%H:%M}"
    )
    if api_key() is None and todo.fred:
        notify(
            "no FRED_API_KEY: revised series come as they are today, are marked not point-in-time and no model reads "
            "them; financial conditions (first prints) are left out"
        )
    with progress("fetching", todo.items) as step:
        return live_source.refresh(now, todo, step, look)
