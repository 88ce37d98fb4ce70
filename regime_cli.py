"""The command `regime`: every command of the rooms behind one name, and what concerns more than one room.

A room is imported when one of its commands is asked for, so that help comes at once.
"""

from __future__ import annotations

import copy
import importlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from features.console import App, Group, JsonOption, out, print_json, run_app
from features.data import environment

# Name -> module with a Typer `app`, the sub-command there (None: the whole app), and one line of help.
COMMANDS: dict[str, tuple[str, str | None, str]] = {
    "init": ("features.setup", "init", "Write the settings: source, folder, key, home, notification."),
    "settings": ("features.setup", "settings", "Print the settings in force and where they are kept."),
    "data": ("features.cli", None, "Refresh the stored data, choose a source, look for look-ahead."),
    "train": ("training.cli", None, "Run experiments walk-forward, compare them, search parameters."),
    "call": ("serving.cli", None, "Make the weekly call: rotation or breakdown?"),
    "explain": ("serving.cli", "explain", "Say what a term of a call means."),
    "report": ("serving.cli", "report", "Write the call and its charts to one HTML file."),
    "journal": ("serving.cli", "journal", "List the calls made so far."),
    "weekly": ("serving.cli", "weekly", "Do the whole week: refresh, call, journal, score, report."),
    "ui": ("training.cli", "ui", "Serve MLflow's user interface on loopback."),
}


class _Commands(Group):
    """Import the room of a command only when that command is asked for."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command `args` begin with, in its room."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in COMMANDS:
            return name, command, rest
        module, part, _ = COMMANDS[name]
        found: Any = typer.main.get_command(importlib.import_module(module).app)
        # Completion is installed for the whole command.
        found.params = [one for one in found.params if one.name not in ("install_completion", "show_completion")]
        if name == "data":  # a backup holds the runs too, whose place the room of the data does not know
            for extra in ("backup", "restore"):
                found.add_command(_listed(self.commands[extra]))
        else:  # every other room may talk to MLflow: its settings are those of the room's own command
            from models.tracking import process_environment

            process_environment.set_up()
        return name, found if part is None else found.commands[part], rest


def _listed(command: Any) -> Any:
    """A hidden command as one that help lists."""
    command = copy.copy(command)
    command.hidden = False
    return command


app = App(
    cls=_Commands,
    help="Rotation or breakdown? A weekly call on the US equity market, with odds it has earned out of sample.",
    epilog="Exit status: 0 done, 1 bad input or usage, 2 refused. Each command has --help with examples.",
    no_args_is_help=True,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"regime {version('regime')}")
        raise typer.Exit


def _config(file: Path | None) -> None:
    if file is not None:
        environment.set_config(str(file.expanduser().resolve()))


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(callback=_config, help="The settings file; else REGIME_CONFIG, else that of `regime settings`."),
    ] = None,
) -> None:
    """Take the options before a command."""


def _shown_in_help_only() -> None:
    """Stand in for a command until its room is imported."""


for _name, (_module, _part, _said) in COMMANDS.items():
    app.command(_name, help=_said)(_shown_in_help_only)


@app.command(epilog="Examples: regime status; regime status --all; regime status --json")
def status(
    every: Annotated[bool, typer.Option("--all", help="List every series with its span, age and origin.")] = False,
    json: JsonOption = False,
) -> None:
    """Say where data and runs live, which data are in force and how old they are; 2 if a call would be refused."""
    import regime
    from features import data_status
    from features.data import store

    where = regime.places()
    if json:
        stored = {source: found.digest for source, found in store.stored().items()}
        document, reason = data_status.as_json()
        print_json({**where, "stored": stored, **document})
    else:
        for name, place in where.items():
            out.print(f"{name}: {place}", soft_wrap=True, markup=False)
        reason = data_status.show(every)
    if reason:
        raise typer.Exit(2)


def _runs() -> Path | None:
    """Directory of the local MLflow database and artifacts; None where a server keeps the runs."""
    from models.tracking import location

    found = location.database(location.uri())
    return None if found is None else found.parent


@app.command(hidden=True, epilog="Example: regime data backup regime-2026.tar")
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    json: JsonOption = False,
) -> None:
    """Write snapshots, journal, runs and registry to one file, for another machine or a rainy day."""
    from features.data import backup as archive
    from features.data.paths import home

    _say_backup("backed up", archive.create(file, home(), _runs()), json)


@app.command(hidden=True, epilog="Example: REGIME_HOME=~/regime regime data restore regime-2026.tar")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    json: JsonOption = False,
) -> None:
    """Put a backup into an empty REGIME_HOME and an empty directory of runs; every file is checked first."""
    from features.data import backup as archive
    from features.data import store
    from features.data.paths import home
    from serving import journal as calls

    report = archive.restore(file, home(), _runs())
    if report.digest is not None:
        store.verified_manifest()
    calls.verify()
    _say_backup("restored and verified", report, json)


def _say_backup(done: str, report: Any, json: bool) -> None:
    if json:
        print_json(asdict(report))
    else:
        counts = ", ".join(f"{count} files of {name}" for name, count in report.files.items())
        out.print(f"{done}: {counts}, {report.bytes / 2**20:.1f} MB, snapshot {report.digest}", soft_wrap=True)


def main() -> None:
    """Run the command `regime`."""
    run_app(app, "regime")
