"""Where snapshots, caches and the journal live: `REGIME_HOME`, else the user's data directory."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from features.data.errors import RegimeError


def home() -> Path:
    """The data directory, made if absent.

    Raises
    ------
    RegimeError
        If the path, or one above it, is a file, or cannot be created.
    """
    named = os.environ.get("REGIME_HOME")
    path = Path(named).expanduser() if named else Path(platformdirs.user_data_dir("regime"))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RegimeError(
            f"the data directory {path} cannot be used ({error.strerror}): set REGIME_HOME to a directory"
        ) from error
    return path
