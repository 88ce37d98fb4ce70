"""`regime-data`: refresh the store and say what is in it."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from features import audit as leaks
from features import store
from features.cli_support import out, print_json, progress_bar, run_app
from features.dataset import FIRST_YEAR, freshness
from features.errors import RegimeError
from features.families import FEATURES
from features.feature import compute
from features.home import home
from features.indicators import page as indicators_page
from features.inputs import build
from features.sources import folder as folder_source
from features.sources.sample import CAVEAT, FOLDER

app = typer.Typer(
    help="The data: refresh the store, see what is in it.", no_args_is_help=True, pretty_exceptions_enable=False
)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


class Source(StrEnum):
    """Where a refresh reads from."""

    sample = "sample"
    folder = "folder"


@app.command(epilog="Example: regime-data refresh --source folder --folder ../data")
def refresh(
    source: Annotated[Source, typer.Option(help="The embedded sample, or a folder of your own tables.")],
    folder: Annotated[Path | None, typer.Option(help="The folder (see docs/data.md).")] = None,
    json: JsonOption = False,
) -> None:
    """Read a source and make it the current snapshot; on any error the stored one stays."""
    if (source is Source.folder) != (folder is not None):
        raise RegimeError("--source folder needs --folder PATH, and --folder goes with no other source")
    home()  # an unusable data directory is said before minutes are spent reading
    with progress_bar(f"reading {source.value}", None):
        tables, legs, last = folder_source.read(folder or FOLDER)
        digest = store.write(tables, source.value, legs, last)
    report = {"digest": digest, "source": source.value, "legs": legs, "last": str(last.date()), "tables": len(tables)}
    if source is Source.sample:
        report["caveat"] = CAVEAT
    if json:
        print_json(report)
    else:
        out.print(f"snapshot {digest}: {len(tables)} tables from {source.value}, up to {last.date()}")


@app.command(epilog="Example: regime-data status --json")
def status(json: JsonOption = False) -> None:
    """Every series with its span and age; exit status 2 when a required one is stale."""
    snapshot = store.load()
    table = freshness(snapshot)
    if json:
        head = {"digest": snapshot.digest, "source": snapshot.source, "last": str(snapshot.last.date())}
        dates = table.assign(first=table["first"].dt.strftime("%F"), last=table["last"].dt.strftime("%F"))
        print_json(head | {"series": dates.to_dict("records")})
    else:
        view = Table(title=f"{snapshot.source} {snapshot.digest}, up to {snapshot.last.date()}")
        for name in ("series", "first", "last", "age, days", "allowed", ""):
            view.add_column(name)
        for row in table.itertuples():
            note = ("[red]stale[/]" if row.stale else "") + (" required" if row.required else "")
            view.add_row(row.series, str(row.first.date()), str(row.last.date()), str(row.age), str(row.allowed), note)
        out.print(view)
    if (table["stale"] & table["required"]).any() and snapshot.legs != "sample":
        raise typer.Exit(2)


@app.command(epilog="Example: regime-data audit --dates 12 --json")
def audit(
    dates: Annotated[int, typer.Option(min=1, help="How many past sessions to rebuild.")] = 8,
    seed: Annotated[int, typer.Option(help="Which ones are drawn.")] = 0,
    json: JsonOption = False,
) -> None:
    """Look for look-ahead in every feature and the data set; exit status 1 when anything moves."""
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
        out.print(f"{verdict}: {len(FEATURES)} features, rebuilt at {', '.join(checked)}", soft_wrap=True)
    if found:
        raise typer.Exit(1)


@app.command(epilog="Example: regime-data indicators > docs/indicators.md")
def indicators() -> None:
    """Every feature with its meaning, source, lag and coverage on the stored data, as Markdown."""
    daily = compute(FEATURES, build(store.load()), FIRST_YEAR)
    typer.echo(indicators_page(daily), nl=False)


def main() -> None:
    """Entry point."""
    run_app(app)
