"""A sweep sees no test week, ends the same after a kill, and leaves an experiment that can be run."""

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from features.data.errors import RegimeError
from models import tree_counts
from models.estimators import NAMES, TREES
from models.spec import ModelSpec
from tests.support.weekly_noise import made
from training import inner_folds, parameter_search, search_space, trial_batches, trial_scores, walkforward
from training.config import read_spec

SPEC = ModelSpec(train_start="1984-01-01", params={"n_estimators": 50})
TRIALS = 9  # the experiment as it stands, then a batch of fits and some of their smaller numbers of trees
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def data():
    """Twelve years of noise: the first test week is 1994-01-07, inner test weeks begin half-way, in 1989."""
    return made(640)


def searched(data, folder, count=TRIALS, workers=1):
    folder.mkdir(exist_ok=True)
    weeks = inner_folds.inner_walk_forward(data, SPEC)
    url = f"sqlite:///{folder / 'trials.db'}"
    return parameter_search.search(url, parameter_search.study_name("toy", weeks, SPEC), weeks, SPEC, count, workers)


def told(study):
    """Everything a trial leaves, failed ones aside."""
    return [(t.state, t.params, t.values, t.intermediate_values) for t in trial_batches.finished(study)]


def test_inner_weeks_end_before_the_first_test_week(data):
    weeks = inner_folds.inner_walk_forward(data, SPEC)
    assert weeks.before == pd.Timestamp("1994-01-07")
    assert weeks.dataset.label_end.max() < weeks.before
    assert (data.label_end[len(weeks.dataset.X) :] >= weeks.before).all()
    assert weeks.dataset.outcome.notna().all()
    assert pd.Timestamp("1989-01-06") <= weeks.starts[0] <= pd.Timestamp("1989-01-13")
    assert set(np.diff(weeks.starts) / pd.Timedelta(weeks=1)) == {52}


def test_no_inner_week_is_said(data):
    with pytest.raises(RegimeError, match="no test week"):
        inner_folds.inner_walk_forward(data, SPEC.replace(train_start="1996-01-01"))


def test_poisoning_the_test_weeks_changes_no_trial(data, tmp_path):
    before = inner_folds.inner_walk_forward(data, SPEC).before
    X, outcome, faltering = data.X.copy(), data.outcome.copy(), data.faltering.copy()
    X[X.index >= before] = 1e6
    outcome[data.label_end >= before] = "breakdown"
    faltering[X.index >= before] = True
    poisoned = dataclasses.replace(data, X=X, outcome=outcome, faltering=faltering, digest="poisoned")
    clean, other = searched(data, tmp_path / "a"), searched(poisoned, tmp_path / "b", workers=2)
    assert told(clean) == told(other)
    assert clean.best_params == other.best_params
    assert clean.study_name == other.study_name
    assert len({json.dumps(t.params) for t in trial_batches.finished(clean)}) == TRIALS
    assert len(trial_batches.fits(clean)) == 1 + parameter_search.BATCH


def test_the_value_is_the_log_loss_of_the_inner_weeks(data, tmp_path):
    """By scikit-learn, over a walk-forward of the inner data set; the first trial is the experiment itself."""
    weeks = inner_folds.inner_walk_forward(data, SPEC)
    study = searched(data, tmp_path / "a")
    done = trial_batches.finished(study)
    tried = search_space.with_params(SPEC, done[0].params)
    assert tried.params == {**tried.params, "n_estimators": 50, "max_depth": 3, "num_leaves": 8, "reg_lambda": 20.0}
    assert {trial.state for trial in done} == {optuna.trial.TrialState.COMPLETE}  # nothing to be measured against yet
    values = {}
    for trial in done:
        spec = search_space.with_params(SPEC, trial.params)
        folds = walkforward.fitted_folds(weeks.dataset, spec, walkforward.spans(weeks.starts), 1)
        p = pd.concat([table for table, _ in folds])[[f"p_{name}" for name in sorted(data.outcomes)]]
        outcome = weeks.dataset.outcome.loc[p.index].astype(str)
        values[trial.number] = log_loss(outcome, p.to_numpy(), labels=sorted(data.outcomes))
        assert trial.value == pytest.approx(values[trial.number], abs=1e-12)
    assert study.best_trial.number == min(values, key=values.get)  # as trials one by one would say


