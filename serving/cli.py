"""`regime-predict`: the call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.table import Table

from features.console import err, out, print_json, progress_bar, run_app
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.refresh import Source
from models.tracking import connection
from serving import call_cache, journal

app = typer.Typer(help="The weekly call: rotation or breakdown?", pretty_exceptions_enable=False)


def _date(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.Timestamp(text).normalize()
    except ValueError as error:
        raise RegimeError(f"--asof {text}: not a date, write YYYY-MM-DD") from error


def _why(result: dict[str, Any]) -> None:
    """Drivers of the call; those of the challenger where the champion reads hardly anything."""
    few = len(result["drivers"]) < 2 and result["challenger"]["drivers"]
    found, who = (result["challenger"]["drivers"], " (challenger)") if few else (result["drivers"], "")
    for one in result["drivers"] if few else []:
        out.print(f"champion: {one['words']}", markup=False, soft_wrap=True)
    for side in ("rotation", "breakdown"):
        said = sorted((one for one in found if one["for"] == side), key=lambda one: str(one["family"]))
        if said:
            lines = "\n".join(f"  {one['family'].replace('_', ' ')}: {one['words']}" for one in said)
            out.print(f"for {side}{who}:\n{lines}", markup=False, soft_wrap=True)
    drift = result["drift"]
    if drift["features"]:
        named = ", ".join(drift["features"][:4])
        out.print(
            f"unusual: {drift['share_outside']:.0%} of the features outside their past 1-99 % ({named})", soft_wrap=True
        )


def _show(result: dict[str, Any]) -> None:
    model = result["model"]
    out.print(f"[bold]{result['verdict'].replace('_', ' ')}[/]  as of {result['asof']}, for the next 21 sessions")
    last = result["last_week"]["probabilities"] if result["last_week"] else None
    view = Table(box=None, pad_edge=False)
    for name in ("", "probability", "base rate", "challenger", "since last week"):
        view.add_column(name, justify="right" if name else "left")
    for name, value in result["probabilities"].items():
        other = result["challenger"]["probabilities"][name]
        change = f"{100 * (value - last[name]):+.1f}" if last else ""
        view.add_row(name, f"{value:.1%}", f"{result['base_rates'][name]:.1%}", f"{other:.1%}", change)
    out.print(view)
    mark = "" if result["head_to_head_evidence"] else " (no evidence on rotation)"
    out.print(f"head-to-head, rotation against breakdown: {result['head_to_head']:.1%}{mark}")
    _why(result)
    record = result["record"].get(result["verdict"])
    if record:
        low, high = record["interval"]
        out.print(
            f"this verdict was right {record['right']:.0%} of {record['weeks']} weeks out of sample (90 % interval "
            f"{low:.0%} to {high:.0%}; base rate {record['base_rate']:.0%}; {record['episodes']} episodes)",
            soft_wrap=True,
        )
    since = result["leaders_faltering"]["since"]
    out.print(f"leaders falter since {since}" if since else "leaders do not falter")
    role = "champion" if model["champion"] else "no champion, challenger shown"
    fitted = f"fitted {'for this call as of ' if model['fitted_now'] else ''}{model['fitted_at']}"
    record = f"skill {model['skill']:+.4f}, p {model['skill_p']:.3f}"
    out.print(
        f"model {model['name']} v{model['version']} ({model['kind']}, {role}), {fitted}; {record}", soft_wrap=True
    )
    if model["override"]:
        out.print(f"set by a person, not by the gate: {model['override']}", soft_wrap=True, markup=False)
    stale = [name for name, row in result["freshness"].items() if row["stale"]]
    out.print(f"data {result['source']} {result['digest']}" + (f"; stale: {', '.join(stale)}" if stale else ""))
    if result["caveat"]:
        out.print(result["caveat"], style="yellow", soft_wrap=True)


JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def _latest(allowed: tuple[str, ...]) -> dict[str, Any]:
    """The latest call; from the last time when nothing has changed, and then without importing a model's libraries."""
    name = call_cache.key(allowed)
    kept = call_cache.read(name) if name else None
    if kept is not None:
        return kept
    from serving.predict import call

    made: dict[str, Any] = call(None, allowed=allowed)
    if name:
        call_cache.keep(name, made)
    return made


