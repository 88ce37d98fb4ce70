"""A destinations experiment as tables for a terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from features.data.percent import percent

COLUMNS = {
    "library 1990 on": ("library", "_1990_on"),
    "funds": ("funds", ""),
    "funds, leaders faltering": ("funds", "_faltering"),
}


def tables(name: str, result: dict[str, Any]) -> list[Table]:
    """One table an outcome and horizon: rank correlation with t, skill with p, best less worst, by model."""
    first, last = result["span"]
    found = []
    for cell in result["champions"]:
        outcome, horizon = cell.rsplit("_", 1)
        title = f"{name}: {outcome}, {horizon} sessions; test weeks {first} to {last}, {result['source']} data"
        view = Table(title=title, title_justify="left")
        view.add_column("model", no_wrap=True)
        for said in COLUMNS:
            for heading in (f"{said}: IC", "t", "skill", "p"):
                view.add_column(heading, justify="right", no_wrap=True)
        view.add_column("best less worst a year, funds", justify="right", no_wrap=True)
        view.add_column("t", justify="right", no_wrap=True)
        for kind, one in result["models"].items():
            if f"log_loss_skill_{cell}_funds" not in one:
                continue
            cells = [kind]
            for universe, period in COLUMNS.values():
                keys = ("ic", "ic_t", "log_loss_skill", "log_loss_skill_p")
                values = [one.get(f"{key}_{cell}_{universe}{period}") for key in keys]
                shown = zip(values, ("+.3f", "+.1f", "+.4f", ".3f"), strict=True)
                cells += ["" if value is None else format(value, form) for value, form in shown]
            spread, t = (one.get(f"{key}_{cell}_funds") for key in ("best_less_worst", "best_less_worst_t"))
            view.add_row(*cells, "" if spread is None else percent(spread, sign=True), "" if t is None else f"{t:+.1f}")
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
