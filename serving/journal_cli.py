"""The journal's commands: list it, fill it with replays, verify it, score it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.console import JsonOption, err, out, print_json, print_note, print_table, progress_bar
from features.data.errors import RefusedError
from features.folding import fold

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.


def backfill(
    start: Annotated[str, typer.Option("--from", help="The first week, YYYY-MM-DD.")],
    to: Annotated[str | None, typer.Option(help="The last week, YYYY-MM-DD; that of the data if absent.")] = None,
    json: JsonOption = False,
) -> None:
    """Every week's call from a date on, each as it would have been made then; in the journal as replays.

    A week that must be refused is named and left out. What was stopped goes on where it was when it is run again.
    """
    from collections import Counter

    from features.data.arguments import parse_date
    from serving.headline import word_of
    from serving.replay import replay_weeks

    since, until, at = parse_date(start, "--from"), None if to is None else parse_date(to, "--to"), (0, 0)
    with progress_bar("backfill", 1) as bar:

        def step(done: int, total: int) -> None:
            nonlocal at
            at = done, total
            bar(done, total)

        try:
            replay = replay_weeks(since, step, lambda week, why: fold(err, f"{week.date()} refused: {why}"), until)
        except KeyboardInterrupt:
            print_note(f"stopped after {at[0]} of {at[1]} weeks, which are kept: the same command goes on from there")
            raise
    if not replay.calls:
        raise RefusedError(f"none of the {len(replay.refused)} weeks from {since.date()} could be called")
    if json:
        print_json([call.to_json_object() for call in replay.calls])
        return
    counts = ", ".join(f"{count} {word}" for word, count in Counter(map(word_of, replay.calls)).most_common())
    first, last = replay.calls[0].asof, replay.calls[-1].asof
    known = f" ({replay.already_there} were in the journal)" if replay.already_there else ""
    weeks = len(replay.refused)
    missed = f"; {weeks} {'week' if weeks == 1 else 'weeks'} refused" if weeks else ""
    fold(out, f"{len(replay.calls)} calls from {first} to {last}{known}: {counts}{missed}")


class JournalFormat(StrEnum):
    """How the journal is shown."""

    table = "table"
    csv = "csv"
    chart = "chart"
    json = "json"


def list_journal(
    last: Annotated[int, typer.Option(min=1, help="How many lines, those of the newest weeks.")] = 26,
    form: Annotated[
        JournalFormat, typer.Option("--format", help="A table, CSV, a chart in the terminal, or JSON.")
    ] = JournalFormat.table,
    every: Annotated[bool, typer.Option("--all", help="The calls of other sources too, such as the sample's.")] = False,
    json: JsonOption = False,
) -> None:
    """The calls of the source in force by week, the newest last: odds (usual), range, what came, skill and e-value.

    Odds and range are in percent, in brackets what is usual. Skill and e are against the usual odds, of all calls of
    that type so far. A hit: the outcome that the word names came; for calm, usual and turbulent, the realised
    volatility fell into that third of the ten years before (`docs/words.md`). No evidence claims nothing, so it has no
    hit.
    """
    from serving import journal, journal_record, journal_table

    whole = journal_table.table()
    made = whole if every else journal_record.in_force(whole)
    hidden = whole["source"][~whole["n"].isin(made["n"])].value_counts()
    for source, count in hidden.items():
        calls = f"{count} call{'s' if count > 1 else ''}"
        fold(err, f"Not shown: {calls} of the source {source} (`regime journal --all`).")
    if made.empty:
        if json or form is JournalFormat.json:
            print_json([])
        else:
            fold(out, f"no calls in {journal.path()} yet: `regime call` makes one")
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
        print_table(journal_table.view(told, out.width))


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
        fold(out, f"{len(stamped)} time stamps ({signed}); entries 1 to {until.n} existed on {until.time}")


def score(json: JsonOption = False) -> None:
    """How the calls turned out: live ones and replays apart, against climatology, Markov and the promise."""
    from serving.scorecard import score_journal
    from serving.scorecard_text import print_scorecard

    with progress_bar("data set", None) as step:
        card = score_journal(step)
    if json:
        print_json(card.to_json_object())
    else:
        print_scorecard(card, out)
