"""Rewrite the figures that the documents quote, from the walk-forwards that are stored: `make figures`.

`python -m training.report.documented FILE...` fills what stands between `<!-- figures: NAME -->` and
`<!-- end of figures -->`, from the newest run of the experiment `default` on the data in force and its baselines.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.data import kept_results, store
from features.data.calendar import HORIZON
from features.data.errors import RegimeError
from features.data.percent import percent
from features.dataset import Dataset, build
from models.evaluation import metrics, registry, words
from models.evaluation.predictions import PERIOD_NAMES, matured_rows
from models.evaluation.verdicts import breakdown_spans, verdicts_of
from models.tracking import loader, range_registry, runs
from models.tracking import registry as versions

BEGIN, END = "<!-- figures: {name} -->\n", "<!-- end of figures -->"
COLUMNS = (
    "log_loss_skill",
    "log_loss_skill_p",
    "auc_breakdown",
    "auc_onset",
    "auc_rotation",
    "auc_head_to_head",
    "auc_head_to_head_vol",
    "calibration_slope_breakdown",
)
ORDER = (*words.SIZES.values(), "rotation", "breakdown")
EXPERIMENT = "default"
FORMER_CHAMPION = "logit-all"
LEAD_WEEKS = 13  # how far before an episode a word still counts as ahead of it
NO_CHAMPION = "There is no champion, and so no word to replay.\n"


@dataclass(frozen=True)
class Stored:
    """What the documents quote.

    Attributes
    ----------
    dataset : Dataset
    tables : dict of str to DataFrame
        Walk-forward by model, the candidate first.
    scores : dict of str to (dict of str to float)
    champion : str or None
    size : Series or None
        State of the width by decision date, of the range in force.
    """

    dataset: Dataset
    tables: dict[str, pd.DataFrame]
    scores: dict[str, dict[str, float]]
    champion: str | None
    size: pd.Series | None


def read() -> Stored:
    """Everything stored about the data in force.

    Raises
    ------
    RegimeError
        Nothing is stored of these data, or no walk-forward of a registered model is on this machine.
    """
    snapshot = store.load()
    dataset = build(snapshot, "path")
    name = versions.registry_name(snapshot.source, "path")
    tables = _walkforwards(snapshot.digest)
    if not tables:
        raise RegimeError(
            f"no walk-forward of {EXPERIMENT} on these data is stored: run `regime train run {EXPERIMENT}`"
        )
    scores = {kind: metrics.evaluate(table, dataset.returns) for kind, table in tables.items()}
    at = loader.pointer(name, "champion")
    return Stored(dataset, tables, scores, None if at is None else at.tags.get("kind"), _size(snapshot.source))


def _walkforwards(digest: str) -> dict[str, pd.DataFrame]:
    """The newest run of the experiment's own file on these data with its baselines, as far as they are stored here."""
    found = runs.finished_runs()
    if "tags.experiment" not in found or "tags.changes" not in found:
        return {}
    mine = (found["tags.digest"] == digest) & (found["tags.experiment"] == EXPERIMENT)
    mine &= (found["tags.role"] == runs.CANDIDATE) & (found["tags.changes"] == "none")
    if not mine.any():
        return {}
    newest = found[mine].sort_values("start_time").iloc[-1]
    tag = newest.get(f"tags.{runs.BASELINE_RUNS}")
    ids = {newest["tags.kind"]: newest["run_id"]} | (json.loads(tag) if isinstance(tag, str) else {})
    paths = {kind: kept_results.folder(run_id) / "predictions.parquet" for kind, run_id in ids.items()}
    return {kind: pd.read_parquet(path) for kind, path in paths.items() if path.exists()}


def _size(source: str) -> pd.Series | None:
    at = loader.pointer(range_registry.registry_name(source), "champion")
    path = None if at is None else kept_results.folder(at.run_id) / "range.parquet"
    if path is None or not path.exists():
        return None
    table = pd.read_parquet(path)
    month = table[(table["leg"] == "broad") & (table["horizon"] == HORIZON)]
    return pd.Series(month["size"].to_numpy(float), pd.DatetimeIndex(month["date"])) if "size" in table else None


