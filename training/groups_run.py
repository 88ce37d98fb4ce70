"""All models of the groups in the same folds: walked forward, and scored by outcome, horizon and universe."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from features.blas import one_blas_thread
from features.data.progress import Progress, silent
from features.group_panel import GroupPanel, happened
from features.groups import KINDS, MAY_CLAIM
from models.destinations.fit import TrainingTable
from models.destinations.spec import DestinationsSpec
from models.evaluation import destination_scores as scores_of
from models.evaluation.destination_scores import Weekly
from training.destinations_gate import Cell
from training.destinations_walkforward import UNIVERSE_ROWS, Walked, walk_forward

SETS = {"": MAY_CLAIM, "_sectors": np.isin(KINDS, ["sector"])}
BRIEF = ("log_loss_skill", "log_loss_skill_p", "ic", "ic_t", "best_less_worst", "best_less_worst_t")


@dataclass
class GroupsRun:
    """One model over all outcomes and horizons: probabilities, weekly scores by universe, figures, CPU seconds."""

    spec: DestinationsSpec
    walked: dict[Cell, Walked] = field(default_factory=dict)
    weekly: dict[Cell, dict[str, Weekly]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    cpu_seconds: float = 0.0


def compute(panel: GroupPanel, spec: DestinationsSpec, progress: Progress = silent) -> dict[str, GroupsRun]:
    """The base rates, the baselines and the candidate in the same folds, scored, from the simplest on."""
    runs = walk(panel, spec, progress)
    for one in runs.values():
        for cell, walked in one.walked.items():
            one.scores |= _figures(panel, walked, cell)
    return runs


def walk(panel: GroupPanel, spec: DestinationsSpec, progress: Progress = silent) -> dict[str, GroupsRun]:
    """The walk-forwards of `compute` with their weekly figures, and no score yet."""
    table = TrainingTable(panel, spec.train_start)
    cells = [(outcome, horizon) for horizon in spec.horizons for outcome in spec.outcomes]
    kinds = list(dict.fromkeys(kind for outcome in spec.outcomes for kind in spec.models_of(outcome)))
    runs = {kind: GroupsRun(spec.replace(model=kind)) for kind in kinds}
    # Held throughout: each fit holds it too, and to set it costs as much as a logit.
    with one_blas_thread():
        for kind, one in runs.items():
            _walk(table, kind, one, [cell for cell in cells if kind in spec.models_of(cell[0])], progress)
    for one in runs.values():
        for cell, walked in one.walked.items():
            one.weekly[cell] = {u: score(panel, walked, cell, u, MAY_CLAIM) for u in UNIVERSE_ROWS}
    return runs


def _walk(table: TrainingTable, kind: str, one: GroupsRun, mine: list[Cell], progress: Progress) -> None:
    with progress(f"walk-forward {kind}", len(mine)) as step:
        began = time.process_time()
        for place, cell in enumerate(mine):
            one.walked[cell] = walk_forward(table, one.spec, *cell)
            step(place + 1, len(mine))
        one.cpu_seconds = time.process_time() - began


def score(panel: GroupPanel, walked: Walked, cell: Cell, universe: str, groups: np.ndarray) -> Weekly:
    """Weekly figures of some groups in a universe."""
    ahead = panel.rows[UNIVERSE_ROWS[universe]].ahead[cell[1]][:, groups]
    p, base = walked.p[universe][:, groups], walked.base[universe][:, groups]
    return scores_of.weekly(panel.dates, p, base, happened(ahead, cell[0]), ahead, cell[1])


def _figures(panel: GroupPanel, walked: Walked, cell: Cell) -> dict[str, float]:
    """Figures by universe, and of sectors alone, named `<figure>_<outcome>_<horizon>_<universe>[_sectors]<period>`."""
    out: dict[str, float] = {}
    faltering = panel.faltering.to_numpy(bool)
    names = {name for name in scores_of.PERIODS if name} | {"_last_10_years", "_faltering"}
    for universe in UNIVERSE_ROWS:
        for label, groups in SETS.items():
            for key, value in scores_of.by_period(
                score(panel, walked, cell, universe, groups), cell[1], faltering
            ).items():
                period = next((one for one in names if key.endswith(one)), "")
                figure = key.removesuffix(period)
                if not label or figure in BRIEF:
                    out[f"{figure}_{cell[0]}_{cell[1]}_{universe}{label}{period}"] = value
    return out


def on_funds(runs: dict[str, GroupsRun]) -> dict[Cell, dict[str, Weekly]]:
    """What the gate judges: the weeks of every model on funds, by outcome and horizon."""
    cells = runs["base"].weekly
    return {
        cell: {kind: one.weekly[cell]["funds"] for kind, one in runs.items() if cell in one.weekly} for cell in cells
    }
