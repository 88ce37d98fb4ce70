"""`regime-predict`: the call, the journal, the scorecard, the report and the weekly run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import err, out, print_json, progress_bar, run_app
from features.data.errors import RefusedError, RegimeError
from features.data.paths import home
from features.data.source import Source
from models.tracking import process_environment
from serving.exit_status import ExitStatus, exit_status_help
from serving.scheduler import Scheduler

if TYPE_CHECKING:
    from features.data.settings import NotifySettings
    from serving.call import Call
    from serving.notification import Message
    from serving.weekly import WeeklyResult

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.

app = typer.Typer(help="The weekly call: rotation or breakdown?", pretty_exceptions_enable=False)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def _latest(allowed: tuple[str, ...]) -> Call:
    """The latest call, kept from last time when nothing has changed; a model's libraries are then not imported."""
    from serving import call_cache

    key = call_cache.latest_key(allowed)
    kept = call_cache.read(key) if key else None
    if kept is not None:
        return kept
    from serving.predict import make_call

    with progress_bar("data set", None) as step:
        call = make_call(None, allowed=allowed, step=step)
    if key:
        call_cache.keep(key, call)
    return call


class Format(StrEnum):
    """How a call is written."""

    text = "text"
    json = "json"
    markdown = "markdown"
    csv = "csv"


