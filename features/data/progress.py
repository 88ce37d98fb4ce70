"""How long work reports its progress: the caller passes in what shows it, a command a bar, a test nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Opens a display of one stretch of work; what it yields is called after each step, or with (done, total)."""

    def __call__(self, title: str, total: int | None) -> AbstractContextManager[Callable[..., None]]:
        """Show `title`; `total` steps, None where the number is not known yet."""


@contextmanager
def silent(title: str, total: int | None) -> Iterator[Callable[..., None]]:
    """Show nothing."""
    del title, total
    yield lambda *_: None


Notify = Callable[[str], None]


def ignore(line: str) -> None:
    """Show no message either."""
    del line
