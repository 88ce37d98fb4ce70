"""The environment variables that the program reads, each described once here and read nowhere else.

They come before the settings file. An empty variable counts as one that is not set. What MLflow's own client reads
besides (timeouts, certificates, stores) is MLflow's; `models.tracking.process_environment` sets its defaults.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Any


def _variable(meaning: str, secret: bool = False) -> Any:
    return field(default=None, repr=not secret, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Environment:
    """The variables by their names in lower case; None for one that is not set."""

    regime_config: str | None = _variable("the settings file; `--config` comes before it")
    regime_home: str | None = _variable("the data directory: snapshots, caches, journal and report")
    fred_api_key: str | None = _variable("the key for FRED's vintages", secret=True)
    sec_user_agent: str | None = _variable("name and e-mail address of who asks EDGAR, as the SEC wishes")
    mlflow_tracking_uri: str | None = _variable("where the runs are: `sqlite:////path/to/mlflow.db`, or a server")
    mlflow_tracking_username: str | None = _variable("who logs in to the MLflow server")
    mlflow_tracking_password: str | None = _variable("with which password", secret=True)
    mlflow_tracking_token: str | None = _variable("a bearer token instead of both", secret=True)


def read() -> Environment:
    """The variables as they are now."""
    return Environment(**{one.name: os.environ.get(one.name.upper()) or None for one in fields(Environment)})


def set_config(path: str) -> None:
    """Have this process and what it starts read the settings file at `path`."""
    os.environ["REGIME_CONFIG"] = path


def described() -> dict[str, str]:
    """What each variable means, by its name."""
    return {one.name.upper(): str(one.metadata["meaning"]) for one in fields(Environment)}
