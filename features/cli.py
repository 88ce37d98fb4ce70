"""`regime data`: refresh the store and say what is in it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features import data_status
from features.console import App, JsonOption, offered, out, print_json, print_note, progress_bar, run_app, series_keys
from features.data.retention import KEEP
from features.data.source import Source

if TYPE_CHECKING:
    import pandas as pd

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.

app = App(help="The data: refresh the store, see what is in it.", no_args_is_help=True)


@app.command(epilog="Examples: regime data refresh --source live; regime data refresh --source folder --folder ../data")
def refresh(
    source: Annotated[
        Source | None,
        typer.Option(help="The embedded sample, a folder of your own tables, or the vendors; else as set or stored."),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder (see docs/data.md); the last one if absent.")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERIES:DATE",
            help="A value that was refused or set aside is right; may be repeated.",
            autocompletion=offered(lambda: [f"{key}:" for key in series_keys()]),
        ),
    ] = None,
    replace: Annotated[bool, typer.Option(help="Take data that end earlier or hold less than what is stored.")] = False,
    json: JsonOption = False,
) -> None:
    """Read a source and make it the current snapshot; on any error the stored one stays."""
    from features import readback
    from features.data.refresh import refresh_store, wanted

    source, folder = wanted(source, folder)
    report = refresh_store(
        source,
        folder,
        tuple(accept or ()),
        replace,
        prove=readback.check,
        progress=progress_bar,
        notify=print_note,
    )
    if json:
        print_json(report)
    else:
        out.print(f"snapshot {report['digest']}: {report['tables']} tables from {source.value}, up to {report['last']}")
        data_status.print_notes(report.get("notes", {}))


@app.command(
    "import",
    epilog="Examples: regime data import VIX_History.csv SPY.csv --into my-data; regime data refresh --source "
    "folder --folder my-data",
)
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files as vendors write them.")],
    named: Annotated[
        str | None,
        typer.Option("--as", metavar="TABLE[:COLUMN]", help="Where the files belong, if their names do not say it."),
    ] = None,
    into: Annotated[Path, typer.Option(help="The folder whose tables are written.")] = Path("data"),
    json: JsonOption = False,
) -> None:
    """Read vendors' files into the tables of a folder (docs/data.md lists the formats)."""
    from features.data.importing import import_files

    reports = import_files(files, into, named)
    if json:
        print_json({"folder": str(into), "files": reports})
        return
    for report in reports:
        parts = [f"{report['vendor']}, {report['unit']}"]
        parts += [f"{table}: {', '.join(columns)}" for table, columns in report["tables"].items()]
        parts += [f"{report['first']} to {report['last']}"] if report["first"] else []
        out.print(f"{report['file']}: {'; '.join(parts)}", soft_wrap=True, markup=False)
        replaced = [f"{report['replaced']} stored values replaced"] if report["replaced"] else []
        doubts = [f"doubtful: {key} {line}" for key, lines in report["doubtful"].items() for line in lines]
        for note in [*report["notes"], *replaced, *doubts]:
            out.print(f"  {note}", soft_wrap=True, markup=False)
    out.print(f"next: regime data refresh --source folder --folder {into}", soft_wrap=True, markup=False)


@app.command(epilog="Examples: regime data use sample; regime data use folder")
def use(
    source: Annotated[Source, typer.Argument(help="Which stored data the other commands read from now on.")],
    json: JsonOption = False,
) -> None:
    """Put the stored sample, folder or live data in force; the others stay stored."""
    from features.data import store

    manifest = store.use(source.value)
    if json:
        said = {"source": manifest.source, "digest": manifest.digest, "legs": manifest.legs}
        print_json(said | {"last": str(manifest.last)})
    else:
        out.print(f"{source.value} {manifest.digest} is in force, up to {manifest.last}")


EveryOption = Annotated[bool, typer.Option("--all", help="List every series with its span, age and origin.")]


