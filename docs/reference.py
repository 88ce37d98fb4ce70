"""Reference pages, generated from the program's own commands, settings, types and docstrings.

`python docs/reference.py` writes them (so does `make docs`); a test fails where one has fallen behind.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import typer

TOP = Path(__file__).parents[1]
sys.path[:0] = [str(TOP), str(TOP / "docs")]  # run from anywhere

import experiment_reference  # noqa: E402
from experiment_reference import GENERATED  # noqa: E402

import regime  # noqa: E402
import regime_cli  # noqa: E402

# --- Commands --------------------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of `regime` that is not hidden, by its words, groups before what is in them."""
    own: Any = typer.main.get_command(regime_cli.app)
    yield "regime", own
    for name, command in own.commands.items():
        if name in regime_cli.COMMANDS:
            module, part, _ = regime_cli.COMMANDS[name]
            found: Any = typer.main.get_command(importlib.import_module(module).app)
            yield from _walk(f"regime {name}", found if part is None else found.commands[part])
        elif not command.hidden:
            yield from _walk(f"regime {name}", command)
        else:  # `backup` and `restore` stand under `regime data`
            yield f"regime data {name}", command


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, part in getattr(command, "commands", {}).items():
        yield from _walk(f"{words} {name}", part)


def commands_page() -> str:
    """Every command with its options."""
    parts = [
        "# Commands",
        GENERATED,
        "Every command answers `--help` with the same. With `--json` standard output holds JSON only. Exit status: 0 "
        "done, 1 bad input or usage (one line says what was asked, what was there, what to do), 2 refused; `regime "
        "weekly` has its own. `regime --install-completion` makes your shell complete commands, options, experiments, "
        "sources, series and terms at the next start.",
    ]
    for words, command in sorted(commands(), key=lambda one: one[0]):
        parts += [f"## `{words}`", (command.help or "").strip()]
        rows = [
            _option(one)
            for one in command.params
            if one.name != "help" and (words == "regime" or one.name not in ("install_completion", "show_completion"))
        ]
        if rows:
            parts.append("| option | meaning | default |\n|---|---|---|\n" + "\n".join(rows))
        if command.epilog:
            parts.append(_example(command.epilog))
    return "\n\n".join(parts) + "\n"


def _option(one: Any) -> str:
    option = one.param_type_name == "option"
    names = ", ".join(f"`{name}`" for name in one.opts) if option else f"`{one.metavar or one.name.upper()}`"
    hidden = callable(one.default) or one.default in (None, (), [], False)
    default = "" if hidden else f"`{getattr(one.default, 'value', one.default)}`"
    return f"| {names} | {_cell(getattr(one, 'help', None) or '')} | {_cell(default)} |"


def _example(epilog: str) -> str:
    head, _, rest = epilog.partition(":")
    if head not in ("Example", "Examples"):
        return epilog
    return "```\n" + "\n".join(line.strip() for line in rest.split(";")) + "\n```"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- Types -----------------------------------------------------------------------------------------------------------


