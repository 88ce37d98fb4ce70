"""The journal as a table, for a terminal and for pandas."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from serving import journal

COLUMNS = ("n", "asof", "made_at", "entry_type", "corrects", "source", "digest", "model", "version", "verdict")
OUTCOMES = ("rotation", "breakdown", "neither")


def table() -> pd.DataFrame:
    """Return every line of the journal, oldest first.

    Columns: `n`, `asof`, `made_at`, `entry_type` (`live` or `replay`), `corrects` (the `n` of an older line, or
    missing), `source`, `digest`, `model`, `version`, `verdict`, and `p_` and `base_` of each outcome.

    Raises
    ------
    RegimeError
        The journal was changed.
    """
    rows = []
    for entry in journal.read():
        call = entry.call
        row = {"n": entry.n, "asof": entry.asof, "made_at": entry.made_at, "entry_type": entry.entry_type}
        row |= {"corrects": entry.corrects, "source": call.source, "digest": call.digest, "verdict": call.verdict}
        row |= {"model": call.model.name, "version": call.model.version}
        row |= {f"p_{name}": value for name, value in call.probabilities.as_dict().items()}
        row |= {f"base_{name}": value for name, value in call.base_rates.as_dict().items()}
        rows.append(row)
    names = [*COLUMNS, *(f"p_{name}" for name in OUTCOMES), *(f"base_{name}" for name in OUTCOMES)]
    return pd.DataFrame(rows, columns=names).astype({"corrects": "Int64"})


def view(made: pd.DataFrame) -> Table:
    """Show rows of `table`: each probability beside its base rate."""
    shown = Table(box=None, pad_edge=False)
    for name in ("week", "call", *OUTCOMES, "type", "data"):
        shown.add_column(name, justify="right" if name in OUTCOMES else "left")
    replaced = set(made["corrects"].dropna())
    for row in made.to_dict("records"):
        odds = (f"{row[f'p_{name}']:.0%} ({row[f'base_{name}']:.0%})" for name in OUTCOMES)
        entry_type = f"{row['entry_type']}, corrected" if row["n"] in replaced else row["entry_type"]
        shown.add_row(str(row["asof"]), row["verdict"].replace("_", " "), *odds, entry_type, row["source"])
    return shown
