"""Where snapshots, caches and the journal live: `REGIME_HOME`, else the settings, else the user's data directory."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from features.data import environment
from features.data.errors import RegimeError


def home() -> Path:
    """The data directory, made if absent.

    Raises
    ------
    RegimeError
        If the path, or one above it, is a file, or cannot be created.
    """
    named = environment.read().regime_home or _set_home()
    try:
        str(named or "").encode()  # a name that is no UTF-8 could be used, and never be printed
        path = Path(named).expanduser() if named else Path(platformdirs.user_data_dir("regime"))
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: ~ of a user who does not exist
        reason = getattr(error, "strerror", None) or error
        place = ascii(str(named))[1:-1][:300] if isinstance(error, UnicodeError) else str(named or "of this user")[:300]
        raise RegimeError(
            f"the data directory {place} cannot be used ({reason}): set REGIME_HOME to a directory"
        ) from error
    return path


def _set_home() -> Path | None:
    from features.data import settings  # here, so that a command's help need not import pydantic

    return settings.load().home
