"""What an experiment found when it was run before."""

import json

from models.tracking import registry
from tests.support.logged_experiments import decided
from tests.support.predictions import experiment_of
from training import earlier, run_logger


def test_runs_and_versions_as_they_were_logged_by_one_search(toy, mlruns, monkeypatch):
    experiment = experiment_of(toy)
    found = {"candidate": "lightgbm", "models": {kind: {"log_loss": 1.0} for kind in experiment.predictions}}
    logged = run_logger.log(experiment, decided("markov"), more={earlier.FILE: json.dumps(found)})
    asked, search = [], registry.versions
    monkeypatch.setattr(registry, "versions", lambda name: asked.append(name) or search(name))
    again = earlier.find("default", experiment.candidate.spec, toy.digest, toy.source)
    assert again is not None
    assert {kind: (one["run_id"], one["version"] or "") for kind, one in again["models"].items()} == logged
    assert {kind for kind, (_, version) in logged.items() if version} == {"lightgbm", "markov"}
    assert len(asked) == 1
    assert mlruns
