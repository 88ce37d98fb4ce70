"""How often, and how long apart, a vendor is asked again; and what it means to give up."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import tenacity

ATTEMPTS = 4
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds
_log = logging.getLogger(__name__)
T = TypeVar("T")


class UnavailableError(Exception):
    """The vendor did not answer with data; another try may help."""

    def __init__(self, message: str, wait: float | None = None, refused: bool = False) -> None:
        super().__init__(message)
        self.wait = wait  # seconds the vendor asks for
        self.refused = refused  # a rate limit


class GoneError(Exception):
    """The vendor answered that it has no such series; asking again is no use."""


def brief(error: BaseException) -> str:
    """What a client says, fit for a message: one line, no page of HTML, no body of an answer."""
    said = re.split(r"<\w|<!|\n|Response Text", str(error), maxsplit=1)[0].strip(" :'\"b")
    return f"{type(error).__name__} {said[:100]}".strip()


def _wait(state: tenacity.RetryCallState) -> float:
    import tenacity

    backoff = tenacity.wait_exponential_jitter(multiplier=FIRST_WAIT, max=LONGEST_WAIT, jitter=FIRST_WAIT)(state)
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, UnavailableError) else None
    return min(max(backoff, asked or 0.0), LONGEST_WAIT)


def patiently(ask: Callable[[], T]) -> T:
    """`ask()`, again with exponential back-off while it raises `UnavailableError`; its last error is raised."""
    import tenacity  # here: the catalogue comes through this module, and asks nobody

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(UnavailableError),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=_wait,
        reraise=True,
    )
    return retrying(ask)
