"""mlflow takes seconds to import: only commands that need it pay for it."""

import os
import subprocess
import sys

import pytest

CODE = (
    "import sys, {module} as cli\n"
    "for words in {lines!r}:\n"
    "    sys.argv = ['command', *words]\n"
    "    try: cli.main()\n"
    "    except SystemExit: pass\n"
    "print(sorted({{'mlflow', 'sqlalchemy', 'alembic'}} & set(sys.modules)), file=sys.stderr)"
)


@pytest.mark.parametrize(
    ("module", "lines"),
    [
        ("features.cli", [["--help"], ["refresh", "--source", "sample"], ["status"]]),
        ("training.cli", [["--help"], ["run", "nope"], ["upload", "--help"]]),
        ("serving.cli", [["--help"], ["report", "--help"]]),
    ],
)
def test_mlflow_is_not_imported(module, lines):
    code = CODE.format(module=module, lines=lines)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
