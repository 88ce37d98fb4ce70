"""Where the runs are: a directory beside the rooms, the user's data directory, or a server."""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

from features.data import environment
from features.data.paths import home
from models.tracking.errors import TrackingError

CHECKOUT = Path(__file__).resolve().parents[2]
_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")


def directory() -> Path:
    """Directory of the project's own MLflow database and artifacts.

    `mlruns/` of a checkout; for an installed package `mlruns/` in the user's
    data directory (`REGIME_HOME` where that is set), never beside the package.
    """
    return CHECKOUT / "mlruns" if (CHECKOUT / "pyproject.toml").is_file() else home() / "mlruns"


def uri() -> str:
    """Return the tracking URI in force: `MLFLOW_TRACKING_URI`, else the database in `directory`."""
    return environment.read().mlflow_tracking_uri or f"sqlite:///{directory() / 'mlflow.db'}"


def database(where: str) -> Path | None:
    """Return the file of a SQLite tracking URI, or None for any other URI.

    Raises
    ------
    TrackingError
        A SQLite URI that names no file.
    """
    if not where.startswith("sqlite:///"):
        return None
    named = where.removeprefix("sqlite:///").partition("?")[0]
    if not Path(named).name:
        raise TrackingError(f"the tracking URI {where} names no database file: write sqlite:////path/to/mlflow.db")
    return Path(named)


def is_server(where: str) -> bool:
    """Tell whether a tracking URI is that of a server."""
    return where.startswith(("http://", "https://"))


def redacted(text: str) -> str:
    """Return a text without the user names and passwords of the URIs in it."""
    return _USERINFO.sub("***@", text)


def address(where: str) -> tuple[str, tuple[str, str] | None]:
    """Split the URI of a server into its address and the user and password it carries, if any.

    Raises
    ------
    TrackingError
        The text is no URI.
    """
    try:
        parts = urllib.parse.urlsplit(where)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise TrackingError(f"the tracking URI {redacted(where)} is not a valid address ({error})") from error
    if not host:
        raise TrackingError(f"the tracking URI {redacted(where)} names no host")
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    plain = urllib.parse.urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return plain, None
    return plain, (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
