"""The installed commands, run as a user runs them."""

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def run(*words, status=0, cwd=None, env=None):
    """Run a command of the environment; fail with what it said on standard error if its status is another."""
    done = subprocess.run(
        [BIN / words[0], *map(str, words[1:])], capture_output=True, text=True, cwd=cwd, env=os.environ | (env or {})
    )
    assert done.returncode == status, f"status {done.returncode}: {done.stdout}{done.stderr}"
    return done


def fail(*words, status=1):
    """Run a command that must fail with one line on standard error and nothing on standard output; that line."""
    done = run(*words, status=status)
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr
