"""Tell people of the week: a new call, a change of its word, a week without a call, an alarm of the record.

Messages go out through Apprise (the optional extra `notify`), to the addresses in
the settings. Addresses hold passwords, so neither they nor what Apprise logs about
them is ever printed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from features.data import addresses
from features.data.errors import RegimeError
from features.data.settings import Event, NotifySettings
from serving.headline import word_of
from serving.sections import evidence
from serving.text import print_call

if TYPE_CHECKING:
    from serving.weekly import WeeklyResult

WIDTH = 80  # columns of the text in a message


@dataclass(frozen=True)
class Message:
    """What is sent, and the events it tells of."""

    events: tuple[Event, ...]
    title: str
    body: str
    attachment: Path | None = None


def of_week(result: WeeklyResult) -> Message:
    """The message of a weekly run that made a call; without events where there is nothing new."""
    call, before = result.call, result.word_before
    events: list[Event] = ["call"] if result.new else []
    heads = []
    if result.new and before is not None and before != word_of(call):
        events.append("words")
        heads.append(f"The call changed from {before} to {word_of(call)}.")
    if result.new and call.evidence is not None and call.evidence.alarm:
        events.append("alarm")
        heads.append(evidence.words(call.evidence)[0])
    if result.refresh_failed:
        heads.append(f"The refresh failed, older data were used: {result.refresh_failed}")
    text = io.StringIO()
    print_call(call, Console(file=text, width=WIDTH, highlight=False, color_system=None))
    told = [*heads, text.getvalue(), f"Journal: {result.lines} entries, head {result.head}"]
    return Message(tuple(events), result.summary, "\n\n".join(told), result.report)


def of_failure(error: RegimeError) -> Message:
    """The message of a weekly run that made no call."""
    return Message(("refusal",), "regime: no call this week", f"{error}\n\nExit status {int(error.exit_code)}.")


def send(message: Message, wanted: NotifySettings) -> bool:
    """Send a message to every address, if it tells of an event that is wanted; whether it was sent.

    Raises
    ------
    RegimeError
        There is no address, Apprise is not installed, an address is not one of its forms, or none could be reached.
    """
    check(wanted)
    if not set(message.events) & set(wanted.on):
        return False
    import apprise

    addresses.keep_quiet()
    receivers = apprise.Apprise()
    receivers.add(list(wanted.urls))
    attachment = str(message.attachment) if message.attachment and message.attachment.exists() else None
    if not receivers.notify(
        title=message.title, body=message.body, attach=attachment, body_format=apprise.NotifyFormat.TEXT
    ):
        kinds = ", ".join(sorted({url.partition("://")[0] for url in wanted.urls}))
        raise RegimeError(
            f"the notification could not be delivered to all of its {len(wanted.urls)} addresses ({kinds})"
        )
    return True


def check(wanted: NotifySettings) -> None:
    """Raise a `RegimeError` unless messages could be sent: said before a week's work, not after it."""
    if not wanted.urls:
        raise RegimeError("--notify: the settings name no address; add `urls` under [notify], or run `regime init`")
    addresses.check(wanted.urls)
