"""What the commands of the serving room print."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.data.errors import RegimeError
from serving import cli, journal
from serving.call import SCHEMA_FILE
from tests.support.calls import make_test_call

NOW = pd.Timestamp("2026-01-12 12:00", tz="UTC")


def told(*words):
    done = CliRunner().invoke(cli.app, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_the_schema_is_printed():
    assert told("schema") == SCHEMA_FILE.read_text()


def test_verify_counts_and_names_the_head():
    first = journal.append(make_test_call(asof="2026-01-02"), NOW)
    head = journal.append(make_test_call(), NOW).hash
    assert json.loads(told("verify", "--json")) == {"lines": 2, "head": head, "time_stamps": []}
    assert told("verify", "--head", first.hash) == f"journal whole: 2 lines, head {head}\n"
    with pytest.raises(RegimeError, match="tail was cut"):
        told("verify", "--head", "f" * 64)


def test_the_latest_call_is_journalled_once_and_kept(monkeypatch):
    made = []
    monkeypatch.setattr("serving.call_cache.latest_key", lambda _: "a" * 64)
    monkeypatch.setattr("serving.predict.make_call", lambda *_, **__: made.append(1) or make_test_call())
    first = json.loads(told("--json"))
    assert json.loads(told("--json")) == first == make_test_call().to_json_object()
    assert made == [1]
    assert len(journal.read()) == 1


def test_a_damaged_kept_call_is_made_again_and_never_journalled(monkeypatch, home):
    monkeypatch.setattr("serving.call_cache.latest_key", lambda _: "a" * 64)
    monkeypatch.setattr("serving.predict.make_call", lambda *_, **__: make_test_call())
    told("--json")
    (file,) = (home / "cache" / "calls").iterdir()
    file.write_bytes(file.read_bytes().replace(b"0.31", b"0.32").replace(b"0.34", b"0.33"))
    assert json.loads(told("--json"))["probabilities"]["rotation"] == 0.31
    (entry,) = journal.read()
    assert entry.call == make_test_call()


def test_a_past_call_is_not_journalled(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "serving.predict.make_call", lambda date, **_: asked.append(date) or make_test_call(asof="2025-12-19")
    )
    assert told("--asof", "2025-12-20").startswith(
        "A breakdown is likelier than usual in the 21 sessions after 2025-12-19"
    )
    assert asked == [pd.Timestamp("2025-12-20")]
    assert journal.read() == []


@pytest.mark.parametrize(
    "words",
    [("--asof", ""), ("--asof", "NaT"), ("--asof", "-1"), ("--asof", "2020"), ("backfill", "--from", "2020-1-1")],
)
def test_what_is_no_date_is_one_line(words):
    with pytest.raises(RegimeError, match="not a date, write YYYY-MM-DD"):
        told(*words)
