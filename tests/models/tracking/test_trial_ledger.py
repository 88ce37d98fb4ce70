"""The ledger of tries: complete, idempotent, and not shortened by deleting things in the UI."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from features.data import cache
from models.estimators import ALL_BASELINES, BESIDE
from models.spec import ModelSpec, baseline, is_protocol
from models.tracking import connection, trial_ledger
from tests.support.servers import mlflow_server
from training import config, gate_case

pytestmark = pytest.mark.usefixtures("mlruns")
DATES = pd.date_range("1990-01-05", periods=1769, freq="W-FRI")


def entry(seed=0, weeks=1769, **more):
    losses = pd.Series(np.random.default_rng(seed).gamma(2.0, 0.5, weeks), DATES[:weeks], name="loss")
    values = {"name": "default:lightgbm", "kind": "lightgbm", "digest": "d", "source": "folder", "label": "path"}
    values |= {"spec": ModelSpec().to_json(), "baseline": False, "losses": losses}
    return trial_ledger.Entry(**(values | more))


MARKOV = baseline(config.read_spec("default"), "markov")


def assert_same(found, expected):
    """The same weeks and, to float32, the same losses."""
    assert list(found.index) == list(expected.index)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_entries_come_back_as_they_went_in():
    first, second = entry(0), entry(1, 300, spec=MARKOV.to_json(), kind="markov", baseline=True)
    assert trial_ledger.add([first, second, entry(2, label="stress")]) == 3
    trial_ledger.link(first, "run-1")
    trial_ledger.link(first, "run-2")
    one, two = trial_ledger.entries("folder", "path")
    assert (one.name, one.kind, one.digest, one.baseline, one.run_id) == (
        "default:lightgbm",
        "lightgbm",
        "d",
        False,
        "run-1",
    )
    assert (two.baseline, two.run_id) == (True, "")
    assert_same(one.losses, first.losses)
    assert_same(two.losses, second.losses)
    assert trial_ledger.entries("sample", "path") == []


def test_the_same_again_is_not_another_try_but_other_data_or_another_program_are():
    assert trial_ledger.add([entry(), entry()]) == 1
    assert trial_ledger.add([entry()]) == 0
    assert trial_ledger.add([entry(digest="e"), entry(1)]) == 2
    assert len(trial_ledger.entries("folder", "path")) == 3


def rows():
    """The ledger's rows in MLflow, as the UI has them."""
    mlflow = connection.open_mlflow()
    place = mlflow.get_experiment_by_name(trial_ledger.EXPERIMENT).experiment_id
    return trial_ledger.find_rows(mlflow, place, "")


def erase(run_id):
    """What the UI's delete button does."""
    connection.open_mlflow().MlflowClient().delete_run(run_id)


@connection.translate_errors
def some_run():
    with connection.open_mlflow().start_run() as run:
        pass
    return run.info.run_id


@connection.translate_errors
def test_what_is_deleted_in_the_ui_still_counts():
    trial_ledger.add([entry()])
    run_id = some_run()
    trial_ledger.link(entry(), run_id)
    erase(run_id)
    assert len(trial_ledger.entries("folder", "path")) == 1
    erase(rows()[0].info.run_id)
    assert len(trial_ledger.entries("folder", "path")) == 1
    assert trial_ledger.add([entry()]) == 0
    trial_ledger.link(entry(), "another")  # a deleted entry is left as it is
    assert trial_ledger.entries("folder", "path")[0].run_id == run_id
    client = connection.open_mlflow().MlflowClient()
    client.delete_experiment(client.get_experiment_by_name(trial_ledger.EXPERIMENT).experiment_id)
    assert len(trial_ledger.entries("folder", "path")) == 1
    assert trial_ledger.add([entry(1)]) == 1
    assert len(trial_ledger.entries("folder", "path")) == 2


def test_an_entry_written_twice_counts_once(monkeypatch):
    """Two processes that looked before either wrote."""
    trial_ledger.add([entry()])
    with monkeypatch.context() as blind:
        blind.setattr(trial_ledger, "find_rows", lambda *_: [])
        assert trial_ledger.add([entry()]) == 1
    assert len(trial_ledger.entries("folder", "path")) == 1


ADD = """
import numpy as np, pandas as pd, sys
from models.tracking import trial_ledger
dates = pd.date_range("1990-01-05", periods=200, freq="W-FRI")
for seed in range(int(sys.argv[1]), int(sys.argv[2])):
    losses = pd.Series(np.random.default_rng(seed).gamma(2.0, 0.5, 200), dates)
    trial_ledger.add([trial_ledger.Entry("n", "lightgbm", str(seed), "d", "folder", "path", False, losses)])
"""


@pytest.mark.slow
def test_two_processes_add_at_once():
    trial_ledger.add([])  # makes the database; its first use at once is another test's matter
    both = [subprocess.Popen([sys.executable, "-c", ADD, *span]) for span in (("0", "8"), ("4", "12"))]
    assert [one.wait(timeout=300) for one in both] == [0, 0]
    assert sorted(int(one.spec) for one in trial_ledger.entries("folder", "path")) == list(range(12))


@pytest.mark.slow
def test_the_same_with_a_server(tmp_path, monkeypatch):
    with mlflow_server(tmp_path) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        assert trial_ledger.add([entry(), entry(1)]) == 2
        erase(next(row.info.run_id for row in rows() if row.data.tags["entry"] == entry().key))
        assert trial_ledger.add([entry()]) == 0
        found = trial_ledger.entries("folder", "path")
        assert len(found) == 2
        assert_same(found[0].losses, entry().losses)


