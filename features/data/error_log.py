"""Where the details of an unexpected error go, so that a person sees one line."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from features.data import files
from features.data.errors import RegimeError
from features.data.paths import home

LIMIT = 2**20  # bytes; a fuller log becomes `errors.log.1` and a new one begins


def record(error: BaseException) -> Path | None:
    """Append the traceback of `error` to ``logs/errors.log`` in the data directory; None if that cannot be written."""
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    details = "".join(traceback.format_exception(error))
    try:
        path = home() / "logs" / "errors.log"
        if path.exists() and path.stat().st_size > LIMIT:
            path.replace(path.with_suffix(".log.1"))
        files.append_line(path, f"{when} {' '.join(sys.argv)}\n{details}")
    except (RegimeError, OSError):
        return None
    return path
