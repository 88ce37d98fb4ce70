"""What MLflow reads from the environment of a process.

Every command starts with it, so nothing heavy is imported here.
"""

from __future__ import annotations

import os

# MLflow's own defaults wait four minutes for a server that is gone, and report on their use over the network.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_ENV_MANAGER_CONDA_WARNING": "TRUE",
    # Its bar appears only on slow machines, and would stand before the one line of an error.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # standard output is the command's own
    "GIT_PYTHON_REFRESH": "quiet",
}


def settings() -> dict[str, str]:
    """Return those of `ENVIRONMENT` that the user has not set."""
    return {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}


def set_up() -> None:
    """Set `ENVIRONMENT` for this process. For the start of a command; a library function never calls it."""
    os.environ.update(settings())
