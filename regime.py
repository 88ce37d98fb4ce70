"""Rotation or breakdown? The whole program behind one name.

In a notebook, ``import regime`` gives the functions below: data, data set,
experiments, runs, calls and the journal, as pandas tables or the program's own
types. In a shell, ``regime`` (or ``python -m regime``) gives the commands.

Nothing heavy is imported before a function or a command needs it.
"""

from __future__ import annotations

import importlib
import json as json_text
import os
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from features.console import out, print_json, run_app

if TYPE_CHECKING:
    import pandas as pd

    from features.data.store import Snapshot
    from features.dataset import Dataset
    from models.spec import ModelSpec
    from serving.call import Call

__all__ = (
    "call",
    "catalog",
    "dataset",
    "experiment",
    "features",
    "freshness",
    "journal",
    "places",
    "refresh",
    "report",
    "runs",
    "snapshot",
    "specification",
    "use",
)

# --- The notebook's functions -----------------------------------------------------------------------------------------


def refresh(source: str = "sample", folder: str | Path | None = None) -> dict[str, Any]:
    """Read a source into a new snapshot and put it in force.

    Parameters
    ----------
    source : str
        `sample` (embedded), `folder` (tables of your own) or `live` (Yahoo, FRED and Ken French's library).
    folder : path, optional
        The folder, with `source="folder"`.

    Returns
    -------
    dict
        `digest`, `source`, `legs`, `last` session, number of `tables`, `caveat` and `notes` where there are any.

    Raises
    ------
    RegimeError
        The source is unusable; the stored data stay.
    """
    from features import readback
    from features.data.refresh import refresh_store

    return refresh_store(_source(source), None if folder is None else Path(folder), prove=readback.check)


def use(source: str) -> Snapshot:
    """Put the stored snapshot of a source in force and return it.

    Raises
    ------
    RegimeError
        Nothing is stored of that source.
    """
    from features.data import store

    store.use(_source(source).value)
    return store.load()


def snapshot(asof: str | date | None = None) -> Snapshot:
    """Return the stored data in force, or only what was available at the cut-off of the session `asof`.

    Raises
    ------
    RegimeError, RefusedError
        Nothing is stored yet, or the files were changed.
    """
    from features.data import store

    whole = store.load()
    return whole if asof is None else whole.as_of(_day(asof))


def freshness(asof: str | date | None = None) -> pd.DataFrame:
    """Return first and last value, age in days and allowed age of every stored series, a row a series."""
    from features.data.freshness import ages, reference_date

    whole = snapshot()
    against = reference_date(whole) if asof is None else _day(asof)
    return ages(whole.as_of(against), against)


def catalog() -> pd.DataFrame:
    """Return what every feature means: family, meaning, inputs, look-back in sessions; indexed by name."""
    import pandas as pd

    from features.families import FEATURES

    rows = [(one.name, one.family, one.meaning, ", ".join(one.inputs), one.lookback) for one in FEATURES]
    return pd.DataFrame(rows, columns=["name", "family", "meaning", "inputs", "lookback"]).set_index("name")


def features(asof: str | date | None = None) -> pd.DataFrame:
    """Return the daily value of every feature, (sessions, features), from data available at `asof`."""
    from features import feature_cache
    from features.dataset import FIRST_YEAR
    from features.families import FEATURES
    from features.panel import build_inputs

    return feature_cache.compute(FEATURES, build_inputs(snapshot(asof)), FIRST_YEAR)


def dataset(label: str = "path", asof: str | date | None = None) -> Dataset:
    """Return the weekly, labelled, point-in-time data set.

    Parameters
    ----------
    label : str
        `path`, `path-vol`, `return` or `stress` (`docs/method.md`).
    asof : str or date, optional
        Use only what was available then; outcomes that had not matured are missing.

    Raises
    ------
    RegimeError
        An unknown label, or less than a year of data.
    """
    from features.dataset import build

    return build(snapshot(asof), label)


def specification(name: str = "default", **changes: Any) -> ModelSpec:
    """Return the model specification of an experiment, with changes.

    Parameters
    ----------
    name : str
        A file in `training/experiments`, or a path that ends in `.toml`.
    **changes
        Keys of an experiment file; a table is given as a dict, as in ``params={"max_depth": 2}``.

    Raises
    ------
    RegimeError
        No such experiment, an unknown key, or a value of the wrong type or size.
    """
    from training import config

    return config.read_spec(name, _settings(changes))


def experiment(
    name: str = "default", *, workers: int = 2, note: str = "", again: bool = False, **changes: Any
) -> dict[str, Any]:
    """Run an experiment walk-forward with its baselines, log it in MLflow, and let the gate judge it.

    Parameters
    ----------
    name, **changes
        As in `specification`.
    workers : int
        Threads; the result is the same for any number.
    note : str
        Why it is run; kept beside the run.
    again : bool
        Run it even if the same experiment was run on the same data before; else that is returned, with `earlier`.

    Returns
    -------
    dict
        What `regime train run NAME --json` prints: the gate's decision, the metrics of every model, and the path of
        the out-of-sample `predictions`.
    """
    from training import config
    from training.experiment import run

    settings = _settings(changes)
    spec, text = config.read_spec(name, settings), config.read_text(name, settings)
    return run(
        config.experiment_name(name),
        spec,
        text,
        workers,
        changes=config.read_changes(name, settings),
        note=note,
        again=again,
    )


