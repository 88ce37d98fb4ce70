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
WIDE = 90  # columns of a terminal from which the line's number and the size that came are shown too
KEY = (
    "In percent: odds of rotation and breakdown, in brackets what is usual; range is what should hold 8 in 10 returns "
    "of the broad leg over {horizon} sessions. came: the outcome of those sessions; hit: whether what the word claims "
    "came (calm, usual and turbulent claim how much the market moved, not an outcome). skill, e: log-loss skill and "
    "e-value of all calls of that type up to this week against the usual odds."
)


def table() -> pd.DataFrame:
    """Return every line of the journal by as-of date, the oldest first; lines of one week as they were written.

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
    made = pd.DataFrame(rows, columns=names).astype({"corrects": "Int64"})
    return made.sort_values(["asof", "n"], ignore_index=True)


def view(made: pd.DataFrame, width: int = 80) -> Table:
    """Show rows of `table` in 80 columns: odds beside their base rates in percent, and what came where it is known.

    From `WIDE` columns of `width` on, the line's number stands first and the size that came beside the outcome. Where
    the rows are of more than one source, each names its own.
    """
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    recorded, ranged = "outcome" in made, bool(made["q10"].notna().any())
    numbered, mixed = width >= WIDE, made["source"].nunique() > 1
    sized = recorded and numbered
    heads = [*(["line"] if numbered else []), "week", *(["source"] if mixed else []), "call", "rotation", "breakdown"]
    heads += ["range"] if ranged else []
    heads += [*(["came", *(["size"] if sized else []), "hit", "skill", "e"] if recorded else []), "type"]
    for name in heads:
        left = name in ("week", "source", "call", "came", "size", "hit", "type")
        shown.add_column(name, justify="left" if left else "right", no_wrap=True)
    replaced = set(made["corrects"].dropna())
    for row in made.to_dict("records"):
        cells = [*([str(row["n"])] if numbered else []), str(row["asof"]), *([row["source"]] if mixed else [])]
        cells.append(row["word"])
        cells += [f"{100 * row[f'p_{name}']:.0f} ({100 * row[f'base_{name}']:.0f})" for name in OUTCOMES[:2]]
        if ranged:
            cells.append("" if pd.isna(row["q10"]) else f"{100 * row['q10']:+.0f} {100 * row['q90']:+.0f}")
        if recorded:
            came = ["" if pd.isna(row[name]) else row[name] for name in ("outcome", *(["size_came"] if sized else []))]
            hit = "" if pd.isna(row["right"]) else "yes" if row["right"] else "no"
            cells += [*came, hit, _number(row["skill"], "+.2f"), _number(row["e_value"], ".1f")]
        cells.append(f"{row['entry_type']}*" if row["n"] in replaced else row["entry_type"])
        shown.add_row(*cells)
    shown.caption = KEY.format(horizon=HORIZON)
    if replaced & set(made["n"]):
        shown.caption += " *: corrected by a later line."
    return shown


def _number(value: float | None, form: str) -> str:
    return "" if value is None or pd.isna(value) else format(value, form)
