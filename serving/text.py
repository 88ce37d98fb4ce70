"""A call and a weekly run as plain text, for a terminal or a file."""

from __future__ import annotations

import csv
import io
from typing import Any

from rich.console import Console
from rich.table import Table

from features.data.percent import percent
from features.folding import fold
from serving.call import Call
from serving.headline import headline, word_of
from serving.parts import Grid, Part, make_parts

# The word of a call in the terminal's own colours: none where output is piped.
STYLES = {"rotation": "bold green", "breakdown": "bold red", "neither": "bold", "no_evidence": "bold yellow"}
GROUPS_SHOWN = 3  # groups that a terminal names in each list; the report and the other formats name all
LEFT_OUT_OF_CSV = ("drivers", "families", "drift", "freshness", "substitutions")


def print_call(call: Call, out: Console) -> None:
    """Print a call: what it says, the odds, what followed such calls, why, and what it stands on."""
    fold(out, headline(call), style=STYLES[call.verdict])
    for part in make_parts(call):
        out.print()
        out.print(part.title, style="bold", markup=False)
        if part.grid:
            out.print(_table(part.grid))
        style = "yellow" if part.key == "data" and (call.data_age_days or call.caveat) else None
        for line in part.lines:
            fold(out, line, style=style)
        shown = GROUPS_SHOWN if part.key == "destinations" else None
        for title, items in part.lists:
            fold(out, f"{title}:")
            for item in items[:shown]:
                fold(out, item, "- ", "  ")
        if shown and any(len(items) > shown for _, items in part.lists):
            fold(out, "All groups: `regime report`, `regime call destinations`.")


def _table(grid: Grid) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(grid.header):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for row in grid.rows:
        table.add_row(*row)
    return table


def markdown(call: Call) -> str:
    """A call as Markdown."""
    lines = [f"# {headline(call)}"]
    for part in make_parts(call):
        lines += ["", f"## {part.title}", "", *_markdown_part(part)]
    return "\n".join(lines) + "\n"


def _markdown_part(part: Part) -> list[str]:
    lines: list[str] = []
    if part.grid:
        lines += [_row(part.grid.header), _row(("---", *("---:" for _ in part.grid.header[1:])))]
        lines += [*(_row(row) for row in part.grid.rows), ""]
    lines += [f"- {line}" if part.key == "terms" else f"{line}  " for line in part.lines]
    for title, items in part.lists:
        lines += ["", f"{title}:", "", *(f"- {item}" for item in items)]
    return lines


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def comma_separated(call: Call) -> str:
    """A call as two lines of CSV: the keys of its JSON joined by points, and its numbers; no lists."""
    flat = _flat({key: value for key, value in call.to_json_object().items() if key not in LEFT_OUT_OF_CSV})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(flat), lineterminator="\n")
    writer.writeheader()
    writer.writerow(flat)
    return text.getvalue()


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            found |= _flat(item, f"{prefix}{key}.")
        elif not isinstance(item, list):
            found[f"{prefix}{key}"] = item
    return found


def _age(call: Call) -> str:
    return f"; data end {call.data_age_days:,} days before the last session" if call.data_age_days else ""


def weekly_summary(call: Call, refresh_failed: bool, head: str) -> str:
    """One line for a mail's subject: the verdict, both sides, the leaders, the journal's head."""
    p = call.probabilities
    leaders = "leaders falter" if call.leaders_faltering.now else "leaders hold"
    old = "; refresh failed, older data used" if refresh_failed else ""
    return (
        f"regime {call.asof}: {word_of(call)} (rotation {percent(p.rotation, 0)}, "
        f"breakdown {percent(p.breakdown, 0)}), {leaders}, journal {head[:12]}{old}{_age(call)}"
    )
