"""Servers that are not MLflow, drip, hang or hang up: one line each, within a stated time."""

import socket
import threading
import time

import pytest

from features.data.errors import RegimeError
from models.tracking import loader, logged_runs, server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def drip(peer):
    for byte in HEAD + b"X-Pad: " + b"a" * 10_000:
        peer.sendall(bytes([byte]))
        time.sleep(0.05)


def drip_body(peer):
    peer.sendall(HEAD + b"Content-Length: 10000\r\n\r\n")
    for _ in range(10_000):
        peer.sendall(b"a")
        time.sleep(0.05)


BEHAVIOURS = {
    "a page": lambda peer: peer.sendall(HEAD + b"Content-Length: 13\r\n\r\n<html></html>"),
    "no HTTP": lambda peer: peer.sendall(b"220 smtp ready\r\n"),
    "an error": lambda peer: peer.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
    "a turn": lambda peer: peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: /health\r\nContent-Length: 0\r\n\r\n"),
    "nothing": lambda _: time.sleep(20),
    "hangs up": lambda _: None,
    "drips": drip,
    "drips a body": drip_body,
}


@pytest.fixture(params=list(BEHAVIOURS))
def port(request):
    """A port on which every connection is treated that way."""

    def talk(peer):
        with peer:
            try:
                peer.recv(65536)
                BEHAVIOURS[request.param](peer)
            except OSError:
                pass  # the client has gone

    def accept(listening):
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def test_each_is_one_line_within_the_limit_and_shows_no_password(port, monkeypatch):
    import mlflow  # noqa: F401 - its import takes seconds and is not what is measured

    limit = 0.5
    monkeypatch.setattr(server, "LIMIT", limit)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    for call in (lambda: loader.pointer("regime", "champion"), logged_runs.finished_runs):
        began = time.monotonic()
        with pytest.raises(RegimeError) as error:
            call()
        assert time.monotonic() - began < 6 * limit  # one question, on a busy machine
        said = str(error.value)
        assert len(said.splitlines()) == 1
        assert "secret" not in said
        assert f"***@127.0.0.1:{port}" in said