def test_a_fit_gives_a_trial_for_each_smaller_number_of_trees(data, tmp_path):
    study = searched(data, tmp_path / "a", 14)
    fitted = {trial.number: trial for trial in trial_batches.fits(study)}
    fewer = [trial for trial in trial_batches.finished(study) if trial.number not in fitted]
    assert len(fewer) + len(fitted) == 14
    for trial in fewer:
        own = fitted[trial.user_attrs[trial_batches.FIT]].params
        assert trial.params == own | {"n_estimators": trial.params["n_estimators"]}
        assert trial.params["n_estimators"] in range(50, own["n_estimators"], 50)
    assert len({json.dumps(trial.params) for trial in study.trials}) == len(study.trials)


def test_beginnings_of_the_order_of_folds_are_spread_over_time():
    for count in (1, 2, 7, 53):
        order = trial_scores.spread(count)
        assert sorted(order) == list(range(count))
        for seen in range(2, count):
            gaps = np.diff([-1, *sorted(order[:seen]), count])
            assert gaps.max() <= 4 * count / seen, (count, seen)
    assert trial_scores.spread(8) == [0, 4, 2, 6, 1, 5, 3, 7]


def test_a_fit_is_pruned_where_its_best_number_of_trees_is_behind_the_median(data):
    weeks, cache = inner_folds.inner_walk_forward(data, SPEC), trial_scores.shared()
    one = trial_scores.Fit(SPEC, (50, 20))
    (whole,) = trial_scores.score(weeks, [one], (), 1, cache)
    assert not whole.pruned
    assert len(whole.running) == len(trial_scores.RUNGS)

    def against(shift, count=trial_scores.PRUNE_AFTER):
        """Earlier fits that are ahead by `shift` from the second rung on."""
        running = tuple(tuple(loss - shift * (rung > 0) for loss in row) for rung, row in enumerate(whole.running))
        return trial_scores.score(weeks, [one], [trial_scores.Scored(running, False)] * count, 2, cache)[0]

    assert against(0.0) == against(-1e-9) == whole
    behind = against(1e-9)
    assert behind.pruned
    assert behind.running == whole.running[:2]
    assert against(1e-9, trial_scores.PRUNE_AFTER - 1) == whole


@pytest.mark.parametrize("place", ["score", "ask", "tell", "tell_fewer_trees"])
def test_an_interrupted_sweep_ends_as_it_would_have(data, tmp_path, monkeypatch, place):
    """Broken off again and again, after one, two, three... calls of a step."""
    whole = told(searched(data, tmp_path / "a", 12))
    module = trial_scores if place == "score" else trial_batches
    step, calls = getattr(module, place), []

    def broken(*words):
        calls.append(place)
        if len(calls) > len(broken.seen):
            broken.seen.append(place)
            raise KeyboardInterrupt
        return step(*words)

    broken.seen = []
    monkeypatch.setattr(module, place, broken)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            searched(data, tmp_path / "b", 12)
        calls.clear()
    monkeypatch.undo()
    searched(data, tmp_path / "b", 4)
    searched(data, tmp_path / "b", 7, 2)
    assert told(searched(data, tmp_path / "b", 12)) == whole


def test_a_sweep_killed_while_it_asks_draws_what_it_would_have_drawn(data, tmp_path, monkeypatch):
    whole = told(searched(data, tmp_path / "a"))
    searched(data, tmp_path / "b", 1)
    draw, drawn = optuna.trial.Trial._suggest, []

    def broken(self, name, distribution):
        drawn.append(name)
        if len(drawn) == 13:  # half-way through the second trial of the batch
            raise KeyboardInterrupt
        return draw(self, name, distribution)

    monkeypatch.setattr(optuna.trial.Trial, "_suggest", broken)
    with pytest.raises(KeyboardInterrupt):
        searched(data, tmp_path / "b")
    monkeypatch.undo()
    assert told(searched(data, tmp_path / "b")) == whole


def test_another_size_of_batch_is_another_study(data):
    weeks = inner_folds.inner_walk_forward(data, SPEC)
    assert len({parameter_search.study_name("toy", weeks, SPEC, size) for size in (1, 2, 4)}) == 3


