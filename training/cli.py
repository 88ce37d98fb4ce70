"""`regime-train`: run experiments and compare them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
from rich.table import Table

from features.cli_support import out, print_json, run_app
from features.dataset import check_label
from features.sources.sample import CAVEAT
from models import delivery, interface, tracking
from training import experiment

app = typer.Typer(
    help="Experiments: run them walk-forward, compare them.", no_args_is_help=True, pretty_exceptions_enable=False
)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
COLUMNS = {
    "log_loss": "log loss",
    "log_loss_skill": "skill",
    "log_loss_skill_p": "p",
    "auc_breakdown": "AUC bd",
    "auc_rotation": "AUC rot",
    "auc_head_to_head": "h2h",
    "brier_skill_breakdown": "Brier",
    "effective_months": "mon.",
}


def _table(title: str, rows: dict[str, dict[str, Any]]) -> Table:
    view = Table(title=title, title_justify="left", box=None, pad_edge=False)
    view.add_column("model", no_wrap=True)
    for name in COLUMNS.values():
        view.add_column(name, justify="right", no_wrap=True)
    for model, values in rows.items():
        cells = [values.get(key) for key in COLUMNS]
        view.add_row(
            model, *("" if cell is None else _number(key, cell) for key, cell in zip(COLUMNS, cells, strict=True))
        )
    return view


def _number(key: str, value: float) -> str:
    if key == "effective_months":
        return f"{value:.0f}"
    return f"{value:+.4f}" if "skill" in key and not key.endswith("_p") else f"{value:.4f}"


@app.command(epilog="Example: regime-train run default --workers 2")
def run(
    name: Annotated[str, typer.Argument(help="An experiment: a file in training/experiments.")],
    label: Annotated[str | None, typer.Option(help="Another label than the experiment's.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result is the same for any number.")] = 2,
    json: JsonOption = False,
) -> None:
    """Run one experiment and its baselines, log them, and let the gate choose the champion."""
    spec = experiment.read(name)
    if label is not None:
        check_label(label)
        spec = replace(spec, label=label)
    result = experiment.run(name, spec, workers)
    if json:
        print_json(result)
        return
    title = f"{name}: {result['weeks']} test weeks {result['span'][0]} to {result['span'][1]}, {result['source']} data"
    out.print(_table(title, result["models"]))
    if result["caveat"]:
        out.print(result["caveat"], style="yellow", soft_wrap=True)
    out.print(f"gate: {result['gate']}", soft_wrap=True)
    out.print(f"champion of {result['registered_as']}: {result['champion'] or 'none (no evidence)'}")


@app.command(epilog="Example: regime-train compare --json")
def compare(
    last: Annotated[int, typer.Option(min=1, help="How many of the newest runs.")] = 12, json: JsonOption = False
) -> None:
    """The newest runs in one table."""
    found = tracking.runs().head(last)
    rows = {}
    for row in found.to_dict("records"):
        name = f"{row['tags.mlflow.runName']} {str(row['run_id'])[:6]} {row.get('tags.source')}"
        values = {key: row.get(f"metrics.{key}") for key in COLUMNS}
        rows[name] = {key: value for key, value in values.items() if value is not None and value == value}
    if json:
        print_json(rows)
    elif not rows:
        out.print("no runs yet: `regime-train run default`")
    else:
        out.print(_table("newest runs first", rows))
        if any(name.endswith(" sample") for name in rows):
            out.print(f"sample: {CAVEAT}", style="yellow")


@app.command(epilog="Example: regime-train upload")
def upload(json: JsonOption = False) -> None:
    """Send the results that MLflow could not take when they were made."""
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


@app.command(epilog="Example: regime-train ui --port 5000")
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
) -> None:
    """MLflow's user interface on loopback, over the runs of this project; ends with Ctrl-C."""
    interface.serve(port)


def main() -> None:
    """Entry point."""
    run_app(app)
