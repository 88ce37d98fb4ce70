"""The journal as a table, for a terminal and for pandas."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from features.data.calendar import HORIZON
from serving import journal
from serving.headline import word_of

COLUMNS = ("n", "asof", "made_at", "entry_type", "corrects", "source", "digest", "model", "version", "verdict", "word")
BAND = ("q10", "q90")  # the likely range of the broad leg's return over the horizon, decimals
OUTCOMES = ("rotation", "breakdown", "neither")
WITH_SIZE = 90  # columns of a terminal from which the size that came is shown too


def table() -> pd.DataFrame:
    """Return every line of the journal, oldest first.

    Columns: `n`, `asof`, `made_at`, `entry_type` (`live` or `replay`), `corrects` (the `n` of an older line, or
    missing), `source`, `digest`, `model`, `version`, `verdict`, `word` (what the call claims),
    `p_` and `base_` of each outcome, and `q10` and `q90` of the range over 21 sessions (missing where there is none).

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
        row |= {"model": call.model.name, "version": call.model.version, "word": word_of(call)}
        row |= {f"p_{name}": value for name, value in call.probabilities.as_dict().items()}
        row |= {f"base_{name}": value for name, value in call.base_rates.as_dict().items()}
        month = (call.range or {}).get(str(HORIZON))
        row |= {name: month.quantiles[name] if month else None for name in BAND}
        rows.append(row)
    names = [*COLUMNS, *(f"p_{name}" for name in OUTCOMES), *(f"base_{name}" for name in OUTCOMES), *BAND]
    return pd.DataFrame(rows, columns=names).astype({"corrects": "Int64"})


def view(made: pd.DataFrame, width: int = 80) -> Table:
    """Show rows of `table` in 80 columns: odds beside their base rates in percent, and what came where it is known.

    From `WITH_SIZE` columns of `width` on, the size that came stands beside the outcome.
    """
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    recorded, ranged = "outcome" in made, bool(made["q10"].notna().any())
    heads = ["week", "call", "rotation", "breakdown", *(["range"] if ranged else [])]
    sized = recorded and width >= WITH_SIZE
    heads += [*(["came", *(["size"] if sized else []), "hit", "skill", "e"] if recorded else []), "type"]
    for name in heads:
        left = name in ("week", "call", "came", "size", "hit", "type")
        shown.add_column(name, justify="left" if left else "right", no_wrap=True)
    replaced = set(made["corrects"].dropna())
    for row in made.to_dict("records"):
        cells = [str(row["asof"]), row["word"]]
        cells += [f"{100 * row[f'p_{name}']:.0f} ({100 * row[f'base_{name}']:.0f})" for name in OUTCOMES[:2]]
        if ranged:
            cells.append("" if pd.isna(row["q10"]) else f"{100 * row['q10']:+.0f} {100 * row['q90']:+.0f}")
        if recorded:
            came = ["" if pd.isna(row[name]) else row[name] for name in ("outcome", *(["size_came"] if sized else []))]
            hit = "" if pd.isna(row["right"]) else "yes" if row["right"] else "no"
            cells += [*came, hit, _number(row["skill"], "+.2f"), _number(row["e_value"], ".1f")]
        cells.append(f"{row['entry_type']}*" if row["n"] in replaced else row["entry_type"])
        shown.add_row(*cells)
    if replaced & set(made["n"]):
        shown.caption = "*: corrected by a later line"
    return shown


def _number(value: float | None, form: str) -> str:
    return "" if value is None or pd.isna(value) else format(value, form)
