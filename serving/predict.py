"""Making a call: the champion's probabilities for the latest week, or a past week's as they would have been then."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, cast

import numpy as np
import pandas as pd

from features.data import calendar, catalog, store
from features.data.errors import RefusedError, RegimeError
from features.data.freshness import ages, days_behind, reference_date, refusal_reason
from features.data.sources.sample import CAVEAT
from features.data.store import Snapshot
from features.dataset import FAMILY_OF, OUTCOMES, Dataset
from features.panel import FIRST_DATE
from models.fit import seen_by
from models.fitted import FittedModel
from models.predictor import predict
from models.range.fitted import FittedRange
from models.spec import baseline, from_json
from models.tracking.range_registry import RegisteredRange
from models.tracking.registry import OVERRIDE, SUCCESSION, Registered
from serving import journal
from serving.call import (
    SCHEMA_VERSION,
    Call,
    Challenger,
    Freshness,
    LastWeek,
    LeadersFaltering,
    ModelInfo,
    Probabilities,
)
from serving.call_context import CallContext, load_context
from serving.explanation import family_contributions, feature_drift, few_readings, strongest_drivers
from serving.sections import destinations_builder, direction, evidence
from serving.sections import range as sections_range
from serving.sections.direction import Direction
from serving.sections.range import Range

EVIDENCE_LEVEL = 0.05  # the head-to-head beats the two-feature logit's with a p below this, or is marked
LEGS_21 = ["broad_return_21", "cap_return_21"]


class WeekRefusedError(RefusedError):
    """The data of this week do not carry a call; those of another may."""


def make_call(
    asof: pd.Timestamp | None,
    context: CallContext | None = None,
    allowed: tuple[str, ...] = (),
    step: Callable[[int, int], None] | None = None,
) -> Call:
    """The latest call, or that of the last decision at or before `asof`.

    Parameters
    ----------
    asof : Timestamp or None
        None asks for the latest decision in the data.
    context : CallContext, optional
        Shared by the calls of one process; loaded if absent.
    allowed : tuple of str
        Required series that may be stale; recorded in the call.
    step : callable, optional
        Told of progress, as (done, total).

    Raises
    ------
    RegimeError
        No data, or an as-of date outside them.
    WeekRefusedError
        A required input is stale or missing in that week.
    RefusedError
        The models are of other data or other features.
    """
    unknown = [key for key in allowed if key not in catalog.BY_KEY]
    if unknown:
        raise RegimeError(f"--allow-stale {unknown[0]}: no such series; `regime data status` lists them")
    whole = store.load() if context is None else context.snapshot
    if asof is not None and asof > whole.last + pd.Timedelta(days=7):
        raise RegimeError(f"--asof {asof.date()} lies after the data, which end on {whole.last.date()}")
    date = decision_date(whole, asof)
    snapshot = whole.as_of(date)
    today = reference_date(whole)
    reason = refusal_reason(whole, whole.as_of(today), today, allowed) if asof is None else None
    reason = reason or refusal_reason(whole, snapshot, allowed=allowed)
    if reason:
        raise WeekRefusedError(reason)
    context = context or load_context(whole)
    dataset = context.dataset_until(date, step)
    if dataset.X.loc[[date], LEGS_21].isna().any(axis=None):
        raise WeekRefusedError(f"a leg has no value in the 21 sessions to {date.date()}: no call is made")
    return _assemble(context, snapshot, dataset, date, asof is not None, allowed)


def decision_date(snapshot: Snapshot, asof: pd.Timestamp | None) -> pd.Timestamp:
    """The last decision date at or before `asof`, or before the end of the data."""
    end = snapshot.last if asof is None else min(asof, snapshot.last)
    dates = calendar.decision_dates(FIRST_DATE[snapshot.legs], end)
    if not len(dates):
        raise RegimeError(f"no call of {end.date()}: it lies before the data begin")
    return pd.Timestamp(dates[-1])


def _assemble(
    context: CallContext,
    snapshot: Snapshot,
    dataset: Dataset,
    date: pd.Timestamp,
    past: bool,
    allowed: tuple[str, ...],
) -> Call:
    shown = context.shown
    # For a past date, or when the data have moved on since training, the model in force then is fitted as a fold's is.
    refit = past or shown.tags["digest"] != snapshot.digest

    def fitted(registered: Registered) -> FittedModel:
        return (
            context.model_in_force(dataset, from_json(registered.tags["spec"]), date) if refit else registered.document
        )

    used, candidate = fitted(shown), fitted(context.challenger)
    used_spec, candidate_spec = (from_json(one.tags["spec"]) for one in (shown, context.challenger))
    markov = context.model_in_force(dataset, baseline(candidate_spec, "markov"), date)
    # What each model was fitted on is what it reads.
    X, X_candidate = (
        seen_by(dataset, spec, pd.Timestamp(model.fitted_at)).X
        for spec, model in ((used_spec, used), (candidate_spec, candidate))
    )
    row, before = X.loc[[date]], X[X.index < date]
    row_candidate, before_candidate = X_candidate.loc[[date]], X_candidate[X_candidate.index < date]
    probabilities = _probabilities(used, row)
    base_rates = Probabilities(**dict(zip(OUTCOMES, map(float, used.base), strict=True)))
    ahead, left_out = _range(context, dataset, date, past, probabilities.breakdown, base_rates.breakdown)
    said = None
    if context.champion is not None:
        said, why = _direction(context, dataset, X, used, date, past)
        left_out |= why
    places, why_not = destinations_builder.make(context, date, probabilities.as_dict() if context.champion else None)
    name = context.model_name
    return Call(
        schema_version=SCHEMA_VERSION,
        asof=date.date(),
        verdict="no_evidence" if said is None or said.direction is None else said.direction,
        head_to_head=probabilities.head_to_head,
        head_to_head_evidence=float(shown.tags.get("head_to_head_p", 1.0)) < EVIDENCE_LEVEL,
        probabilities=probabilities,
        base_rates=base_rates,
        leaders_faltering=_leaders(dataset),
        challenger=Challenger(
            estimator=context.challenger.tags["kind"],
            probabilities=_probabilities(candidate, row_candidate),
            drivers=strongest_drivers(candidate, row_candidate, before_candidate, dataset.outcome),
        ),
        markov=_probabilities(markov, row_candidate),
        drivers=strongest_drivers(used, row, before, dataset.outcome),
        readings=few_readings(used, row, before, dataset.outcome),
        families=family_contributions(used, row),
        drift=feature_drift(used, row, before)
        if len(used.features) >= len(candidate.features)
        else feature_drift(candidate, row_candidate, before_candidate, "challenger"),
        last_week=_last_week(X, used, date),
        freshness=_freshness(snapshot),
        substitutions=snapshot.notes.get("substitutions", {}),
        digest=snapshot.digest,
        source=cast(Literal["sample", "folder", "live"], snapshot.source),
        caveat=CAVEAT if snapshot.source == "sample" else None,
        model=_model_info(context, used, refit),
        allowed_stale=tuple(sorted(allowed)),
        destinations=places,
        data_age_days=None if past else days_behind(context.snapshot),
        range=None if ahead is None else ahead.by_horizon,
        range_model=None if ahead is None else ahead.model,
        direction=said,
        evidence=None if past else evidence.build(journal.scored(journal.of_model(journal.read(), name)), dataset),
        left_out=left_out | ({"destinations": why_not} if places is None else {}),
    )


def _direction(
    context: CallContext, dataset: Dataset, X: pd.DataFrame, model: FittedModel, date: pd.Timestamp, past: bool
) -> tuple[Direction | None, dict[str, str]]:
    """The words of a call, or None and why there are none."""
    shown, registered = context.shown, context.range_model
    fitted = None
    try:
        if registered is not None and context.range_is_champion:
            fitted = _fitted_range(context, registered, dataset, date, past)
        return direction.build(
            dataset,
            X,
            model,
            shown.run_id,
            float(shown.tags.get("head_to_head_p", 1.0)),
            fitted,
            "" if registered is None else registered.run_id,
            registered is not None and registered.spec.reads_garch,
        ), {}
    except RegimeError as error:
        return None, {"direction": str(error)}


def _range(
    context: CallContext, dataset: Dataset, date: pd.Timestamp, past: bool, breakdown: float, base_rate: float
) -> tuple[Range | None, dict[str, str]]:
    """The range of a call, or None and why there is none; a call is made without it."""
    registered = context.range_model
    if registered is None:
        return None, {"range": "no range is registered: `regime train run range`"}
    champion = context.range_is_champion
    try:
        fitted = _fitted_range(context, registered, dataset, date, past)
        held, why = _held(registered, date)
        return sections_range.build(dataset, registered, champion, fitted, date, breakdown, base_rate, held), why
    except RegimeError as error:
        return None, {"range": str(error)}


def _held(registered: RegisteredRange, date: pd.Timestamp) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """What the band has held, or nothing and why it is not known; the range is stated without it."""
    try:
        return sections_range.band_record(registered.run_id, date), {}
    except RegimeError as error:
        return {}, {"range_record": str(error)}


def _fitted_range(
    context: CallContext, registered: RegisteredRange, dataset: Dataset, date: pd.Timestamp, past: bool
) -> FittedRange:
    """The registered range, fitted as a fold's is for a past date or when the data have moved on since training."""
    refit = past or registered.tags.get("digest") != context.snapshot.digest
    return context.range_in_force(dataset, registered, date) if refit else registered.document