@app.command(epilog="Examples: regime data status; regime data status --all; regime data status --json")
def status(every: EveryOption = False, json: JsonOption = False) -> None:
    """What is in force, how old it is, its series by state; exit status 2 when a call would be refused."""
    if json:
        document, reason = data_status.as_json()
        print_json(document)
    else:
        reason = data_status.show(every)
    if reason:
        raise typer.Exit(2)


@app.command(epilog="Example: regime data clean --dry-run")
def clean(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove the caches and the drafts of killed commands; what is removed is computed again when needed."""
    from features.data import cache

    removed = cache.clean(dry_run)
    total = sum(one.bytes for one in removed)
    if json:
        print_json({"dry_run": dry_run, "bytes": total, "removed": [asdict(one) for one in removed]})
        return
    for one in removed:
        out.print(f"{one.name}: {one.files} files, {one.bytes / cache.MEGABYTE:.1f} MB")
    out.print(f"{total / cache.MEGABYTE:.1f} MB {'would be freed' if dry_run else 'freed'}")


@app.command(epilog="Example: regime data prune --keep 4 --dry-run")
def prune(
    keep: Annotated[int, typer.Option(min=1, help="Snapshots to keep of each source, the newest.")] = KEEP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove old snapshots; those in force and those that a call in the journal names stay."""
    from features.data import retention

    removed = retention.prune(keep, dry_run)
    if json:
        print_json({"dry_run": dry_run, "removed": removed})
    else:
        out.print(f"{len(removed)} snapshots {'would be removed' if dry_run else 'removed'}: {', '.join(removed)}")


@app.command(epilog="Example: regime data audit --dates 12 --json")
def audit(
    dates: Annotated[int, typer.Option(min=1, help="How many past sessions to rebuild.")] = 8,
    seed: Annotated[int, typer.Option(help="Which ones are drawn.")] = 0,
    json: JsonOption = False,
) -> None:
    """Look for look-ahead in every feature and the data set; exit status 1 when anything moves."""
    from features import leak_audit as leaks
    from features.data import store
    from features.families import FEATURES

    snapshot = store.load()
    days = leaks.sample_dates(snapshot, dates, seed)
    with progress_bar("audit", len(days) + 2) as step:
        found = leaks.of_features(snapshot, days, progress=step) + leaks.of_data_set(snapshot, days)
        found += leaks.of_groups(snapshot, days)
        step()
    checked = [str(day.date()) for day in sorted(days)]
    if json:
        print_json(
            {
                "digest": snapshot.digest,
                "dates": checked,
                "features": len(FEATURES),
                "findings": [asdict(item) for item in found],
            }
        )
    else:
        for item in found:
            out.print(f"[red]{item.check}[/]: {item.name} {item.date}: {item.what}", soft_wrap=True)
        verdict = f"{len(found)} findings" if found else "nothing moves"
        out.print(
            f"{verdict}: {len(FEATURES)} features of the {snapshot.source} data, rebuilt at {', '.join(checked)}",
            soft_wrap=True,
        )
    if found:
        raise typer.Exit(1)


@app.command(epilog="Example: regime data indicators > docs/indicators.md")
def indicators() -> None:
    """Every feature with its meaning, source, lag and coverage on the stored data, as Markdown."""
    from features.indicators import page as indicators_page

    typer.echo(indicators_page(_daily()), nl=False)


@app.command(epilog="Example: regime data readings > docs/readings.md")
def readings() -> None:
    """How a call says each feature at low, middle and high values of the stored data, as Markdown."""
    from features.readings import page as readings_page

    typer.echo(readings_page(_daily()), nl=False)


def _daily() -> pd.DataFrame:
    """Every feature of the stored data, (sessions, features)."""
    from features.data import store
    from features.dataset import FIRST_YEAR
    from features.families import FEATURES
    from features.feature import compute
    from features.panel import build_inputs

    return compute(FEATURES, build_inputs(store.load()), FIRST_YEAR)


def main() -> None:
    """Entry point."""
    run_app(app)
