"""The call: the champion's probabilities, or what a past week's model would have said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.console import progress_bar
from features.data import calendar, catalog, store
from features.data.errors import RefusedError, RegimeError
from features.data.freshness import ages, reference_date, refuse_if_stale
from features.data.sources.sample import CAVEAT
from features.data.store import Snapshot
from features.dataset import FAMILY_OF, OUTCOMES, Dataset, build
from models.evaluation.verdict import verdict
from models.fit import Document, fit_at, refit_dates
from models.predictor import predict
from models.spec import ModelSpec, baseline, from_json
from models.tracking import loader, runs
from models.tracking.registered_name import registry_name
from serving import journal
from serving.explanation import by_family, drift, drivers


def _decision(snapshot: Snapshot, asof: pd.Timestamp | None) -> pd.Timestamp:
    """The last decision date at or before `asof` (or the end of the data)."""
    end = snapshot.last if asof is None else min(asof, snapshot.last)
    dates = calendar.decision_dates(pd.Timestamp("1927-01-01"), end)
    if not len(dates):
        raise RegimeError(f"--asof {end.date()} lies before the data begin")
    return pd.Timestamp(dates[-1])


def _probabilities(document: Document, row: pd.DataFrame) -> dict[str, float]:
    unknown = [name for name in document["features"] if name not in row and name not in FAMILY_OF]
    if unknown:
        raise RefusedError(
            f"the model was trained on other features: {unknown[0]!r} ({len(unknown)} in all) is not in the catalogue; "
            "run `regime-train run default`"
        )
    values = predict(document, row.reindex(columns=row.columns.union(document["features"])))[0]
    return {name: float(value) for name, value in zip(OUTCOMES, values, strict=True)}


def _refit(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> pd.Timestamp:
    """When the model in force at `date` was fitted: the last scheduled refit, as in a fold."""
    refits = refit_dates(dataset, spec)
    past = refits[refits <= date]
    if not len(past):
        raise RegimeError(f"no model could exist on {date.date()}: the first test week is {refits[0].date()}")
    return pd.Timestamp(past[-1])


def _since(dataset: Dataset) -> str | None:
    """The decision date since which the leaders have faltered without a break."""
    flags = dataset.faltering.to_numpy()
    if not flags[-1]:
        return None
    calm = np.flatnonzero(~flags)
    return str(dataset.X.index[calm[-1] + 1 if len(calm) else 0].date())


def _last_week(dataset: Dataset, document: Document, date: pd.Timestamp) -> dict[str, Any] | None:
    """What the same model said a week before, so that a change is the market's and not the model's."""
    place = dataset.X.index.get_loc(date)
    if not isinstance(place, int) or place == 0:
        return None
    before = dataset.X.iloc[[place - 1]]
    return {"asof": str(before.index[0].date()), "probabilities": _probabilities(document, before)}


EVIDENCE = 0.05  # the head-to-head beats the two-feature logit's with a p below this, or is marked
SCHEMA = 1  # of serving/call.schema.json; a change of meaning is a new number


@dataclass
class Desk:
    """What every call of one process shares: the snapshot, the registered models, and models fitted so far."""

    whole: Snapshot
    name: str
    champion: runs.Registered | None
    challenger: runs.Registered
    fitted: dict[tuple[str, pd.Timestamp], Document] = field(default_factory=dict)

    def document(self, dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> Document:
        """The model of `spec` in force at `date`; the same for every week until the next refit."""
        key = (spec.to_json(), _refit(dataset, spec, date))
        if key not in self.fitted:
            self.fitted[key] = fit_at(dataset, spec, key[1])
        return self.fitted[key]


def desk() -> Desk:
    """Load the snapshot in force and the registered models.

    Raises
    ------
    RegimeError, RefusedError
        No data, no model, or a champion trained on other legs.
    """
    whole = store.load()
    name = registry_name(whole.source, "path")
    champion, challenger = (loader.registered(name, alias) for alias in ("champion", "challenger"))
    challenger = challenger or champion  # a model that was refused as a leak is no challenger
    if challenger is None:
        raise RegimeError(
            f"no model {name!r} is registered yet, or what is looks like a leak: run `regime-train run default`"
        )
    shown = champion or challenger
    for what, mine in (("legs", whole.legs), ("source", whole.source)):
        if shown.tags[what] != mine:
            raise RefusedError(
                f"{name} was trained on {what} {shown.tags[what]!r}, the store holds {mine!r}: run `regime-train run "
                "default` on these data"
            )
    return Desk(whole, name, champion, challenger)


def call(asof: pd.Timestamp | None, at: Desk | None = None, allowed: tuple[str, ...] = ()) -> dict[str, Any]:
    """The latest call, or the one of the last decision at or before `asof`, JSON-ready.

    Raises
    ------
    RegimeError, RefusedError
        No data, an as-of date outside them, a stale required input, or a
        champion trained on other data.
    """
    unknown = [key for key in allowed if key not in catalog.BY_KEY]
    if unknown:
        raise RegimeError(f"--allow-stale {unknown[0]}: no such series; `regime-data status` lists them")
    whole = store.load() if at is None else at.whole
    if asof is not None and asof > whole.last + pd.Timedelta(days=7):
        raise RegimeError(f"--asof {asof.date()} lies after the data, which end on {whole.last.date()}")
    date = _decision(whole, asof)
    snapshot = whole.as_of(date)
    if asof is None:
        refuse_if_stale(whole, whole.as_of(reference_date(whole)), reference_date(whole), allowed)
    refuse_if_stale(whole, snapshot, allowed=allowed)
    at = at or desk()
    with progress_bar("data set", None) as step:
        specs = [from_json(model.tags["spec"]) for model in (at.champion, at.challenger) if model is not None]
        dataset = build(snapshot, specs[-1].label, step, any(spec.needs_jump for spec in specs))
    if dataset.X.loc[[date], ["broad_return_21", "cap_return_21"]].isna().any(axis=None):
        raise RefusedError(f"a leg has no value in the 21 sessions to {date.date()}: no call is made")
    made = _call(at, snapshot, dataset, date, asof is not None)
    return made | {"allowed_stale": sorted(allowed)}


def _call(at: Desk, snapshot: Snapshot, dataset: Dataset, date: pd.Timestamp, past: bool) -> dict[str, Any]:
    shown = at.champion or at.challenger
    # A past date, or data that moved on since: the model in force then is fitted as a fold is.
    refit = past or shown.tags["digest"] != snapshot.digest

    def document(model: runs.Registered) -> Document:
        return at.document(dataset, from_json(model.tags["spec"]), date) if refit else model.document

    row, before = dataset.X.loc[[date]], dataset.X[dataset.X.index < date]
    used, other = document(shown), document(at.challenger)
    markov = at.document(dataset, baseline(from_json(at.challenger.tags["spec"]), "markov"), date)
    probabilities = _probabilities(used, row)
    base = {key: float(value) for key, value in zip(OUTCOMES, used["base"], strict=True)}
    table = ages(snapshot)
    return {
        "schema": SCHEMA,
        "asof": str(date.date()),
        "verdict": verdict(probabilities, base, at.champion is not None),
        "head_to_head": probabilities["rotation"] / (probabilities["rotation"] + probabilities["breakdown"]),
        "head_to_head_evidence": float(shown.tags.get("head_to_head_p", 1.0)) < EVIDENCE,
        "probabilities": probabilities,
        "base_rates": base,
        "leaders_faltering": {"now": bool(dataset.faltering.iloc[-1]), "since": _since(dataset)},
        "challenger": {
            "kind": at.challenger.tags["kind"],
            "probabilities": _probabilities(other, row),
            "drivers": drivers(other, row, before),
        },
        "markov": _probabilities(markov, row),
        "drivers": drivers(used, row, before),
        "families": by_family(used, row),
        "drift": drift(max(used, other, key=lambda one: len(one["features"])), row, before),
        "last_week": _last_week(dataset, used, date),
        "freshness": {
            str(r.series): {"last": str(r.last.date()), "stale": bool(r.stale), "required": bool(r.required)}
            for r in table.itertuples()
        },
        "substitutions": snapshot.notes.get("substitutions", {}),
        "digest": snapshot.digest,
        "source": snapshot.source,
        "caveat": CAVEAT if snapshot.source == "sample" else None,
        "model": {
            "name": at.name,
            "version": shown.version,
            "kind": shown.tags["kind"],
            "champion": at.champion is not None,
            "fitted_at": used["fitted_at"],
            "fitted_now": refit,
            "training_weeks": used["rows"],
            "skill": float(shown.tags["skill"]),
            "skill_p": float(shown.tags["skill_p"]),
            "gate": shown.tags["gate"],
            "override": shown.tags.get("override"),
        },
        "record": json.loads(shown.tags.get("record", "{}")),
    }


def backfill(start: pd.Timestamp, step: Callable[[int, int], None]) -> list[dict[str, Any]]:
    """The call of every week from `start` to the last one, each as it would have been made then.

    Calls go through `call`, week by week; the journal gets each as a `replay`.
    """
    at = desk()
    dates = calendar.decision_dates(start, at.whole.last)
    if not len(dates):
        raise RegimeError(f"--from {start.date()} lies after the data, which end on {at.whole.last.date()}")
    now, made = pd.Timestamp.now("UTC"), []
    for done, date in enumerate(dates, start=1):
        made.append(call(date, at))
        journal.append(made[-1], now, "replay")
        step(done, len(dates))
    return made
