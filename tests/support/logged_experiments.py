"""An experiment as it stands in MLflow."""

from dataclasses import replace

from tests.support.predictions import experiment_of
from training import run_logger, run_names
from training.gate_types import Clauses, Decision, GateOutcome

REASON = (
    "lightgbm: skill +0.0200, p 0.010; in the confidence set, alive, and beats every simpler model, markov last "
    "(SPA p 0.020, 12 tries)"
)


def decided(champion, outcome=GateOutcome.PASSED):
    return Decision(
        outcome, "lightgbm", "path", champion, clauses=Clauses(0.02, 0.01, 0.7, 0.0, "markov", 0.01, 0.02, 12)
    )


def log(toy, champion, name="default"):
    """Log an experiment of three models; returns run id and version by model, and the tables."""
    experiment = experiment_of(toy, name=name)
    return run_logger.log(experiment, decided(champion)), experiment.predictions


def changed(toy, settings, note=""):
    """The same experiment with settings of its own and a little noise in its probabilities."""
    experiment = experiment_of(toy)
    before = experiment.candidate
    table = before.predictions.copy()
    for name in ("p_rotation", "p_breakdown", "p_neither"):
        table[name] = 0.9 * table[name] + 0.1 / 3.0
    spec = before.spec.replace(**settings)
    return replace(
        experiment,
        candidate=replace(before, spec=spec, predictions=table),
        changes=run_names.changes(before.spec, spec),
        note=note,
    )
