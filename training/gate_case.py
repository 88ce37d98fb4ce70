"""What the gate is shown: the run's own weekly losses, every earlier try, and the present champion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from features.data.errors import RegimeError
from features.dataset import Dataset
from models.estimators import ALL_BASELINES
from models.spec import ModelSpec, from_json, is_protocol, normal
from models.tracking import loader, trial_ledger
from models.tracking.errors import TrackingError
from models.tracking.registry import registry_name
from models.tracking.trial_ledger import Entry
from training import gate

# Two evaluations of one specification are one try if their losses agree this well, in nats a week on average.
AGREEMENT = 0.002
WEEK = 5  # sessions


def judge(
    experiment: str,
    dataset: Dataset,
    specs: dict[str, ModelSpec],
    tables: dict[str, pd.DataFrame],
    auc_breakdown: dict[str, float | None],
) -> gate.Decision:
    """Add every model of a run to the ledger, then let the gate decide.

    Where MLflow cannot be reached the present champion stays: what is not
    counted is not judged. `models.tracking.delivery` adds the models when it sends them.

    Parameters
    ----------
    experiment : str
    dataset : Dataset
    specs, tables : dict
        Specification and walk-forward table by model, first the one that wants to be champion.
    auc_breakdown : dict of str to (float or None)
        Breakdown AUC on all matured weeks by model.
    """
    candidate = next(iter(specs))
    name = registry_name(dataset.source, dataset.label)
    mine = [
        trial_ledger.entry_of(f"{experiment}:{kind}", spec, dataset.digest, dataset.source, tables[kind])
        for kind, spec in specs.items()
    ]
    losses = {kind: trial_ledger.weekly_losses(table) for kind, table in tables.items()}
    try:
        trial_ledger.add(mine)
        known = trial_ledger.entries(dataset.source, dataset.label)
        champion = present(name, known, pd.DatetimeIndex(losses[candidate].index))
    except TrackingError as error:
        return gate.unjudged(str(error))
    elsewhere = _of_other_runs(known, mine, losses[candidate])
    case = gate.Case(
        label=dataset.label,
        rows_per_year=dataset.rows_per_year,
        candidate=candidate,
        losses=losses | elsewhere,
        baselines=(*(kind for kind in specs if kind != candidate or is_protocol(specs[kind])), *elsewhere),
        eligible=tuple(kind for kind, spec in specs.items() if is_protocol(spec)),
        specs={kind: spec.to_json() for kind, spec in specs.items()},
        signs={kind: gate.Signs(auc_breakdown[kind], first_week(tables[kind], dataset.returns)) for kind in specs},
        tries=distinct([entry for entry in known if not entry.baseline]),
        present=champion,
    )
    return gate.judge(case)


def _of_other_runs(known: Sequence[Entry], mine: Sequence[Entry], losses: pd.Series) -> dict[str, pd.Series]:
    """The protocol's baselines on these data that other runs made, on these weeks: narrow columns lower no bar."""
    own, found = {entry.spec for entry in mine}, {}
    for entry in known:
        fits = entry.baseline and entry.spec not in own and entry.digest == mine[0].digest
        if fits and losses.index.isin(entry.losses.index).all():
            found[entry.name] = entry.losses.loc[losses.index]
    return found


def first_week(table: pd.DataFrame, returns: pd.DataFrame) -> float | None:
    """Rank correlation of P(rotation) - P(breakdown) with the broad leg's return over the next five sessions.

    A month's forecast that is honest hardly knows it (on real data below 0.05 in
    absolute value); one that has seen a piece of the future does. None where the
    label has no rotation, or no week is known.
    """
    if "p_rotation" not in table:
        return None
    ahead = np.log1p(returns["ret_broad"].astype(float)).rolling(WEEK).sum().shift(-WEEK)
    ahead = ahead.reindex(pd.DatetimeIndex(table["date"])).to_numpy()
    score, known = (table["p_rotation"] - table["p_breakdown"]).to_numpy(), np.isfinite(ahead)
    if not known.any() or np.ptp(score[known]) == 0.0:
        return None
    return float(spearmanr(score[known], ahead[known]).statistic)


def distinct(entries: Sequence[Entry]) -> list[pd.Series]:
    """One series of losses a try.

    The same specification on a later snapshot agrees with itself on the common
    weeks and is the same try (the longest is kept); if it does not, the program
    or the data changed, and it is another.
    """
    kept: dict[str, list[pd.Series]] = {}
    for entry in sorted(entries, key=lambda one: len(one.losses), reverse=True):
        known = kept.setdefault(entry.spec, [])
        if not any(_agree(entry.losses, other) for other in known):
            known.append(entry.losses)
    return [losses for group in kept.values() for losses in group]


def _agree(one: pd.Series, other: pd.Series) -> bool:
    common = one.index.intersection(other.index)
    return bool(len(common)) and float((one.loc[common] - other.loc[common]).abs().mean()) <= AGREEMENT


def present(name: str, entries: Sequence[Entry], weeks: pd.DatetimeIndex) -> gate.Present | None:
    """The champion in force, or None; its losses are those of the entry with most of `weeks`, the newest of several."""
    at = loader.pointer(name, "champion")
    if at is None:
        return None
    theirs = _read(at.tags["spec"])
    places = {place: int(weeks.isin(entry.losses.index).sum()) for place, entry in enumerate(entries)}
    own = [place for place, entry in enumerate(entries) if entry.spec == theirs]
    best = max(own, key=lambda place: (places[place], place), default=None)
    return gate.Present(
        name=f"{at.tags['kind']} (version {at.version})",
        spec=theirs,
        baseline=at.tags["kind"] in ALL_BASELINES,
        override="override" in at.tags,
        losses=None if best is None else entries[best].losses,
    )


def _read(spec: str) -> str:
    """A specification of the registry as this program writes it; as it stands if that understands it no longer."""
    try:
        return normal(from_json(spec)).to_json()
    except RegimeError:
        return spec
