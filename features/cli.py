"""`regime-data`: refresh the store and say what is in it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.console import JsonOption, out, print_json, print_note, progress_bar, run_app
from features.data.retention import KEEP
from features.data.source import Source

if TYPE_CHECKING:
    import pandas as pd

    from features.data import store

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.

app = typer.Typer(
    help="The data: refresh the store, see what is in it.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.command(epilog="Examples: regime-data refresh --source live; regime-data refresh --source folder --folder ../data")
def refresh(
    source: Annotated[
        Source | None,
        typer.Option(help="The embedded sample, a folder of your own tables, or the vendors; else as set or stored."),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder (see docs/data.md); the last one if absent.")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="SERIES:DATE", help="A value that was refused or set aside is right; may be repeated."),
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
        _say(report.get("notes", {}))


@app.command(
    "import",
    epilog="Examples: regime-data import VIX_History.csv SPY.csv --into my-data; regime-data refresh --source "
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
        where = "; ".join(f"{table}: {', '.join(columns)}" for table, columns in report["tables"].items())
        span = f"{report['first']} to {report['last']}"
        out.print(
            f"{report['file']}: {report['vendor']}, {report['unit']}; {where}; {span}", soft_wrap=True, markup=False
        )
        replaced = [f"{report['replaced']} stored values replaced"] if report["replaced"] else []
        doubts = [f"doubtful: {key} {line}" for key, lines in report["doubtful"].items() for line in lines]
        for note in [*report["notes"], *replaced, *doubts]:
            out.print(f"  {note}", soft_wrap=True, markup=False)
    out.print(f"next: regime-data refresh --source folder --folder {into}", soft_wrap=True, markup=False)


SAID = {
    "substitutions": "substituted",
    "kept_past": "the vendor now begins later; the stored past is kept from",
    "refetched": "history disagreed in returns and was fetched whole",
    "set_aside": "set aside as missing",
    "holiday_rows": "rows on exchange holidays left out",
    "accepted": "accepted by hand",
    "back_filled": "back-filled",
    "changed_past": "the vendor changed the past",
    "gaps": "no bar on sessions in between; asked again at each refresh",
    "missing": "not fetched",
    "missing_last_bar": "no bar on the last session",
    "not_point_in_time": "not point-in-time",
}


def _say(notes: dict[str, Any]) -> None:
    for name, said in SAID.items():
        value = notes.get(name)
        if isinstance(value, dict):
            for key, what in value.items():
                what = "; ".join(what) if isinstance(what, list) else what
                out.print(f"{said}: {key}: {what}", soft_wrap=True, markup=False)
        elif value:
            more = f" and {len(value) - 12} more" if len(value) > 12 else ""
            out.print(f"{said}: {', '.join(value[:12])}{more}", soft_wrap=True, markup=False)


def _origin(snapshot: store.Snapshot, key: str) -> str:
    """Vendor of a series, and whether its values are those of their time."""
    from features.data.catalog import BY_KEY
    from features.data.sources.vendor_names import live

    place = live(BY_KEY[key])
    vendor = place[0] if snapshot.source == "live" and place else snapshot.source
    revised = BY_KEY[key].revised and (snapshot.source != "live" or key in snapshot.notes.get("not_point_in_time", []))
    return f"{vendor}, not point-in-time" if revised else vendor


@app.command(epilog="Examples: regime data use sample; regime data use folder")
def use(
    source: Annotated[Source, typer.Argument(help="Which stored data the other commands read from now on.")],
    json: JsonOption = False,
) -> None:
    """Put the stored sample, folder or live data in force; the others stay stored."""
    from features.data import store

    manifest = store.use(source.value)
    if json:
        print_json({key: manifest[key] for key in ("source", "digest", "legs", "last")})
    else:
        out.print(f"{source.value} {manifest['digest']} is in force, up to {manifest['last']}")


def _ages(snapshot: store.Snapshot) -> tuple[pd.DataFrame, pd.Timestamp, str | None]:
    """Age and origin of every series, the date they are measured against, and why a call would be refused."""
    from features.data import freshness

    against = freshness.reference_date(snapshot)
    table = freshness.ages(snapshot.as_of(against), against)
    table["source"] = [_origin(snapshot, key) for key in table["series"]]
    return table, against, freshness.refusal_reason(snapshot, snapshot.as_of(against), against)


def status_document() -> tuple[dict[str, Any], str | None]:
    """What `status --json` prints, and why a call would be refused (or None)."""
    from features.data import freshness, store

    snapshot = store.load()
    table, against, reason = _ages(snapshot)
    head: dict[str, Any] = {"digest": snapshot.digest, "source": snapshot.source, "last": str(snapshot.last.date())}
    head |= {"against": str(against.date()), "refused": reason, "notes": snapshot.notes}
    head |= {"data_age_days": freshness.days_behind(snapshot)}
    dates = table.assign(first=table["first"].dt.strftime("%F"), last=table["last"].dt.strftime("%F"))
    return head | {"series": dates.to_dict("records")}, reason


def show_status(every: bool = False) -> str | None:
    """Print what is in force, how old it is and its series by state; returns why a call would be refused (or None).

    `every` lists the series with span, age and origin.
    """
    from features.data import freshness, store

    snapshot = store.load()
    table, against, reason = _ages(snapshot)
    others = [f"{name} {found['digest']}" for name, found in store.stored().items() if name != snapshot.source]
    if others:
        out.print(f"also stored: {', '.join(others)} (`regime data use` puts one in force)", markup=False)
    out.print(
        f"{snapshot.source} {snapshot.digest}, up to {snapshot.last.date()}, ages at {against.date()}", style="bold"
    )
    behind = freshness.days_behind(snapshot)
    out.print(freshness.age_sentence(snapshot), style="yellow" if behind else None)
    for line in freshness.by_state(table):
        style = "red" if line.startswith("Required") else "yellow" if line.startswith("Older") else None
        out.print(line, style=style, markup=False)
    if every:
        _list_series(table)
    _say(snapshot.notes)
    if reason:
        out.print(f"a call would be refused: {reason}", style="red", soft_wrap=True)
    return reason


def _list_series(table: pd.DataFrame) -> None:
    from rich.table import Table

    view = Table(box=None, pad_edge=False)
    for name in ("series", "first", "last", "age, days", "allowed", "source"):
        view.add_column(name, justify="right" if name in ("age, days", "allowed") else "left", no_wrap=name == "series")
    for row in table.itertuples():
        cells = (row.series, str(row.first.date()), str(row.last.date()), f"{row.age:,}", f"{row.allowed:,}")
        view.add_row(*cells, row.source, style="red" if row.stale and row.required else "yellow" if row.stale else None)
    out.print(view)


EveryOption = Annotated[bool, typer.Option("--all", help="List every series with its span, age and origin.")]


@app.command(epilog="Examples: regime-data status; regime-data status --all; regime-data status --json")
def status(every: EveryOption = False, json: JsonOption = False) -> None:
    """What is in force, how old it is, its series by state; exit status 2 when a call would be refused."""
    if json:
        document, reason = status_document()
        print_json(document)
    else:
        reason = show_status(every)
    if reason:
        raise typer.Exit(2)


@app.command(epilog="Example: regime-data clean --dry-run")
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


@app.command(epilog="Example: regime-data prune --keep 4 --dry-run")
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


@app.command(epilog="Example: regime-data audit --dates 12 --json")
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


@app.command(epilog="Example: regime-data indicators > docs/indicators.md")
def indicators() -> None:
    """Every feature with its meaning, source, lag and coverage on the stored data, as Markdown."""
    from features.data import store
    from features.dataset import FIRST_YEAR
    from features.families import FEATURES
    from features.feature import compute
    from features.indicators import page as indicators_page
    from features.panel import build_inputs

    daily = compute(FEATURES, build_inputs(store.load()), FIRST_YEAR)
    typer.echo(indicators_page(daily), nl=False)


@app.command(epilog="Example: regime-data readings > docs/readings.md")
def readings() -> None:
    """How a call says each feature at low, middle and high values of the stored data, as Markdown."""
    from features.data import store
    from features.dataset import FIRST_YEAR
    from features.families import FEATURES
    from features.feature import compute
    from features.panel import build_inputs
    from features.readings import page as readings_page

    daily = compute(FEATURES, build_inputs(store.load()), FIRST_YEAR)
    typer.echo(readings_page(daily), nl=False)


def main() -> None:
    """Entry point."""
    run_app(app)