def runs() -> pd.DataFrame:
    """Return the finished runs with the metrics that the UI shows, the best first within label and source."""
    import pandas as pd

    from models.tracking.runs import finished_runs
    from training import leaderboard

    return pd.DataFrame(leaderboard.rows(finished_runs(), []))


def call(asof: str | date | None = None) -> Call:
    """Return the latest call, or that of a past week with the data and a model of that week; nothing is written.

    Raises
    ------
    RegimeError, RefusedError
        No data, no model, or a required input is stale.
    """
    from serving.predict import make_call

    return make_call(None if asof is None else _day(asof))


def journal() -> pd.DataFrame:
    """Return the journal's calls, a row a line: when made, for which week, on which data, what was said."""
    from serving import journal_table

    return journal_table.table()


def report(to: str | Path | None = None) -> Path:
    """Write the latest call and the charts around it to one HTML file, and return its path."""
    from features.data.paths import home
    from serving.report import page

    return page.write_report(home() / "report.html" if to is None else Path(to))


def places() -> dict[str, str]:
    """Return where things are: `home` (snapshots, caches, report), `runs` (MLflow's tracking URI), `journal`."""
    from features.data.paths import home
    from models.tracking import location
    from serving import journal as calls

    return {"home": str(home()), "runs": location.uri(), "journal": str(calls.path())}


def _day(when: str | date) -> pd.Timestamp:
    from features.data.arguments import parse_date

    return parse_date(when if isinstance(when, str) else f"{when:%Y-%m-%d}", "asof")


def _source(name: str) -> Any:
    from features.data.errors import RegimeError
    from features.data.source import Source

    try:
        return Source(name)
    except ValueError as error:
        raise RegimeError(f"no source {name!r}: known are {', '.join(one.value for one in Source)}") from error


def _settings(changes: dict[str, Any], prefix: str = "") -> list[str]:
    """Changes as `KEY=VALUE`; JSON writes what an experiment file holds as TOML does."""
    found: list[str] = []
    for key, value in changes.items():
        if isinstance(value, dict):
            found += _settings(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}={json_text.dumps(value, ensure_ascii=False)}")
    return found


# --- The command ------------------------------------------------------------------------------------------------------

# Name -> module with a Typer `app`, the sub-command there (None: the whole app), and one line of help.
DOORS: dict[str, tuple[str, str | None, str]] = {
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


class _Doors(TyperGroup):
    """Import the room of a command only when that command is asked for."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command `args` begin with, in its room."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in DOORS:
            return name, command, rest
        module, part, _ = DOORS[name]
        found: Any = typer.main.get_command(importlib.import_module(module).app)
        if name == "data":  # a backup holds the runs too, whose place the room of the data does not know
            for extra in ("backup", "restore"):
                found.add_command(self.commands[extra])
        else:  # every other room may talk to MLflow: its settings are those of the room's own command
            from models.tracking import process_environment

            process_environment.set_up()
        return name, found if part is None else found.commands[part], rest


app = typer.Typer(
    cls=_Doors,
    help="Rotation or breakdown? A weekly call on the US equity market, with odds it has earned out of sample.",
    epilog="Exit status: 0 done, 1 bad input or usage, 2 refused. Each command has --help with examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"regime {version('regime')}")
        raise typer.Exit


def _config(file: Path | None) -> None:
    if file is not None:
        os.environ["REGIME_CONFIG"] = str(file.expanduser().resolve())


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


for _name, (_module, _part, _said) in DOORS.items():
    app.command(_name, help=_said)(_shown_in_help_only)


@app.command(epilog="Examples: regime status; regime status --all; regime status --json")
def status(
    every: Annotated[bool, typer.Option("--all", help="List every series with its span, age and origin.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Say where data and runs live, which data are in force and how old they are; 2 if a call would be refused."""
    from features import cli as data
    from features.data import store

    where = places()
    if json:
        stored = {source: str(found["digest"]) for source, found in store.stored().items()}
        document, reason = data.status_document()
        print_json({**where, "stored": stored, **document})
    else:
        for name, place in where.items():
            out.print(f"{name}: {place}", soft_wrap=True, markup=False)
        reason = data.show_status(every)
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
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Write snapshots, journal, runs and registry to one file, for another machine or a rainy day."""
    from features.data import backup as archive
    from features.data.paths import home

    _say_backup("backed up", archive.create(file, home(), _runs()), json)


@app.command(hidden=True, epilog="Example: REGIME_HOME=~/regime regime data restore regime-2026.tar")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
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


if __name__ == "__main__":
    main()
