"""The model card: one page of Markdown that says what a model version is, what it earned, and where it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from features.data.sources.sample import CAVEAT
from features.dataset import LABEL_MEANING, Dataset
from models.evaluation import bootstrap, verdict_record
from models.fitted import FittedModel
from models.spec import ModelSpec
from training.report import gain_curves, style

LIMIT = 5000  # characters of a description in MLflow's database
WORST = 5
HORIZON = 21  # sessions
REPLICATIONS = 400
FIGURES = {
    "log_loss_skill": "log-loss skill",
    "log_loss_skill_p": "p",
    "auc_breakdown": "AUC breakdown",
    "auc_rotation": "AUC rotation",
    "auc_head_to_head": "head-to-head",
    "auc_head_to_head_vol": "within volatility",
    "brier_skill_breakdown": "Brier skill breakdown",
    "calibration_slope_breakdown": "calibration slope",
}
QUESTION = (
    "When the mega-caps that led the market falter, does money rotate into the rest of it, or does the market break "
    "down? One answer a decision, as probabilities."
)
USE = (
    "A research signal to be read beside its base rates and its record. Not investment advice, no execution signal, no "
    "view beyond its horizon. Out-of-sample weeks overlap: what there is to learn from is the number of independent "
    "months and of episodes above, not of weeks. Most of the skill is volatility. Before 2003-05 the legs come from "
    "the Fama-French library as published today."
)


def auc_interval(table: pd.DataFrame) -> tuple[float, float] | None:
    """90 % interval of the AUC of breakdown, by circular block bootstrap of whole rows.

    Built as `models.evaluation.bootstrap.interval` is, for a figure that is no function of
    means: blocks of half a year and of a year, each widened, and of both the
    further reach. None for less than two of the longer blocks.
    """
    ripe = style.matured(table)
    fell, p = (ripe["outcome"] == "breakdown").to_numpy(), ripe["p_breakdown"].to_numpy(float)
    blocks = bootstrap.MONTH_BLOCKS if style.monthly(ripe) else bootstrap.BLOCKS
    if len(ripe) < 2 * max(blocks) or fell.all() or not fell.any():
        return None
    auc = _weighted_auc(p, fell)
    centre, reach = auc(np.ones(len(p), dtype=int)), []
    for block in blocks:
        draws = [auc(np.bincount(rows, minlength=len(p))) for rows in _resampled(len(p), block)]
        tails = np.nanquantile(draws, [(1.0 - bootstrap.LEVEL) / 2.0, (1.0 + bootstrap.LEVEL) / 2.0])
        reach.append(centre + (tails - centre) * bootstrap.widening(len(p), block))
    return float(min(low for low, _ in reach)), float(max(high for _, high in reach))


def _resampled(size: int, block: int) -> np.ndarray:
    """Rows of `REPLICATIONS` circular block bootstrap samples, (replications, size)."""
    starts = np.random.default_rng(0).integers(size, size=(REPLICATIONS, -(-size // block)))
    return ((starts[:, :, None] + np.arange(block)) % size).reshape(REPLICATIONS, -1)[:, :size]


def _weighted_auc(p: np.ndarray, truth: np.ndarray) -> Callable[[np.ndarray], float]:
    """The AUC as a function of how often each row counts, NaN where only one kind does; sorted once."""
    order = np.argsort(p, kind="stable")
    groups = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    fell = truth[order]

    def auc(count: np.ndarray) -> float:
        weight = count[order].astype(float)
        up, down = (np.add.reduceat(weight * kind, groups) for kind in (fell, ~fell))
        pairs = up.sum() * down.sum()
        return float(up @ (down.cumsum() - down / 2.0) / pairs) if pairs else float("nan")

    return auc


def _months(table: pd.DataFrame) -> float:
    """Independent months a row holds: weekly horizons of 21 sessions overlap."""
    return 1.0 if style.monthly(table) else 5.0 / HORIZON


def worst_weeks(table: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """The `WORST` matured rows of largest loss: date, outcome, its p and base rate, loss, and the broad leg.

    Of rows within one horizon of each other only the worst is kept, or one
    crash would fill the table. `broad` is the broad leg's return over the next
    21 sessions, `lowest` its lowest close over them against the decision's.
    """
    ripe = style.matured(table).assign(loss=gain_curves.losses(table).to_numpy())
    kept: list[Any] = []
    for row in ripe.sort_values("loss", ascending=False, kind="stable").to_dict("records"):
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
    kind: str,
    dataset: Dataset,
    specs: dict[str, ModelSpec],
    tables: dict[str, pd.DataFrame],
    document: FittedModel,
    scores: dict[str, dict[str, float]],
    reason: str,
    standing: str,
    tries: int | None = None,
) -> str:
    """The card of one model of an experiment, under `LIMIT` characters.

    Parameters
    ----------
    kind : str
        Which of `specs`, `tables`, `scores`.
    document : FittedModel
        The model as registered: the fit of the last fold.
    reason, standing : str
        What the gate said, and the model's `gate_verdict`.
    tries : int, optional
        Candidates ever evaluated on these weeks, from the gate's ledger.
    """
    table, spec = tables[kind], specs[kind]
    parts = (
        _head(kind, dataset, standing, reason, tries),
        _data(dataset, table, spec, document),
        _results(kind, table, scores),
        _failures(table, dataset.returns),
        f"## Intended use and limits\n{USE}",
        CAVEAT if dataset.source == "sample" else "",
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(kind: str, dataset: Dataset, standing: str, reason: str, tries: int | None) -> str:
    counted = "" if tries is None else f" Candidates ever tried on these weeks: {tries}."
    return (
        f"# {kind}, label `{dataset.label}`: {standing}\n{QUESTION}\n\n**Gate:** {reason}.{counted}\n\n"
        f"**Label:** {LABEL_MEANING[dataset.label]}"
        + (
            "; rotation: else, the broad leg gains and beats the cap leg; neither: all else."
            if "rotation" in dataset.outcomes
            else "; neither: all else."
        )
    )


def _data(dataset: Dataset, table: pd.DataFrame, spec: ModelSpec, document: FittedModel) -> str:
    X = dataset.X
    rates = ", ".join(f"{name} {share:.1%}" for name, share in zip(document.outcomes, document.base, strict=True))
    every = "month ends" if dataset.rows_per_year == 12 else "last sessions of weeks"
    return (
        "## Data and protocol\n"
        f"- {len(X)} {every}, {X.index[0]:%Y-%m-%d} to {X.index[-1]:%Y-%m-%d}, from `{dataset.source}`, legs "
        f"`{dataset.legs}`, digest `{dataset.digest[:16]}`\n"
        f"- base rates in training: {rates} ({document.rows} rows, fitted {document.fitted_at}, "
        f"{len(document.features)} features)\n"
        f"- expanding walk-forward from {spec.train_start}, tested {style.span(table)}, refitted every "
        f"{spec.refit_weeks} weeks; a training row counts only if its label had ended before the decision\n"
        "- skill against the climatology of the same fold; p by circular block bootstrap, "
        "half-year and year blocks, the larger"
    )


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.3f}" if "skill" in key and key != "log_loss_skill_p" else f"{value:.3f}"


def _has(scores: dict[str, float]) -> bool:
    """Whether the protocol gives the skill an interval: short tables have none."""
    return bool(np.isfinite(scores.get("log_loss_skill_low", np.nan)))


def _results(kind: str, table: pd.DataFrame, scores: dict[str, dict[str, float]]) -> str:
    shown = {key: name for key, name in FIGURES.items() if any(key in found for found in scores.values())}
    lines = [
        "## Results, out of sample",
        "| model | " + " | ".join(shown.values()) + " |",
        "|---" + "|---:" * len(shown) + "|",
    ]
    for name, found in sorted(scores.items(), key=lambda item: item[0] != kind):
        cells = [_cell(key, found.get(key)) for key in shown]
        lines.append(f"| {f'**{name}**' if name == kind else name} | " + " | ".join(cells) + " |")
    mine = scores[kind]
    limits = {"log_loss_skill": (mine["log_loss_skill_low"], mine["log_loss_skill_high"])} if _has(mine) else {}
    auc = auc_interval(table)
    limits |= {} if auc is None else {"auc_breakdown": auc}
    said = [f"{FIGURES[key]} {_cell(key, low)} to {_cell(key, high)}" for key, (low, high) in limits.items()]
    if "calibration_slope_breakdown_low" in mine:
        low, high = (mine[f"calibration_slope_breakdown_{end}"] for end in ("low", "high"))
        said.append(f"calibration slope {low:.2f} to {high:.2f} (95 %)")
    if said:
        lines.append(f"\n90 % intervals: {'; '.join(said)}.")
    fell = style.matured(table)
    spells = len(verdict_record.episode_spans(pd.DatetimeIndex(fell.loc[fell["outcome"] == "breakdown", "date"])))
    lines.append(
        f"Evidence: {len(fell)} {style.unit(fell)}, about {len(fell) * _months(fell):.0f} independent months, "
        f"{spells} episodes of breakdown."
    )
    return "\n".join(lines)


def _failures(table: pd.DataFrame, returns: pd.DataFrame) -> str:
    found = worst_weeks(table, returns)
    lines = [
        "## Known failures: the worst losses, a month apart at least",
        "| decision | what came | said | base rate | broad leg, 21 sessions | lowest close |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in found.itertuples():
        lines.append(
            f"| {row.date:%Y-%m-%d} | {row.outcome} | {row.p:.0%} | {row.base:.0%} | {_percent(row.broad)} | "
            f"{_percent(row.lowest)} |"
        )
    return "\n".join(lines)


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:+.1%}"
