"""`regime-predict`: the call."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
import typer
from rich.table import Table

from features.cli_support import out, print_json, run_app
from features.errors import RegimeError
from serving.predict import call

app = typer.Typer(help="The weekly call: rotation or breakdown?", pretty_exceptions_enable=False)


def _date(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.Timestamp(text).normalize()
    except ValueError as error:
        raise RegimeError(f"--asof {text}: not a date, write YYYY-MM-DD") from error


def _show(result: dict[str, Any]) -> None:
    model = result["model"]
    out.print(f"[bold]{result['verdict'].replace('_', ' ')}[/]  as of {result['asof']}, for the next 21 sessions")
    view = Table(box=None, pad_edge=False)
    for name in ("", "probability", "base rate", "challenger"):
        view.add_column(name, justify="right" if name else "left")
    for name, value in result["probabilities"].items():
        other = result["challenger"]["probabilities"][name]
        view.add_row(name, f"{value:.1%}", f"{result['base_rates'][name]:.1%}", f"{other:.1%}")
    out.print(view)
    out.print(f"head-to-head, rotation against breakdown: {result['head_to_head']:.1%}")
    since = result["leaders_faltering"]["since"]
    out.print(f"leaders falter since {since}" if since else "leaders do not falter")
    role = "champion" if model["champion"] else "no champion, challenger shown"
    record = f"skill {model['skill']:+.4f}, p {model['skill_p']:.3f}"
    out.print(
        f"model {model['name']} v{model['version']} ({model['kind']}, {role}), fitted {model['fitted_at']}; {record}"
    )
    stale = [name for name, row in result["freshness"].items() if row["stale"]]
    out.print(f"data {result['source']} {result['digest']}" + (f"; stale: {', '.join(stale)}" if stale else ""))
    if result["caveat"]:
        out.print(result["caveat"], style="yellow")


@app.callback(invoke_without_command=True, epilog="Examples: regime-predict; regime-predict --asof 2020-02-21 --json")
def predict(
    asof: Annotated[str | None, typer.Option(help="The call as it would have been made then, YYYY-MM-DD.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """The latest call, or that of a past week with the data and a model of that week."""
    result = call(_date(asof))
    if json:
        print_json(result)
    else:
        _show(result)


def main() -> None:
    """Entry point."""
    run_app(app)