def _probabilities(model: FittedModel, row: pd.DataFrame) -> Probabilities:
    unknown = [name for name in model.features if name not in row and name not in FAMILY_OF]
    if unknown:
        raise RefusedError(
            f"the model was trained on other features: {unknown[0]!r} ({len(unknown)} in all) is not in the catalogue; "
            "run `regime train run default`"
        )
    values = predict(model, row.reindex(columns=row.columns.union(model.features)))[0]
    return Probabilities(**dict(zip(OUTCOMES, map(float, values), strict=True)))


def _leaders(dataset: Dataset) -> LeadersFaltering:
    flags = dataset.faltering.to_numpy()
    if not flags[-1]:
        return LeadersFaltering(now=False, since=None)
    held = np.flatnonzero(~flags)
    return LeadersFaltering(now=True, since=dataset.X.index[held[-1] + 1 if len(held) else 0].date())


def _last_week(X: pd.DataFrame, model: FittedModel, date: pd.Timestamp) -> LastWeek | None:
    """The same model a decision earlier, so that a difference is the market's and not the model's."""
    place = X.index.get_loc(date)
    if not isinstance(place, int) or place == 0:
        return None
    before = X.iloc[[place - 1]]
    return LastWeek(asof=before.index[0].date(), probabilities=_probabilities(model, before))


def _freshness(snapshot: Snapshot) -> dict[str, Freshness]:
    return {
        str(one.series): Freshness(last=one.last.date(), stale=bool(one.stale), required=bool(one.required))
        for one in ages(snapshot).itertuples()
    }


def _model_info(context: CallContext, model: FittedModel, refit: bool) -> ModelInfo:
    shown = context.shown
    p = float(shown.tags["skill_p"])
    return ModelInfo(
        name=context.model_name,
        version=shown.version,
        estimator=shown.tags["kind"],
        champion=context.champion is not None,
        fitted_at=pd.Timestamp(model.fitted_at).date(),
        fitted_now=refit,
        training_weeks=model.rows,
        skill=float(shown.tags["skill"]),
        skill_p=1.0 if math.isnan(p) else p,  # climatology against itself has no p: no evidence
        gate=shown.tags["gate"],
        override=shown.tags.get(OVERRIDE),
        succession=shown.tags.get(SUCCESSION),
        run=shown.tags.get("run_name"),
    )
