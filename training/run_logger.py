"""Log what an experiment found: one MLflow run a model, with curves, pictures, card and registered version."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from features.console import progress_bar
from features.data.paths import home
from features.dataset import Dataset
from models.estimators import ALL_BASELINES, COLORS, TREES
from models.evaluation import metrics, verdict_record
from models.fitted import FittedModel
from models.spec import LIGHTGBM_DEFAULTS, ModelSpec
from models.tracking import delivery, provenance, runs, shared_view, specification
from models.tracking.outbox import Batch
from models.tracking.registry import registry_name
from training.report import figures, gain_curves, importance, model_card, reliability

RIVAL = "logit2"  # whose head-to-head a call's must beat, or be marked


def keep_predictions(run_id: str, table: pd.DataFrame) -> Path:
    """Keep the out-of-sample weeks of a run in `REGIME_HOME`; returns the file."""
    folder = home() / "predictions" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "predictions.parquet"
    table.to_parquet(path, index=False)
    return path


def log(
    name: str,
    dataset: Dataset,
    specs: dict[str, ModelSpec],
    tables: dict[str, pd.DataFrame],
    documents: dict[str, FittedModel],
    scores: dict[str, dict[str, float]],
    verdict: dict[str, str],
    aliases: dict[str, str | None],
    experiment: str | None = None,
) -> dict[str, tuple[str, str]]:
    """Log and register every model of an experiment and move the aliases; returns run id and version by kind.

    Parameters
    ----------
    specs : dict of str to ModelSpec
        First the model the experiment is about.
    verdict : dict of str to str
        What the gate writes on every version: `gate` (the reason), and where it gives them `gate_passed`,
        `gate_tries`, `gate_spa_p`.
    aliases : dict of str to (str or None)
    experiment : str, optional
        Text of the experiment file.

    Raises
    ------
    TrackingError
        MLflow did not take them; they are kept for `regime-train upload`.
    """
    results, files = {}, provenance.files(dataset, experiment)
    candidate = next(iter(specs))
    names = sorted({key for found in scores.values() for key in found})
    title = {kind: f"{name}:{kind}" for kind in specs}
    tries = int(verdict["gate_tries"]) if "gate_tries" in verdict else None
    with progress_bar("pictures and cards", len(specs)) as step:
        for kind, spec in specs.items():
            said = standing(kind, candidate, aliases, verdict)
            card = model_card.write(kind, dataset, specs, tables, documents[kind], scores, verdict["gate"], said, tries)
            drawn = pictures_of(title[kind], kind, dataset, tables, documents[kind], kind == candidate)
            results[kind] = runs.Result(
                title[kind],
                _params(name, kind, spec),
                # The same names in every run: what a model has no figure for is NaN, not absent.
                {key: scores[kind].get(key, float("nan")) for key in names},
                _tags(name, kind, dataset, spec, tables[kind], scores[kind])
                | verdict
                | {
                    "gate_verdict": said,
                    "head_to_head_p": f"{_head_to_head_p(tables, kind):.4f}",
                },
                tables[kind],
                documents[kind],
                curves=gain_curves.stepped(tables, kind),
                files=files | {"model_card.md": card} | drawn,
                description=card,
            )
            step()
    batch = Batch(
        registry_name(dataset.source, dataset.label), results, dataset.X, dataset.digest, dataset.source, aliases
    )
    with progress_bar("MLflow", len(specs)) as step:
        return delivery.deliver(batch, step)


def _head_to_head_p(tables: dict[str, pd.DataFrame], kind: str) -> float:
    """Without the rival in the same run there is no evidence."""
    return metrics.head_to_head_p(tables[kind], tables[RIVAL]) if RIVAL in tables else 1.0


def standing(kind: str, candidate: str, aliases: dict[str, str | None], verdict: dict[str, str]) -> str:
    """`champion`, `challenger` (judged, not chosen), `refused` (looks like a leak) or `baseline`."""
    if aliases.get("champion") == kind:
        return "champion"
    if kind != candidate or kind in ALL_BASELINES:
        return "baseline"
    return "refused" if verdict.get("gate_passed") == "suspicious" else "challenger"


def pictures_of(
    title: str, kind: str, dataset: Dataset, tables: dict[str, pd.DataFrame], document: FittedModel, whole: bool
) -> dict[str, str | bytes]:
    """PNG by artifact path; `whole` draws all of them, else only reliability and gain."""
    table = tables[kind]
    drawn: dict[str, bytes | None] = {
        "reliability": reliability.reliability(title, table),
        "gain": figures.gain(title, tables, kind),
    }
    if whole:
        rows = dataset.X.loc[table["date"]]
        drawn |= {
            "probabilities": figures.probabilities(title, table, dataset.returns),
            "verdicts": figures.confusion(title, table),
            "importance": importance.importance(title, document, rows),
            "label": figures.label_history(dataset, table["date"].iloc[0]),
        }
    return {f"pictures/{name}.png": png for name, png in drawn.items() if png is not None}


def _params(name: str, kind: str, spec: ModelSpec) -> dict[str, str]:
    """Return the whole specification as logged parameters, LightGBM's with the defaults it does not name."""
    if spec.estimator in TREES:
        spec = spec.replace(params=LIGHTGBM_DEFAULTS | spec.params)
    return {"experiment": name, "model": kind} | specification.params_of(spec)


def _tags(
    name: str,
    kind: str,
    dataset: Dataset,
    spec: ModelSpec,
    table: pd.DataFrame,
    scores: dict[str, float],
) -> dict[str, str]:
    color = {shared_view.COLOR_TAG: COLORS[kind]} if kind in COLORS else {}
    return color | {
        "experiment": name,
        "kind": kind,
        "label": spec.label,
        "spec": spec.to_json(),
        "source": dataset.source,
        "legs": dataset.legs,
        "digest": dataset.digest,
        "skill": f"{scores['log_loss_skill']:+.4f}",
        "skill_p": f"{scores['log_loss_skill_p']:.4f}",
        "record": json.dumps(verdict_record.of(table)),
    }
