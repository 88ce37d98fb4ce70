"""The words of a call in tables: what followed each, and where they stood by year and at the episodes of breakdown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.percent import percent
from features.dataset import Dataset
from models.evaluation import words
from models.evaluation.predictions import matured_rows
from models.evaluation.verdicts import breakdown_spans, verdicts_of
from models.evaluation.words import Followed
from training.report.stored import Stored

ORDER = (*words.SIZES.values(), "rotation", "breakdown")
FORMER_CHAMPION = "logit-all"
LEAD_WEEKS = 13  # how far before an episode a word still counts as ahead of it
NO_CHAMPION = "There is no champion, and so no word to replay.\n"


def grid(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, the first column to the left."""
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def tables(dataset: Dataset, walkforward: pd.DataFrame | None, size: pd.Series | None) -> dict[str, pd.DataFrame]:
    """The tables of `models.evaluation.words` by kind of word: of the width's states, and of a model's head-to-head."""
    found = {}
    if size is not None:
        found["size"] = words.size_table(dataset, size)
    if walkforward is not None:
        found["direction"] = words.direction_table(dataset, words.direction_states(walkforward))
    return found


def followed(dataset: Dataset, walkforward: pd.DataFrame | None, size: pd.Series | None) -> dict[str, Followed]:
    """What followed each word, in the order in which they are shown."""
    found: dict[str, Followed] = {}
    for table in tables(dataset, walkforward, size).values():
        found |= words.record(table)
    return {word: found[word] for word in ORDER if word in found}


def _of(stored: Stored) -> tuple[Dataset, pd.DataFrame | None, pd.Series | None]:
    return stored.dataset, None if stored.champion is None else stored.tables[stored.champion], stored.size


def record(stored: Stored) -> str:
    """What followed each word, and whether it may be printed."""
    rows = [
        [
            word,
            f"{one.weeks:,}",
            percent(one.mean_return, 2, sign=True),
            f"{100 * one.q10:+.1f} to {percent(one.q90, sign=True)}",
            percent(one.breakdown, 0),
            percent(one.rotation, 0),
            percent(one.at_onsets, 0),
            f"{one.runs_a_year:.1f}",
            f"{percent(one.event, 0)} / {percent(one.otherwise, 0)}",
            f"{one.bound:+.2f}, {one.bound_last_10_years:+.2f}",
            "earned" if one.earned else "not earned",
        ]
        for word, one in followed(*_of(stored)).items()
    ]
    header = ["word", "weeks", "mean", "8 in 10", "breakdown", "rotation", "at onsets", "runs a year"]
    header += ["claim came / otherwise", "95 % bound, all and last ten years", ""]
    return grid(header, rows)


def replay(stored: Stored) -> str:
    """Share of weeks by word and year, before and after, with the changes of the word in each year."""
    if stored.champion is None:
        return NO_CHAMPION
    table, before, now = _words_before_and_now(stored)
    years = table["date"].dt.year
    rows = []
    for year in [*sorted(years.unique()), "all"]:
        on = np.ones(len(table), dtype=bool) if year == "all" else (years == year).to_numpy()
        cells = [percent((before[on] == word).mean(), 0) for word in ("rotation", "breakdown", "neither")]
        cells += [_changes(before[on], on.sum())]
        cells += [percent((now[on] == word).mean(), 0) for word in words.SIZES.values()]
        rows.append([str(year), *cells, _changes(now[on], on.sum())])
    header = ["year", "before: rotation", "breakdown", "neither", "changes a year"]
    header += ["now: calm", "usual", "turbulent", "changes a year"]
    return grid(header, rows)


def _words_before_and_now(stored: Stored) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The matured rows of the former champion, its verdicts, and today's size words of the same weeks."""
    table = matured_rows(_formerly(stored)).reset_index(drop=True)
    return table, verdicts_of(table), _words_at(table["date"], tables(*_of(stored)).get("size"))


def _words_at(dates: pd.Series, table: pd.DataFrame | None) -> pd.Series:
    """The word of each date; empty where there is none."""
    if table is None:
        return pd.Series("", dates.index)
    return dates.map(table.set_index("date")["word"]).fillna("")


def _formerly(stored: Stored) -> pd.DataFrame:
    """The walk-forward whose verdicts version 1 printed: the ridge's, its champion, where that is stored."""
    return stored.tables.get(FORMER_CHAMPION, stored.tables[stored.champion or ""])


def _changes(said: pd.Series, weeks: int) -> str:
    values = said.astype(str).to_numpy()
    return f"{np.sum(values[1:] != values[:-1]) * words.WEEKS_A_YEAR / max(weeks, 1):.1f}"


def episodes(stored: Stored) -> str:
    """Where each word stood at the episodes of breakdown: weeks before their first decision, or after it."""
    if stored.champion is None:
        return NO_CHAMPION
    table, before, now = _words_before_and_now(stored)
    rows = []
    for first, last in breakdown_spans(table):
        at = int(table["date"].searchsorted(first))
        rows.append(
            [
                f"{first:%Y-%m-%d} to {last:%Y-%m-%d}",
                lead(before == "breakdown", at),
                lead(now == "turbulent", at),
                now.iloc[at] or "–",
            ]
        )
    header = ["episode", "before: `breakdown`", "now: `turbulent`", "size word in its first week"]
    return grid(header, rows)


def lead(said: pd.Series, at: int) -> str:
    """Weeks by which the word stood before the first decision, without a break; else weeks until it came."""
    values = said.to_numpy(bool)
    if values[at]:
        run = 0
        while at - run - 1 >= 0 and values[at - run - 1]:
            run += 1
        return f"{run} weeks ahead" if run else "in the first week"
    later = np.flatnonzero(values[at : at + LEAD_WEEKS])
    return f"{later[0]} weeks late" if len(later) else "not"
