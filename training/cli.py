"""`regime train`: run experiments, sweeps and canaries; the commands on runs in MLflow are in `training.runs_cli`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from features.console import App, JsonOption, offered, out, print_json, print_table, progress_bar, run_app
from features.data.errors import RegimeError
from features.data.percent import percent
from features.folding import fold
from models.tracking import process_environment
from training import runs_cli

# What a command needs is imported inside it: its help, its version and a usage error load no library of data or models.

app = App(help="Experiments: run them walk-forward, compare them.", no_args_is_help=True)


def _experiments() -> list[str]:
    from training import config

    return [*config.names(), *(str(path) for path in Path().glob("*.toml"))]


NameArgument = Annotated[
    str,
    typer.Argument(
        help="A file in training/experiments, or a path that ends in .toml.", autocompletion=offered(_experiments)
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Replaces what the file says; may be repeated.")
]
WorkersOption = Annotated[int, typer.Option(min=1, help="Threads; the result is the same for any number.")]
DaskOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler; its workers fit the folds. Same result.")
]


@app.command(
    epilog="Examples: regime train run default --workers 2; regime train run default --set label=return "
    "--set params.max_depth=2 --note 'fewer interactions'; regime train run sweep.toml --dask tcp://10.0.0.1:8786; "
    "regime train run range --set first_test=1956-01-01 --set last_test=1989-09-30 --set 'members=[\"har\"]'"
)
def run(
    name: NameArgument,
    settings: SetOption = None,
    workers: WorkersOption = 2,
    dask: DaskOption = None,
    note: Annotated[str, typer.Option(help="Why you run it; stands beside the run in MLflow.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Run and log it even if it was run before.")] = False,
    member_of: Annotated[
        str,
        typer.Option(
            metavar="EXPERIMENT",
            help="Of a range on weeks before 1990: what its paths add to that experiment's blend as one more member.",
        ),
    ] = "",
    json: JsonOption = False,
) -> None:
    """Run one experiment and its baselines, log them, and let the gate choose the champion.

    The same experiment on the same data by the same program is shown, not run again.
    """
    from training import config, dask_cluster, experiment, leaderboard

    is_range = config.is_range(name, settings or ())
    if not is_range:
        _refuse_member(member_of)
    if is_range or config.is_destinations(name, settings or ()):
        _refuse({"--note": note, "--again": again, "--dask": dask})
        if is_range:
            _run_range(name, settings or (), member_of, workers, json)
        else:
            _run_destinations(name, settings or (), json)
        return
    spec, text = config.read_spec(name, settings or ()), config.read_text(name, settings or ())
    changes, name = config.read_changes(name, settings or ()), config.experiment_name(name)
    with dask_cluster.connected(dask) as client:
        result = experiment.run(
            name, spec, text, workers, client, progress_bar, changes=changes, note=note.strip(), again=again
        )
    if json:
        print_json(result)
        return
    first, last = result["span"]
    title = f"{result['run']}: {result['weeks']} test weeks {first} to {last}, {result['source']} data"
    best = result["champion"]
    if "earlier" in result:
        when, run_id = result["earlier"]["logged"], result["earlier"]["run_id"]
        fold(
            out,
            f"run before, on {when} (run {run_id[:8]}), on the same data by the same program: "
            "shown as it was found then; --again runs it again",
        )
    made = [
        {"name": kind, "gate_verdict": "champion" if kind == best else "", "label": "", "source": "", **found}
        for kind, found in result["models"].items()
    ]
    print_table(leaderboard.table(title, made))
    if result["caveat"]:
        fold(out, result["caveat"], style="yellow")
    fold(out, f"champion of {result['registered_as']}: {result['champion'] or 'none (no evidence)'}")
    fold(out, f"gate: {result['gate']}")


def _refuse(options: dict[str, object]) -> None:
    """Refuse what was given of `options`, which an experiment of groups or of a range has no use for."""
    given = " and ".join(option for option, value in options.items() if value)
    if given:
        raise RegimeError(f"{given}: for experiments on a label alone, not for one of destinations or of a range")


def _refuse_member(member_of: str) -> None:
    if member_of:
        raise RegimeError(
            "--member-of: for a range on weeks before 1990 alone, such as --set first_test=1956-01-01 "
            "--set last_test=1989-09-30"
        )


def _run_destinations(name: str, settings: Sequence[str], json: bool) -> None:
    """Run a destinations experiment, one model after another, and print its tables."""
    from training import config, destinations_experiment, destinations_view

    spec, text = config.read_destinations_spec(name, settings), config.read_text(name, settings)
    name = config.experiment_name(name)
    result = destinations_experiment.run(name, spec, text, progress_bar)
    if json:
        print_json(result)
        return
    for view in destinations_view.tables(name, result):
        print_table(view, keys=2)
    for line in destinations_view.lines(result):
        fold(out, line)


def _run_range(name: str, settings: Sequence[str], member_of: str, workers: int, json: bool) -> None:
    """Run a range experiment, one fold after another, and print its table."""
    from training import config, range_experiment, range_exploration, range_member, range_view

    spec, text = config.read_range_spec(name, settings), config.read_text(name, settings)
    name = config.experiment_name(name)
    if spec.explores:
        blend = config.read_spec(member_of) if member_of else None
        result = range_exploration.run(name, spec, text, progress_bar, blend, workers)
    else:
        _refuse_member(member_of)
        result = range_experiment.run(name, spec, text, progress_bar)
    if json:
        print_json(result)
        return
    first, last = result["span"]
    out.print(f"{name}: {result['weeks']} test weeks {first} to {last}, {result['source']} data")
    fold(out, range_view.MEANING)
    print_table(range_view.table(result["models"], spec.horizons), together=len(range_view.FIGURES))
    fold(out, range_view.coverage_explained(result["models"][spec.model], spec.horizons))
    if result["caveat"]:
        fold(out, result["caveat"], style="yellow")
    fold(out, f"gate: {result['gate']}")
    if "tries" in result:
        fold(out, f"tries on weeks before the test weeks, this one included: {result['tries']}")
    for line in range_member.lines(result["models"][spec.model]):
        fold(out, line)
    fold(out, f"ranges: {result['ranges']}")


app.command(epilog='Example: regime train promote 3f2a --reason "the desk wants the simplest model"')(runs_cli.promote)


@app.command(
    epilog="Examples: regime train canary --seeds 200 --workers 2; regime train canary garch_volatility --seeds 20"
)
def canary(
    name: Annotated[
        str | None, typer.Argument(help="One canary; those of range, groups and the alive rule run only by name.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds; fewer where a rate near 1 is asked for.")] = 200,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result is the same for any number.")] = 2,
    json: JsonOption = False,
) -> None:
    """Check that the gate keeps chance and leaks out and lets a signal in. Exit status 1 if it does not."""
    from rich.table import Table

    from training import canaries

    names = () if name is None else (name,)
    with progress_bar("canaries", sum(canaries.sizes(seeds, names).values())) as step:
        found = canaries.run(seeds, workers, names, step)
    if json:
        print_json(canaries.as_json(found))
    else:
        view = Table(box=None, pad_edge=False)
        for name in ("canary", "counted", "bound", "count", "rate", "95 % interval", ""):
            view.add_column(name, no_wrap=True)
        for one in found:
            span, verdict = f"{percent(one.low)} to {percent(one.high)}", "ok" if one.ok else "FAILED"
            view.add_row(one.name, one.counted, one.bound, f"{one.count}/{one.seeds}", percent(one.rate), span, verdict)
        print_table(view)
    if not all(one.ok for one in found):
        raise typer.Exit(1)


@app.command(
    epilog="Examples: regime train sweep default --trials 50; then: regime train run PATH, as printed. "
    "The same command goes on after an interruption, or to more trials."
)
def sweep(
    name: NameArgument,
    trials: Annotated[int, typer.Option(min=1, help="Finished trials in all, earlier ones of this sweep included.")],
    settings: SetOption = None,
    batch: Annotated[
        int, typer.Option(min=1, help="Fits that are asked for at once; the result depends on it, and on the seed.")
    ] = 4,
    workers: WorkersOption = 2,
    dask: DaskOption = None,
    json: JsonOption = False,
) -> None:
    """Search for parameters on the weeks before the first test week; test weeks are never seen.

    One trial scores the experiment as it stands there. A fit gives a trial for each number of trees up to its own.
    """
    from training import config, dask_cluster, parameter_search

    spec, name = config.read_spec(name, settings or ()), config.experiment_name(name)
    with dask_cluster.connected(dask) as client:
        found = parameter_search.run(name, spec, trials, workers, client, progress_bar, batch)
    if json:
        print_json(found)
        return
    first, last = found["inner_span"]
    tried = f"{found['trials']} trials from {found['fits']} fits, {found['pruned']} pruned"
    fold(out, f"{name}: {tried}, on {first} to {last}")
    base = found["inner_log_loss_climatology"]
    for what, loss in (("best", found["inner_log_loss"]), ("before the sweep", found["inner_log_loss_before"])):
        out.print(f"inner log loss {loss:.4f} (skill {1.0 - loss / base:+.4f}) {what}")
    for key, value in found["params"].items():
        out.print(f"  {key} = {value}")
    out.print(f"regime train run {found['file']}", soft_wrap=True)


app.command("compare", epilog="Example: regime train compare 3f2a 91bc --json")(runs_cli.compare_runs)
app.command("diff", epilog="Examples: regime train diff 3f2a 91bc; regime train diff default 'default max_depth=2'")(
    runs_cli.diff_runs
)
app.command(epilog="Example: regime train upgrade")(runs_cli.upgrade)
app.command(epilog="Examples: regime train tidy --dry-run; regime train tidy --keep 10")(runs_cli.tidy)
app.command(epilog="Example: regime train upload")(runs_cli.upload)
app.command(epilog="Examples: regime ui --open; regime ui --port 5001")(runs_cli.ui)


def main() -> None:
    """Entry point."""
    process_environment.set_up()
    run_app(app)
