"""Where each verified entry of the journal stands, so that an append reads only what nobody has verified yet.

The index is derived: it is built from the journal and can be deleted at any time
(`journal.index`, SQLite). While it is there it also holds the head that was last
verified, and a journal that no longer has that head is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from features.data.errors import RegimeError
from serving.journal_entry import START, BrokenError, Entry, EntryType, Tail, is_line_of, parse_line

TABLE = """
CREATE TABLE IF NOT EXISTS entries (
  n INTEGER PRIMARY KEY, entry_type TEXT, asof TEXT, model TEXT, version TEXT, digest TEXT, live_at TEXT, hash TEXT,
  start INTEGER, stop INTEGER);
CREATE INDEX IF NOT EXISTS weeks ON entries (asof, model, entry_type);
CREATE INDEX IF NOT EXISTS live ON entries (live_at) WHERE live_at IS NOT NULL;
"""


class JournalIndex:
    """The verified entries of one journal file."""

    def __init__(self, journal: Path, base: sqlite3.Connection) -> None:
        self._journal = journal
        self._base = base
        base.executescript(TABLE)

    @classmethod
    @contextmanager
    def in_memory(cls, journal: Path) -> Iterator[JournalIndex]:
        """An empty index: `extend` then verifies the whole journal."""
        base = sqlite3.connect(":memory:")
        try:
            yield cls(journal, base)
        finally:
            base.close()

    @classmethod
    @contextmanager
    def kept(cls, journal: Path) -> Iterator[JournalIndex]:
        """The index kept beside the journal, built anew where it is absent or damaged."""
        file = journal.with_suffix(".index")
        base = _opened(file)
        try:
            yield cls(journal, base)
            base.commit()
        finally:
            base.close()

    def clear(self) -> None:
        """Forget everything, so that `extend` verifies the whole journal; undone if that fails."""
        self._base.execute("DELETE FROM entries")

    def tail(self) -> Tail:
        """The last verified entry."""
        row = self._base.execute("SELECT n, hash, start, stop FROM entries ORDER BY n DESC LIMIT 1").fetchone()
        return Tail(*row) if row else Tail(0, START, 0, 0)

    def last_live(self) -> pd.Timestamp | None:
        """When the latest live entry was made."""
        (found,) = self._base.execute("SELECT max(live_at) FROM entries WHERE live_at IS NOT NULL").fetchone()
        return pd.Timestamp(found) if found else None

    def week_of(self, n: int) -> tuple[str, str, str] | None:
        """Type, as-of date and model name of entry `n`."""
        row = self._base.execute("SELECT entry_type, asof, model FROM entries WHERE n = ?", (n,)).fetchone()
        return tuple(row) if row else None

    def find(self, entry_type: EntryType, asof: str, model: str) -> list[tuple[int, str, str]]:
        """Number, model version and data digest of the entries of a week, oldest first."""
        wanted = (asof, model, entry_type)
        query = "SELECT n, version, digest FROM entries WHERE asof = ? AND model = ? AND entry_type = ? ORDER BY n"
        return self._base.execute(query, wanted).fetchall()

    def entry(self, n: int) -> Entry:
        """Entry `n`, read from the journal."""
        start, stop = self._base.execute("SELECT start, stop FROM entries WHERE n = ?", (n,)).fetchone()
        with self._journal.open("rb") as file:
            file.seek(start)
            return Entry.model_validate_json(file.read(stop - start))

    def add(self, entry: Entry, length: int) -> None:
        """Note an entry whose line, `length` bytes with its newline, stands at the end of the journal."""
        start = self.tail().stop
        call, live = entry.call, entry.entry_type == "live"
        live_at = pd.Timestamp(entry.made_at).tz_convert("UTC").isoformat() if live else None
        week = (entry.entry_type, str(entry.asof), call.model.name, call.model.version, call.digest)
        row = (entry.n, *week, live_at, entry.hash, start, start + length)
        self._base.execute(f"INSERT INTO entries VALUES ({', '.join('?' * len(row))})", row)

    def extend(self) -> Iterator[Entry]:
        """Verify the lines after the last verified one and yield their entries.

        Raises
        ------
        RegimeError
            A line is wrong, or the last verified entry is no longer where it stood.
        """
        tail = self.tail()
        with self._opened_journal(tail) as lines:
            for text in lines:
                if not text.endswith(b"\n"):
                    return  # a crash left it unfinished: it was never there
                try:
                    entry = parse_line(text[:-1], self.tail(), self)
                except BrokenError as error:
                    where = self.tail().n + 1
                    raise RegimeError(f"{self._journal}: line {where} {error}; the journal was changed") from error
                self.add(entry, len(text))
                yield entry

    @contextmanager
    def _opened_journal(self, tail: Tail) -> Iterator[Iterator[bytes]]:
        """The lines after `tail`, once the last verified line is seen to be there."""
        if not self._journal.is_file():
            if self._journal.exists():
                raise RegimeError(f"{self._journal} is no file: put the journal back")
            if tail.n:
                raise self.lost(tail)
            yield iter(())
            return
        with self._journal.open("rb") as file:
            if tail.n:
                file.seek(tail.start)
                last = file.read(tail.stop - tail.start)
                if not last.endswith(b"\n") or not is_line_of(last[:-1], tail.hash):
                    raise self.lost(tail)
            yield file

    def lost(self, tail: Tail) -> RegimeError:
        """The error of a journal in which `tail`, verified before, is not where it stood."""
        index = self._journal.with_suffix(".index").name
        return RegimeError(
            f"{self._journal}: entry {tail.n} (hash {tail.hash[:12]}), once verified, is not there any more: the tail "
            f"was cut or the journal written anew; put it back, or delete {index} beside it to start from what is left"
        )


def _opened(file: Path) -> sqlite3.Connection:
    try:
        base = sqlite3.connect(file)
        base.execute("PRAGMA synchronous = OFF")  # derived: a torn index is built anew
        base.executescript(TABLE)
        base.execute("SELECT max(stop) FROM entries").fetchone()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise RegimeError(f"{file} cannot be opened ({error}); the call is not in the journal") from error
        base.close()
        file.unlink()
        return _opened(file)
    return base
