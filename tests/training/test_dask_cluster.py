"""Folds on a Dask cluster: the same bits, whatever happens to a worker."""

import contextlib
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pandas as pd
import pytest

from features.data import cache
from features.data.errors import RegimeError
from tests.support.servers import free_port
from tests.support.weekly_noise import SPEC, made, same
from training import dask_cluster, inner_folds, trial_scores, walkforward
from training.walkforward import walk_forward

BIN = Path(sys.executable).parent


def test_a_package_that_is_missing_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RegimeError, match=r"pip install 'regime\[dask\]'"), dask_cluster.connected("tcp://127.0.0.1:1"):
        pass


def test_without_an_address_nothing_is_connected(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with dask_cluster.connected(None) as client:
        assert client is None


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense://x"])
def test_a_scheduler_that_does_not_answer_is_one_line(address, monkeypatch):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 1.0)
    where = address.format(port=free_port())
    with pytest.raises(RegimeError, match="no Dask scheduler answers") as caught, dask_cluster.connected(where):
        pass
    assert "\n" not in str(caught.value)


def test_a_fold_that_went_with_a_worker_is_fitted_again(monkeypatch):
    data, fold, calls = made(600), walkforward._fold, []
    whole = walk_forward(data, SPEC, 1, cached=False)

    def losing(dataset, spec, span, cache, lost):
        calls.append(span)
        if len(calls) in lost:
            raise CancelledError("already forgotten")
        return fold(dataset, spec, span, cache)

    monkeypatch.setattr(walkforward, "_fold", lambda *args: losing(*args, {2, 5}))
    same(walk_forward(data, SPEC, 1, cached=False), whole)
    calls.clear()
    monkeypatch.setattr(walkforward, "_fold", lambda *args: losing(*args, range(2, 1000)))
    with pytest.raises(CancelledError):
        walk_forward(data, SPEC, 1, cached=False)


def test_a_task_of_a_sweep_takes_little_from_the_client():
    """Specification and dates there, sums of losses back: under 10 kB a fold, whatever the data set's size."""
    data = made(1000)
    weeks = inner_folds.inner_walk_forward(data, SPEC)
    parts = walkforward.spans(weeks.starts)[: trial_scores.FOLDS_A_TASK]
    trees, cache = tuple(range(600, 0, -50)), trial_scores.shared()
    spec = SPEC.replace(blend=("logit-all",), calibration="stack", params={"n_estimators": 600})
    answer = trial_scores.score_folds(weeks.dataset, spec, parts, trees, cache)
    assert len(cache) > 0
    sent, back = len(pickle.dumps((spec, parts, trees, cache))), len(pickle.dumps(answer))
    assert (sent + back) / len(parts) < 10_000


def test_any_changed_file_of_the_program_is_another_version(monkeypatch, tmp_path):
    before = dask_cluster._environment()
    for room in dask_cluster.ROOMS:
        shutil.copytree(dask_cluster.fingerprint.TOP / room, tmp_path / room)
    monkeypatch.setattr(dask_cluster.fingerprint, "TOP", tmp_path)
    monkeypatch.setattr(
        dask_cluster.fingerprint, "environment", lambda digest=dask_cluster.fingerprint.environment(): digest
    )
    assert dask_cluster._environment() == before
    with (tmp_path / "training" / "trial_scores.py").open("a") as file:
        file.write("# changed")
    assert dask_cluster._environment() != before


@contextlib.contextmanager
def started(*words):
    done = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield done
    finally:
        if done.poll() is None:
            done.kill()
        done.wait()


@contextlib.contextmanager
def scheduler():
    port = free_port()
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
    with started("distributed.cli.dask_scheduler", *options):
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{port}"


def worker(address, name, *more):
    # Without a nanny: nobody restarts the one that is killed.
    options = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--name", name, *more)
    return started("distributed.cli.dask_worker", address, *options)


@pytest.mark.slow
def test_a_worker_killed_midway_changes_no_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 30.0)
    monkeypatch.chdir(tmp_path)  # workers write their scratch space where they are
    data = made(1000)
    local = walk_forward(data, SPEC, 2, cached=False)
    done = []
    weeks, fits = inner_folds.inner_walk_forward(data, SPEC), [trial_scores.Fit(SPEC, (5, 3))]
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(scheduler())
        first, _ = (stack.enter_context(worker(address, name)) for name in "ab")
        client = stack.enter_context(dask_cluster.connected(address))
        client.wait_for_workers(2, timeout=30)

        def kill_one():
            done.append(len(client.scheduler_info()["workers"]))
            if len(done) == 3:
                os.kill(first.pid, signal.SIGKILL)

        with dask_cluster.holding(client, data):
            remote = walk_forward(data, SPEC, 2, kill_one, cached=False)
        deadline = time.monotonic() + 60.0  # the scheduler learns of a death when the connection breaks
        while len(client.scheduler_info()["workers"]) > 1 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(client.scheduler_info()["workers"]) == 1
        with dask_cluster.holding(client, weeks.dataset):  # as a sweep does
            theirs = trial_scores.score(weeks, fits, (), 2, trial_scores.shared())
    assert first.returncode == -signal.SIGKILL
    assert len(done) > 10
    same(local, remote)
    assert theirs == trial_scores.score(weeks, fits, (), 1, trial_scores.shared())


@pytest.mark.slow
def test_a_cluster_without_workers_or_of_another_program_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 2.0)
    monkeypatch.chdir(tmp_path)
    with scheduler() as address:
        with pytest.raises(RegimeError, match="has no worker"), dask_cluster.connected(address):
            pass
        monkeypatch.setattr(dask_cluster, "TIMEOUT", 30.0)
        with worker(address, "a", "--memory-limit", "100MB"):
            with pytest.raises(RegimeError, match="may use 95 MB of memory") as caught, dask_cluster.connected(address):
                pass
            assert "\n" not in str(caught.value)
        with worker(address, "a"):
            monkeypatch.setattr(dask_cluster.fingerprint, "environment", lambda: "another")
            with pytest.raises(RegimeError, match="another version of this program"), dask_cluster.connected(address):
                pass


@pytest.mark.slow
def test_the_commands_give_the_same_bits_on_a_cluster(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def regime(*words):
        done = subprocess.run([BIN / words[0], *words[1:]], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    regime("regime-data", "refresh", "--source", "sample")
    few = ("--set", "refit_weeks=260", "--json")
    local = json.loads(regime("regime-train", "run", "lightgbm", *few))
    shutil.rmtree(cache.folder("folds"))  # or the cluster would have nothing to do
    with scheduler() as address, worker(address, "a"), worker(address, "b"):
        remote = json.loads(regime("regime-train", "run", "lightgbm", *few, "--again", "--dask", address))
        swept = json.loads(regime("regime-train", "sweep", "lightgbm", "--trials", "1", "--dask", address, "--json"))
    one, other = (pd.read_parquet(run["predictions"]) for run in (local, remote))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    shutil.rmtree(Path(swept["file"]).parent)
    again = json.loads(regime("regime-train", "sweep", "lightgbm", "--trials", "1", "--json"))
    assert again["inner_log_loss"] == swept["inner_log_loss"]
