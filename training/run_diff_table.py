"""The comparison of two runs as tables for a terminal."""

from __future__ import annotations

from rich.table import Table

from training.run_diff import Difference, cells

FEATURES = 8  # names of features in a line; JSON has all


def tables(found: Difference) -> list[Table]:
    """What differs, then the figures; a part in which nothing differs is left out."""
    made = []
    differing = found.specification | found.data | _features(found)
    if differing:
        made.append(_table("what differs", ("", found.first, found.second)))
        for key, pair in differing.items():
            made[-1].add_row(key, *pair)
    made.append(_table("figures", ("", found.first, found.second, "difference", "paired p", "second is")))
    for row in found.figures:
        made[-1].add_row(*cells(row))
    return made


def _features(found: Difference) -> dict[str, tuple[str, str]]:
    pair = tuple(_some(found.features[key]) for key in ("only_first", "only_second"))
    return {"features of one only": (pair[0], pair[1])} if any(pair) else {}


def _some(names: list[str]) -> str:
    more = f" and {len(names) - FEATURES} more" if len(names) > FEATURES else ""
    return ", ".join(names[:FEATURES]) + more


def _table(title: str, columns: tuple[str, ...]) -> Table:
    view = Table(title=title, box=None, pad_edge=False)
    for place, name in enumerate(columns):
        view.add_column(name, justify="left" if not place or title != "figures" else "right", no_wrap=True)
    return view
