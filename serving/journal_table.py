"""The journal as a table, for a terminal and for pandas."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from serving import journal

COLUMNS = ("n", "asof", "made_at", "kind", "corrects", "source", "digest", "model", "version", "verdict")
OUTCOMES = ("rotation", "breakdown", "neither")


def table() -> pd.DataFrame:
    """Return every line of the journal, oldest first.

    Columns: `n`, `asof`, `made_at`, `kind` (`live` or `replay`), `corrects` (the `n` of an older line, or missing),
    `source`, `digest`, `model`, `version`, `verdict`, and `p_` and `base_` of each outcome.

    Raises
    ------
    RegimeError
        The journal was changed.
    """
    rows = []
    for line in journal.read():
        call = line["call"]
        row = {key: line[key] for key in ("n", "asof", "made_at", "kind", "corrects")}
        row |= {key: call[key] for key in ("source", "digest", "verdict")}
        row |= {"model": call["model"]["name"], "version": call["model"]["version"]}
        row |= {f"p_{name}": call["probabilities"][name] for name in OUTCOMES}
        row |= {f"base_{name}": call["base_rates"][name] for name in OUTCOMES}
        rows.append(row)
    names = [*COLUMNS, *(f"p_{name}" for name in OUTCOMES), *(f"base_{name}" for name in OUTCOMES)]
    return pd.DataFrame(rows, columns=names).astype({"corrects": "Int64"})


def view(made: pd.DataFrame) -> Table:
    """Show rows of `table`: each probability beside its base rate."""
    shown = Table(box=None, pad_edge=False)
    for name in ("week", "call", *OUTCOMES, "kind", "data"):
        shown.add_column(name, justify="right" if name in OUTCOMES else "left")
    replaced = set(made["corrects"].dropna())
    for row in made.to_dict("records"):
        odds = (f"{row[f'p_{name}']:.0%} ({row[f'base_{name}']:.0%})" for name in OUTCOMES)
        kind = f"{row['kind']}, replaced" if row["n"] in replaced else row["kind"]
        shown.add_row(row["asof"], row["verdict"].replace("_", " "), *odds, kind, row["source"])
    return shown
