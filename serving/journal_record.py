"""What came of the calls in the journal: outcomes, running skill and e-value beside each call, and a terminal chart."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pandas as pd

from features.data import store
from features.dataset import OUTCOMES, build
from models.evaluation import e_processes, words
from models.evaluation.metrics import losses
from models.tracking.registry import registry_name
from serving import journal
from serving.journal_entry import Entry
from serving.scorecard import TYPES, call_table

COLUMNS = ("outcome", "size_came", "right", "skill", "e_value")
SIZES = tuple(words.SIZES.values())
MARKS = {"rotation": "R", "breakdown": "B", "neither": "n"}
LINES = {"rotation": "braille", "breakdown": "x"}
CAME_AT = -6.0  # the height of what came, below the odds
CHART_KEY = (
    "Odds by week, in percent: the dotted line is rotation, x is breakdown. In the row `came` the outcome of the "
    "sessions after the call: R rotation, B breakdown, n neither; blank while it is not known."
)


def in_force(made: pd.DataFrame) -> pd.DataFrame:
    """The rows of the registered model of the data in force, which are scored together; all where no data are stored.

    Parameters
    ----------
    made : DataFrame
        `journal_table.table()`.
    """
    manifest = store.in_force()
    return made if manifest is None else made[made["model"] == registry_name(manifest.source, "path")]


def with_record(made: pd.DataFrame, step: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """The journal's table with what came of each call of the data in force; as it is where no data are stored.

    Adds `outcome` and `size_came` (the size word that the realised volatility makes right, by the rule that the words'
    evidence follows); both are missing until the horizon has ended, and for calls of other data. `right` says whether
    what the call's word claims came, missing where it claims nothing. For each scored call there are the running
    log-loss skill against climatology (`skill`) and the e-value against it (`e_value`) of all calls of its type so far.

    Parameters
    ----------
    made : DataFrame
        `journal_table.table()`.
    step : callable, optional
        Told of progress, as (done, total).
    """
    manifest = store.in_force()
    if manifest is None:
        return made  # a journal without data is still a journal: nothing is known of what came
    name = registry_name(manifest.source, "path")
    entries = journal.of_model(journal.read(), name)
    if not entries:
        return made.assign(**dict.fromkeys(COLUMNS))
    dataset = build(store.load(), "path", step)
    return joined(made, entries, dataset.outcome, words.size_claims(dataset, pd.DatetimeIndex(dataset.X.index)))


def joined(made: pd.DataFrame, entries: list[Entry], outcome: pd.Series, sizes: pd.Series) -> pd.DataFrame:
    """The same from entries of one model, with the outcome and the size word that came by decision date."""
    told = call_table(entries, outcome)[["n", "date", "outcome"]]
    told["size_came"] = sizes.reindex(pd.DatetimeIndex(told["date"])).to_numpy()
    parts = [
        running(call_table([one for one in journal.scored(entries) if one.entry_type == kind], outcome))
        for kind in TYPES
        if any(one.entry_type == kind for one in entries)
    ]
    told = told.drop(columns="date").merge(pd.concat(parts), on="n", how="left")
    found = made.merge(told, on="n", how="left")
    return found.assign(right=_right(found))[[*made.columns, *COLUMNS]]


def _right(found: pd.DataFrame) -> pd.Series:
    """Whether what each call's word claims came; missing where that is not known, or where no word claims anything."""
    came = found["size_came"].where(found["word"].isin(SIZES), found["outcome"].where(found["word"].isin(OUTCOMES)))
    return (found["word"] == came).where(came.notna()).astype("boolean")


def running(table: pd.DataFrame) -> pd.DataFrame:
    """Skill and e-value against climatology after each matured call of a `call_table`, by `n`."""
    rows = table[table["outcome"].notna()].sort_values("date")
    if not len(rows):
        return pd.DataFrame({"n": pd.Series(dtype=int), "skill": [], "e_value": []})
    said, base = (rows[[f"{prefix}_{one}" for one in OUTCOMES]].to_numpy(float) for prefix in ("p", "base"))
    came = pd.Index(OUTCOMES).get_indexer(rows["outcome"])
    own, reference = (losses(p, came).cumsum() for p in (said, base))
    dates, ends = pd.DatetimeIndex(rows["date"]), pd.DatetimeIndex(rows["label_end"])
    bets = e_processes.reference_is_right(dates, ends, said, base, came)
    return pd.DataFrame(
        {"n": rows["n"].to_numpy(), "skill": 1.0 - own / reference, "e_value": bets.values.reindex(dates).to_numpy()}
    )


def chart(made: pd.DataFrame, width: int, height: int = 20) -> str:
    """Odds of rotation and breakdown by week as text, beneath them what came, and what each sign means."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    rows = made.drop_duplicates("asof", keep="last").sort_values("asof")
    weeks = list(map(float, range(len(rows))))
    for name, mark in LINES.items():
        line = figure.signal(weeks, (100.0 * rows[f"p_{name}"]).tolist(), marker=mark)
        line.lines()
        figure.draw(line)
    came = rows.get("outcome", pd.Series(pd.NA, rows.index, dtype=object))
    for name, mark in MARKS.items():
        on = [week for week, here in zip(weeks, (came == name).fillna(False), strict=True) if here]
        if on:
            figure.draw(figure.signal(on, [CAME_AT] * len(on), marker=mark))
    shown = sorted({0, len(rows) // 2, len(rows) - 1})
    figure.ruler("x").ticks([weeks[place] for place in shown], [str(rows["asof"].iloc[place]) for place in shown])
    top = 100.0 * rows[[f"p_{name}" for name in LINES]].to_numpy().max()
    heights = [float(at) for at in range(0, int(top) + 1, 10)]
    known = bool(came.notna().any())
    figure.ruler("y").ticks(
        [*([CAME_AT] if known else []), *heights], [*(["came"] if known else []), *(f"{at:.0f} %" for at in heights)]
    )
    return f"{plotext.uncolorize(figure.build().string()).rstrip()}\n\n{textwrap.fill(CHART_KEY, width)}"
