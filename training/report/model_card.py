"""The model card: one page of Markdown that says what a model version is, what it earned, and where it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.data.calendar import HORIZON
from features.data.percent import percent
from features.data.sources.sample import CAVEAT
from features.dataset import LABEL_MEANING, Dataset
from models.evaluation import registry
from models.evaluation.metric_types import Place
from models.evaluation.predictions import PERIOD_NAMES, is_monthly, matured_rows, months_a_row
from models.evaluation.resampled_auc import auc_interval
from models.evaluation.verdicts import breakdown_spans
from models.evaluation.words import Followed
from models.figures import gain_curves, style
from training import gate_wording
from training.gate_types import Decision
from training.model_run import Experiment, ModelRun
from training.report import word_tables
from training.standing import standing_of

LIMIT = 5000  # characters of a description in MLflow's database
WORST = 5
QUESTION = (
    "When the mega-caps that led the market falter, does money rotate into the rest of it, or does the market break "
    "down? One answer a decision, as probabilities."
)
USE = (
    "A research signal to be read beside its base rates and its record. Not investment advice, no execution signal, no "
    "view beyond its horizon. Out-of-sample weeks overlap: what there is to learn from is the number of independent "
    "months and of episodes above, not of weeks. Most of the skill is volatility."
)
LIBRARY = "Before 2003-05 the legs come from the Fama-French library as published today."


def worst_weeks(table: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """The `WORST` matured rows of largest loss: date, outcome, its p and base rate, loss, and the broad leg.

    Of rows within one horizon of each other only the worst is kept, or one
    crash would fill the table. `broad` is the broad leg's return over the next
    21 sessions, `lowest` its lowest close over them against the decision's.
    """
    matured = matured_rows(table).assign(loss=gain_curves.losses(table).to_numpy())
    kept: list[Any] = []
    for row in matured.sort_values("loss", ascending=False, kind="stable").to_dict("records"):
        if all(abs(row["date"] - other["date"]) > pd.Timedelta(days=31) for other in kept):
            kept.append(row)
        if len(kept) == WORST:
            break
    rows = []
    for row in kept:
        ahead = returns["ret_broad"].loc[row["date"] :].iloc[1 : HORIZON + 1]
        path = np.expm1(np.log1p(ahead).cumsum())
        whole = len(path) == HORIZON
        rows.append(
            {
                "date": row["date"],
                "outcome": row["outcome"],
                "p": row[f"p_{row['outcome']}"],
                "base": row[f"base_{row['outcome']}"],
                "loss": row["loss"],
                "broad": float(path.iloc[-1]) if whole else float("nan"),
                "lowest": float(path.min()) if whole else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def write(
    experiment: Experiment, run: ModelRun, decision: Decision, sizes: Mapping[str, Followed] | None = None
) -> str:
    """The card of one model of an experiment, under `LIMIT` characters; `sizes`: what followed the range's words."""
    dataset = experiment.dataset
    parts = (
        f"# {run.name}, label `{dataset.label}`: {standing_of(run, decision)}",
        _periods(run),
        _words(dataset, run, sizes or {}),
        _head(experiment, run, decision),
        _data(dataset, run),
        _results(experiment, run),
        _failures(run.predictions, dataset.returns),
        f"## Intended use and limits\n{USE}",
        CAVEAT if dataset.source == "sample" else LIBRARY,
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(experiment: Experiment, run: ModelRun, decision: Decision) -> str:
    dataset, found = experiment.dataset, decision.clauses
    counted = "" if found is None else f" Candidates ever tried on these weeks: {found.tries}."
    return (
        f"{QUESTION}\n\n"
        f"**Gate:** {gate_wording.reason(decision, run.name)}.{counted}\n\n"
        f"**Label:** {LABEL_MEANING[dataset.label]}"
        + (
            "; rotation: else, the broad leg gains and beats the cap leg; neither: all else."
            if "rotation" in dataset.outcomes
            else "; neither: all else."
        )
    )


def _periods(run: ModelRun) -> str:
    """Skill by period, and the model's own calibration: what a reader needs before any figure of the whole."""
    lines = []
    found = {
        name: (run.scores.get(f"log_loss_skill{suffix}"), run.scores.get(f"log_loss_skill_p{suffix}"))
        for suffix, name in PERIOD_NAMES.items()
    }
    said = [f"{name} {skill:+.3f} (p {p:.2f})" for name, (skill, p) in found.items() if None not in (skill, p)]
    if said:
        lines.append(f"**Skill by period:** {', '.join(said)}.")
    errors = [
        f"{name} {run.scores[f'ece_{name}']:.3f} of {run.scores[f'ece_bound_{name}']:.3f}"
        for name in run.fitted.outcomes
        if f"ece_{name}" in run.scores and f"ece_bound_{name}" in run.scores
    ]
    if errors:
        lines.append(f"**Calibration error, of what chance explains:** {', '.join(errors)}.")
    return "\n\n".join(lines)


def _words(dataset: Dataset, run: ModelRun, sizes: Mapping[str, Followed]) -> str:
    """What followed each word of a call that this model and the range would make; nothing for other labels."""
    said = run.predictions.get("direction")
    if said is None or said.isna().all() or "rotation" not in dataset.outcomes:
        return ""
    found = {**sizes, **word_tables.followed(dataset, run.predictions, None)}
    parts = [
        f"{word}{'' if one.earned else ' (not earned)'} {percent(one.mean_return, sign=True)} "
        f"({percent(one.q10, sign=True)} to {percent(one.q90, sign=True)}), "
        f"breakdown {percent(one.breakdown, 0)}, rotation {percent(one.rotation, 0)}, {one.weeks:,} weeks"
        for word, one in found.items()
    ]
    return f"**What followed each word** (mean return, 8 in 10, outcomes): {'; '.join(parts)}." if parts else ""


def _data(dataset: Dataset, run: ModelRun) -> str:
    X, document = dataset.X, run.fitted
    rates = ", ".join(f"{name} {percent(share)}" for name, share in zip(document.outcomes, document.base, strict=True))
    every = "month ends" if dataset.rows_per_year == 12 else "last sessions of weeks"
    return (
        "## Data and protocol\n"
        f"- {len(X)} {every}, {X.index[0]:%Y-%m-%d} to {X.index[-1]:%Y-%m-%d}, from `{dataset.source}`, legs "
        f"`{dataset.legs}`, digest `{dataset.digest[:16]}`\n"
        f"- base rates in training: {rates} ({document.rows} rows, fitted {document.fitted_at}, "
        f"{len(document.features)} features)\n"
        f"- expanding walk-forward from {run.spec.train_start}, tested {style.span(run.predictions)}, refitted every "
        f"{run.spec.refit_weeks} weeks; a training row counts only if its label had ended before the decision\n"
        "- skill against the climatology of the same fold; p by circular block bootstrap, "
        "half-year and year blocks, the larger"
    )


def _results(experiment: Experiment, run: ModelRun) -> str:
    runs = sorted(experiment.runs, key=lambda one: one is not run)
    shown = {
        name: metric for name, metric in registry.shown(Place.CARD).items() if any(name in one.scores for one in runs)
    }
    lines = [
        "## Results, out of sample",
        "| model | " + " | ".join(metric.label for metric in shown.values()) + " |",
        "|---" + "|---:" * len(shown) + "|",
    ]
    for one in runs:
        cells = [registry.formatted(name, one.scores.get(name)) for name in shown]
        lines.append(f"| {f'**{one.name}**' if one is run else one.name} | " + " | ".join(cells) + " |")
    intervals = _intervals(run)
    if intervals:
        lines.append(f"\nIntervals: {'; '.join(intervals)}.")
    matured = matured_rows(run.predictions)
    months = len(matured) * months_a_row(is_monthly(pd.DatetimeIndex(matured["date"])))
    lines.append(
        f"Evidence: {len(matured)} {style.unit(matured)}, about {months:.0f} independent months, "
        f"{len(breakdown_spans(matured))} episodes of breakdown."
    )
    return "\n".join(lines)


def _intervals(run: ModelRun) -> list[str]:
    """The intervals that a model has, in words; a short table of predictions has none."""
    found = []
    auc = auc_interval(run.predictions)
    for name, level in (("log_loss_skill", 90), ("calibration_slope_breakdown", 95)):
        low, high = run.scores.get(f"{name}_low"), run.scores.get(f"{name}_high")
        if low is not None and high is not None:
            found.append((name, level, low, high))
    if auc is not None:
        found.insert(1, ("auc_breakdown", 90, *auc))
    return [
        f"{registry.METRICS[name].label} {registry.formatted(name, low)} to {registry.formatted(name, high)} "
        f"({level} %)"
        for name, level, low, high in found
    ]


def _failures(table: pd.DataFrame, returns: pd.DataFrame) -> str:
    found = worst_weeks(table, returns)
    lines = [
        "## Known failures: the worst losses, a month apart at least",
        "| decision | outcome | its probability | base rate | broad leg, 21 sessions | lowest close |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in found.itertuples():
        lines.append(
            f"| {row.date:%Y-%m-%d} | {row.outcome} | {percent(row.p, 0)} | {percent(row.base, 0)} | "
            f"{_percent(row.broad)} | {_percent(row.lowest)} |"
        )
    return "\n".join(lines)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else percent(value, sign=True)