def type_name(kind: Any) -> str:
    """A type as a reader of JSON or TOML names it."""
    plain = {str: "text", int: "integer", float: "number", bool: "true or false", type(None): "nothing", Path: "path"}
    if kind in plain:
        return plain[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(type_name(one) for one in inner)
    if origin is tuple:
        return f"list of {type_name(inner[0])}" if inner[-1] is Ellipsis else ", ".join(type_name(one) for one in inner)
    if origin is dict:
        return f"table of {type_name(inner[1])}"
    if hasattr(kind, "__metadata__"):
        return type_name(inner[0])
    if origin is not None:
        return " or ".join(f"`{one}`" for one in inner)
    return f"[{kind.__name__}](#{kind.__name__.lower()})" if hasattr(kind, "model_fields") else kind.__name__


def fields_table(model: Any, defaults: bool = True) -> str:
    """Fields of a pydantic model as a table: name, type, meaning, default."""
    rows = []
    for name, field in model.model_fields.items():
        key = field.serialization_alias or name
        default = "" if field.is_required() else f"`{_plain(field.get_default(call_default_factory=True))}`"
        said = _cell(field.description or "")
        rows.append(
            f"| `{key}` | {_cell(type_name(field.annotation))} | {said} |"
            + (f" {_cell(default)} |" if defaults else "")
        )
    head = "| name | type | meaning |" + (" default |" if defaults else "")
    return f"{head}\n|---|---|---|{'---|' if defaults else ''}\n" + "\n".join(rows)


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return json.dumps(list(value) if isinstance(value, tuple) else value, default=str)


def settings_page() -> str:
    """Every key of `regime.toml`, and every environment variable."""
    from features.data import environment
    from features.data.settings import NotifySettings, Settings, WeeklySettings

    parts = [
        "# Settings",
        GENERATED,
        "`regime init` writes `regime.toml`, `regime settings` prints what is in force and where the file is.",
    ]
    flat = {name: field for name, field in Settings.model_fields.items() if name not in ("notify", "weekly")}
    top = type("Top", (), {"model_fields": flat})
    for title, model in (("Top", top), ("[notify]", NotifySettings), ("[weekly]", WeeklySettings)):
        parts += [f"## {title}", fields_table(model)]
    rows = "\n".join(f"| `{name}` | {_cell(meaning)} |" for name, meaning in environment.described().items())
    parts += [
        "## Environment",
        "A variable comes before the file, and a flag before both. What MLflow's client reads besides is MLflow's.",
        f"| name | meaning |\n|---|---|\n{rows}",
    ]
    return "\n\n".join(parts) + "\n"


def experiments_page() -> str:
    """Every key of an experiment file with what it may hold, and the experiments that come with the program."""
    return experiment_reference.page(type_name, _cell)


def contracts() -> list[Any]:
    """The types a call is made of, the call first."""
    from serving.call import Call

    found: list[Any] = []

    def visit(kind: Any) -> None:
        if hasattr(kind, "model_fields"):
            if kind not in found:
                found.append(kind)
                for field in kind.model_fields.values():
                    visit(field.annotation)
        else:
            for one in get_args(kind):
                visit(one)

    visit(Call)
    return found


def call_page() -> str:
    """Every field of a call's JSON."""
    parts = [
        "# A call",
        GENERATED,
        "`regime call --json` prints an object of this form; the journal keeps it in the same form. `regime call "
        "schema` prints its JSON Schema. Shares and probabilities lie between 0 and 1, returns are decimals, dates are "
        "ISO.",
    ]
    for model in contracts():
        parts += [f"## {model.__name__}", inspect.getdoc(model) or "", fields_table(model, defaults=False)]
    return "\n\n".join(parts) + "\n"


def python_page() -> str:
    """The functions of `import regime`."""
    parts = ["# Python", GENERATED, inspect.getdoc(regime) or ""]
    for name in regime.__all__:
        function = getattr(regime, name)
        parts += [f"## `regime.{name}{_signature(function)}`", f"```text\n{inspect.getdoc(function)}\n```"]
    return "\n\n".join(parts) + "\n"


def _signature(function: Any) -> str:
    return str(inspect.signature(function)).replace("'", "")


# --- The notebook and the pages that are made ------------------------------------------------------------------------


def notebook_page() -> str:
    """The notebook's cells and what they printed as text."""
    cells = json.loads((TOP / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        text = "".join(cell["source"]).strip()
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        for output in cell.get("outputs", []):
            shown = output.get("text") or output.get("data", {}).get("text/plain")
            if shown:
                parts.append(f"```text\n{''.join(shown).rstrip()}\n```")
    parts.append("The notebook itself is `docs/notebook.ipynb` in the repository; the tests run it.")
    return "\n\n".join(part for part in parts if part) + "\n"


PAGES = {
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
    "reference/experiments.md": experiments_page,
    "reference/call.md": call_page,
    "reference/python.md": python_page,
    "tutorials/notebook.md": notebook_page,
}


def write() -> None:
    """Write every page into `docs/`."""
    for name, page in PAGES.items():
        path = TOP / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
