"""Addresses of people to tell, as Apprise reads them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from features.data.errors import RegimeError


def check(urls: Iterable[str], what: str = "notify.urls") -> None:
    """Raise a `RegimeError` unless Apprise is installed and reads every address; none is repeated, it may be a secret.

    Parameters
    ----------
    urls : iterable of str
    what : str
        Where they stand, for the message.
    """
    try:
        import apprise
    except ImportError as error:
        raise RegimeError("--notify needs the extra `notify`: pip install 'regime[notify]'") from error
    keep_quiet()
    for place, url in enumerate(urls, start=1):
        if apprise.Apprise.instantiate(url) is None:
            kind = url.partition("://")[0][:20] if "://" in url else "without ://"
            raise RegimeError(
                f"{what}: address {place} ({kind}) is none that Apprise reads, such as mailto:// or ntfy://"
            )


def keep_quiet() -> None:
    """Let Apprise log nothing: its warnings may hold addresses, and so passwords."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
