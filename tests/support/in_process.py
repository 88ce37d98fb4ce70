"""The command `regime` run in this process, and what must hold of it whatever it was given."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple

import regime
from serving.exit_status import ExitStatus

STATUSES = set(map(int, ExitStatus))


class Said(NamedTuple):
    """Exit status, standard output and standard error."""

    status: int
    out: str
    err: str


def run(*words: str) -> Said:
    """Run a command; it ends in no traceback, nor in an error that nobody foresaw."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["regime", *words]
    status: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            regime.main()
    except SystemExit as end:
        status = end.code
    finally:
        sys.argv = before
    said = Said(status if isinstance(status, int) else 1, out.getvalue(), err.getvalue())
    assert said.status in STATUSES, (words, said)
    assert "Traceback" not in said.out + said.err, (words, said.err)
    assert "error: unexpected " not in said.err, (words, said.err)
    return said


def fail(*words: str) -> str:
    """Run a command that must fail, with one line that says why and nothing on standard output; that line."""
    said = run(*words)
    assert said.status, (words, said)
    assert said.out == "", (words, said)
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, (words, said.err)
    assert 10 < len(lines[0]) < 1500, (words, lines)
    return lines[0]
