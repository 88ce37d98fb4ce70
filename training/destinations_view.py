"""A destinations experiment as tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rich.table import Table

from features.data.percent import percent

SPANS = {
    "library 1990 on": ("library", "_1990_on"),
    "funds": ("funds", ""),
    "funds, leaders faltering": ("funds", "_faltering"),
}
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {  # measure: heading, and how a figure is written
    "ic": ("IC", "{:+.3f}".format),
    "ic_t": ("t", "{:+.1f}".format),
    "log_loss_skill": ("skill", "{:+.4f}".format),
    "log_loss_skill_p": ("p", "{:.3f}".format),
    "best_less_worst": ("best less worst", partial(percent, sign=True)),
    "best_less_worst_t": ("its t", "{:+.1f}".format),
}


def tables(name: str, result: dict[str, Any]) -> list[Table]:
    """One table an outcome and horizon: rank correlation with t, skill with p, best less worst, by model and span."""
    first, last = result["span"]
    found = []
    for cell in result["champions"]:
        outcome, horizon = cell.rsplit("_", 1)
        title = f"{name}: {outcome}, {horizon} sessions; test weeks {first} to {last}, {result['source']} data"
        view = Table(title=title, box=None, pad_edge=False)
        view.add_column("model", no_wrap=True)
        view.add_column("on", no_wrap=True)
        for heading, _ in FIGURES.values():
            view.add_column(heading, justify="right", no_wrap=True)
        for kind, one in result["models"].items():
            if f"log_loss_skill_{cell}_funds" not in one:
                continue
            for span, (universe, period) in SPANS.items():
                values = {key: one.get(f"{key}_{cell}_{universe}{period}") for key in FIGURES}
                cells = ["" if values[key] is None else said(values[key]) for key, (_, said) in FIGURES.items()]
                view.add_row(kind, span, *cells)
        found.append(view)
    return found


def lines(result: dict[str, Any]) -> list[str]:
    """What the gate said, and what the rates given rotation and breakdown were worth."""
    said = [f"{cell}: {reason}" for cell, reason in result["gate"].items()]
    for one in result["given"]:
        said.append(
            f"{one['groups']} given {one['condition']} since {one['since']}: skill {one['skill']:+.3f} "
            f"(p {one['p']:.3f}, {one['weeks']} weeks) against their own rates"
        )
    if result["missing_groups"]:
        said.append(f"no return of {', '.join(result['missing_groups'])}: left out")
    said.append(f"candidates of other experiments in the ledger: {result['tries']}")
    return [*said, f"registered as {result['registered_as']} version {result['version']}", result["destinations"]]
