"""The first text in MLflow's UI: which model is champion and why, on the experiment's page and on each model's.

The texts are Markdown with links inside the UI. They are written whenever an
alias may have moved, from what the registry says then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.tracking import connection, registry, shared_view
from models.tracking.connection import translate_errors
from models.tracking.relocation import EXPERIMENT

ALIASES = ("champion", "challenger")
LIMIT = 5000  # characters of a description or of an experiment's tag; PostgreSQL refuses more
ROOM = 3000  # of them for the champions; the guide below needs the rest
MEANING = (
    "A version is a model that was candidate for `champion`, or a baseline that became it. **champion**: chosen by the "
    "gate or set by a person, the model of the weekly call (absent: no evidence). **challenger**: of the "
    "candidates that were judged, the one with the lowest log loss on shared weeks."
)


@translate_errors
def links(runs: Mapping[str, str]) -> str:
    """Markdown that links the runs of a candidate's baselines, by kind; empty without any."""
    if not runs:
        return ""
    experiment = connection.client().get_experiment_by_name(EXPERIMENT).experiment_id
    named = ", ".join(_run_link(experiment, run_id, kind) for kind, run_id in runs.items())
    return f"\n**Baselines** (logged once for these data and this label): {named}\n"


@translate_errors
def write() -> None:
    """Write which model is champion on the experiment's page and on each registered model's, where it changed."""
    client = connection.client()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    champions = []
    for model in sorted(registry.project_models(client), key=lambda one: str(one.name)):
        said = _aliases_text(client, model)
        text = f"{said}\n\n{MEANING}"
        if model.description != text:
            client.update_registered_model(model.name, text)
        champions.append(f"**[{model.name}](#/models/{model.name})** {said}")
    note = shared_view.note(experiment.experiment_id, _fitting(champions))
    if experiment.tags.get(shared_view.NOTE_TAG) != note:
        client.set_experiment_tag(experiment.experiment_id, shared_view.NOTE_TAG, note)


def _fitting(paragraphs: list[str]) -> list[str]:
    """The paragraphs on champions, without challengers and then without the last ones if they are too long."""
    if sum(map(len, paragraphs)) > ROOM:
        paragraphs = [one.partition("  \n")[0] for one in paragraphs]
    while sum(map(len, paragraphs)) > ROOM:
        paragraphs = paragraphs[:-1]
    return paragraphs


def with_links(text: str, runs: Mapping[str, str]) -> str:
    """A description with links to the runs of its baselines, its own end cut where both are longer than `LIMIT`."""
    below = links(runs)
    if len(text) + len(below) <= LIMIT:
        return text + below
    return text[: LIMIT - len(below) - 2].rpartition("\n")[0] + "\n…" + below


def _run_link(experiment: str, run_id: str, text: str) -> str:
    return f"[{text}](#/experiments/{experiment}/runs/{run_id})"


def _aliases_text(client: Any, model: Any) -> str:
    """The versions behind the aliases of a registered model, and why, as Markdown."""
    found = {alias: client.get_model_version(model.name, number) for alias, number in model.aliases.items()}
    champion, challenger = (found.get(alias) for alias in ALIASES)
    if champion is not None:
        first = _alias_text(client, "champion", champion, _why_champion(champion.tags))
    else:
        gone = "" if challenger is None else challenger.tags.get(registry.SUCCESSION, "")
        first = f"No champion: {gone or 'no model has earned it'}."
    second = "No challenger."
    if challenger is not None:
        second = _alias_text(client, "challenger", challenger, challenger.tags.get("gate", ""))
    return f"{first}  \n{second}"


def _why_champion(tags: Mapping[str, str]) -> str:
    return f"set by a person: {tags[registry.OVERRIDE]}" if registry.OVERRIDE in tags else tags.get("gate", "")


def _alias_text(client: Any, alias: str, version: Any, why: str) -> str:
    name = version.tags.get("run_name") or version.tags.get("kind") or "a model"
    link = f"[version {version.version}](#/models/{version.name}/versions/{version.version})"
    experiment = client.get_run(version.run_id).info.experiment_id if version.run_id else None
    run = _run_link(experiment, version.run_id, name) if experiment else name
    return f"Current {alias}: {run}, {link}" + (f", because: {why}." if why else ".")
