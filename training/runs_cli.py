"""The commands on logged runs and registered models: compare, promote, upgrade, tidy, upload, and MLflow's UI."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from features.console import JsonOption, out, print_json, print_table, progress_bar
from features.folding import fold

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.


def promote(
    run: Annotated[str, typer.Argument(help="A run id, or the beginning of just one.")],
    reason: Annotated[str, typer.Option(help="Kept on the model and shown in every call it makes.")],
    json: JsonOption = False,
) -> None:
    """Make a run's model champion against the gate; a later run replaces it only if its candidate beats it."""
    from models.tracking import promotion

    made = promotion.promote(run, reason)
    if json:
        print_json(asdict(made))
    else:
        said = (
            f"champion of {made.registered_as}: version {made.version} ({made.kind}), set by a person: {made.override}"
        )
        fold(out, said)


def compare_runs(
    run: Annotated[list[str] | None, typer.Argument(help="Beginnings of run ids, or run names; the newest.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the newest runs, where none is named.")] = 24,
    trials: Annotated[bool, typer.Option("--trials", help="With the trials of sweeps.")] = False,
    json: JsonOption = False,
) -> None:
    """Runs in one table, the best first within label and source: the columns MLflow's UI shows.

    `verdict` is what the gate said then, `now` which of them the call reads today.
    """
    from features.data.sources.sample import CAVEAT
    from models.tracking import logged_runs
    from training import leaderboard

    made = leaderboard.with_aliases(leaderboard.rows(logged_runs.finished_runs(), run or [], trials, last))
    if json:
        print_json(made)
    elif not made:
        out.print("no runs yet: `regime train run default`")
    else:
        print_table(leaderboard.table("by skill, within label and source", made), keys=2)
        if any(row["source"] == "sample" for row in made):
            fold(out, f"sample: {CAVEAT}", style="yellow")


def diff_runs(
    first: Annotated[str, typer.Argument(help="The beginning of a run id, or a run's name.")],
    second: Annotated[str, typer.Argument(help="The run that is compared with it.")],
    json: JsonOption = False,
) -> None:
    """Two runs side by side: what differs, and whether the second is better by more than chance (paired, two-sided p).

    The comparison is logged too, as a run of the MLflow experiment `regime-comparisons`.
    """
    from training import run_diff, run_diff_table

    found = run_diff.run(first, second)
    if json:
        print_json(asdict(found))
        return
    for one in found.warnings:
        fold(out, f"warning: {one}", style="yellow")
    for view in run_diff_table.tables(found):
        print_table(view)
    fold(out, found.sentence)
    fold(out, f"logged as run {found.logged_as[:8]} of the MLflow experiment regime-comparisons")


def upgrade(json: JsonOption = False) -> None:
    """Give runs of version 0.1 today's metric names and curves over time; what they have stays beside it."""
    from models.tracking.upgrade import upgrade_runs

    with progress_bar("runs", None) as step:
        changed = upgrade_runs(step)
    if json:
        print_json({"changed": changed})
    else:
        out.print(f"{changed} runs have what they lacked under today's names")


def tidy(
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest versions of each model stay.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove old versions of registered models; never one that an alias points at or that a person set.

    Runs and their logged models stay, and `promote` makes a version of any of them again.
    """
    from models.tracking.tidy import remove_old_versions

    found = remove_old_versions(keep, dry_run)
    if json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        done = "would go" if dry_run else "removed"
        out.print(f"{one.name}: {len(one.removed)} versions {done}, {len(one.kept)} stay ({', '.join(one.kept)})")
    if not found:
        out.print("no registered models yet")


def upload(json: JsonOption = False) -> None:
    """Send the results that MLflow could not take when they were made."""
    from models.tracking import delivery

    sent = delivery.upload()
    if json:
        print_json([asdict(one) for one in sent])
        return
    for one in sent:
        out.print(f"{one.register_as}: {', '.join(f'{kind} v{made[1]}' for kind, made in one.logged.items())}")
        for alias in one.left:
            out.print(f"alias {alias} left where it is: it points at results made later")
    if not sent:
        out.print("nothing to send")


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    browser: Annotated[bool, typer.Option("--open", help="Open the comparison table in your browser.")] = False,
) -> None:
    """MLflow's user interface on loopback, over the runs of this project; ends with Ctrl-C."""
    from models.tracking import user_interface

    user_interface.check_free(port)
    out.print(f"the runs by skill: {user_interface.address(port)}", soft_wrap=True)
    if browser:
        user_interface.open_when_ready(port)
    raise typer.Exit(user_interface.serve(port))
