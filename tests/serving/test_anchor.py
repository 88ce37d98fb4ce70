"""The head in other hands: a git commit, and a time stamp of a stand-in authority on loopback."""

import hashlib
import http.server
import shutil
import subprocess
import threading
from pathlib import Path

import pandas as pd
import pytest

from features.data.errors import RegimeError
from serving import anchor, journal
from tests.support.calls import make_test_call

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the stand-in authority is openssl's")
CONFIGURATION = """
[tsa]
default_tsa = standin
[standin]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
accuracy = secs:1
"""
USAGE = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


def entries(weeks=2):
    for day in ("2026-01-02", "2026-01-09", "2026-01-16")[:weeks]:
        journal.append(make_test_call(asof=day), pd.Timestamp("2026-01-17", tz="UTC"))
    return journal.read()


def run(*words, cwd):
    return subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name, value in {"NAME": "a", "EMAIL": "a@example.org"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    place = tmp_path / "notes"
    place.mkdir()
    run("git", "init", "--quiet", cwd=place)
    return place


@needs_git
def test_a_commit_names_the_head_and_leaves_what_is_staged(repository):
    (repository / "mine.txt").write_text("not yours")
    run("git", "add", "mine.txt", cwd=repository)
    head = entries()[-1].hash
    made = anchor.commit_head(repository, head, 2)
    assert run("git", "show", "--format=%H %s", "--name-only", cwd=repository) == (
        f"{made} regime journal: 2 entries, head {head}"
    )
    assert run("git", "diff", "--cached", "--name-only", cwd=repository) == "mine.txt"
    assert journal.verify(head)[0] == 2


@needs_git
def test_a_folder_that_is_no_repository_is_one_line(tmp_path):
    with pytest.raises(RegimeError, match=r"not anchored: git in .* says") as error:
        anchor.commit_head(tmp_path, "0" * 64, 1)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A root, another root, and an authority's key and certificate."""
    place = tmp_path_factory.mktemp("tsa")
    for name in ("root", "other"):
        run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
            cwd=place,
        )
    run(
        *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tsa", "-keyout", "tsa.key"),
        *("-out", "tsa.csr"),
        cwd=place,
    )
    (place / "usage").write_text(USAGE)
    run(
        *("openssl", "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "2"),
        *("-extfile", "usage", "-out", "tsa.pem"),
        cwd=place,
    )
    (place / "tsa.cnf").write_text(CONFIGURATION)
    (place / "serial").write_text("01")
    return place


@pytest.fixture
def authority(certificates):
    """A time-stamping authority on loopback: its address, and what to do to its answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        alter = staticmethod(lambda answer: answer)

        def do_POST(self):
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            (certificates / "query").write_bytes(query)
            run(
                *("openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "answer"),
                cwd=certificates,
            )
            answer = self.alter((certificates / "answer").read_bytes())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", Handler
        server.shutdown()
        thread.join()


@needs_openssl
def test_a_time_stamp_is_kept_verified_and_readable_by_openssl(authority, certificates, tmp_path):
    found = entries()
    file = anchor.stamp_head(authority[0], found[-1].hash, certificates / "root.pem")
    (stamp,) = anchor.stamps(found, certificates / "root.pem")
    assert (stamp.n, stamp.head) == (2, found[-1].hash)
    assert abs(pd.Timestamp(stamp.time) - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=5)
    data = tmp_path / "head"
    data.write_text(found[-1].hash)
    told = run(
        *("openssl", "ts", "-verify", "-data", str(data), "-in", str(file), "-CAfile", "root.pem"), cwd=certificates
    )
    assert told.endswith("OK")


@needs_openssl
def test_a_stamp_shows_that_the_owner_wrote_the_whole_anew(authority, certificates):
    anchor.stamp_head(authority[0], entries()[-1].hash)
    for name in ("journal.jsonl", "journal.index"):  # the owner leaves no trace of the first journal
        (journal.path().parent / name).unlink()
    assert journal.verify()[0] == 0
    journal.append(make_test_call(asof="2026-01-09", digest="1" * 16), pd.Timestamp("2026-01-10", tz="UTC"))
    assert journal.verify()[0] == 1
    with pytest.raises(RegimeError, match="no entry has the stamped head"):
        anchor.stamps(journal.read(), certificates / "root.pem")


@needs_openssl
def test_another_authoritys_signature_is_no_stamp(authority, certificates):
    found = entries()
    with pytest.raises(RegimeError, match="is no time stamp of it"):
        anchor.stamp_head(authority[0], found[-1].hash, certificates / "other.pem")
    assert not list(anchor.folder().glob("*"))
    anchor.stamp_head(authority[0], found[-1].hash)
    with pytest.raises(RegimeError, match="no time stamp of this head"):
        anchor.stamps(found, certificates / "other.pem")


@needs_openssl
@pytest.mark.parametrize(
    "alter", [lambda answer: answer[:40], lambda answer: answer[:0], lambda _: b"<html>busy</html>", "replayed"]
)
def test_an_answer_that_is_none_is_one_line(authority, alter):
    address, handler = authority
    found = entries()
    if alter == "replayed":
        first = anchor.stamp_head(address, found[-1].hash).read_bytes()
        anchor.folder().joinpath(f"{found[-1].hash}.tsr").unlink()
        handler.alter = staticmethod(lambda _: first)
    else:
        handler.alter = staticmethod(alter)
    with pytest.raises(RegimeError, match="is no time stamp of it") as error:
        anchor.stamp_head(address, found[-1].hash)
    assert "\n" not in str(error.value)
    assert not list(anchor.folder().glob("*"))


@needs_openssl
def test_a_stamp_of_another_head_is_found(authority, certificates):
    found = entries()
    file = anchor.stamp_head(authority[0], hashlib.sha256(b"other").hexdigest())
    file.rename(file.with_stem(found[0].hash))
    with pytest.raises(RegimeError, match="it is of something else"):
        anchor.stamps(found, certificates / "root.pem")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "ftp://127.0.0.1/", "127.0.0.1", "file:///etc/passwd"])
def test_an_authority_out_of_reach_is_one_line(address):
    with pytest.raises(RegimeError, match="the head is not anchored") as error:
        anchor.stamp_head(address, "0" * 64)
    assert "\n" not in str(error.value)


def test_anchors_are_put_each_on_its_own(monkeypatch):
    put = []
    monkeypatch.setattr(anchor, "commit_head", lambda *words: put.append(words))
    monkeypatch.setattr(anchor, "stamp_head", lambda *words: put.append(words))
    assert anchor.Anchors().put("h", 3) == []
    assert put == []
    assert anchor.Anchors(Path("r"), "http://tsa", Path("root")).put("h", 3) == []
    assert put == [(Path("r"), "h", 3), ("http://tsa", "h", Path("root"))]