@app.callback(invoke_without_command=True, epilog="Examples: regime-predict; regime-predict --asof 2020-02-21 --json")
def predict(
    context: typer.Context,
    asof: Annotated[str | None, typer.Option(help="The call as it would have been made then, YYYY-MM-DD.")] = None,
    allow_stale: Annotated[
        list[str] | None, typer.Option(help="A required series that may be stale; recorded in the call.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """The latest call, kept in the journal; or that of a past week with the data and a model of that week."""
    if context.invoked_subcommand is not None:
        return
    allowed = tuple(allow_stale or ())
    if asof is None:
        result = _latest(allowed)
        journal.append(result, pd.Timestamp.now("UTC"))
    else:
        from serving.predict import call

        result = call(_date(asof), allowed=allowed)
    if json:
        print_json(result)
    else:
        _show(result)


@app.command(epilog="Example: regime-predict backfill --from 2014-01-03 --json")
def backfill(
    start: Annotated[str, typer.Option("--from", help="The first week, YYYY-MM-DD.")], json: JsonOption = False
) -> None:
    """Every week's call from a date on, each as it would have been made then; in the journal as replays."""
    from serving.predict import backfill as replay

    since = _date(start)
    assert since is not None
    with progress_bar("backfill", 1) as step:
        made = replay(since, step)
    if json:
        print_json(made)
        return
    verdicts = pd.Series([one["verdict"] for one in made]).value_counts()
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in verdicts.items())
    out.print(f"{len(made)} calls from {made[0]['asof']} to {made[-1]['asof']}: {said}", soft_wrap=True)


@app.command(epilog="Example: regime-predict verify --head HASH")
def verify(
    head: Annotated[str | None, typer.Option(help="A head hash kept elsewhere; finds a cut tail too.")] = None,
    json: JsonOption = False,
) -> None:
    """Check the journal's chain; exit status 1 and the line where it breaks."""
    count, last = journal.verify(head)
    if json:
        print_json({"lines": count, "head": last})
    else:
        out.print(f"journal whole: {count} lines, head {last}", soft_wrap=True)


@app.command(epilog="Example: regime-predict score --json")
def score(json: JsonOption = False) -> None:
    """How the calls turned out: live ones and replays apart, against climatology, Markov and the promise."""
    from serving.scorecard import score as score_journal

    result = score_journal()
    if json:
        print_json(result)
        return
    for kind in ("live", "replay"):
        part = result[kind]
        if not part.get("matured"):
            out.print(f"{kind}: {part['calls']} calls, none matured")
            continue
        rates = {"verdict right": "hit_rate", "Markov's": "hit_rate_markov", "climatology's": "hit_rate_climatology"}
        hits = "".join(f", {said} {part[key]:.0%}" for said, key in rates.items() if part[key] is not None)
        out.print(
            f"{kind}: {part['matured']} of {part['calls']} calls matured ({part['effective_months']:.0f} effective "
            f"months): skill {part['log_loss_skill']:+.4f} (p {part.get('log_loss_skill_p', 1.0):.3f}), Markov "
            f"{part['log_loss_skill_markov']:+.4f}, promised {part['promised_skill']:+.4f}{hits}",
            soft_wrap=True,
        )


@app.command(epilog="Example: regime-predict report --out report.html")
def report(
    to: Annotated[Path | None, typer.Option("--out", help="The file; REGIME_HOME/report.html if absent.")] = None,
    json: JsonOption = False,
) -> None:
    """The latest call and the charts around it, as one HTML file that needs no network."""
    from serving.report import page  # plotly costs a second that a call need not pay

    path = page.write(to or home() / "report.html")
    if json:
        print_json({"report": str(path)})
    else:
        out.print(f"report: {path}", soft_wrap=True, markup=False)


@app.command(epilog="Examples: regime-predict weekly --source live; regime-predict weekly --catch-up --json")
def weekly(
    source: Annotated[
        Source | None, typer.Option(help="What to refresh; the stored snapshot's source if absent.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder, with --source folder.")] = None,
    budget: Annotated[int, typer.Option(min=1, help="Seconds the whole run may take.")] = 3600,
    catch_up: Annotated[bool, typer.Option("--catch-up", help="Make the calls of missed weeks, as replays.")] = False,
    json: JsonOption = False,
) -> None:
    """Refresh, call, journal, score: the whole week in one command, safe to repeat (exit status: docs/weekly.md)."""
    from serving import weekly as week  # with the report comes plotly

    result = week.weekly(source or week.stored_source(), folder, budget, catch_up)
    if json:
        print_json(result)
    else:
        out.print(result["summary"], soft_wrap=True, markup=False)
        if result["refresh_failed"]:
            err.print(f"refresh failed: {result['refresh_failed']}", soft_wrap=True, markup=False)
        for day in result["journal"]["caught_up"]:
            out.print(f"caught up, as a replay: {day}")
    if result["exit_status"]:
        raise typer.Exit(result["exit_status"])


def main() -> None:
    """Entry point."""
    connection.set_process_environment()
    run_app(app)
