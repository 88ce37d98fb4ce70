"""The journal's head hash, put where the journal's owner cannot rewrite it.

The chain of hashes shows an edit by accident. That its owner wrote the whole
journal anew is shown only by a head that somebody else keeps: a commit in a git
repository that is pushed, or a time stamp after RFC 3161 that an authority has
signed. docs/weekly.md says what each one proves.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import cryptography.x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from features.data.errors import RegimeError
from features.data.files import write_file
from features.data.paths import home
from serving.journal_entry import Entry

SECONDS = 20  # an authority or git may take
LARGEST = 1 << 20  # bytes of an answer
GRANTED = (0, 1)  # RFC 3161, 2.4.2: granted, and granted with modifications


@dataclass(frozen=True)
class Anchors:
    """Where a weekly run puts the head: a git repository, a time-stamping authority, both or neither."""

    git: Path | None = None
    tsa: str | None = None
    tsa_root: Path | None = None

    def put(self, head: str, lines: int) -> list[str]:
        """Put the head in each place; one line a place that failed."""
        failures = []
        try:
            if self.git is not None:
                commit_head(self.git, head, lines)
        except RegimeError as error:
            failures.append(str(error))
        try:
            if self.tsa is not None:
                stamp_head(self.tsa, head, self.tsa_root)
        except RegimeError as error:
            failures.append(str(error))
        return failures


@dataclass(frozen=True)
class Stamp:
    """A time stamp of the head that entry `n` left."""

    n: int
    head: str
    time: dt.datetime


def folder() -> Path:
    """Where time stamps are kept: one `<head>.tsr` each, as `openssl ts` reads them."""
    return home() / "anchors"


def commit_head(repository: Path, head: str, lines: int) -> str:
    """Make an empty commit that names the head in the user's repository; its id. What is staged there stays staged."""
    message = f"regime journal: {lines} entries, head {head}"
    _git(repository, "commit", "--quiet", "--only", "--allow-empty", "--message", message)
    return _git(repository, "rev-parse", "HEAD")


def _git(repository: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *words],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RegimeError(f"the head is not anchored: git cannot be run in {repository} ({error})") from error
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"status {done.returncode}"
        raise RegimeError(f"the head is not anchored: git in {repository} says: {said}")
    return done.stdout.strip()


def stamp_head(authority: str, head: str, root: Path | None = None) -> Path:
    """Have an authority sign the head and the time; the file the answer is kept in.

    Parameters
    ----------
    authority : str
        The address of a time-stamping authority, http or https.
    head : str
        What is signed is the SHA-256 of its 64 characters.
    root : Path, optional
        The authority's root certificate, PEM: the signature is then verified too.

    Raises
    ------
    RegimeError
        No answer, or one that is not a time stamp of this head.
    """
    if not authority.startswith(("http://", "https://")):
        raise RegimeError(f"the head is not anchored: {authority!r} is no http or https address")
    request = TimestampRequestBuilder().data(head.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _asked(authority, request.as_bytes())
    try:
        response = decode_timestamp_response(answer)
        _check(response, head, request)
        if root is not None:
            _verify_signature(response, head, root)
    except (ValueError, VerificationError) as error:
        raise RegimeError(
            f"the head is not anchored: the answer of {authority} is no time stamp of it ({error})"
        ) from error
    file = folder() / f"{head}.tsr"
    write_file(file, answer)
    return file


def _asked(authority: str, query: bytes) -> bytes:
    asked = urllib.request.Request(authority, query, {"Content-Type": "application/timestamp-query"})
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            return bytes(answer.read(LARGEST))
    except (OSError, urllib.error.HTTPError) as error:
        raise RegimeError(f"the head is not anchored: {authority} cannot be reached ({error})") from error


def _check(response: TimeStampResponse, head: str, request: TimeStampRequest | None = None) -> None:
    if response.status not in GRANTED:
        raise ValueError(f"status {response.status}: {'; '.join(response.status_string) or 'refused'}")
    if response.tst_info.message_imprint.message != hashlib.sha256(head.encode()).digest():
        raise ValueError("it is of something else")
    if request is not None and response.tst_info.nonce != request.nonce:
        raise ValueError("it answers another request")


def _verify_signature(response: TimeStampResponse, head: str, root: Path) -> None:
    try:
        certificate = cryptography.x509.load_pem_x509_certificate(root.read_bytes())
    except OSError as error:
        raise ValueError(f"{root} cannot be read: {error.strerror}") from error
    VerifierBuilder().add_root_certificate(certificate).build().verify_message(response, head.encode())


def stamps(entries: list[Entry], root: Path | None = None) -> list[Stamp]:
    """The time stamps at hand, each of an entry of this journal, oldest first.

    Parameters
    ----------
    entries : list of Entry
        The whole journal.
    root : Path, optional
        The authority's root certificate, PEM: without it signatures are not verified.

    Raises
    ------
    RegimeError
        A stamped head is that of no entry: the journal was written anew. Or a
        stamp is damaged or wrongly signed.
    """
    if root is not None and not root.is_file():
        raise RegimeError(f"--tsa-root {root}: no such file")
    numbers = {entry.hash: entry for entry in entries}
    found = []
    for file in sorted(folder().glob("*.tsr")):
        head = file.stem
        try:
            response = decode_timestamp_response(file.read_bytes())
            _check(response, head)
            if root is not None:
                _verify_signature(response, head, root)
        except (ValueError, VerificationError) as error:
            raise RegimeError(f"{file}: no time stamp of this head ({error})") from error
        if head not in numbers:
            raise RegimeError(f"{file}: no entry has the stamped head: the tail was cut or the journal written anew")
        entry, time = numbers[head], response.tst_info.gen_time
        found.append(Stamp(entry.n, head, time))
    return sorted(found, key=lambda stamp: stamp.n)
