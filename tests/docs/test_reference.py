"""The documentation: nothing that a person can type or read is left without a word, and the site builds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("docs_reference", TOP / "docs" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_option_and_argument_is_documented(reference):
    found = dict(reference.commands())
    assert {"regime call", "regime data refresh", "regime data backup", "regime train run", "regime init"} <= set(found)
    silent = [words for words, command in found.items() if not (command.help or "").strip()]
    options = [(words, one) for words, command in found.items() for one in command.params]
    silent += [f"{words} {one.name}" for words, one in options if not getattr(one, "help", None)]
    assert silent == []
    page = reference.commands_page()
    assert [words for words in found if f"## `{words}`\n" not in page] == []


def test_every_command_but_groups_has_an_example(reference):
    bare = [words for words, command in reference.commands() if not hasattr(command, "commands") and not command.epilog]
    assert bare == []


def test_help_shows_no_value_for_a_flag_and_one_for_other_options(reference):
    shown = {}
    for words, _ in reference.commands():
        asked = CliRunner().invoke(reference.regime_cli.app, [*words.split()[1:], "--help"], env={"COLUMNS": "200"})
        assert asked.exit_code == 0, words
        shown[words] = asked.output
    assert [words for words, text in shown.items() if "bool" in text.lower()] == []
    assert "--config" in shown["regime"]
    assert "<path>" in shown["regime"]


def test_every_field_of_a_call_is_documented(reference):
    contracts = reference.contracts()
    assert contracts[0].__name__ == "Call"
    assert len(contracts) > 5
    silent = [
        f"{model.__name__}.{name}"
        for model in contracts
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert silent == []


def test_every_setting_and_key_of_an_experiment_is_documented():
    from features.data.settings import NotifySettings, Settings, WeeklySettings
    from models.destinations.spec import DestinationsSpec
    from models.range.spec import RangeSpec
    from models.spec import ModelSpec

    silent = [
        f"{model.__name__}.{name}"
        for model in (Settings, NotifySettings, WeeklySettings, ModelSpec, RangeSpec, DestinationsSpec)
        for name, field in model.model_fields.items()
        if not field.description and name not in ("notify", "weekly")
    ]
    assert silent == []


def test_the_settings_page_describes_every_variable(reference):
    from features.data import environment

    page = reference.settings_page()
    assert [name for name in environment.described() if f"`{name}`" not in page] == []


def test_the_site_builds_without_a_warning(tmp_path):
    done = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--quiet", "--strict", "--site-dir", tmp_path / "site"],
        capture_output=True,
        text=True,
        cwd=TOP,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "regime weekly" in (tmp_path / "site" / "reference" / "commands.html").read_text()
    assert not [path for path in (tmp_path / "site").rglob("*.html") if "fonts.googleapis" in path.read_text()]
