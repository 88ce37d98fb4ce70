"""Notification through Apprise, against a receiver on loopback."""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from features.data.errors import RefusedError, RegimeError
from features.data.settings import EVENTS, NotifySettings
from serving import notification
from tests.support.calls import make_test_call


@contextmanager
def receiver(status=200):
    """A server on loopback that keeps the JSON it is sent; (settings that lead to it, what it got)."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield NotifySettings(urls=(f"json://user:hidden@127.0.0.1:{server.server_port}/hook",)), got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def week(report=Path("absent.html"), **changes):
    call = make_test_call(asof="2026-01-09", evidence=changes.pop("evidence", None))
    return SimpleNamespace(
        **{
            "call": call,
            "new": True,
            "word_before": call.verdict,
            "summary": "regime 2026-01-09: breakdown",
            "refresh_failed": None,
            "report": report,
            "lines": 12,
            "head": "ab" * 32,
        }
        | changes
    )


def record(alarm):
    """What the live calls have proved, with the alarm on or off; what it says of the usual odds does not matter."""
    against = [
        {"null": null, "value": 31.0, "bets": 60, "reached": "2025-11-07", "claimed": claimed}
        for null, claimed in (("own", alarm), ("markov", True))
    ]
    return {
        "since": "2024-01-05",
        "calls": 90,
        "months": 21.0,
        "against": against,
        "alarm": alarm,
        "calibration": {"breakdown": {"said": 0.2, "came": 0.4}},
    }


def test_a_new_call_arrives_with_its_text_and_the_report(tmp_path):
    report = tmp_path / "report.html"
    report.write_text("<p>the report</p>")
    with receiver() as (settings, got):
        assert notification.send(notification.of_week(week(report)), settings)
    (sent,) = got
    assert sent["title"] == "regime 2026-01-09: breakdown"
    assert "2026-01-09" in sent["message"]
    assert "breakdown" in sent["message"]
    (attached,) = sent["attachments"]
    assert base64.b64decode(attached["base64"]) == b"<p>the report</p>"


def test_the_same_week_again_tells_nobody():
    with receiver() as (settings, got):
        assert not notification.send(notification.of_week(week(new=False)), settings)
    assert got == []


def test_what_a_week_tells_of():
    assert notification.of_week(week()).events == ("call",)
    changed = notification.of_week(week(word_before="no evidence"))
    assert changed.events == ("call", "words")
    assert changed.body.startswith("The call changed from no evidence to breakdown.")
    rang = notification.of_week(week(evidence=record(alarm=True)))
    assert rang.events == ("call", "alarm")
    assert rang.body.startswith("Warning: the live record stands 31.0 to 1 against the calls' own probabilities")
    assert rang.body.endswith(f"Journal: 12 entries, head {'ab' * 32}")
    assert notification.of_week(week(evidence=record(alarm=False))).events == ("call",)
    assert notification.of_week(week()).events == ("call",)
    assert notification.of_failure(RefusedError("VIX is stale")).events == ("refusal",)


@pytest.mark.parametrize("event", EVENTS)
def test_only_what_is_wanted_is_sent(event):
    message = notification.Message((event,), "title", "body")
    with receiver() as (settings, got):
        others = tuple(one for one in EVENTS if one != event)
        assert not notification.send(message, settings.model_copy(update={"on": others}))
        assert got == []
        assert notification.send(message, settings.model_copy(update={"on": (event,)}))
        assert len(got) == 1


def test_a_receiver_that_fails_is_one_line_without_the_address(caplog, capfd):
    with receiver(status=500) as (settings, _), pytest.raises(RegimeError) as error:
        notification.send(notification.of_failure(RefusedError("VIX is stale")), settings)
    assert str(error.value) == "the notification could not be delivered to all of its 1 addresses (json)"
    shown = capfd.readouterr()
    assert "hidden" not in shown.out + shown.err
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    ("urls", "said"),
    [((), "the settings name no address"), (("hidden nonsense",), r"address 1 \(without ://\) is none")],
)
def test_addresses_are_checked_before_the_week_begins(urls, said):
    with pytest.raises(RegimeError, match=said):
        notification.check(NotifySettings(urls=urls))


def test_without_apprise_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(RegimeError, match=r"pip install 'regime\[notify\]'"):
        notification.check(NotifySettings(urls=("json://127.0.0.1",)))
