"""Short questions to an MLflow server, each with a limit on its whole time and on the size of its answer.

The standard library's time-out counts from one received byte to the next, so a
server that drips would be waited for without end. The request runs in a thread
that is given up when its time is over. Needs no mlflow.
"""

from __future__ import annotations

import base64
import http.client
import queue
import threading
import urllib.error
import urllib.request

from features.data import environment
from models.tracking import location
from models.tracking.errors import TrackingError

LIMIT = 10.0  # seconds for a whole answer
SIZE = 4_000_000  # bytes of an answer, far more than an alias needs


def get(where: str, path: str, limit: float | None = None) -> tuple[int, bytes]:
    """Return status and body of a GET request to an MLflow server.

    Parameters
    ----------
    where : str
        The tracking URI; a user and password in it, or MLflow's own environment
        variables for them, are sent as basic authentication.
    path : str
        With its query.
    limit : float, optional
        Seconds for the whole answer, `LIMIT` if not given.

    Raises
    ------
    TrackingError
        No whole answer within the limit, or none that is HTTP.
    """
    limit = LIMIT if limit is None else limit
    shown = location.redacted(where)
    address, login = location.address(where)
    request = urllib.request.Request(address + path, headers=_headers(login))
    answers: queue.Queue[tuple[int, bytes] | Exception] = queue.Queue()
    threading.Thread(target=_ask, args=(request, limit, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=limit)
    except queue.Empty:
        raise TrackingError(
            f"the MLflow server {shown} cannot be reached (no whole answer within {limit:g} s)"
        ) from None
    if isinstance(answer, Exception):
        reason = " ".join(str(getattr(answer, "reason", None) or answer).split())[:200] or type(answer).__name__
        raise TrackingError(f"the MLflow server {shown} cannot be reached ({location.redacted(reason)})") from answer
    return answer


def _ask(request: urllib.request.Request, limit: float, answers: queue.Queue[tuple[int, bytes] | Exception]) -> None:
    try:
        with urllib.request.urlopen(request, timeout=limit) as answer:
            answers.put((int(answer.status), answer.read(SIZE)))
    except urllib.error.HTTPError as error:
        answers.put((error.code, error.read(SIZE)))
    except (OSError, ValueError, http.client.HTTPException) as error:
        answers.put(error)


def _headers(login: tuple[str, str] | None) -> dict[str, str]:
    said = environment.read()
    if login is None and said.mlflow_tracking_username is not None:
        login = (said.mlflow_tracking_username, said.mlflow_tracking_password or "")
    if login is not None:
        return {"Authorization": "Basic " + base64.b64encode(":".join(login).encode()).decode()}
    return {"Authorization": f"Bearer {said.mlflow_tracking_token}"} if said.mlflow_tracking_token else {}


def probe(where: str) -> None:
    """Check that an MLflow server answers.

    Raises
    ------
    TrackingError
        Nothing answers within `LIMIT` seconds, or what answers is not MLflow.
    """
    status, body = get(where, "/health")
    if status in (401, 403):
        return  # a proxy that asks for a login; whether it lets MLflow's client in, that client finds out
    if status != 200 or body.strip() != b"OK":
        raise TrackingError(
            f"{location.redacted(where)} is not an MLflow server, or not a healthy one: "
            f"/health answered with status {status}"
        )
