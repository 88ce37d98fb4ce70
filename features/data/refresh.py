"""One refresh, whoever asks for it: read a source, write a snapshot, say what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from features.data import files, retention, settings, store
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

LAST_FOLDER = "folder.path"  # in the data directory: the folder that was last read


def wanted(source: Source | None, folder: Path | None) -> tuple[Source, Path | None]:
    """What to refresh: as asked, else as the settings say, else what is in force; a folder is remembered.

    Parameters
    ----------
    source, folder : Source, Path or None
        As given on the command line; a folder alone asks for the source `folder`.

    Raises
    ------
    RegimeError
        Nothing is asked for, set or stored; a folder with another source; or no folder is known.
    """
    said = settings.load()
    if source is None and folder is not None:
        source = Source.folder
    if source is None:
        source = Source(said.source or store.current_manifest().source)
    if source is not Source.folder and folder is not None:
        raise RegimeError(f"--folder {folder} goes with --source folder, not with {source.value}")
    if source is Source.folder and folder is None:
        folder = said.folder or _remembered_folder()
        if folder is None:
            raise RegimeError("--source folder needs --folder PATH the first time: none was read before")
    return source, folder


def _remembered_folder() -> Path | None:
    try:
        text = (home() / LAST_FOLDER).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # never written, or damaged: it only saves typing
        return None
    return Path(text) if text else None


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
    notes: dict[str, Any] = {}
    accepted = sorted({*accept, *(before.notes if before else {}).get("accepted", [])})
    look = screen.Screen(accepted=screen.parse_accepted(accepted), past={} if replace else history.past(before))
    if source is Source.live:
        tables, last, notes = _live(look, progress, notify)
        legs = "us"
    else:
        with progress(f"reading {source.value}", None):
            tables, legs, last = folder_source.read(folder or FOLDER, look)
    if not replace and before is not None and before.legs == legs:
        history.check_nothing_lost(tables, last, before)
    screen.check_accepted(accept, tables)
    notes = notes | look.notes() | ({"accepted": accepted} if accepted else {})
    digest = store.write(tables, source.value, legs, last, notes, prove)
    if folder is not None:
        files.write_file(home() / LAST_FOLDER, f"{folder.resolve()}\n")
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
