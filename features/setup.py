"""`regime init`: ask what the weekly run needs to know, and write it to the settings file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from features.console import App, JsonOption, err, out, print_json
from features.data import environment
from features.data.errors import RegimeError
from features.data.source import Source

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
    given = {"source": source.value if source else None, "folder": folder, "fred_api_key": fred_key, "home": home}
    typed = {key: str(value) for key, value in given.items() if value is not None}
    if notify:
        typed["notify"] = " ".join(notify)
    asking = not yes and sys.stdin.isatty()
    if not typed and not asking and not yes:
        raise RegimeError(
            "regime init asks in a terminal, and this is none: give its answers as flags (regime init --help), or "
            "--yes for the defaults"
        )
    answers = {key: ANSWERS[key](said) for key, said in typed.items()}
    _refuse_contradiction(answers, asking)
    if target.exists() and not yes and not (asking and typer.confirm(f"{target} is there. Replace it?", err=True)):
        raise RegimeError(f"{target} is there already: edit it, or give --yes to replace it")
    if asking:
        answers = _asked(answers)
    found = settings.Settings(**{key: value for key, value in answers.items() if value is not None})
    _write(target, settings.to_toml(found))
    if json:
        print_json({"settings": str(target), "source": found.source, "folder": found.folder, "home": found.home})
        return
    out.print(f"settings: {target}", soft_wrap=True, markup=False)
    if config and environment.read().regime_config != str(target):
        out.print(f"other commands read it with `regime --config {target} ...` or REGIME_CONFIG", soft_wrap=True)
    steps = ("data refresh", "train run default", "train run range", "weekly")
    out.print(f"next: {', '.join(f'regime {one}' for one in steps)}", soft_wrap=True)


def _refuse_contradiction(answers: dict[str, Any], asking: bool) -> None:
    """Refuse a folder with another source, and the source folder without one if it will not be asked for."""
    source, named = answers.get("source"), "folder" in answers
    if (source == "folder") != named and not (asking and (source in (None, "folder"))):
        raise RegimeError("source folder needs --folder PATH, and --folder goes with no other source")


def _asked(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers with those that are missing asked for."""
    if "source" not in answers:
        answers["source"] = (
            "folder" if "folder" in answers else _ask("source", "Source of the data (sample, folder, live)", "live")
        )
    if answers["source"] == "folder" and "folder" not in answers:
        answers["folder"] = _ask("folder", "Folder of the tables")
    if answers["source"] == "live" and "fred_api_key" not in answers:
        answers["fred_api_key"] = _ask("fred_api_key", "FRED key (empty for none)", secret=True)
    if "home" not in answers:
        answers["home"] = _ask("home", "Directory of snapshots, journal and report (empty for the usual one)")
    if "notify" not in answers:
        answers["notify"] = _ask(
            "notify", "Who is told of a call: Apprise addresses, separated by spaces (empty for nobody)"
        )
    return answers


def _ask(key: str, question: str, default: str = "", secret: bool = False) -> Any:
    """Ask until the answer can be used; each time it cannot, one line says why."""
    while True:
        said: str = typer.prompt(question, default=default, hide_input=secret, show_default=bool(default), err=True)
        try:
            return ANSWERS[key](said.strip())
        except RegimeError as error:
            err.print(str(error), style="red", markup=False, soft_wrap=True)


def _source(said: str) -> str:
    if said not in [one.value for one in Source]:
        raise RegimeError(f"no source {said[:60]!r}: known are {', '.join(one.value for one in Source)}")
    return said


def _folder(said: str) -> Path:
    from features.data import files

    if not said:
        raise RegimeError("--folder: the path of the folder is needed, such as ~/market-data")
    path = _path(said, "--folder")
    if not files.is_folder(path):
        raise RegimeError(f"--folder {said}: no such directory")
    return path


def _home(said: str) -> Path | None:
    if not said:
        return None
    path = _path(said, "--home")
    for part in (path, *path.parents):
        if part.exists():  # what is not there yet is made when it is first needed
            if not part.is_dir() or not os.access(part, os.W_OK):
                raise RegimeError(f"--home {said}: {part} is no directory that you may write to")
            break
    return path


def _path(said: str, option: str) -> Path:
    try:
        return Path(said).expanduser().resolve()
    except (RuntimeError, OSError, ValueError) as error:  # ~ of a user who does not exist, a name that cannot be
        raise RegimeError(f"{option} {said[:60]}: {error}") from error


def _key(said: str) -> str | None:
    if said and not re.fullmatch("[0-9a-z]{32}", said):
        raise RegimeError(f"--fred-key: a FRED key has 32 small letters and digits, this has {len(said)} characters")
    return said or None


def _notify(said: str) -> dict[str, tuple[str, ...]]:
    urls = tuple(said.split())
    if urls:
        from features.data import addresses

        addresses.check(urls, "--notify")
    return {"urls": urls}


# What an answer makes of the text that was typed, by the key of the settings; one that cannot be used is refused.
ANSWERS: dict[str, Callable[[str], Any]] = {
    "source": _source,
    "folder": _folder,
    "fred_api_key": _key,
    "home": _home,
    "notify": _notify,
}


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
