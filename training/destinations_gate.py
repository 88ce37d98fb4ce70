"""Which model of the groups may claim what: one champion for each outcome and horizon, on funds alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.destinations.spec import CANDIDATES, MODELS, MUST_BEAT, SIZE
from models.evaluation import alive
from models.evaluation.bootstrap import p_value
from models.evaluation.confidence_set import model_confidence_set
from models.evaluation.destination_scores import Weekly, holm

LEVEL = 0.05
Cell = tuple[str, int]  # outcome and horizon


@dataclass(frozen=True)
class Verdict:
    """What the gate found for one outcome and horizon.

    Attributes
    ----------
    champion : str or None
    reason : str
        One line.
    p, adjusted : dict of str to float
        Of each model's gain over the base rates: as it is, and by Holm over all models, outcomes, horizons and tries.
    alive : dict of str to bool
    """

    champion: str | None
    reason: str
    p: dict[str, float]
    adjusted: dict[str, float]
    alive: dict[str, bool]


def judge(scored: dict[Cell, dict[str, Weekly]], tries: int = 0) -> dict[Cell, Verdict]:
    """The simplest model of each cell that beats the base rates by the adjusted p, is alive and may be the best.

    Parameters
    ----------
    scored : dict
        By cell and model, the weeks on funds.
    tries : int
        Candidates of the ledger that are not among `scored`; they count in Holm's adjustment.
    """
    losses = {cell: frame(models) for cell, models in scored.items()}
    raw = {
        _name(cell, kind): p_value((table["reference"] - table[kind]).to_numpy())
        for cell, table in losses.items()
        for kind in scored[cell]
        if kind != "base"
    }
    adjusted = holm(raw, tries)
    return {cell: _of(cell, losses[cell], raw, adjusted) for cell in scored}


def frame(models: dict[str, Weekly]) -> pd.DataFrame:
    """Weekly losses of the models and of the base rates (`reference`) in the weeks all of them have."""
    first = next(iter(models.values()))
    table = pd.DataFrame({kind: one.loss for kind, one in models.items()} | {"reference": first.reference}, first.dates)
    return table.dropna()


def _of(cell: Cell, table: pd.DataFrame, raw: dict[str, float], adjusted: dict[str, float]) -> Verdict:
    kinds = [kind for kind in MODELS if kind in table and kind != "base"]
    p = {kind: raw[_name(cell, kind)] for kind in kinds}
    own = {kind: adjusted[_name(cell, kind)] for kind in kinds}
    if not len(table):
        return Verdict(None, "no week on funds", p, own, dict.fromkeys(kinds, False))
    lives = {kind: alive.life(table[kind], table["reference"]).alive for kind in kinds}
    members = model_confidence_set(table[kinds]) if len(kinds) > 1 else frozenset(kinds)
    for kind in kinds:
        beaten = cell[0] == SIZE and kind in CANDIDATES and MUST_BEAT in table and not _beats(table, kind)
        if own[kind] < LEVEL and lives[kind] and kind in members and not beaten:
            return Verdict(
                kind, f"{kind}: the simplest that earns it on funds, adjusted p {own[kind]:.3f}", p, own, lives
            )
    best = min(kinds, key=lambda kind: p[kind])
    return Verdict(
        None, f"no evidence on funds: the nearest is {best} ({_short_of(best, table, p, own, lives)})", p, own, lives
    )


def _short_of(
    kind: str, table: pd.DataFrame, p: dict[str, float], adjusted: dict[str, float], lives: dict[str, bool]
) -> str:
    """What the nearest model lacks."""
    said = f"adjusted p {adjusted[kind]:.3f}, p {p[kind]:.3f}"
    if adjusted[kind] >= LEVEL:
        return said
    if not lives[kind]:
        return f"{said}, but its last years do not earn its place"
    if kind in CANDIDATES and MUST_BEAT in table and not _beats(table, kind):
        return f"{said}, but it does not beat the {MUST_BEAT} logit"
    return f"{said}, but another model is surely better"


def _beats(table: pd.DataFrame, kind: str) -> bool:
    return p_value((table[MUST_BEAT] - table[kind]).to_numpy()) < LEVEL


def _name(cell: Cell, kind: str) -> str:
    return f"{cell[0]}_{cell[1]}:{kind}"


def losses_by_week(weekly: Weekly) -> pd.Series:
    """Mean log loss of the scored weeks, by decision date."""
    kept = np.isfinite(weekly.loss)
    return pd.Series(weekly.loss[kept], weekly.dates[kept], name="loss")
