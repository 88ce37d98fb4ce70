"""The documentation: nothing that a person can type or read is left without a word, and the site builds."""

import importlib.util
import os
import re
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


@pytest.mark.parametrize("name", ["commands", "settings", "experiments", "call", "python"])
def test_a_committed_page_is_fresh(reference, name):
    page = f"reference/{name}.md"
    assert (TOP / "docs" / page).read_text(encoding="utf-8") == reference.PAGES[page](), (
        "run `python docs/reference.py`"
    )


def test_the_notebook_s_page_is_fresh(reference):
    page = TOP / "docs" / "tutorials" / "notebook.md"
    assert page.read_text(encoding="utf-8") == reference.notebook_page(), "run `python docs/reference.py`"
    assert len(reference.PAGES) == 6


def test_every_key_of_an_experiment_says_what_it_may_hold(reference):
    from models.destinations.spec import DestinationsSpec
    from models.range.spec import RangeSpec
    from models.spec import ModelSpec

    keys = reference.experiments_page().split("## The experiments that come")[0]
    for model in (ModelSpec, RangeSpec, DestinationsSpec):
        assert all(reference.experiment_reference.allowed(model, name) for name in model.model_fields)
        assert set(reference.experiment_reference.ALLOWED[model.__name__]) <= set(model.model_fields)
    # No name of the program's source, which a reader of the page cannot look up.
    assert re.findall(r"`[A-Z_]{4,}`|`(?:models|features|training)\.\w+", keys) == []


def test_the_lists_of_values_are_those_of_the_program(reference):
    from features.dataset import FAMILY_OF, LABEL_MEANING
    from features.families import FAMILIES
    from models import spec
    from models.classifier import ALGORITHMS
    from models.destinations.spec import MODELS
    from models.estimators import NAMES
    from models.range import spec as ranges
    from models.range import volatility_block
    from models.range.fit import FITTED

    said = reference.experiment_reference
    assert list(said.HOW) == list(ALGORITHMS)
    assert list(said.WEIGHTINGS) == list(spec.WEIGHTINGS)
    assert list(said.CALIBRATIONS) == list(spec.CALIBRATIONS)
    assert list(said.RANGE_MODELS) == list(ranges.MODELS)
    assert list(said.GROUP_MODELS) == list(MODELS)
    assert set(FAMILIES) == set(FAMILY_OF.values())
    columns = [re.sub(r"\d+$", "<n>", name) for name in (*FITTED, *volatility_block.BROAD)]
    assert list(said.MEMBERS) == list(dict.fromkeys(columns))
    page = said.page(reference.type_name, reference._cell)
    named = (*NAMES, *LABEL_MEANING, *FAMILIES, *spec.LIGHTGBM_DEFAULTS)
    assert [name for name in named if f"\n| `{name}` |" not in page] == []


def test_every_link_of_a_document_leads_somewhere_in_a_clone():
    from markdown.extensions.toc import slugify

    pages = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]
    found = {path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8") for path in pages}
    assert {"README.md", "docs/how-to/try-a-model.md", "docs/reference/experiments.md"} <= set(found)
    dead = []
    for name, text in found.items():
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"\w+:", link):
                continue
            path, _, anchor = link.partition("#")
            to = os.path.normpath(Path(name).parent / path) if path else name
            heads = re.findall(r"^#+ (.*)$", found.get(to, ""), flags=re.MULTILINE)
            if not (TOP / to).exists() or (anchor and anchor not in {slugify(head, "-") for head in heads}):
                dead.append(f"{name}: {link}")
    assert dead == []


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
