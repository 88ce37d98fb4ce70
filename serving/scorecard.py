"""How the journal's calls turned out, once their month has passed.

Scores stand in a table of their own (`scores.parquet`); the journal is not
touched. Live calls and replays are scored apart: only live calls were made
without knowledge of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.data import calendar, store
from features.data.calendar import HORIZON, SESSIONS_A_WEEK
from features.data.files import drafted
from features.data.paths import home
from features.dataset import OUTCOMES, Dataset, build
from models.evaluation import metrics
from models.evaluation.verdicts import verdict_of
from models.tracking import registry
from models.tracking.registry import registry_name
from serving import drift_history, journal
from serving.journal_entry import Entry, EntryType
from serving.running_evidence import Evidence, evidence_of

REPORTED = ("log_loss", "log_loss_skill", "log_loss_skill_p", "auc_breakdown", "auc_rotation", "auc_head_to_head")
TYPES: tuple[EntryType, ...] = ("live", "replay")
Scores = dict[str, float | None]


@dataclass(frozen=True)
class Scorecard:
    """Scores of the live calls and of the replays.

    `kind` says which of the two `log_loss_skill` is of: the live calls, or the
    replays while no live call has matured. `evidence` is what each of the two has
    proved so far, by null hypothesis.
    """

    kind: EntryType | None
    log_loss_skill: float | None
    live: Scores
    replay: Scores
    digest: str | None = None
    evidence: dict[EntryType, tuple[Evidence, ...]] = field(default_factory=dict)

    def to_json_object(self) -> dict[str, Any]:
        """JSON-ready values, under the keys of `score --json`."""
        return {name: value for name, value in asdict(self).items() if name != "digest" or value is not None}


def call_table(entries: Iterable[Entry], outcome: pd.Series) -> pd.DataFrame:
    """Entries as a table of probabilities, a row a call, each with the outcome that followed (NA until it matured)."""
    rows = []
    for entry in entries:
        call = entry.call
        date = pd.Timestamp(call.asof)
        row: dict[str, Any] = {"date": date, "label_end": calendar.session_after(date, HORIZON), "n": entry.n}
        row |= {"kind": entry.entry_type}
        row |= {"verdict": call.verdict, "model": call.model.name, "version": call.model.version}
        row |= {"faltering": call.leaders_faltering.now, "promised": call.model.skill}
        row |= {"outside": float("nan") if call.drift.weighted is None else call.drift.weighted}
        for prefix, shares in (("p", call.probabilities), ("base", call.base_rates), ("markov", call.markov)):
            row |= {f"{prefix}_{name}": value for name, value in shares.as_dict().items()}
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.assign(outcome=outcome.reindex(pd.DatetimeIndex(table["date"])).to_numpy())


def scores_of(table: pd.DataFrame) -> Scores:
    """Scores of the matured calls of a `call_table`; without any, just the counts.

    `promised_skill` is what the model had shown out of sample when it made the latest call.
    """
    matured = table[table["outcome"].notna()].sort_values("date")
    scores: Scores = {"calls": len(table), "matured": len(matured)} | _drift(table)
    if not len(matured):
        return scores
    found = metrics.evaluate(matured, full=False)
    scores |= {name: found[name] for name in REPORTED if name in found}
    scores |= {key: value for key, value in found.items() if key in {f"brier_skill_{name}" for name in OUTCOMES}}
    markov = matured.assign(**{f"p_{name}": matured[f"markov_{name}"] for name in OUTCOMES})
    scores["log_loss_skill_markov"] = metrics.evaluate(markov, full=False)["log_loss_skill"]
    scores["promised_skill"] = float(matured["promised"].iloc[-1])
    scores["effective_months"] = len(matured) * SESSIONS_A_WEEK / HORIZON
    last = matured.iloc[-drift_history.YEAR :]
    scores["calibrated_on"] = len(last)
    scores |= {f"said_{name}": float(last[f"p_{name}"].mean()) for name in OUTCOMES}
    scores |= {f"came_{name}": float((last["outcome"] == name).mean()) for name in OUTCOMES}
    scores["hit_rate"] = hit_rate(matured["verdict"], matured["outcome"])
    scores["hit_rate_markov"] = hit_rate(_verdicts(matured, "markov"), matured["outcome"])
    likeliest = matured[[f"base_{name}" for name in OUTCOMES]].to_numpy().argmax(axis=1)
    scores["hit_rate_climatology"] = hit_rate(pd.Series(np.array(OUTCOMES)[likeliest]), matured["outcome"])
    return scores


def _drift(table: pd.DataFrame) -> Scores:
    """Weighted share of the features outside their range in the latest call that says it, and its median."""
    outside = table.sort_values("date")["outside"].dropna() if len(table) else pd.Series(dtype=float)
    return {"drift": float(outside.iloc[-1]), "drift_median": float(outside.median())} if len(outside) else {}


def hit_rate(verdicts: pd.Series, outcome: pd.Series) -> float | None:
    """Share of the verdicts that came true, among those that name an outcome; None where none does."""
    said, came = verdicts.to_numpy(str), outcome.to_numpy(str)
    names_one = np.isin(said, OUTCOMES)
    return float((said == came)[names_one].mean()) if names_one.any() else None


def _verdicts(table: pd.DataFrame, prefix: str) -> pd.Series:
    """The verdict that the probabilities in `prefix_<outcome>` would have given, evidence assumed."""
    rows = table.to_dict("records")
    said = [verdict_of(_shares(row, prefix), _shares(row, "base"), True) for row in rows]
    return pd.Series(said, table.index)


def _shares(row: dict[Any, Any], prefix: str) -> dict[str, float]:
    return {name: row[f"{prefix}_{name}"] for name in OUTCOMES}


def make_scorecard(table: pd.DataFrame, corrected: int, digest: str | None = None) -> Scorecard:
    """The scorecard of a `call_table`; `corrected` live entries stand in the journal beside it and are not in it."""
    parts = {name: scores_of(table[table["kind"] == name]) for name in TYPES}
    parts["live"]["corrections"] = corrected
    top: EntryType = "live" if parts["live"].get("matured") else "replay"
    matured = table[table["outcome"].notna()].sort_values("date")
    evidence = {name: evidence_of(matured[matured["kind"] == name]) for name in TYPES}
    return Scorecard(top, parts[top].get("log_loss_skill"), parts["live"], parts["replay"], digest, evidence)


def score_journal(step: Callable[[int, int], None] | None = None, dataset: Dataset | None = None) -> Scorecard:
    """Score the calls of the source in force on its data, and tag each model version with what its calls earned.

    Parameters
    ----------
    step : callable, optional
        Told of progress, as (done, total).
    dataset : Dataset, optional
        Of the whole snapshot in force; built if absent.

    Raises
    ------
    RegimeError
        No data, or the journal was changed.
    """
    name = registry_name(store.current_manifest().source, "path")
    entries = journal.of_model(journal.read(), name)
    scored = journal.scored(entries)
    if not scored:
        return Scorecard(None, None, {"calls": 0}, {"calls": 0})
    dataset = dataset or build(store.load(), "path", step)
    table = call_table(scored, dataset.outcome)
    with drafted(home() / drift_history.SCORES) as draft:
        table.to_parquet(draft, index=False)
    _tag_versions(table)
    return make_scorecard(table, len(journal.corrections(entries)), dataset.digest)


def _tag_versions(table: pd.DataFrame) -> None:
    for (name, version), group in table.groupby(["model", "version"]):
        scores = scores_of(group)
        if scores["matured"] and registry.version_exists(str(name), str(version)):
            tags = {f"scored_{key}": f"{scores[key]:.4f}" for key in ("log_loss", "log_loss_skill") if key in scores}
            registry.tag_version(str(name), str(version), tags | {"scored_weeks": str(scores["matured"])})