def _grid(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def periods(stored: Stored) -> str:
    """Skill with its p by period, a row a model."""
    rows = []
    for kind, found in stored.scores.items():
        shown = f"**{kind}**, champion" if kind == stored.champion else kind
        rows.append([shown, *(_skill(found, suffix) for suffix in ("", *PERIOD_NAMES))])
    return _grid(["skill (p)", "1990 on", *PERIOD_NAMES.values()], rows)


def _skill(found: dict[str, float], suffix: str) -> str:
    skill, p = (found.get(f"log_loss_skill{what}{suffix}") for what in ("", "_p"))
    return "–" if skill is None or p is None else f"{skill:+.3f} ({p:.2f})"


def models(stored: Stored) -> str:
    """The main figures over all weeks, a row a model."""
    rows = [
        [kind, *(registry.formatted(name, found.get(name)) for name in COLUMNS)]
        for kind, found in stored.scores.items()
    ]
    return _grid(["model", *(registry.METRICS[name].label for name in COLUMNS)], rows)


def champion(stored: Stored) -> str:
    """Who is champion, and its own calibration."""
    if stored.champion is None:
        return "There is no champion: no model has earned the place.\n"
    found = stored.scores[stored.champion]
    parts = []
    for name in stored.dataset.outcomes:
        error, bound = found[f"ece_{name}"], found[f"ece_bound_{name}"]
        slope = ", ".join(f"{found[f'calibration_slope_{name}{end}']:.2f}" for end in ("", "_low", "_high"))
        slope = slope.replace(", ", " [", 1) + "]"
        parts.append(f"{name} {error:.3f} {'within' if error <= bound else 'over'} {bound:.3f}, slope {slope}")
    return (
        f"Champion: **{stored.champion}**. Its own calibration, error against what chance explains and slope with its "
        f"95 % interval: {'; '.join(parts)}.\n"
    )


def _tables(stored: Stored) -> dict[str, pd.DataFrame]:
    """The tables of `models.evaluation.words` by kind of word."""
    found = {}
    if stored.size is not None:
        found["size"] = words.size_table(stored.dataset, stored.size)
    if stored.champion is not None:
        table = stored.tables[stored.champion]
        side = pd.Series(table["direction"].to_numpy(float), pd.DatetimeIndex(table["date"]))
        found["direction"] = words.direction_table(stored.dataset, side)
    return found


def followed(stored: Stored) -> str:
    """What followed each word, and whether it may be printed."""
    rows = {}
    for table in _tables(stored).values():
        for word, one in words.record(table).items():
            rows[word] = [
                word,
                f"{one.weeks:,}",
                f"{100 * one.mean_return:+.2f} %",
                f"{100 * one.q10:+.1f} to {100 * one.q90:+.1f} %",
                percent(one.breakdown, 0),
                percent(one.rotation, 0),
                percent(one.at_onsets, 0),
                f"{one.runs_a_year:.1f}",
                f"{percent(one.event, 0)} / {percent(one.otherwise, 0)}",
                f"{one.bound:+.2f}, {one.bound_last_10_years:+.2f}",
                "earned" if one.earned else "not earned",
            ]
    header = ["word", "weeks", "mean", "8 in 10", "breakdown", "rotation", "at onsets", "runs a year"]
    header += ["claim came / otherwise", "95 % bound, all and last ten years", ""]
    return _grid(header, [rows[word] for word in ORDER if word in rows])


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
    return _grid(header, rows)


def _words_before_and_now(stored: Stored) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The matured rows of the former champion, its verdicts, and today's size words of the same weeks."""
    table = matured_rows(_formerly(stored)).reset_index(drop=True)
    return table, verdicts_of(table), _words_at(table["date"], _tables(stored).get("size"))


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
                _lead(before == "breakdown", at),
                _lead(now == "turbulent", at),
                now.iloc[at] or "–",
            ]
        )
    header = ["episode", "before: `breakdown`", "now: `turbulent`", "size word in its first week"]
    return _grid(header, rows)


def _lead(said: pd.Series, at: int) -> str:
    """Weeks by which the word stood before the first decision, without a break; else weeks until it came."""
    values = said.to_numpy(bool)
    if values[at]:
        run = 0
        while at - run - 1 >= 0 and values[at - run - 1]:
            run += 1
        return f"{run} weeks ahead" if run else "in the first week"
    later = np.flatnonzero(values[at : at + LEAD_WEEKS])
    return f"{later[0]} weeks late" if len(later) else "not"


BLOCKS: dict[str, Callable[[Stored], str]] = {
    "periods": periods,
    "models": models,
    "champion": champion,
    "words": followed,
    "replay": replay,
    "episodes": episodes,
}


def rewritten(text: str, stored: Stored) -> str:
    """A document with every block of figures made anew.

    Raises
    ------
    RegimeError
        A block without an end.
    """
    for name, make in BLOCKS.items():
        begin = BEGIN.format(name=name)
        if begin not in text:
            continue
        before, _, rest = text.partition(begin)
        if END not in rest:
            raise RegimeError(f"the figures {name} have no {END}")
        text = before + begin + make(stored) + rest[rest.index(END) :]
    return text


if __name__ == "__main__":
    found = read()
    for place in map(Path, sys.argv[1:]):
        place.write_text(rewritten(place.read_text(encoding="utf-8"), found), encoding="utf-8")
