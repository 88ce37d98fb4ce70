"""A wheel installed in a clean environment works from another folder, and writes nothing beside its modules."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import regime

TOP = Path(regime.__file__).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*words, "--wheel-dir", folder, TOP], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("regime-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`bin` of an environment with the wheel alone; its dependencies are read where the tests have them."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False, symlinks=True)
    words = [sys.executable, "-m", "pip", "--python", root / "bin" / "python", "install", "--quiet", "--no-deps"]
    done = subprocess.run([*words, "--no-index", wheel], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (packages,) = root.glob("lib/python*/site-packages")
    # A path in a .pth file is searched after the environment's own; .pth files found there (the editable one) are not.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return root / "bin"


@pytest.mark.slow
def test_the_wheel_holds_what_the_source_holds(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    git = subprocess.run(
        ["git", "-C", TOP, "ls-files", "features", "models", "training", "serving", "regime.py", "regime_cli.py"],
        capture_output=True,
        text=True,
    )
    if git.returncode:
        pytest.skip("not a git checkout: there is no list of files to compare with")
    assert set(git.stdout.split()) <= names
    assert {Path(name).suffix for name in names} <= {
        ".py",
        ".toml",
        ".json",
        ".parquet",
        ".md",
        ".css",
        ".svg",
        ".typed",
        ".cron",
        ".service",
        ".timer",
        ".xml",
        ".yml",
    }


@pytest.mark.slow
def test_installed_commands_work_from_another_folder(installed, tmp_path):
    place, home = tmp_path / "elsewhere", tmp_path / "user"
    place.mkdir()
    usual = {key: value for key, value in os.environ.items() if not key.startswith(("REGIME_", "MLFLOW_", "PYTHON"))}
    env = usual | {"XDG_DATA_HOME": str(home), "HOME": str(tmp_path), "MPLBACKEND": "Agg"}

    def run(*words, status=0):
        done = subprocess.run([installed / words[0], *words[1:]], capture_output=True, text=True, cwd=place, env=env)
        assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    where = run("python", "-c", "import regime, serving.predict; print(regime.__file__, serving.predict.__file__)")
    assert all(str(installed.parent) in path for path in where.split())
    for words in (("regime",), ("regime-data",), ("regime-train",), ("regime-predict",), ("python", "-m", "regime")):
        assert "Usage" in run(*words, "--help")
    run("regime", "data", "refresh", "--source", "sample")
    made = json.loads(run("regime-train", "run", "climatology", "--json"))
    assert made["registered_as"] == "regime-sample"
    assert json.loads(run("python", "-m", "regime", "call", "--json"))["source"] == "sample"
    status = json.loads(run("regime", "status", "--json"))
    assert status["home"] == str(home / "regime")
    assert status["runs"] == f"sqlite:///{home / 'regime' / 'mlruns' / 'mlflow.db'}"
    assert (home / "regime" / "mlruns" / "mlflow.db").exists()
    assert run("regime", "report").startswith("report: ")
    assert len(json.loads(run("regime", "journal", "--json"))) == 1
    assert list(place.iterdir()) == []
    (packages,) = installed.parent.glob("lib/python*/site-packages")
    assert not list(packages.rglob("mlruns"))
