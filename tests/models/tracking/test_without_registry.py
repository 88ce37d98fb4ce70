"""A tracking server that keeps runs but has no model registry: one line, and nothing is there by half."""

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from features.data.errors import RegimeError
from models.tracking import connection, delivery, destination_runs, loader, logged_runs, outbox, range_runs
from tests.support.servers import batch, mlflow_server

REGISTRY = ("/registered-models", "/model-versions")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(params=[404, 501])
def without(request, server, monkeypatch):
    """The server behind a proxy that has no registry; gives the proxy's address and the server's."""

    class Proxy(BaseHTTPRequestHandler):
        def pass_on(self):
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if any(one in self.path for one in REGISTRY):
                return self.answer(request.param, b"<html>no such page</html>", "text/html")
            kind = self.headers.get("Content-Type", "application/json")
            asked = urllib.request.Request(
                server.url + self.path, body or None, {"Content-Type": kind}, method=self.command
            )
            try:
                with urllib.request.urlopen(asked) as found:
                    return self.answer(found.status, found.read(), found.headers.get("Content-Type", kind))
            except urllib.error.HTTPError as error:
                return self.answer(error.code, error.read(), "application/json")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

        def answer(self, status, body, kind):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{made.server_port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    yield address, server.url
    made.shutdown()
    made.server_close()


def test_one_line_nothing_half_written_and_sent_once_there_is_one(without, monkeypatch):
    address, whole = without
    before = len(logged_runs.finished_runs())  # runs are kept and listed
    for call in (
        lambda: delivery.deliver(batch()),
        lambda: range_runs.log([], "regime-range", {}),
        lambda: destination_runs.log([]),
        lambda: loader.pointer("toy", "champion"),
    ):
        with pytest.raises(RegimeError, match="no model registry that answers") as error:
            call()
        assert len(str(error.value).splitlines()) == 1
        assert address in str(error.value)
    assert len(outbox.entries()) == 1
    client = connection.client()
    found = client.search_runs([one.experiment_id for one in client.search_experiments()])
    assert len(found) == before  # no run at all, whatever its state
    with pytest.raises(RegimeError, match="no model registry that answers"):
        delivery.upload()
    assert len(outbox.entries()) == 1
    monkeypatch.setenv("MLFLOW_TRACKING_URI", whole)
    (sent,) = delivery.upload()
    assert set(sent.logged) == {"logit2", "climatology"}
    assert outbox.entries() == []
    assert len(logged_runs.finished_runs()) == before + 2
