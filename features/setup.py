"""`regime init`: ask what the weekly run needs to know, and write it to the settings file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.console import App, JsonOption, err, out, print_json
from features.data import environment
from features.data.errors import RegimeError
from features.data.source import Source

if TYPE_CHECKING:
    from features.data.settings import Settings

app = App(help="Write the settings.")


@app.callback()
def _together() -> None:
    """Keep `init` a sub-command although it is the only one."""


@app.command(
    epilog="Examples: regime init; regime init --source folder --folder ~/market-data; regime init --source live "
    "--fred-key KEY --notify mailto://user:password@example.org --yes"
)
def init(
    source: Annotated[Source | None, typer.Option(help="Which data are refreshed each week.")] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder of tables, with --source folder.")] = None,
    fred_key: Annotated[str | None, typer.Option(help="FRED's key, for live data.")] = None,
    home: Annotated[Path | None, typer.Option(help="Directory of snapshots, journal and report.")] = None,
    notify: Annotated[list[str] | None, typer.Option(help="Who is told; an Apprise address, may be repeated.")] = None,
    config: Annotated[Path | None, typer.Option(help="The file to write; that of `regime settings` if absent.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; replace a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Ask for source, folder, key, home and notification (or take them as flags) and write `regime.toml`."""
    from features.data import settings

    target = config.expanduser() if config else settings.path()
    given: dict[str, Any] = {
        "source": source.value if source else None,
        "folder": folder,
        "fred_api_key": fred_key,
        "home": home,
    }
    asking = not yes and sys.stdin.isatty()
    answers = {key: value for key, value in given.items() if value is not None}
    if notify:
        answers["notify"] = {"urls": tuple(notify)}
    if asking:
        answers = _asked(answers)
    elif not answers and not yes:
        raise RegimeError(
            "regime init asks in a terminal, and this is none: give its answers as flags (regime init --help), or "
            "--yes for the defaults"
        )
    found = _checked(answers)
    if target.exists() and not yes and not (asking and typer.confirm(f"{target} is there. Replace it?", err=True)):
        raise RegimeError(f"{target} is there already: edit it, or give --yes to replace it")
    _write(target, settings.to_toml(found))
    if json:
        print_json({"settings": str(target), "source": found.source, "folder": found.folder, "home": found.home})
        return
    out.print(f"settings: {target}", soft_wrap=True, markup=False)
    if config and environment.read().regime_config != str(target):
        out.print(f"other commands read it with `regime --config {target} ...` or REGIME_CONFIG", soft_wrap=True)
    steps = ("data refresh", "train run default", "train run range", "weekly")
    out.print(f"next: {', '.join(f'regime {one}' for one in steps)}", soft_wrap=True)


def _asked(answers: dict[str, Any]) -> dict[str, Any]:
    def ask(question: str, default: str = "", secret: bool = False) -> str:
        said: str = typer.prompt(question, default=default, hide_input=secret, show_default=bool(default), err=True)
        return said.strip()

    if "source" not in answers:
        answers["source"] = ask("Source of the data (sample, folder, live)", "live")
    if answers["source"] == "folder" and "folder" not in answers:
        answers["folder"] = ask("Folder of the tables")
    if answers["source"] == "live" and "fred_api_key" not in answers:
        answers["fred_api_key"] = ask("FRED key (empty for none)", secret=True) or None
    if "home" not in answers:
        answers["home"] = ask("Directory of snapshots, journal and report (empty for the usual one)") or None
    if "notify" not in answers:
        urls = ask("Who is told of a call: Apprise addresses, separated by spaces (empty for nobody)").split()
        answers["notify"] = {"urls": tuple(urls)}
    return answers


def _checked(answers: dict[str, Any]) -> Settings:
    """Settings that the weekly run can work with.

    Raises
    ------
    RegimeError
        A folder that is missing or not asked for.
    """
    from features.data import files, settings

    source, folder = answers.get("source"), answers.get("folder")
    if source not in [one.value for one in Source] and source is not None:
        raise RegimeError(f"no source {source!r}: known are {', '.join(one.value for one in Source)}")
    if (source == "folder") != bool(folder):
        raise RegimeError("source folder needs --folder PATH, and --folder goes with no other source")
    if folder:
        answers["folder"] = Path(folder).expanduser().resolve()
        if not files.is_folder(answers["folder"]):
            raise RegimeError(f"--folder {folder}: no such directory")
    if answers.get("home"):
        answers["home"] = Path(answers["home"]).expanduser().resolve()
    return settings.Settings(**answers)


def _write(target: Path, text: str) -> None:
    from features.data import files

    # Made for its owner alone before any secret is in it; the draft takes the mode of no umask wider than that.
    before = os.umask(0o077)
    try:
        files.write_file(target, text)
    finally:
        os.umask(before)


@app.command("settings", epilog="Example: regime settings --json")
def show(json: JsonOption = False) -> None:
    """Print the settings in force and where they are kept; secrets are not shown."""
    from features.data import settings

    found = settings.load()
    document = found.model_dump(mode="json")
    document["fred_api_key"] = "***" if found.fred_api_key else None
    document["notify"]["urls"] = [f"{url.partition('://')[0]}://***" for url in found.notify.urls]
    if json:
        print_json({"file": str(settings.path()), **document})
        return
    out.print(f"file: {settings.path()}", soft_wrap=True, markup=False)
    for name, value in document.items():
        parts = value.items() if isinstance(value, dict) else ((None, value),)
        for key, said in parts:
            where = name if key is None else f"{name}.{key}"
            if isinstance(said, list):
                said = ", ".join(said) or None
            out.print(f"{where}: {'not set' if said is None else said}", soft_wrap=True, markup=False)
    if not settings.path().exists():
        err.print("no settings file yet: `regime init` writes one", soft_wrap=True)
