"""The call: the champion's probabilities, or what a past week's model would have said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features import calendar, store
from features.cli_support import progress_bar
from features.dataset import OUTCOMES, Dataset, build, clock, freshness, refuse_if_stale
from features.errors import RefusedError, RegimeError
from features.sources.sample import CAVEAT
from features.store import Snapshot
from models import tracking
from models.fit import Document, fit_at, refit_dates
from models.predictor import predict
from models.spec import ModelSpec, from_json
from models.verdict import verdict


def _decision(snapshot: Snapshot, asof: pd.Timestamp | None) -> pd.Timestamp:
    """The last decision date at or before `asof` (or the end of the data)."""
    end = snapshot.last if asof is None else min(asof, snapshot.last)
    dates = calendar.decision_dates(pd.Timestamp("1927-01-01"), end)
    if not len(dates):
        raise RegimeError(f"--asof {end.date()} lies before the data begin")
    return pd.Timestamp(dates[-1])


def _probabilities(document: Document, row: pd.DataFrame) -> dict[str, float]:
    values = predict(document, row.reindex(columns=row.columns.union(document["features"])))[0]
    return {name: float(value) for name, value in zip(OUTCOMES, values, strict=True)}


def _model_at(dataset: Dataset, spec: ModelSpec, date: pd.Timestamp) -> Document:
    """The model in force at `date`: fitted at the last scheduled refit, as a fold is."""
    refits = refit_dates(dataset, spec)
    past = refits[refits <= date]
    if not len(past):
        raise RegimeError(f"no model could exist on {date.date()}: the first test week is {refits[0].date()}")
    return fit_at(dataset, spec, past[-1])


def _since(dataset: Dataset) -> str | None:
    """The decision date since which the leaders have faltered without a break."""
    flags = dataset.faltering.to_numpy()
    if not flags[-1]:
        return None
    calm = np.flatnonzero(~flags)
    return str(dataset.X.index[calm[-1] + 1 if len(calm) else 0].date())


def call(asof: pd.Timestamp | None) -> dict[str, Any]:
    """The latest call, or the one of the last decision at or before `asof`, JSON-ready.

    Raises
    ------
    RegimeError, RefusedError
        No data, an as-of date outside them, a stale required input, or a
        champion trained on other data.
    """
    whole = store.load()
    if asof is not None and asof > whole.last + pd.Timedelta(days=7):
        raise RegimeError(f"--asof {asof.date()} lies after the data, which end on {whole.last.date()}")
    date = _decision(whole, asof)
    snapshot = whole.as_of(date)
    if asof is None:
        refuse_if_stale(whole, whole.as_of(clock(whole)), clock(whole))
    refuse_if_stale(whole, snapshot)
    name = tracking.registry_name(snapshot.source, "path")
    champion, challenger = (tracking.registered(name, alias) for alias in ("champion", "challenger"))
    if challenger is None:
        raise RegimeError(f"no model {name!r} is registered yet: run `regime-train run default`")
    spec = from_json(challenger.tags["spec"])
    with progress_bar("data set", None) as step:
        dataset = build(snapshot, spec.label, step)
    row = dataset.X.loc[[date]]
    if row[["broad_return_21", "cap_return_21"]].isna().any(axis=None):
        raise RefusedError(f"a leg has no value in the 21 sessions to {date.date()}: no call is made")
    shown = champion or challenger
    if shown.tags["legs"] != snapshot.legs:
        raise RefusedError(f"{name} was trained on legs {shown.tags['legs']!r}, the data have {snapshot.legs!r}")
    # A past date, or data that moved on since: the model in force then is fitted as a fold is.
    refit = asof is not None or shown.tags["digest"] != snapshot.digest

    def document(model: tracking.Registered) -> Document:
        return _model_at(dataset, from_json(model.tags["spec"]), date) if refit else model.document

    used, other = document(shown), document(challenger)
    probabilities = _probabilities(used, row)
    base = {key: float(value) for key, value in zip(OUTCOMES, used["base"], strict=True)}
    ages = freshness(snapshot)
    return {
        "asof": str(date.date()),
        "verdict": verdict(probabilities, base, champion is not None),
        "head_to_head": probabilities["rotation"] / (probabilities["rotation"] + probabilities["breakdown"]),
        "probabilities": probabilities,
        "base_rates": base,
        "leaders_faltering": {"now": bool(dataset.faltering.iloc[-1]), "since": _since(dataset)},
        "challenger": {"kind": challenger.tags["kind"], "probabilities": _probabilities(other, row)},
        "drivers": [],
        "freshness": {
            str(r.series): {"last": str(r.last.date()), "stale": bool(r.stale), "required": bool(r.required)}
            for r in ages.itertuples()
        },
        "substitutions": snapshot.notes.get("substitutions", {}),
        "digest": snapshot.digest,
        "source": snapshot.source,
        "caveat": CAVEAT if snapshot.source == "sample" else None,
        "model": {
            "name": name,
            "version": shown.version,
            "kind": shown.tags["kind"],
            "champion": champion is not None,
            "fitted_at": used["fitted_at"],
            "training_weeks": used["rows"],
            "skill": float(shown.tags["skill"]),
            "skill_p": float(shown.tags["skill_p"]),
            "gate": shown.tags["gate"],
        },
    }
