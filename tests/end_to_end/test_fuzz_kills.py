"""More than 80 commands killed at random moments, several at once, a full disk and a home that may only be read.

After each, everything reads, nothing that was stored is lost, and what was being written is there whole or not at
all. A command runs in a forked child, so that a kill costs no start of Python.
"""

import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time

import pandas as pd
import pytest

from features import readback
from features.data import backup, calendar, files, importing, store
from features.data.errors import RegimeError
from features.data.refresh import Source, refresh_store
from serving import journal
from tests.support import in_process, privileges
from tests.support.calls import make_test_call
from tests.support.data import write_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kills and limits of POSIX"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
KILLS = 7  # by each test of a kind
COMMANDS_KILLED = 10
WEEKS = pd.date_range("2020-01-03", periods=400, freq="W-FRI")


def fork(work, *arguments):
    child = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    child.start()
    return child


def seconds_of(work, *arguments):
    began = time.perf_counter()
    child = fork(work, *arguments)
    child.join()
    assert child.exitcode == 0
    return time.perf_counter() - began


class Killer:
    """Kills at random moments of the work's own length, until enough of them came while it was still at work.

    The length is measured once and halved whenever a kill came too late: work that was slow when it was measured
    (a busy machine, a cold disk) may take a tenth of that the next time.
    """

    def __init__(self, seed, span):
        self.chance, self.span, self.midway = random.Random(seed), span, 0

    def attempts(self):
        for attempt in range(KILLS + 20):
            if self.midway >= KILLS:
                return
            yield attempt
        raise AssertionError(f"of {KILLS + 20} kills only {self.midway} came while there was work")

    def run(self, work, *arguments):
        """Run `work` in a child and kill it; whether it was still at work."""
        child = fork(work, *arguments)
        time.sleep(self.chance.uniform(0, self.span))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        midway = child.exitcode == -signal.SIGKILL
        self.midway += midway
        self.span *= 1.0 if midway else 0.5
        return midway


def tidy(home):
    """What a later command makes of what a kill left: nothing remains of it."""
    files.remove_abandoned_drafts(home)
    assert files.abandoned_drafts(home) == []


# --- What is killed ---------------------------------------------------------------------------------------------------


def refresh(folder):
    refresh_store(Source.folder, folder, prove=readback.check)


def keep_calls(weeks, now=None):
    for week in weeks:
        clock = week.tz_localize("UTC") + pd.Timedelta(hours=22) if now is None else now
        journal.append(make_test_call(asof=str(week.date())), clock)


def import_file(path, into):
    importing.import_files([path], into, None)


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "data")


def further(folder, factor):
    """The folder with one fund more, so that a refresh of it is a new snapshot."""
    path = folder / "prices_etf.parquet"
    table = pd.read_parquet(path)
    table.assign(IWM=table["SPY"] * factor).to_parquet(path)


@pytest.mark.parametrize("seed", range(4))
def test_refreshes(folder, home, seed):
    refresh(folder)
    first = store.load().digest
    further(folder, 1.5)
    killer = Killer(seed, seconds_of(refresh, folder))
    second = store.load().digest
    for place in killer.attempts():
        further(folder, 2.0 + place + 10 * seed)
        before = store.load().digest
        midway = killer.run(refresh, folder)
        after = store.load()  # verifies every file
        assert after.tables["prices_etf"]["SPY"].notna().all()
        assert midway or after.digest != before
        tidy(home)
    assert {first, second} <= {path.name for path in (home / "snapshots").iterdir()}


@pytest.mark.parametrize("seed", range(4))
def test_journals(home, seed):
    home.mkdir()
    keep_calls(WEEKS[:3])
    killer = Killer(seed, seconds_of(keep_calls, WEEKS[3:15]))
    for attempt in killer.attempts():
        known = [entry.hash for entry in journal.read()]
        start = len(known)
        killer.run(keep_calls, WEEKS[start : start + 12])
        count, head = journal.verify()
        found = [entry.hash for entry in journal.read()]
        assert found[:start] == known, attempt
        assert (count, head) == (len(found), found[-1])


@pytest.mark.parametrize("seed", range(2))
def test_imports(tmp_path, seed):
    into, source = tmp_path / "into", tmp_path / "VIX_History.csv"
    days = pd.bdate_range("2003-01-02", periods=3000)
    days = days[days.isin(calendar.all_sessions())]
    rows = "".join(f"{day:%m/%d/%Y},20.1,21.2,19.3,{20 + place % 7 / 10:.2f}\n" for place, day in enumerate(days))
    source.write_text("DATE,OPEN,HIGH,LOW,CLOSE\n" + rows)
    killer = Killer(seed, seconds_of(import_file, source, into))
    for _ in killer.attempts():
        killer.run(import_file, source, into)
        (path,) = [path for path in into.iterdir() if not path.name.startswith(".")]
        assert len(pd.read_parquet(path)) == len(days)


@pytest.mark.parametrize("seed", range(2))
def test_backups(folder, home, tmp_path, seed):
    refresh(folder)
    killer = Killer(seed, seconds_of(backup.create, tmp_path / "first.tar", home, None))
    for place in killer.attempts():
        target = tmp_path / f"{place}.tar"
        killer.run(backup.create, target, home, None)
        if target.exists():  # whole, then
            backup.restore(target, tmp_path / f"new {place}", None)
            digest = (tmp_path / f"new {place}" / "CURRENT").read_text().strip()
            assert digest == store.load().digest
        tidy(tmp_path)


