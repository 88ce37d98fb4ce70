"""Run a destinations experiment: all models in the same folds, both universes, scores, gate, ledger, MLflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features import group_panel
from features.data import kept_results, store
from features.data.progress import Progress, silent
from features.group_panel import HORIZONS, GroupPanel, happened
from features.groups import NAMES
from models.destinations import conditional, schedule
from models.destinations.record import CellEvidence, ConditionalEvidence, DestinationsRecord
from models.destinations.spec import CANDIDATES, OUTCOMES, DestinationsSpec
from models.figures import destinations as pictures
from models.figures import style
from models.tracking import destination_runs, registry, trial_ledger
from models.tracking.experiment_runs import ExperimentRun
from training.destinations_gate import Cell, Verdict, judge, losses_by_week
from training.destinations_walkforward import UNIVERSE_ROWS, Walked
from training.groups_run import GroupsRun, compute, on_funds

PUBLISHED = ("date", "label_end", "horizon", "universe", "group", "p_beats", "base", "beats", "rank")


def run(name: str, spec: DestinationsSpec, text: str, progress: Progress = silent) -> dict[str, Any]:
    """Walk forward, score, judge, log and register; returns what was found, JSON-ready.

    Parameters
    ----------
    name : str
    spec : DestinationsSpec
        Of the candidate.
    text : str
        The experiment's file, logged beside the run.
    progress : Progress

    Raises
    ------
    TrackingError
        MLflow does not answer: said before anything is computed, for the outbox takes no groups.
    """
    registry.require()
    snapshot = store.load()
    with progress("groups", None):
        panel = group_panel.build(snapshot, spec.horizons)
    runs = compute(panel, spec, progress)
    tries = _ledger(name, runs, panel)
    verdicts = judge(on_funds(runs), tries)
    found = conditional.scores(panel) if 21 in panel.ends else []
    record = _record(spec, panel, runs, verdicts, found, tries)
    tables = {kind: published(panel, one) for kind, one in runs.items()}
    logged = destination_runs.log(
        [_logged(name, kind, runs, verdicts, panel, record, text, tables[kind]) for kind in runs]
    )
    version = destination_runs.register(record, logged[spec.model])
    paths = {kind: write_destinations(logged[kind], table) for kind, table in tables.items()}
    tested = panel.dates[schedule.refit_rows(panel, spec)[0] :]
    return {
        "experiment": name,
        "digest": panel.digest,
        "source": panel.source,
        "registered_as": destination_runs.NAME,
        "version": version,
        "tries": tries,
        "missing_groups": list(panel.missing),
        "champions": {_said(cell): one.champion for cell, one in verdicts.items()},
        "gate": {_said(cell): one.reason for cell, one in verdicts.items()},
        "destinations": paths[spec.model],
        "weeks": len(tested),
        "span": [str(tested[0].date()), str(tested[-1].date())],
        "given": [vars(one) for one in found],
        "models": {
            kind: {"run_id": logged[kind], "destinations": paths[kind], "cpu_seconds": one.cpu_seconds, **one.scores}
            for kind, one in runs.items()
        },
    }


def _ledger(name: str, runs: dict[str, GroupsRun], panel: GroupPanel) -> int:
    """Enter every model of every cell; returns how many comparisons were made or left out beside the run's own.

    A candidate that was tried on an earlier snapshot of the same data is one try. A run of few cells pays for all of
    them: which cells are looked at is a choice too.
    """
    made: list[trial_ledger.Entry] = []
    for kind, one in runs.items():
        for (outcome, horizon), weekly in one.weekly.items():
            spec = one.spec.replace(outcomes=(outcome,), horizons=(horizon,))
            label = f"destinations-{outcome}-{horizon}"
            losses = losses_by_week(weekly["funds"])
            baseline = kind not in CANDIDATES
            made.append(
                trial_ledger.Entry(
                    f"{name}:{kind}", kind, spec.to_json(), panel.digest, panel.source, label, baseline, losses
                )
            )
    trial_ledger.add(made)
    labels = sorted({entry.label for entry in made})
    compared = sum(kind != "base" for kind in runs)
    left_out = (len(OUTCOMES) * len(HORIZONS) - len(labels)) * compared
    known = [one for label in labels for one in trial_ledger.entries(panel.source, label) if not one.baseline]
    own = sum(not entry.baseline for entry in made)
    return left_out + len(trial_ledger.distinct_tries(known)) - own


def published(panel: GroupPanel, one: GroupsRun) -> pd.DataFrame:
    """A row a decision, horizon, universe and group: `PUBLISHED`, and `p_`, `base_` and what happened of the others."""
    parts = []
    for horizon in dict.fromkeys(cell[1] for cell in one.walked):
        for universe, rows in UNIVERSE_ROWS.items():
            cells = {outcome: walked for (outcome, h), walked in one.walked.items() if h == horizon}
            week, group = np.nonzero(np.isfinite(next(iter(cells.values())).p[universe]))
            ahead = panel.rows[rows].ahead[horizon]
            table = pd.DataFrame({"date": panel.dates[week], "label_end": panel.ends[horizon].to_numpy()[week]})
            table = table.assign(horizon=horizon, universe=universe, group=np.array(NAMES)[group])
            for outcome, walked in cells.items():
                base = "base" if outcome == "beats" else f"base_{outcome}"
                table[f"p_{outcome}"], table[base] = walked.p[universe][week, group], walked.base[universe][week, group]
                table[outcome] = happened(ahead, outcome)[week, group]
            table["relative"] = ahead[week, group]
            if "beats" in cells:
                odds = np.log(table["p_beats"] / (1.0 - table["p_beats"])) - np.log(
                    table["base"] / (1.0 - table["base"])
                )
                table["rank"] = odds.round(12).groupby(table["date"]).rank(ascending=False)
            parts.append(table)
    found = pd.concat(parts, ignore_index=True)
    return found[[name for name in PUBLISHED if name in found] + [name for name in found if name not in PUBLISHED]]


def write_destinations(run_id: str, table: pd.DataFrame) -> str:
    """Keep the out-of-sample rows of a run in `REGIME_HOME`; returns the file."""
    return str(kept_results.write(run_id, "destinations.parquet", table))


def _said(cell: Cell) -> str:
    return f"{cell[0]}_{cell[1]}"


def _record(
    spec: DestinationsSpec,
    panel: GroupPanel,
    runs: dict[str, GroupsRun],
    verdicts: dict[Cell, Verdict],
    given: list[conditional.ConditionalScore],
    tries: int,
) -> DestinationsRecord:
    cells, fitted = [], []
    for cell, verdict in verdicts.items():
        kind = verdict.champion or min(verdict.p, key=lambda one: verdict.p[one])
        one = runs[kind]
        cells.append(_evidence(cell, verdict, kind, one))
        fitted.append(one.walked[cell].fitted if verdict.champion else runs["base"].walked[cell].fitted)
    return DestinationsRecord(
        spec=spec.to_json(),
        digest=panel.digest,
        source=panel.source,
        tries=tries,
        cells=tuple(cells),
        conditional=tuple(ConditionalEvidence(**vars(one)) for one in given),
        fitted=tuple(fitted),
    )


def _evidence(cell: Cell, verdict: Verdict, kind: str, one: GroupsRun) -> CellEvidence:
    def figure(name: str, suffix: str = "") -> float | None:
        return one.scores.get(f"{name}_{cell[0]}_{cell[1]}_funds{suffix}")

    weekly = one.weekly[cell]["funds"]
    scored = weekly.dates[np.isfinite(weekly.loss)]
    return CellEvidence(
        outcome=cell[0],
        horizon=cell[1],
        champion=verdict.champion,
        model=kind,
        reason=verdict.reason,
        skill=figure("log_loss_skill") or 0.0,
        skill_low=figure("log_loss_skill_low"),
        skill_high=figure("log_loss_skill_high"),
        p=verdict.p[kind],
        adjusted_p=verdict.adjusted[kind],
        alive=verdict.alive[kind],
        ic=figure("ic"),
        ic_t=figure("ic_t"),
        faltering_skill=figure("log_loss_skill", "_faltering"),
        faltering_p=figure("log_loss_skill_p", "_faltering"),
        weeks=len(scored),
        first=str(scored[0].date()) if len(scored) else "",
        last=str(scored[-1].date()) if len(scored) else "",
    )


def _logged(
    experiment: str,
    kind: str,
    runs: dict[str, GroupsRun],
    verdicts: dict[Cell, Verdict],
    panel: GroupPanel,
    record: DestinationsRecord,
    text: str,
    table: pd.DataFrame,
) -> ExperimentRun:
    one = runs[kind]
    files: dict[str, str | bytes] = {"experiment.toml": text, destination_runs.TEXT: record.to_json()}
    files["destinations.parquet"] = table.to_parquet(index=False)
    if kind in CANDIDATES or kind == "quadrants":
        files |= _pictures(f"{experiment}:{kind}", kind, runs, panel)
    champions = [_said(cell) for cell, verdict in verdicts.items() if verdict.champion == kind]
    return ExperimentRun(
        kind,
        {key: str(value) for key, value in one.spec.model_dump().items()},
        one.scores | {"cpu_seconds": one.cpu_seconds},
        {
            "experiment": experiment,
            "kind": kind,
            "spec": one.spec.to_json(),
            "digest": panel.digest,
            "source": panel.source,
            "champion_of": ", ".join(champions) or "none",
            "gate": "; ".join(f"{_said(cell)}: {verdict.reason}" for cell, verdict in verdicts.items())[:4900],
        },
        files,
    )


def _pictures(title: str, kind: str, runs: dict[str, GroupsRun], panel: GroupPanel) -> dict[str, str | bytes]:
    one = runs[kind]
    cell = next(iter(one.weekly))
    weekly = one.weekly[cell]
    compared = {
        name: {key.replace(f"_{_said(cell)}", ""): value for key, value in other.scores.items()}
        for name, other in runs.items()
        if cell in other.weekly and name != "base"
    }
    with style.applied():
        return {
            "pictures/ic_by_year.png": pictures.ic_by_year(title, weekly),
            "pictures/hit_rate.png": pictures.hit_rate(title, _hit_rates(panel, one.walked[cell], cell)),
            "pictures/best_less_worst.png": pictures.best_less_worst(title, weekly, cell[1]),
            "pictures/library_and_funds.png": pictures.library_and_funds(title, compared),
        }


def _hit_rates(panel: GroupPanel, walked: Walked, cell: Cell) -> pd.DataFrame:
    y = happened(panel.rows["joined"].ahead[cell[1]], cell[0])
    y = np.where(np.isfinite(walked.p["funds"]), y, np.nan)
    favoured = np.where(walked.p["funds"] > walked.base["funds"], y, np.nan)
    with np.errstate(invalid="ignore"):
        shares = {
            name: np.nansum(x, axis=0) / np.isfinite(x).sum(axis=0) for name, x in (("all", y), ("favoured", favoured))
        }
    return pd.DataFrame(shares, NAMES).dropna(how="all")
