"""The umbrella: the notebook's functions and the command `regime`."""

import ast
import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import features.cli
import regime
import regime_cli
import serving.cli
import training.cli
from features.data import store
from features.data.errors import RegimeError
from features.dataset import OUTCOMES
from models.spec import ModelSpec
from serving import journal
from tests.support.calls import make_test_call
from tests.support.data import write_folder
from tests.support.shell import BIN, run

TOP = Path(regime.__file__).parent


def imported_by(code):
    """What of the heavy libraries a program has imported when it ends."""
    heavy = (
        "{'pandas', 'numpy', 'mlflow', 'lightgbm', 'sklearn', 'scipy', 'matplotlib', 'plotly', 'pyarrow', 'optuna',"
        " 'statsmodels', 'sqlalchemy', 'distributed'}"
    )
    code = f"import sys\n{code}\nprint(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.fixture
def regime_main(monkeypatch, capsys):
    """Run the command in this process: status, standard output, standard error."""

    def main(*words, entry=regime.main):
        monkeypatch.setattr(sys, "argv", ["regime", *words])
        with pytest.raises(SystemExit) as end:
            entry()
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return main


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_help_and_version_import_no_room(words):
    call = "try: regime.main()\nexcept SystemExit as end: assert not end.code"
    assert imported_by(f"import regime\nsys.argv = ['regime', *{words!r}]\n{call}") == "[]"


# Every command of an entry, each asked for its help and given an option it does not have.
ALL_COMMANDS = """
import contextlib, io, typer
from {module} import app, main
found = list(typer.main.get_command(app).commands)
for words in [[], *([name] for name in found)]:
    for option, status in (("--help", 0), ("--no-such-option", 1)):
        sys.argv = ["{entry}", *words, option]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            try:
                main()
            except SystemExit as end:
                assert end.code == status, (words, option, end.code)
        assert status or "Usage:" in said.getvalue(), words
assert len(found) >= {least}, found
"""


@pytest.mark.parametrize(
    ("module", "entry", "least"),
    [
        ("regime_cli", "regime", 8),
        ("features.cli", "regime-data", 8),
        ("training.cli", "regime-train", 7),
        ("serving.cli", "regime-predict", 7),
    ],
)
def test_help_and_usage_errors_of_no_command_import_a_library_of_data_or_models(module, entry, least):
    assert imported_by(ALL_COMMANDS.format(module=module, entry=entry, least=least)) == "[]"


def test_a_call_that_is_made_anew_imports_no_picture_and_no_test_of_models():
    """What predicts is needed; a third of a cold call went into libraries that it does not use."""
    code = "import sys, serving.predict, lightgbm\nunused = {'matplotlib', 'arch', 'mlflow', 'optuna', 'scipy.signal'}"
    assert imported_by(f"{code}\nassert not unused & set(sys.modules), unused & set(sys.modules)")


def test_no_room_imports_the_umbrella():
    for room in ("features", "models", "training", "serving"):
        for path in (TOP / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) else []
                assert not {"regime", "regime_cli"} & set(names), path


def test_every_public_function_is_described():
    functions = [getattr(regime, name) for name in regime.__all__]
    assert len(functions) >= 12
    for one in functions:
        assert inspect.getdoc(one), one
        assert inspect.signature(one).return_annotation is not inspect.Signature.empty, one


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["data", "nope"], "No such command 'nope'"),
        (["data", "refresh", "--source", "smaple"], "sample"),
        (["train", "run"], "Missing argument"),
        (["call", "--asfo", "2020-01-03"], "No such option"),
        (["journal", "--last", "0"], "greater than or equal to 1"),
    ],
)
def test_a_usage_error_is_bad_input(regime_main, words, said):
    status, shown, line = regime_main(*words)
    assert (status, shown) == (1, "")
    assert said in line
    assert line.count("\n") == 1
    assert f"see `regime {words[0]}".removesuffix(" nope") in line


