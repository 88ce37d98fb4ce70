"""One entry of the journal: its form, its meaning, and its place in the chain."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any, Literal, NamedTuple, Protocol

import pandas as pd
from pydantic import AwareDatetime, Field, ValidationError

from features.data import calendar
from serving.call import Call
from serving.contract import Contract, first_reason, stored_as

START = "0" * 64  # the hash "before" the first entry
LIVE_DAYS = 7
EntryType = Literal["live", "replay"]


class Entry(Contract):
    """A journalled call.

    `entry_type` is `live` for a call made within a week of its decision, and
    `replay` for one made later. `clock_behind` marks a replay whose clock stood
    before its own week or before the last live entry.
    """

    n: int = Field(ge=1)
    entry_type: EntryType = stored_as("kind", "live or replay")
    asof: dt.date
    made_at: AwareDatetime
    corrects: int | None = Field(description="`n` of the entry of the same week, type and model that this one corrects")
    call: Call
    previous: str
    hash: str
    clock_behind: bool = False


class Tail(NamedTuple):
    """The last entry of a journal: its number and hash, and where its line begins and stops in the file."""

    n: int
    hash: str
    start: int
    stop: int


class EarlierEntries(Protocol):
    """What an entry's meaning is checked against."""

    def last_live(self) -> pd.Timestamp | None:
        """When the last live entry was made."""

    def week_of(self, n: int) -> tuple[str, str, str] | None:
        """Type, as-of date and model name of entry `n`."""


class BrokenError(Exception):
    """A line that does not follow from the ones before; the reason."""


def parse_line(text: bytes, before: Tail, known: EarlierEntries) -> Entry:
    """The entry that a line (without its newline) holds, checked against those before it.

    Raises
    ------
    BrokenError
        With the reason.
    """
    try:
        line: Any = json.loads(text)
    except ValueError as error:
        raise BrokenError("is not JSON") from error
    if not isinstance(line, dict):
        raise BrokenError("is no entry")
    number, previous, stated = (line.get(key) for key in ("n", "previous", "hash"))
    body = canonical_json({key: value for key, value in line.items() if key != "hash"})
    if text.replace(f'"hash":"{stated}",'.encode(), b"", 1) != body:
        raise BrokenError("is not as this program writes it")
    if previous != before.hash or number != before.n + 1 or stated != hashlib.sha256(body).hexdigest():
        raise BrokenError("does not follow from the one before")
    try:
        entry = Entry.model_validate_json(text)
    except ValidationError as error:
        raise BrokenError(f"is no entry ({first_reason(error)})") from error
    wrong = _contradiction(entry, known)
    if wrong:
        raise BrokenError(wrong)
    return entry


def is_line_of(text: bytes, stated: str) -> bool:
    """Whether a line (without its newline) has this hash, and says so."""
    body = text.replace(f'"hash":"{stated}",'.encode(), b"", 1)
    return len(body) < len(text) and hashlib.sha256(body).hexdigest() == stated


def canonical_json(line: dict[str, Any]) -> bytes:
    """The bytes an entry is written as, and hashed over."""
    return json.dumps(line, sort_keys=True, separators=(",", ":")).encode()


def _contradiction(entry: Entry, known: EarlierEntries) -> str | None:
    """What is wrong with an entry's meaning, or None."""
    if entry.call.asof != entry.asof:
        return f"is of {entry.asof}, its call of {entry.call.asof}"
    made_at, asof = pd.Timestamp(entry.made_at), str(entry.asof)
    behind = clock_is_behind(asof, made_at, known.last_live())
    if behind and entry.entry_type == "live":
        return f"claims to be live, made at {entry.made_at} for {asof}: {behind}"
    if behind and not entry.clock_behind:
        return f"was made at {entry.made_at} for {asof}: {behind}"
    if entry.entry_type == "live" and not within_a_week(asof, made_at):
        return f"claims to be live, made at {entry.made_at}, more than {LIVE_DAYS} days after {asof}"
    if entry.corrects is None:
        return None
    if not 1 <= entry.corrects < entry.n:
        return f"corrects entry {entry.corrects}, which is not before it"
    week = known.week_of(entry.corrects)
    if week is None or week[:2] != (entry.entry_type, asof):
        return f"corrects entry {entry.corrects}, which is of another week or type"
    return None


def clock_is_behind(asof: str, now: pd.Timestamp, last_live: pd.Timestamp | None) -> str | None:
    """Why the clock `now` cannot be that of a call for `asof`, or None."""
    week = pd.Timestamp(asof)
    today = _new_york_date(now)
    # On a later day the close is past, whatever its hour; only on the day itself is the calendar asked.
    if today < week or (today == week and calendar.last_complete(now) < week):
        return "before the close it is of"
    if last_live is not None and now < last_live:
        return f"before an earlier live entry, made at {last_live.isoformat()}"
    return None


def within_a_week(asof: str, now: pd.Timestamp) -> bool:
    """Whether the New York date of `now` is at most `LIVE_DAYS` days after `asof`."""
    return bool(_new_york_date(now) - pd.Timestamp(asof) <= pd.Timedelta(days=LIVE_DAYS))


def _new_york_date(now: pd.Timestamp) -> pd.Timestamp:
    return now.tz_convert(calendar.ZONE).tz_localize(None).normalize()


def entry_type_at(
    asof: str, now: pd.Timestamp, last_live: pd.Timestamp | None, asked: EntryType | None = None
) -> tuple[EntryType, bool]:
    """The type of a call for `asof` made at `now`, and whether the clock is behind; if it is, never `live`."""
    if clock_is_behind(asof, now, last_live):
        return "replay", True
    if asked is not None:
        return asked, False
    return ("live" if within_a_week(asof, now) else "replay"), False
