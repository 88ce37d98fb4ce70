"""The week's commands: run it, and install it in a scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import App, JsonOption, err, out, print_json, print_note, progress_bar
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.source import Source
from serving.exit_status import ExitStatus, exit_status_help
from serving.scheduler import Scheduler

if TYPE_CHECKING:
    from features.data.settings import NotifySettings
    from serving.notification import Message
    from serving.weekly import WeeklyResult

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.

app = App()


@app.callback(
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
            source,
            folder,
            budget or said.weekly.budget,
            catch_up or said.weekly.catch_up,
            anchors,
            replace,
            progress_bar,
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


@app.command(
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
    """Make the files that run the week by themselves, for this machine's paths and time zone.

    Without a name those of the scheduler that this machine has: systemd, else cron; on Windows its Task Scheduler.
    """
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
            if len(texts) > 1:  # a single file may be redirected as it is: XML begins with its first byte
                out.print(f"# --- {name}", markup=False)
            typer.echo(text, nl=len(texts) > 1)
        else:
            out.print(f"written: {to / name}", soft_wrap=True, markup=False)
    if scheduler is None:  # on standard error, so that the file may still be redirected
        others = ", ".join(one for one in Scheduler if one is not chosen)
        print_note(f"This is for {chosen}, which this machine has; name another: {others}")


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
    if result.not_judged:
        err.print(result.not_judged, soft_wrap=True, markup=False)
    for failure in result.not_anchored:
        err.print(failure, soft_wrap=True, markup=False)
    out.print(f"journal: {result.lines} entries, head {result.head}", soft_wrap=True)
    out.print(f"report: {result.report}", soft_wrap=True, markup=False)
    if result.too_old:
        allowed = result.allowed_age_days
        err.print(f"the data are older than the {allowed} days allowed: exit status {int(ExitStatus.old_data)}")
    for date in result.caught_up:
        out.print(f"caught up, as a replay: {date}")