def test_weeks_and_runs(seed_machine, tmp_path, monkeypatch):
    """The real commands; after each kill the last call is there, the journal verifies, and the week can be run."""
    shutil.copytree(seed_machine.home, tmp_path / "m" / "home")
    shutil.copytree(seed_machine.runs, tmp_path / "m" / "runs")
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "m" / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'm' / 'runs' / 'mlflow.db'}")
    good = json.loads(in_process.run("call", "--json").out)
    chance = random.Random(0)
    commands = [("weekly", "--source", "sample"), ("train", "run", "logit2", "--again")]
    midway = []
    for place in range(COMMANDS_KILLED):
        words = commands[place % 2]
        child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-m", "regime", *words])
        time.sleep(chance.uniform(0.5, 12.0))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        midway.append(os.WIFSIGNALED(status))
        said = in_process.run("call", "--json")
        assert said.status == 0, said
        assert json.loads(said.out)["asof"] == good["asof"]
        assert in_process.run("call", "verify").status == 0
    assert any(midway)
    assert in_process.run("weekly", "--source", "sample").status == 0


@pytest.mark.parametrize("many", [2, 4])
def test_several_at_once(folder, many):
    refresh(folder)
    now = pd.Timestamp("2026-02-01", tz="UTC")
    children = [fork(refresh, folder) for _ in range(many)] + [fork(keep_calls, WEEKS[:5], now) for _ in range(many)]
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert store.load().tables["prices_etf"]["SPY"].notna().all()
    count, _ = journal.verify()
    assert count == 5  # the same week, model and data give one entry, whoever is first


# --- A disk that is full, a home that may only be read ----------------------------------------------------------------


def limited(size, answer, work, *arguments):
    """Run `work` where no file may grow beyond `size` bytes, as on a disk that is full from there on."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        work(*arguments)
        answer.put("done")
    except RegimeError as error:
        answer.put(str(error))


@pytest.mark.parametrize("size", [0, 1, 100, 1000, 5000, 20_000, 40_000])
def test_a_full_disk_loses_nothing(folder, home, tmp_path, size):
    refresh(folder)
    keep_calls(WEEKS[:3])
    before, head = store.load().digest, journal.verify()
    further(folder, 1.5)
    context = multiprocessing.get_context("fork")
    for work, arguments in (
        (refresh, (folder,)),
        (keep_calls, (WEEKS[3:4],)),
        (backup.create, (tmp_path / "all.tar", home, None)),
    ):
        answer = context.SimpleQueue()
        child = fork(limited, size, answer, work, *arguments)
        said = answer.get()
        child.join()
        assert "\n" not in said
        assert said == "done" or "cannot" in said or "could not" in said, said
    digest = store.load().digest
    assert digest == before or size >= 20_000
    count, _ = journal.verify(head[1])
    assert count in (3, 4)
    assert size >= 20_000 or not (tmp_path / "all.tar").exists()


def run_obeying_modes(words, answer):
    """Run a command as one who may not write there, root or not; what it said."""
    privileges.obey_modes()
    answer.put(in_process.run(*words))


@pytest.mark.parametrize(
    ("words", "status"),
    [  # what only reads goes on
        (("data", "refresh", "--source", "sample"), {1}),
        (("data", "use", "sample"), {1}),
        (("data", "clean"), {1}),
        (("call",), {1}),
        (("call", "backfill", "--from", "2022-12-01"), {1}),
        (("train", "run", "logit2", "--again"), {1}),
        (("weekly", "--source", "sample"), {1}),
        (("report",), {1}),
        (("status",), {0}),
        (("journal",), {0}),
    ],
    ids=lambda value: "-".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_a_home_that_may_only_be_read(seed_machine, tmp_path, monkeypatch, words, status):
    shutil.copytree(seed_machine.home, tmp_path / "home")
    shutil.copytree(seed_machine.runs, tmp_path / "runs")
    home = tmp_path / "home"
    monkeypatch.setenv("REGIME_HOME", str(home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs' / 'mlflow.db'}")
    content = digest_of(home)
    paths = [home, *home.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        answer = multiprocessing.get_context("fork").SimpleQueue()
        child = fork(run_obeying_modes, words, answer)
        child.join()
        assert child.exitcode == 0
        said = answer.get()
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert said.status in status, said
    lines = said.err.splitlines()
    assert all("(Permission denied)" in line for line in lines), said
    assert len(lines) == len(set(lines)) >= said.status, said
    assert digest_of(home) == content


def digest_of(home):
    kept = sorted(path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock")
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in kept]


def test_there_are_enough_of_them(request):
    # Counted as collected: the tests may run in several processes.
    kills = dict.fromkeys(("test_refreshes", "test_journals", "test_imports", "test_backups"), KILLS)
    kills |= {"test_weeks_and_runs": COMMANDS_KILLED}
    mine = [item.originalname for item in request.session.items if item.path == request.path]
    assert sum(kills.get(name, 0) for name in mine) >= 80