def test_old_commands_too_exit_with_1_on_a_usage_error(regime_main):
    for module, words in ((features.cli, ["refresh"]), (training.cli, ["run"]), (serving.cli, ["--nope"])):
        assert regime_main(*words, entry=module.main)[0] == 1


def test_the_interface_on_a_busy_port_says_so(regime_main):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        status, shown, line = regime_main("ui", "--port", str(port))
    assert (status, shown) == (1, "")
    assert f"port {port} cannot be used (Address already in use)" in line


def test_version_and_module():
    said = run("regime", "--version").stdout
    assert said == run("python", "-m", "regime", "--version", cwd=TOP).stdout
    assert said.startswith("regime 0.")


@pytest.mark.parametrize("name", [*regime_cli.COMMANDS, "status"])
def test_every_command_shows_its_own_help(regime_main, name):
    status, shown, _ = regime_main(name, "-h")
    assert status == 0
    assert f"regime {name}" in shown
    assert "Example" in shown or name in ("data", "train")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("regime ", {"data", "train", "call", "report", "journal", "weekly", "status", "ui"}),
        ("regime data ", {"refresh", "use", "status", "audit", "indicators", "backup", "restore"}),
        ("regime data use ", {"sample", "folder", "live"}),
        ("regime train run ", {"default", "range", "destinations", "my-own.toml"}),
        ("regime train sweep d", {"default", "destinations"}),
        ("regime call --allow-stale ", {"VIX", "DGS10"}),
        ("regime data refresh --accept SP", {"SPY:"}),
        ("regime explain ", {"rotation", "usual_odds"}),
        ("regime weekly install ", {"cron", "systemd", "windows", "actions"}),
    ],
)
def test_completion(line, wanted, tmp_path):
    (tmp_path / "my-own.toml").touch()
    words = {"_REGIME_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    offered = run("regime", env=words, cwd=tmp_path).stdout.split()
    assert wanted <= set(offered)
    assert all(one.startswith(line.rpartition(" ")[2]) for one in offered)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_completion_is_installed_and_bash_completes_an_experiment(tmp_path):
    env = os.environ | {"HOME": str(tmp_path), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def bash(script):
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert "completion installed" in bash("regime --install-completion; true")
    typed = "COMP_WORDS=(regime train run des); COMP_CWORD=3; _regime_completion regime"
    assert "destinations" in bash(f'source ~/.bashrc; {typed}; echo "${{COMPREPLY[@]}}"').split()


def test_only_the_whole_command_installs_completion(regime_main):
    assert "--install-completion" in regime_main("--help")[1]
    shown = regime_main("data", "--help")[1]
    assert "--install-completion" not in shown
    assert {"backup", "restore"} <= set(shown.split())


def test_sample_and_own_data_lie_side_by_side(regime_main, tmp_path):
    def said(*words):
        status, shown, error = regime_main(*words, "--json")
        assert (status, error) == (0, "")
        return json.loads(shown)

    assert "data refresh" in regime_main("status")[2]
    own = write_folder(tmp_path / "own")
    first = said("data", "refresh", "--source", "folder", "--folder", str(own))
    sample = said("data", "refresh", "--source", "sample")
    found = said("status")
    assert (found["source"], found["digest"]) == ("sample", sample["digest"])
    assert found["stored"] == {"folder": first["digest"], "sample": sample["digest"]}
    assert found["home"] == os.environ["REGIME_HOME"]
    assert found["runs"] == os.environ["MLFLOW_TRACKING_URI"]
    assert said("data", "use", "folder")["digest"] == first["digest"]
    status, shown, _ = regime_main("status")
    assert status == 2  # a folder without VIX: a call would be refused
    assert f"also stored: sample {sample['digest']}" in shown
    assert f"folder {first['digest']}" in shown
    status, shown, error = regime_main("data", "use", "live")
    assert (status, shown) == (1, "")
    assert "stored: folder, sample" in error


@pytest.fixture
def _sample_stored(sample_snapshot):
    store.write(sample_snapshot.tables, "sample", sample_snapshot.legs, sample_snapshot.last)


@pytest.mark.usefixtures("_sample_stored")
def test_snapshot_features_and_data_set():
    whole = regime.snapshot()
    assert whole.source == "sample"
    assert regime.snapshot("2010-03-05").last == pd.Timestamp("2010-03-05")
    meaning = regime.catalog()
    daily = regime.features()
    assert list(daily.columns) == list(meaning.index)
    assert daily.index[-1] == whole.last
    data = regime.dataset(label="path", asof="2010-03-05")
    assert data.outcomes == OUTCOMES
    assert data.X.index[-1] == pd.Timestamp("2010-03-05")
    assert data.outcome.iloc[-4:].isna().all()  # a month has not passed
    assert data.outcome.iloc[:-6].notna().all()
    ages = regime.freshness().set_index("series")
    assert ages.loc["DGS10", "last"] == pd.Timestamp("2017-03-30")
    assert ages.loc["DGS10", "age"] == (pd.Timestamp("2022-12-28") - pd.Timestamp("2017-03-30")).days


def test_specification_takes_changes():
    plain = regime.specification("default")
    assert isinstance(plain, ModelSpec)
    changed = regime.specification("default", label="return", params={"max_depth": 2}, exclude=["breadth"])
    assert (changed.label, changed.params["max_depth"], tuple(changed.exclude)) == ("return", 2, ("breadth",))
    with pytest.raises(RegimeError, match="unknown"):
        regime.specification("default", lable="return")


def test_bad_arguments_are_named():
    with pytest.raises(RegimeError, match="no source 'yahoo': known are sample, folder, live"):
        regime.refresh("yahoo")
    with pytest.raises(RegimeError, match="write YYYY-MM-DD"):
        regime.call("yesterday")
    with pytest.raises(RegimeError, match="nothing"):
        regime.use("live")


def entry(name, asof="2020-02-21", source="folder", digest="0123456789abcdef"):
    return make_test_call(asof=asof, source=source, digest=digest, model={"name": name, "version": "1"}, last_week=None)


def test_journal_is_a_table(regime_main):
    now = pd.Timestamp("2020-02-22 12:00", tz="UTC")
    assert regime.journal().empty
    assert "no calls" in regime_main("journal")[1]
    journal.append(entry("regime"), now)
    journal.append(entry("regime-sample", "2020-02-14", "sample"), now)
    journal.append(entry("regime", digest="fedcba9876543210"), now)
    made = regime.journal()
    assert list(made["model"]) == ["regime-sample", "regime", "regime"]  # by week, then in the order of the journal
    assert made["n"].to_list() == [2, 1, 3]
    assert made["corrects"].fillna(0).to_list() == [0, 0, 1]
    assert made.loc[1, ["p_rotation", "base_neither"]].to_list() == [0.31, 0.46]
    heads, first, second, third, *key = regime_main("journal")[1].splitlines()
    assert heads.startswith("week")
    assert ("2020-02-14" in first, "live*" in second, third.split()[-1]) == (True, True, "live")
    assert key[0].startswith("In percent")
    assert len(json.loads(regime_main("journal", "--last", "2", "--json")[1])) == 2


def test_places(monkeypatch, tmp_path):
    from models.tracking import location

    assert regime.places()["runs"] == os.environ["MLFLOW_TRACKING_URI"]
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert regime.places()["runs"] == f"sqlite:///{TOP / 'mlruns' / 'mlflow.db'}"
    monkeypatch.setattr(location, "CHECKOUT", tmp_path / "site-packages")
    assert regime.places()["runs"] == f"sqlite:///{Path(os.environ['REGIME_HOME']) / 'mlruns' / 'mlflow.db'}"


def test_the_umbrella_quiets_mlflow_as_the_room_s_own_command_does(monkeypatch, regime_main):
    from models.tracking import process_environment

    told = []
    monkeypatch.setattr(process_environment, "set_up", lambda: told.append(True))
    regime_main("train", "--help")
    regime_main("data", "--help")
    assert told == [True]