@app.callback(
    invoke_without_command=True,
    epilog="Examples: regime-predict; regime-predict --format markdown > call.md; "
    "regime-predict --asof 2020-02-21 --json",
)
def predict(
    context: typer.Context,
    asof: Annotated[str | None, typer.Option(help="The call as it would have been made then, YYYY-MM-DD.")] = None,
    allow_stale: Annotated[
        list[str] | None, typer.Option(help="A required series that may be stale; recorded in the call.")
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
    from features.data.errors import RefusedError
    from serving.predict import make_call
    from serving.sections.destinations import as_table

    call = _latest(()) if asof is None else make_call(parse_date(asof, "--asof"))
    if call.destinations is None:
        raise RefusedError(f"no destinations in this call: {call.left_out.get('destinations', 'not made')}")
    if json:
        print_json(call.destinations.model_dump(mode="json"))
    else:
        typer.echo(as_table(call.destinations).to_csv(index=False, lineterminator="\n"), nl=False)


@app.command(epilog="Examples: regime explain rotation; regime explain 'usual odds'; regime explain")
def explain(
    term: Annotated[str | None, typer.Argument(help="A word of a call; all of them if absent.")] = None,
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
            out.print(line, markup=False)
    else:
        for name, one in found.items():
            out.print(f"{name}: {one.short}", style="bold", markup=False)
            out.print(one.long, markup=False)


@app.command(epilog="Example: regime-predict backfill --from 2014-01-03 --json")
def backfill(
    start: Annotated[str, typer.Option("--from", help="The first week, YYYY-MM-DD.")], json: JsonOption = False
) -> None:
    """Every week's call from a date on, each as it would have been made then; in the journal as replays."""
    import pandas as pd

    from features.data.arguments import parse_date
    from serving.replay import replay_weeks

    since = parse_date(start, "--from")
    with progress_bar("backfill", 1) as step:
        replay = replay_weeks(since, step)
    for date, reason in replay.refused:
        err.print(f"{date.date()} refused: {reason}", soft_wrap=True, markup=False)
    if not replay.calls:
        raise RefusedError(f"none of the {len(replay.refused)} weeks from {since.date()} could be called")
    if json:
        print_json([call.to_json_object() for call in replay.calls])
        return
    verdicts = pd.Series([call.verdict for call in replay.calls]).value_counts()
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in verdicts.items())
    first, last = replay.calls[0].asof, replay.calls[-1].asof
    known = f" ({replay.already_there} were in the journal)" if replay.already_there else ""
    out.print(f"{len(replay.calls)} calls from {first} to {last}{known}: {counts}", soft_wrap=True)


class JournalFormat(StrEnum):
    """How the journal is shown."""

    table = "table"
    csv = "csv"
    chart = "chart"
    json = "json"


@app.command(
    "journal",
    epilog="Examples: regime journal; regime journal --format chart; regime journal --last 500 --format csv",
)
def list_journal(
    last: Annotated[int, typer.Option(min=1, help="How many of the newest lines.")] = 26,
    form: Annotated[
        JournalFormat, typer.Option("--format", help="A table, CSV, a chart in the terminal, or JSON.")
    ] = JournalFormat.table,
    json: JsonOption = False,
) -> None:
    """The calls so far, oldest first: odds (usual), range, what came, running skill and e-value by type of call.

    Odds and range are in percent, in brackets what is usual; skill and e are against the usual odds.
    """
    from serving import journal, journal_record, journal_table

    made = journal_table.table()
    if made.empty:
        if json or form is JournalFormat.json:
            print_json([])
        else:
            out.print(f"no calls in {journal.path()} yet: `regime call` makes one", soft_wrap=True, markup=False)
        return
    with progress_bar("data set", None) as step:
        told = journal_record.with_record(made, step).tail(last)
    if json or form is JournalFormat.json:
        typer.echo(told.to_json(orient="records", indent=1, date_format="iso", default_handler=str))
    elif form is JournalFormat.csv:
        typer.echo(told.to_csv(index=False, lineterminator="\n"), nl=False)
    elif form is JournalFormat.chart:
        typer.echo(journal_record.chart(told, min(out.width, 120)))
    else:
        out.print(journal_table.view(told))


@app.command(epilog="Examples: regime-predict verify --head HASH; regime-predict verify --tsa-root root.pem --json")
def verify(
    head: Annotated[str | None, typer.Option(help="A head hash kept elsewhere; finds a cut tail too.")] = None,
    tsa_root: Annotated[
        Path | None, typer.Option(help="Root certificate (PEM) of the time-stamping authority: check its signatures.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the journal and its time stamps; exit status 1 and the line where it breaks."""
    from serving import journal
    from serving.anchor import stamps

    count, last = journal.verify(head)
    stamped = stamps(journal.read(), tsa_root)
    if json:
        told = [{"n": stamp.n, "head": stamp.head, "time": stamp.time.isoformat()} for stamp in stamped]
        print_json({"lines": count, "head": last, "time_stamps": told})
        return
    out.print(f"journal whole: {count} lines, head {last}", soft_wrap=True)
    if stamped:
        signed = "signatures checked" if tsa_root else "signatures not checked: no --tsa-root"
        until = stamped[-1]
        out.print(
            f"{len(stamped)} time stamps ({signed}); entries 1 to {until.n} existed on {until.time}", soft_wrap=True
        )


@app.command(epilog="Example: regime-predict score --json")
def score(json: JsonOption = False) -> None:
    """How the calls turned out: live ones and replays apart, against climatology, Markov and the promise."""
    from serving.scorecard import score_journal
    from serving.text import print_scorecard

    with progress_bar("data set", None) as step:
        card = score_journal(step)
    if json:
        print_json(card.to_json_object())
    else:
        print_scorecard(card, out)


@app.command(epilog="Examples: regime-predict report --out report.html; regime-predict report --asof 2020-02-21")
def report(
    to: Annotated[Path | None, typer.Option("--out", help="The file; REGIME_HOME/report.html if absent.")] = None,
    asof: Annotated[str | None, typer.Option(help="The report as it would have been made then, YYYY-MM-DD.")] = None,
    json: JsonOption = False,
) -> None:
    """The latest call, the charts around it and the record, as one static HTML file that needs no network."""
    from features.data.arguments import parse_date
    from serving.report.page import write_report

    at = None if asof is None else parse_date(asof, "--asof")
    path = write_report(to or home() / ("report.html" if at is None else f"report-{at.date()}.html"), asof=at)
    if json:
        print_json({"report": str(path)})
    else:
        out.print(f"report: {path}", soft_wrap=True, markup=False)


weekly_app = typer.Typer(pretty_exceptions_enable=False)
app.add_typer(weekly_app, name="weekly")


@weekly_app.callback(
    invoke_without_command=True,
    help="Refresh, call, journal, score: the whole week in one command, safe to repeat.\n\n" + exit_status_help(),
    epilog="Examples: regime weekly; regime weekly --source live --notify; regime weekly --catch-up --json; "
    "regime weekly install --print",
)
def weekly(
    context: typer.Context,
    source: Annotated[
        Source | None, typer.Option(help="What to refresh; the stored snapshot's source if absent.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder, with --source folder.")] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Seconds the whole run may take; the settings', or 3600, if absent.")
    ] = None,
    catch_up: Annotated[bool, typer.Option("--catch-up", help="Make the calls of missed weeks, as replays.")] = False,
    anchor_git: Annotated[
        Path | None, typer.Option(help="A git repository of yours: an empty commit there names the journal's head.")
    ] = None,
    anchor_tsa: Annotated[
        str | None, typer.Option(help="Address of an RFC 3161 time-stamping authority, which signs the journal's head.")
    ] = None,
    tsa_root: Annotated[Path | None, typer.Option(help="Its root certificate (PEM), to check what it signed.")] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Tell the addresses in the settings.")] = False,
    replace: Annotated[bool, typer.Option(help="Take data that end earlier or hold less than what is stored.")] = False,
    json: JsonOption = False,
) -> None:
    """Run the week; the help text above lists how it can end."""
    if context.invoked_subcommand is not None:
        return
    from features.data import settings
    from serving import notification
    from serving.anchor import Anchors
    from serving.weekly import run_weekly

    said = settings.load()
    if notify:
        notification.check(said.notify)
    anchors = Anchors(
        anchor_git or said.weekly.anchor_git, anchor_tsa or said.weekly.anchor_tsa, tsa_root or said.weekly.tsa_root
    )
    try:
        result = run_weekly(
            source, folder, budget or said.weekly.budget, catch_up or said.weekly.catch_up, anchors, replace
        )
    except RegimeError as error:
        if notify:
            _tell(notification.of_failure(error), said.notify)
        raise
    told = not notify or _tell(notification.of_week(result), said.notify)
    if json:
        print_json(result.to_json_object())
    else:
        _print_week(result)
    if result.exit_status or not told:
        raise typer.Exit(result.exit_status or ExitStatus.not_notified)


@weekly_app.command(
    epilog="Examples: regime weekly install --print; regime weekly install systemd --to ~/.config/systemd/user"
)
def install(
    scheduler: Annotated[
        Scheduler | None, typer.Argument(help="cron, systemd, windows or actions; this machine's own if absent.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Write the files into this directory.")] = None,
    print_: Annotated[bool, typer.Option("--print", help="Print them; nothing is written.")] = False,
    json: JsonOption = False,
) -> None:
    """Make the files that run the week by themselves, for this machine's paths and time zone."""
    from features.data import settings
    from models.tracking import location
    from serving import schedule

    if print_ == (to is not None):
        raise RegimeError("weekly install: give either --print or --to DIRECTORY")
    machine = schedule.this_machine(home(), location.directory())
    chosen = scheduler or schedule.usual()
    texts = schedule.texts(chosen, machine, bool(settings.load().notify.urls))
    if to is not None:
        schedule.write(texts, to)
    if json:
        print_json({"scheduler": chosen.value, "to": to, "files": texts})
        return
    for name, text in texts.items():
        if to is None:
            out.print(f"# --- {name}" if len(texts) > 1 else "", markup=False)
            typer.echo(text)
        else:
            out.print(f"written: {to / name}", soft_wrap=True, markup=False)


def _tell(message: Message, wanted: NotifySettings) -> bool:
    """Send a message; whether that worked. Why not is said at once, so that it never hides the week's own outcome."""
    from serving import notification

    try:
        notification.send(message, wanted)
    except RegimeError as error:
        err.print(str(error), soft_wrap=True, markup=False)
        return False
    return True


def _print_week(result: WeeklyResult) -> None:
    out.print(result.summary, soft_wrap=True, markup=False)
    if result.refresh_failed:
        err.print(f"refresh failed: {result.refresh_failed}", soft_wrap=True, markup=False)
    if result.not_retrained:
        err.print(f"not trained again: {result.not_retrained}", soft_wrap=True, markup=False)
    for failure in result.not_anchored:
        err.print(failure, soft_wrap=True, markup=False)
    out.print(f"journal: {result.lines} entries, head {result.head}", soft_wrap=True)
    for date in result.caught_up:
        out.print(f"caught up, as a replay: {date}")


@app.command(epilog="Example: regime-predict schema")
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
