"""The input of the gate: the weekly losses of a run, those of every earlier try, and the present champion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from features.data.calendar import SESSIONS_A_WEEK
from features.data.errors import RegimeError
from models.estimators import ALL_BASELINES, simplicity
from models.spec import from_json, is_protocol, normal
from models.tracking import loader, trial_ledger
from models.tracking.errors import TrackingError
from models.tracking.registry import OVERRIDE, registry_name
from models.tracking.trial_ledger import Entry
from training import gate
from training.gate_types import Decision, GateCase, LeakSigns, Present
from training.model_run import Experiment


def judge(experiment: Experiment) -> Decision:
    """Add every model of an experiment to the ledger, then let the gate decide.

    Where MLflow cannot be reached, nothing is judged and the present champion stays:
    a candidate that is not in the ledger must not pass. `models.tracking.delivery`
    adds the models when it sends them.
    """
    dataset, candidate = experiment.dataset, experiment.candidate
    own = [
        trial_ledger.entry_of(
            f"{experiment.name}:{run.name}", run.spec, dataset.digest, dataset.source, run.predictions
        )
        for run in experiment.runs
    ]
    losses = {run.name: trial_ledger.weekly_losses(run.predictions) for run in experiment.runs}
    try:
        trial_ledger.add(own)
        known = trial_ledger.entries(dataset.source, dataset.label)
        weeks, name = pd.DatetimeIndex(losses[candidate.name].index), registry_name(dataset.source, dataset.label)
        champion, challenger = (present(name, known, weeks, alias) for alias in ("champion", "challenger"))
    except TrackingError as error:
        return gate.unjudged(candidate.name, dataset.label, str(error))
    elsewhere = _baselines_of_other_runs(known, own, weeks)
    candidates = tuple(
        run.name
        for run in experiment.runs
        if not is_protocol(run.spec) and (run is candidate or run.spec.estimator not in ALL_BASELINES)
    )
    ranks = {run.name: simplicity(run.spec.estimator) for run in experiment.runs}
    case = GateCase(
        label=dataset.label,
        rows_per_year=dataset.rows_per_year,
        candidate=candidate.name,
        losses=losses | {entry.name: entry.losses.loc[weeks] for entry in elsewhere},
        candidates=candidates,
        eligible=tuple(run.name for run in experiment.runs if is_protocol(run.spec)),
        simplicity=ranks | {entry.name: simplicity(entry.kind) for entry in elsewhere},
        specs={run.name: run.spec.to_json() for run in experiment.runs},
        signs={
            run.name: LeakSigns(
                run.scores.get("auc_breakdown"), first_week_correlation(run.predictions, dataset.returns)
            )
            for run in experiment.runs
        },
        tries=trial_ledger.distinct_tries([entry for entry in known if not entry.baseline]),
        present=champion,
    )
    decision = gate.judge(case)
    if challenger is not None and is_better(challenger, candidate.spec.to_json(), losses[candidate.name]):
        return decision.replace(challenger=challenger.name)
    return decision


def is_better(challenger: Present, spec: str, losses: pd.Series) -> bool:
    """Whether the present challenger is of another specification and has the lower log loss on the weeks of both.

    They must share half of the candidate's weeks. The same specification trained again takes its own place.
    """
    if challenger.losses is None or challenger.spec == spec:
        return False
    theirs, own = challenger.losses.align(losses, join="inner")
    return len(own) >= len(losses) / 2 and bool(theirs.mean() < own.mean())


def _baselines_of_other_runs(known: Sequence[Entry], own: Sequence[Entry], weeks: pd.DatetimeIndex) -> list[Entry]:
    """The protocol's baselines that other runs made on these data and weeks, the newest of each name.

    A run with fewer columns must beat them too.
    """
    specs, found = {entry.spec for entry in own}, {}
    for entry in known:
        fits = entry.baseline and entry.kind in ALL_BASELINES and entry.spec not in specs
        if fits and entry.digest == own[0].digest and weeks.isin(entry.losses.index).all():
            found[entry.name] = entry
    return list(found.values())


def first_week_correlation(table: pd.DataFrame, returns: pd.DataFrame) -> float | None:
    """Rank correlation of P(rotation) - P(breakdown) with the broad leg's return over the next five sessions.

    The forecast for a month is hardly correlated with it (below 0.05 in absolute value
    on real data), unless part of the future leaked into it. None where the
    label has no rotation, or no such return is known.
    """
    if "p_rotation" not in table:
        return None
    ahead = np.log1p(returns["ret_broad"].astype(float)).rolling(SESSIONS_A_WEEK).sum().shift(-SESSIONS_A_WEEK)
    ahead = ahead.reindex(pd.DatetimeIndex(table["date"])).to_numpy()
    score, known = (table["p_rotation"] - table["p_breakdown"]).to_numpy(), np.isfinite(ahead)
    if not known.any() or np.ptp(score[known]) == 0.0:
        return None
    return float(spearmanr(score[known], ahead[known]).statistic)


def present(name: str, entries: Sequence[Entry], weeks: pd.DatetimeIndex, alias: str) -> Present | None:
    """The model that an alias points at, or None.

    Its losses are those of the entry with most of `weeks`, the newest of several.
    """
    at = loader.pointer(name, alias)
    if at is None:
        return None
    theirs = _normalised(at.tags["spec"])
    places = {place: int(weeks.isin(entry.losses.index).sum()) for place, entry in enumerate(entries)}
    own = [place for place, entry in enumerate(entries) if entry.spec == theirs]
    best = max(own, key=lambda place: (places[place], place), default=None)
    return Present(
        name=f"{at.tags['kind']} (version {at.version})",
        spec=theirs,
        baseline=at.tags["kind"] in ALL_BASELINES,
        passed=at.tags.get("gate_passed") == "true",
        override=OVERRIDE in at.tags,
        losses=None if best is None else entries[best].losses,
    )


def _normalised(spec: str) -> str:
    """A registered specification as this program writes it; unchanged if this program cannot read it."""
    try:
        return normal(from_json(spec)).to_json()
    except RegimeError:
        return spec
