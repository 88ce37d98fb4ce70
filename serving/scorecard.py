"""How the journal's calls turned out, once their month has passed.

Outcomes stand in a table of their own (`scores.parquet`); the journal is not
touched. Live calls and replays are scored apart: only the first were made
without knowing what came.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.console import progress_bar
from features.data import store
from features.data.paths import home
from features.dataset import OUTCOMES, build
from models.evaluation import metrics
from models.evaluation.verdict import verdict
from models.tracking import registry
from serving import journal

SAID = ("log_loss", "log_loss_skill", "log_loss_skill_p", "auc_breakdown", "auc_rotation", "auc_head_to_head")


def _frame(lines: list[journal.Line], outcome: pd.Series) -> pd.DataFrame:
    rows = []
    for line in lines:
        call = line["call"]
        row = {"date": pd.Timestamp(call["asof"]), "kind": line["kind"], "n": line["n"], "verdict": call["verdict"]}
        row |= {"model": call["model"]["name"], "version": call["model"]["version"]}
        row |= {"faltering": call["leaders_faltering"]["now"], "promised": call["model"]["skill"]}
        for name in OUTCOMES:
            row |= {f"p_{name}": call["probabilities"][name], f"base_{name}": call["base_rates"][name]}
            row[f"markov_{name}"] = call["markov"][name]
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.assign(outcome=outcome.reindex(pd.DatetimeIndex(table["date"])).to_numpy())


def _against(table: pd.DataFrame) -> dict[str, Any]:
    """Scores of the matured calls of one kind; without any, just the counts."""
    ripe = table[table["outcome"].notna()].sort_values("date")
    out: dict[str, Any] = {"calls": len(table), "matured": len(ripe)}
    if not len(ripe):
        return out
    found = metrics.evaluate(ripe, full=False)
    out |= {name: found[name] for name in SAID if name in found}
    out |= {name: value for name, value in found.items() if name.startswith("brier_skill_") and name.count("_") == 2}
    markov = ripe.assign(**{f"p_{name}": ripe[f"markov_{name}"] for name in OUTCOMES})
    out["log_loss_skill_markov"] = metrics.evaluate(markov, full=False)["log_loss_skill"]
    out["promised_skill"] = float(ripe["promised"].iloc[-1])
    out["effective_months"] = len(ripe) * 5.0 / 21.0
    spoken = ripe[ripe["verdict"].isin(OUTCOMES)]
    out["hit_rate"] = float((spoken["verdict"] == spoken["outcome"]).mean()) if len(spoken) else None
    out["hit_rate_markov"] = _hits(ripe, "markov_")
    likely = ripe[[f"base_{name}" for name in OUTCOMES]].to_numpy().argmax(axis=1)
    out["hit_rate_climatology"] = float((np.array(OUTCOMES)[likely] == ripe["outcome"]).mean())
    return out


def _hits(ripe: pd.DataFrame, prefix: str) -> float | None:
    """How often the verdict of these probabilities was right, where it said anything."""
    said = [
        verdict({k: row[f"{prefix}{k}"] for k in OUTCOMES}, {k: row[f"base_{k}"] for k in OUTCOMES}, True)
        for row in ripe.to_dict("records")
    ]
    spoken = np.isin(said, OUTCOMES)
    return float((np.array(said) == ripe["outcome"].to_numpy(str))[spoken].mean()) if spoken.any() else None


def score() -> dict[str, Any]:
    """Score the journal against the current snapshot; JSON-ready, `log_loss_skill` of the live calls on top.

    While no live call has matured, the replays stand on top and `kind` says so.
    """
    lines = journal.standing(journal.read())
    if not lines:
        return {"kind": None, "log_loss_skill": None, "live": {"calls": 0}, "replay": {"calls": 0}}
    with progress_bar("data set", None) as step:
        data = build(store.load(), "path", step)
    table = _frame(lines, data.outcome)
    table.to_parquet(home() / "scores.parquet", index=False)
    parts = {kind: _against(table[table["kind"] == kind]) for kind in ("live", "replay")}
    top = "live" if parts["live"].get("matured") else "replay"
    head = {"kind": top, "log_loss_skill": parts[top].get("log_loss_skill")}
    for (name, version), group in table.groupby(["model", "version"]):
        ripe = _against(group)
        if ripe["matured"] and registry.version_exists(str(name), str(version)):
            tags = {f"scored_{key}": f"{ripe[key]:.4f}" for key in ("log_loss", "log_loss_skill") if key in ripe}
            registry.tag_version(str(name), str(version), tags | {"scored_weeks": str(ripe["matured"])})
    return head | {"digest": data.digest} | parts
