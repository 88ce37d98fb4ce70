"""`regime call`: the call, its terms and its report; the journal's and the week's commands are beside it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import App, JsonOption, err, offered, out, print_json, progress_bar, run_app, series_keys
from features.data.errors import RefusedError
from features.data.paths import home
from features.folding import fold
from models.tracking import process_environment
from serving import journal_cli, weekly_cli

if TYPE_CHECKING:
    from serving.call import Call
    from serving.call_context import CallContext

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.

app = App(help="The weekly call: rotation or breakdown?")


def _latest(allowed: tuple[str, ...], context: CallContext | None = None) -> Call:
    """The latest call, kept from last time when nothing has changed; a model's libraries are then not imported."""
    from serving import call_cache

    key = call_cache.latest_key(allowed)
    kept = call_cache.read(key) if key else None
    if kept is not None:
        return kept
    from serving.predict import make_call

    with progress_bar("data set", None) as step:
        call = make_call(None, context, allowed, step)
    if key:
        call_cache.write(key, call)
    return call


def _terms() -> list[str]:
    from serving import glossary

    return [name.replace(" ", "_") for name in glossary.terms()]


class Format(StrEnum):
    """How a call is written."""

    text = "text"
    json = "json"
    markdown = "markdown"
    csv = "csv"


@app.callback(
    invoke_without_command=True,
    epilog="Examples: regime call; regime call --format markdown > call.md; regime call --asof 2020-02-21 --json",
)
def predict(
    context: typer.Context,
    asof: Annotated[str | None, typer.Option(help="The call as it would have been made then, YYYY-MM-DD.")] = None,
    allow_stale: Annotated[
        list[str] | None,
        typer.Option(
            help="A required series that may be stale; recorded in the call.", autocompletion=offered(series_keys)
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Plain text, JSON, Markdown or CSV.")] = Format.text,
    json: JsonOption = False,
) -> None:
    """The latest call, kept in the journal; or that of a past week with the data and a model of that week."""
    if context.invoked_subcommand is not None:
        return
    import pandas as pd

    from features.data.arguments import parse_date
    from serving import journal

    allowed = tuple(allow_stale or ())
    if asof is None:
        call = _latest(allowed)
        journal.append(call, pd.Timestamp.now("UTC"))
    else:
        from serving.predict import make_call

        date = parse_date(asof, "--asof")
        with progress_bar("data set", None) as step:
            call = make_call(date, allowed=allowed, step=step)
    if json or form is Format.json:
        print_json(call.to_json_object())
        return
    from serving import text

    if form is Format.text:
        text.print_call(call, out)
    else:
        typer.echo(text.markdown(call) if form is Format.markdown else text.comma_separated(call), nl=False)


@app.command(epilog="Examples: regime call destinations > groups.csv; regime call destinations --json")
def destinations(
    asof: Annotated[str | None, typer.Option(help="As it would have been then, YYYY-MM-DD.")] = None,
    json: JsonOption = False,
) -> None:
    """Where money may go: a line of CSV a group, with its strength, the odds that were earned and its past rates."""
    from features.data.arguments import parse_date
    from serving.predict import make_call
    from serving.sections.destinations_builder import as_table

    call = _latest(()) if asof is None else make_call(parse_date(asof, "--asof"))
    if call.destinations is None:
        raise RefusedError(f"no destinations in this call: {call.left_out.get('destinations', 'not made')}")
    if json:
        print_json(call.destinations.model_dump(mode="json"))
    else:
        typer.echo(as_table(call.destinations).to_csv(index=False, lineterminator="\n"), nl=False)


@app.command(epilog="Examples: regime explain rotation; regime explain 'usual odds'; regime explain")
def explain(
    term: Annotated[
        str | None, typer.Argument(help="A word of a call; all of them if absent.", autocompletion=offered(_terms))
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="All of them as Markdown, as in docs/glossary.md.")] = False,
    json: JsonOption = False,
) -> None:
    """What a term of a call, a report or the documentation means."""
    from serving import glossary

    if page:
        typer.echo(glossary.page(), nl=False)
        return
    found = glossary.terms() if term is None else dict([glossary.find(term)])
    if json:
        print_json({name: one.model_dump(mode="json") for name, one in found.items()})
    elif term is None:
        for line in glossary.footnotes(found):
            fold(out, line)
    else:
        for name, one in found.items():
            out.print(f"{name}: {one.short}", style="bold", markup=False)
            fold(out, one.long)


app.command(
    epilog="Examples: regime call backfill --from 2022-01-07; "
    "regime call backfill --from 2014-01-03 --to 2014-12-31 --json"
)(journal_cli.backfill)
app.command(
    "journal",
    epilog="Examples: regime journal; regime journal --format chart; regime journal --last 500 --format csv",
)(journal_cli.list_journal)
app.command(epilog="Examples: regime call verify --head HASH; regime call verify --tsa-root root.pem --json")(
    journal_cli.verify
)
app.command(epilog="Example: regime call score --json")(journal_cli.score)


@app.command(epilog="Examples: regime report --out report.html; regime report --asof 2020-02-21")
def report(
    to: Annotated[Path | None, typer.Option("--out", help="The file; REGIME_HOME/report.html if absent.")] = None,
    asof: Annotated[str | None, typer.Option(help="The report as it would have been made then, YYYY-MM-DD.")] = None,
    json: JsonOption = False,
) -> None:
    """The latest call, the charts around it and the record, as one static HTML file that needs no network."""
    from features.data.arguments import parse_date
    from serving.call_context import load_context
    from serving.report.page import write_report

    at = None if asof is None else parse_date(asof, "--asof")
    context = load_context()
    call = _latest((), context) if at is None else None
    name = "report.html" if at is None else f"report-{at.date()}.html"
    path = write_report(to or home() / name, call, at, context=context)
    if json:
        print_json({"report": str(path)})
    else:
        out.print(f"report: {path}", soft_wrap=True, markup=False)


app.add_typer(weekly_cli.app, name="weekly")


@app.command(epilog="Example: regime call schema")
def schema(
    write: Annotated[bool, typer.Option("--write", help="Write it to the published file instead.")] = False,
) -> None:
    """The JSON Schema of a call, generated from the program's own types."""
    from serving.call import SCHEMA_FILE, json_schema

    if write:
        SCHEMA_FILE.write_text(json_schema(), encoding="utf-8")
        err.print(f"written: {SCHEMA_FILE}", soft_wrap=True, markup=False)
    else:
        typer.echo(json_schema(), nl=False)


def main() -> None:
    """Entry point."""
    process_environment.set_up()
    run_app(app)