def test_a_change_of_how_numbers_of_trees_are_scored_is_another_study(data, monkeypatch):
    weeks = inner_folds.inner_walk_forward(data, SPEC)
    before = parameter_search.study_name("toy", weeks, SPEC)
    changed, read = Path(tree_counts.__file__), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path == changed))
    assert parameter_search.study_name("toy", weeks, SPEC) != before


def test_a_model_without_parameters_is_refused_before_any_work():
    for kind in set(NAMES) - set(TREES):
        with pytest.raises(RegimeError, match="nothing to search"):
            parameter_search.run("x", ModelSpec(estimator=kind), 1, 1)
    with pytest.raises(RegimeError, match=r"weeks before 1990.*as_published=false"):
        parameter_search.run("x", ModelSpec(as_published=True), 1, 1)


def test_the_winner_is_an_experiment_file(tmp_path):
    base = ModelSpec(
        estimator="staged", families=("rates", "volatility"), monotone={"hy_oas": 1}, seeds=3, as_published=True
    )
    chosen = {"n_estimators": 100, "max_depth": 2, "learning_rate": 1e-05, "weighting": "uniqueness"}
    spec = search_space.with_params(base, chosen)
    found = {"experiment": "x", "trials": 3, "inner_span": ["a", "b"], "inner_log_loss": 1.0, "study": "x-1"}
    parameter_search._write(tmp_path / "x.toml", spec, found)
    assert read_spec(str(tmp_path / "x.toml")) == spec
    assert (spec.params["num_leaves"], spec.weighting) == (4, "uniqueness")


def regime(*words):
    return subprocess.Popen([BIN / "regime-train", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished_trials(path):
    if not path.exists():
        return 0
    base = sqlite3.connect(path, timeout=10)
    try:
        return base.execute("SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')").fetchone()[0]
    except sqlite3.OperationalError:  # the tables are still being made
        return 0
    finally:
        base.close()


def logged(run_id):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow's own
        import mlflow

        client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
        place = client.get_experiment_by_name("regime-sweeps").experiment_id
        return client.get_run(run_id), client.search_runs([place], f"tags.`mlflow.parentRunId` = '{run_id}'")


@pytest.mark.slow
def test_a_killed_sweep_goes_on_and_its_winner_runs(home):
    subprocess.run([BIN / "regime-data", "refresh", "--source", "sample"], check=True, capture_output=True)
    settings = ("--set", "train_start=1990-01-01", "--set", "min_history_years=0")
    words = ("sweep", "lightgbm", "--trials", "24", *settings, "--json")
    first, trials = regime(*words), home / "sweeps" / "trials.db"
    while finished_trials(trials) < 2:
        assert first.poll() is None, first.communicate()
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGSTOP)
    second = regime(*words)  # while the first is at work
    assert second.wait() == 1
    assert "is running already" in second.communicate()[1]
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert 2 <= finished_trials(trials) < 24
    resumed = regime(*words)
    said, complaint = resumed.communicate()
    assert resumed.returncode == 0, complaint
    found = json.loads(said)
    assert (found["trials"], finished_trials(trials)) == (24, 24)
    # The first test week is 2001-01-05; this label ends on 3 January, the next one's a week later.
    assert found["inner_span"][1] == "2000-12-01"

    parent, children = logged(found["run_id"])
    assert len(children) == 24
    assert {"max_depth", "weighting"} <= set(children[0].data.params)
    assert parent.data.metrics["inner_log_loss"] == found["inner_log_loss"]
    assert 0.9 < found["inner_log_loss_climatology"] < 1.2  # three outcomes: about ln 3

    # Trials are known by number, and a killed one leaves a gap: the sweep below would fill it in the same parent.
    trials.unlink()  # the same sweep, undisturbed
    whole = regime(*words)
    undisturbed = json.loads(whole.communicate()[0])
    for key in ("params", "inner_log_loss", "inner_log_loss_before", "pruned"):
        assert undisturbed[key] == found[key], key

    ran = regime("run", found["file"], "--json")
    said, complaint = ran.communicate()
    assert ran.returncode == 0, complaint
    assert json.loads(said)["experiment"] == "lightgbm-swept"