def test_weekly_losses_are_the_log_loss():
    rng = np.random.default_rng(0)
    names = ["rotation", "breakdown", "neither"]
    p = rng.dirichlet(np.ones(3), 50)
    table = pd.DataFrame(p, columns=[f"p_{name}" for name in names])
    table["date"], table["outcome"] = DATES[:50], rng.choice(names, 50)
    table[[f"base_{name}" for name in names]] = 1 / 3
    table["outcome"] = table["outcome"].astype(object)
    table.loc[45:, "outcome"] = pd.NA
    losses = trial_ledger.weekly_losses(table)
    assert list(losses.index) == list(DATES[:45])
    known = table[:45]
    expected = log_loss(known["outcome"].to_list(), known[[f"p_{n}" for n in sorted(names)]].to_numpy())
    assert losses.mean() == pytest.approx(expected)


def test_only_a_baseline_of_the_protocol_is_one():
    default = config.read_spec("default")
    for kind in ALL_BASELINES:
        assert is_protocol(baseline(default, kind)), kind
        shipped = config.read_spec({"vix": "vix-logit"}.get(kind, kind))  # `vix` is an experiment of the range
        assert is_protocol(shipped), kind
        # What runs beside it is what runs beside `default`.
        beside = [one for one in BESIDE if one in ALL_BASELINES]
        assert [baseline(shipped, one) for one in beside] == [baseline(default, one) for one in beside]
        assert is_protocol(baseline(default, kind).replace(label="return", seed=8))
        assert not is_protocol(baseline(default, kind).replace(train_start="1964-01-01"))
        assert not is_protocol(baseline(default, kind).replace(calibration="climatology"))
        assert not is_protocol(baseline(default, kind).replace(blend=("persistence",)))
    # What others may see is nothing to a baseline with columns of its own; the ridge reads more than five columns.
    few = default.replace(families=("breadth",))
    assert is_protocol(baseline(few, "markov"))
    assert not is_protocol(baseline(few, "logit-all"))
    assert not is_protocol(baseline(default, "logit-all"))
    assert not is_protocol(default)


def test_the_protocol_s_baselines_of_other_runs_are_rivals():
    def made(name, spec, digest="now", weeks=slice(None)):
        losses = pd.Series(1.0, DATES[weeks])
        return trial_ledger.Entry(name, "markov", spec, digest, "folder", "path", name != "try", losses)

    mine = [made("mine", "a")]
    known = [made("default:markov", "b"), made("mine too", "a"), made("try", "c"), made("older data", "d", "then")]
    known.append(made("fewer weeks", "e", weeks=slice(10, None)))
    found = gate_case._baselines_of_other_runs(known, mine, DATES[5:])
    assert [one.name for one in found] == ["default:markov"]


def test_entries_of_an_earlier_program_are_read_in_this_one_s_terms():
    """It wrote whole years as integers and columns that Markov does not read, and called any plain baseline one."""
    old = json.loads(MARKOV.to_json()) | {"min_history_years": 10, "families": ["rates", "breadth"]}
    few = json.loads(baseline(config.read_spec("default").replace(families=("breadth",)), "logit-all").to_json())
    unknown = ['{"kind": "forgotten"}', "0", "none"]
    for place, spec in enumerate((json.dumps(old), json.dumps(few), *unknown)):
        trial_ledger.add([entry(place, spec=spec, baseline=True)])
    markov, cut, *strange = trial_ledger.entries("folder", "path")
    assert (markov.spec, markov.baseline) == (MARKOV.to_json(), True)
    assert not cut.baseline
    assert [(one.spec, one.baseline) for one in strange] == [(spec, True) for spec in unknown]


def test_a_later_snapshot_of_a_try_is_the_same_try_and_another_program_is_another():
    whole = entry()
    early = replace(whole, digest="before", losses=whole.losses.iloc[:-5])
    changed = entry(1)
    other = replace(whole, spec='{"seed": 8}')
    found = trial_ledger.distinct_tries([early, whole, changed, other])
    assert len(found) == 3
    assert any(losses is whole.losses for losses in found)
    assert not any(losses is early.losses for losses in found)


@pytest.mark.slow
def test_many_tries_are_read_from_copies_as_by_a_search(monkeypatch):
    connection.open_mlflow()
    made = [entry(seed, spec=ModelSpec(seed=seed).to_json()) for seed in range(200)]
    trial_ledger.add(made)
    first = trial_ledger.entries("folder", "path")
    monkeypatch.setattr(trial_ledger, "find_rows", lambda *_: pytest.fail("MLflow was searched"))
    second = trial_ledger.entries("folder", "path")
    assert [one.key for one in first] == [one.key for one in second]
    assert [one.spec for one in first] == [one.spec for one in made]


def test_copies_are_checked_and_what_is_new_or_damaged_is_fetched(monkeypatch):
    trial_ledger.add([entry(0)])
    (first,) = trial_ledger.entries("folder", "path")
    with monkeypatch.context() as context:
        context.setattr(trial_ledger, "find_rows", lambda *_: pytest.fail("MLflow was searched"))
        (copied,) = trial_ledger.entries("folder", "path")
    pd.testing.assert_series_equal(copied.losses, first.losses, check_index_type=False, check_freq=False)
    assert (copied.name, copied.spec, copied.digest, copied.baseline) == (
        first.name,
        first.spec,
        first.digest,
        first.baseline,
    )
    (path,) = cache.folder("ledger").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    trial_ledger.add([entry(1, spec=MARKOV.to_json())])
    again = trial_ledger.entries("folder", "path")
    assert_same(again[0].losses, first.losses)
    assert len(again) == 2
