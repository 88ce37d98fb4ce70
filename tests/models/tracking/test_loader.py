"""Registered models without mlflow: aliases without mlflow, models only as registered."""

import hashlib
import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from features.data import cache
from features.data.errors import RefusedError, RegimeError
from models.tracking import loader
from tests.support.servers import CONSTANT as DOCUMENT
from tests.support.servers import SCHEMA

TEXT = DOCUMENT.to_json()
TAGS = {"kind": "climatology", "document_sha256": hashlib.sha256(TEXT.encode()).hexdigest()}


@pytest.fixture
def database(tmp_path, monkeypatch, home):
    """Tables as MLflow 3 lays them out (checked against a real database in the slow suite)."""
    home.mkdir()
    artifacts = tmp_path / "artifacts with space" / "artifacts"
    artifacts.mkdir(parents=True)
    (artifacts / "model.json").write_text(TEXT)
    base = sqlite3.connect(tmp_path / "registry.db")
    base.executescript(
        "CREATE TABLE experiments(experiment_id, name, artifact_location);"
        "CREATE TABLE alembic_version(version_num);"
        "CREATE TABLE registered_model_aliases(alias, version, name);"
        "CREATE TABLE model_versions(name, version, run_id, storage_location);"
        "CREATE TABLE model_version_tags(key, value, name, version);"
    )
    base.execute("INSERT INTO alembic_version VALUES (?)", (SCHEMA,))
    for version in (1, 2):
        place = artifacts.parent.as_uri()
        base.execute("INSERT INTO model_versions VALUES ('regime', ?, ?, ?)", (version, f"run{version}", place))
        for key, value in TAGS.items():
            base.execute("INSERT INTO model_version_tags VALUES (?, ?, 'regime', ?)", (key, value, version))
    base.execute("INSERT INTO registered_model_aliases VALUES ('champion', 1, 'regime')")
    base.commit()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'registry.db'}")
    yield base, artifacts / "model.json"
    base.close()


def test_an_alias_is_followed_wherever_it_moves(database):
    base, _ = database
    found = loader.registered("regime", "champion")
    assert (found.version, found.run_id, found.document, found.tags) == ("1", "run1", DOCUMENT, TAGS)
    assert loader.registered("regime", "challenger") is None
    base.execute("UPDATE registered_model_aliases SET version = 2")
    base.commit()
    assert loader.registered("regime", "champion").version == "2"


def test_a_changed_model_is_refused_and_a_changed_copy_replaced(database, home):
    _, original = database
    loader.registered("regime", "champion")
    (copy,) = (home / "cache" / "models").iterdir()
    copy.write_bytes(copy.read_bytes().replace(b"0.4", b"0.5"))
    assert loader.registered("regime", "champion").document == DOCUMENT
    original.write_text(TEXT.replace("0.4", "0.5"))
    assert loader.registered("regime", "champion").document == DOCUMENT  # the verified copy
    copy.unlink()
    with pytest.raises(RefusedError, match="version 1 is not the one that was registered"):
        loader.registered("regime", "champion")


def write_tag(base, key, value):
    base.execute("DELETE FROM model_version_tags WHERE key = ?", (key,))
    if value is not None:
        base.execute("INSERT INTO model_version_tags VALUES (?, ?, 'regime', 1)", (key, value))
    base.commit()


@pytest.mark.parametrize("value", [None, "", "0" * 63, "../" * 21 + "x", "\n" * 64, "G" * 64])
def test_without_a_digest_nothing_is_served(database, home, value):
    base, _ = database
    write_tag(base, "document_sha256", value)
    with pytest.raises(RefusedError, match=r"version 1.*document_sha256") as error:
        loader.registered("regime", "champion")
    assert len(str(error.value).splitlines()) == 1
    assert not (home / "cache" / "models").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("skill", "much"),
        ("skill", "nan"),
        ("skill_p", ""),
        ("head_to_head_p", "1e999"),
        ("spec", "{}\n<script>"),
        ("spec", '{"kind": "x"}'),
        ("spec", "x" * 5000),
    ],
)
def test_an_odd_tag_is_one_line_that_names_it(database, key, value):
    base, _ = database
    write_tag(base, key, value)
    with pytest.raises(RefusedError, match=f"version 1: the tag {key} is") as error:
        loader.registered("regime", "champion")
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("name", ["a/b", "o'no", 'say "so"', "both ' and \"", "n" * 300, "../x", ""])
@pytest.mark.usefixtures("database")
def test_odd_names_are_not_found_and_break_nothing(name):
    assert loader.pointer(name, "champion") is None
    assert loader.pointer("regime", name) is None


def test_nothing_registered_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'none.db'}")
    assert loader.pointer("regime", "champion") is None
    sqlite3.connect(tmp_path / "none.db").close()
    assert loader.pointer("regime", "champion") is None
    assert not (tmp_path / "mlflow.db").exists()


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        found = "alias=champion" in self.path and "/api/2.0/mlflow/registered-models/alias" in self.path
        tags = [{"key": key, "value": value} for key, value in TAGS.items()]
        said = {"model_version": {"version": "7", "run_id": "r", "tags": tags}} if found else {"error_code": "X"}
        body = json.dumps(said).encode()
        self.send_response(200 if found else 500 if "broken" in self.path else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_is_asked_by_rest(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_address[1]}")
        at = loader.pointer("regime", "champion")
        assert (at.version, at.tags) == ("7", TAGS)
        assert loader.pointer("regime", "challenger") is None
        # A verified local copy is enough: nothing is downloaded again.
        cache.write("models", TAGS["document_sha256"], TEXT.encode())
        assert loader.registered("regime", "champion").document == DOCUMENT
        with pytest.raises(RegimeError, match="status 500"):
            loader.pointer("regime", "broken")
        server.shutdown()
    with pytest.raises(RegimeError, match="cannot be reached"):
        loader.pointer("regime", "champion")
