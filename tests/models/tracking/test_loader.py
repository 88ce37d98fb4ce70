"""The door to the registry: aliases without mlflow, models only as registered."""

import hashlib
import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from features.data.errors import RefusedError, RegimeError
from models.tracking import loader
from tests.support.servers import CONSTANT as DOCUMENT

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
        "CREATE TABLE registered_model_aliases(alias, version, name);"
        "CREATE TABLE model_versions(name, version, run_id, storage_location);"
        "CREATE TABLE model_version_tags(key, value, name, version);"
    )
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
    copy.write_text(TEXT.replace("0.4", "0.5"))
    assert loader.registered("regime", "champion").document == DOCUMENT
    original.write_text(TEXT.replace("0.4", "0.5"))
    assert loader.registered("regime", "champion").document == DOCUMENT  # the verified copy
    copy.unlink()
    with pytest.raises(RefusedError, match="version 1 is not the one that was registered"):
        loader.registered("regime", "champion")


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


def test_a_server_is_asked_by_rest(monkeypatch, home):
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_address[1]}")
        at = loader.pointer("regime", "champion")
        assert (at.version, at.tags) == ("7", TAGS)
        assert loader.pointer("regime", "challenger") is None
        # A verified local copy is enough: nothing is downloaded again.
        copy = home / "cache" / "models" / f"{TAGS['document_sha256']}.json"
        copy.parent.mkdir(parents=True)
        copy.write_text(TEXT)
        assert loader.registered("regime", "champion").document == DOCUMENT
        with pytest.raises(RegimeError, match="status 500"):
            loader.pointer("regime", "broken")
        server.shutdown()
    with pytest.raises(RegimeError, match="cannot be reached"):
        loader.pointer("regime", "champion")
