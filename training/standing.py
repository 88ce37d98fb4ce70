"""What a run's models are after the gate: the tag `gate_verdict` of each, and where the registry's aliases point."""

from __future__ import annotations

from enum import StrEnum

from models.estimators import ALL_BASELINES
from training.gate_types import Decision
from training.model_run import Experiment, ModelRun


class Standing(StrEnum):
    """A model's standing; its text is the tag `gate_verdict`."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"  # a candidate, judged and not chosen
    REFUSED = "refused"  # looks like a leak
    BASELINE = "baseline"


def standing_of(run: ModelRun, decision: Decision) -> Standing:
    """The standing of one model of a run."""
    if not decision.keeps_champion and decision.champion == run.name:
        return Standing.CHAMPION
    if run.name in ALL_BASELINES:
        return Standing.BASELINE
    return Standing.REFUSED if decision.suspicious else Standing.CHALLENGER


def aliases(experiment: Experiment, decision: Decision) -> dict[str, str | None]:
    """The model that each alias is to point at, None to remove it; an alias that stays is absent."""
    stays = decision.suspicious or decision.challenger
    found: dict[str, str | None] = {} if stays else {"challenger": experiment.candidate.name}
    return found if decision.keeps_champion else found | {"champion": decision.champion}
