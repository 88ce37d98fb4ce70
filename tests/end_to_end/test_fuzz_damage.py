"""More than 120 damaged files, of each kind the program reads back: none is served, and none ends in a traceback.

A command over a damaged file either gives what it gave before (the file was computed again, or is not needed) or
ends with one line. Each test puts back what it damaged.
"""

import json
import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from features.data import backup, cache, settings
from features.data.errors import RegimeError
from features.data.sources import archive, membership
from models.tracking import loader, outbox
from tests.support import in_process
from tests.support.servers import batch

pytestmark = pytest.mark.slow


def flipped(content, seed):
    at = random.Random(seed).randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << seed % 8]) + content[at + 1 :]


DAMAGES = {
    "cut in half": lambda content: content[: len(content) // 2],
    "last byte gone": lambda content: content[:-1],
    "empty": lambda _: b"",
    "one bit, early": lambda content: flipped(content[: len(content) // 3], 1) + content[len(content) // 3 :],
    "one bit": lambda content: flipped(content, 7),
    "zeros": lambda content: bytes(len(content)),
    "a web page": lambda _: b"<!DOCTYPE html>\n<html></html>\n",
    "a directory": None,
}
OUTBOX = ("batch.json", "data.parquet", "0/predictions.parquet", "1/files/notes/card.md", "sha256.json")
FEW = ("cut in half", "empty", "one bit")


def damage(path, how):
    """Damage a file; a function that puts it back."""
    whole, mode = path.read_bytes(), path.stat().st_mode
    path.unlink()
    change = DAMAGES[how]
    if change is None:
        path.mkdir()
    else:
        path.write_bytes(change(whole))

    def mend():
        if path.is_dir():
            shutil.rmtree(path)
        path.write_bytes(whole)
        path.chmod(mode)

    return mend


def one(folder, pattern):
    return max((path for path in folder.glob(pattern) if path.is_file()), key=lambda path: path.stat().st_size)


def find(machine, kind):
    snapshots, runs = machine.home / "snapshots", machine.runs
    return {
        "pointer": lambda: machine.home / "CURRENT",
        "manifest": lambda: one(snapshots, "*/manifest.json"),
        "table": lambda: one(snapshots, "*/*.parquet"),
        "long table": lambda: one(snapshots, "*/fred*.parquet"),
        "kept call": lambda: one(machine.home, "cache/calls/*"),
        "model copy": lambda: one(machine.home, "cache/models/*"),
        "features": lambda: one(machine.home, "cache/features/*"),
        "volatility regime": lambda: one(machine.home, "cache/regime/*"),
        "database": lambda: runs / "mlflow.db",
        "artifact": lambda: Path(loader.pointer("regime-sample", "challenger").place) / "artifacts" / "model.json",
        "journal": lambda: machine.home / "journal.jsonl",
        "journal index": lambda: machine.home / "journal.index",
    }[kind]()


@pytest.fixture(scope="module")
def good(one_machine):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGIME_HOME", str(one_machine.home))
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{one_machine.runs / 'mlflow.db'}")
        return json.loads(in_process.run("call", "--json").out)


def same_or_one_line(good, *words):
    said = in_process.run(*words)
    if said.status:
        assert said.out == ""
        assert [line[:6] for line in said.err.strip().splitlines()][-1] == "error:", said.err
        return None
    made = json.loads(said.out)
    assert made == good
    return made


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", ["pointer", "manifest", "table", "long table"])
def test_damaged_data_are_refused(machine, good, kind, how):
    mend = damage(find(machine, kind), how)
    try:
        if how == "last byte gone" and kind in ("pointer", "manifest"):  # the end of the last line: nothing is lost
            assert same_or_one_line(good, "call", "--json")
            return
        for words in (("call", "--json"), ("status", "--json"), ("data", "use", "folder")):
            said = in_process.run(*words)
            assert said.status, words
    finally:
        mend()
    assert same_or_one_line(good, "call", "--json")


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_kept_call_is_made_again(machine, good, how):
    mend = damage(find(machine, "kept call"), how)
    try:
        assert same_or_one_line(good, "call", "--json")
    finally:
        mend()


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", ["database", "artifact"])
def test_a_damaged_registry_serves_nothing_else(machine, good, kind, how):
    path = find(machine, kind)
    if kind == "artifact":  # without copies of the model, or a call that was kept
        for name in ("models", "calls"):
            shutil.rmtree(machine.home / "cache" / name, ignore_errors=True)
    mend = damage(path, how)
    try:
        made = same_or_one_line(good, "call", "--json")
        assert kind == "database" or made is None
    finally:
        mend()
    shutil.rmtree(machine.home / "cache" / "calls", ignore_errors=True)  # the model is read, not only the kept call
    assert same_or_one_line(good, "call", "--json")


@pytest.mark.parametrize(
    ("kind", "how"),
    [("model copy", how) for how in DAMAGES]
    + [(kind, how) for kind in ("features", "volatility regime") for how in FEW],
)
def test_a_damaged_cache_is_computed_again(machine, good, kind, how):
    shutil.rmtree(machine.home / "cache" / "calls", ignore_errors=True)
    mend = damage(find(machine, kind), how)
    try:
        assert same_or_one_line(good, "call", "--json")
    finally:
        mend()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_journal_is_named_and_not_written_to(machine, how):
    path = find(machine, "journal")
    mend = damage(path, how)
    try:
        before = path.read_bytes() if path.is_file() else None
        for words in (("call", "verify"), ("call", "--json")):
            said = in_process.run(*words)
            assert said.status == 1, (how, said)
        assert (path.read_bytes() if path.is_file() else None) == before
    finally:
        mend()
    assert in_process.run("call", "verify").status == 0


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_index_is_built_again_or_named(machine, good, how):
    path = find(machine, "journal index")
    mend = damage(path, how)
    before = (machine.home / "journal.jsonl").read_bytes()
    try:
        same_or_one_line(good, "call", "--json")
        assert (machine.home / "journal.jsonl").read_bytes() == before
    finally:
        mend()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_fold_is_fitted_again(machine, how):
    path = one(machine.home, "cache/folds/*")
    content = cache.read("folds", path.name)
    assert content is not None
    mend = damage(path, how)
    try:
        assert cache.read("folds", path.name) is None
    finally:
        mend()
    assert cache.read("folds", path.name) == content


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("part", OUTBOX)
def test_damaged_kept_results_are_not_sent(home, how, part):
    home.mkdir()
    entry = outbox.write(batch())
    damage(entry / part, how)
    with pytest.raises(RegimeError, match=entry.name):
        outbox.read(entry)
    assert entry.exists()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_item_is_asked_for_again(home, how):
    archive.write("yahoo", "SPY", pd.DataFrame({"close": [1.0, 2.0]}), session="2026-01-05")
    damage(home / "live" / "yahoo" / "SPY.parquet", how)
    assert archive.read("yahoo", "SPY") is None
    assert not (home / "live" / "yahoo" / "SPY.parquet").exists()


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_members_are_never_begun_anew_by_themselves(home, how):
    days = pd.to_datetime(["2026-01-05"])
    archive.write("membership", "sp500", pd.DataFrame({"ticker": ["AAA"], "start": days, "end": pd.NaT}))
    damage(home / "live" / "membership" / "sp500.parquet", how)
    with pytest.raises(RegimeError, match="put it back from a backup"):
        membership.table(days[0])


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_settings_are_one_line_or_sound(tmp_path, monkeypatch, how):
    file = tmp_path / "regime.toml"
    file.write_text(settings.to_toml(settings.Settings(source="live", fred_api_key="abcdef")))
    file.chmod(0o600)
    monkeypatch.setenv("REGIME_CONFIG", str(file))
    damage(file, how)
    if file.is_file():
        file.chmod(0o600)
    try:
        assert isinstance(settings.load(), settings.Settings)
    except RegimeError as error:
        said = str(error)
    else:
        said = "settings"
    assert "\n" not in said
    assert "abcdef" not in said


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_backup_restores_nothing(machine, tmp_path, monkeypatch, how):
    file = tmp_path / "all.tar"
    shutil.copytree(machine.home / "snapshots", tmp_path / "small" / "snapshots")
    backup.create(file, tmp_path / "small", None)
    damage(file, how)
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'new runs' / 'mlflow.db'}")
    said = in_process.run("data", "restore", str(file))
    if how != "last byte gone":  # a tar file ends in zeros that nobody reads
        assert said.status == 1
        assert not (tmp_path / "new" / "snapshots").exists()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_note_of_the_folder_is_no_folder(home, how):
    home.mkdir()
    (home / "folder.path").write_text("/data/of/mine\n")
    damage(home / "folder.path", how)
    in_process.fail("data", "refresh", "--source", "folder")


def test_there_are_enough_of_them(request):
    # Counted as collected: the tests may run in several processes. Each damages a file at least.
    mine = [item for item in request.session.items if item.path == request.path]
    assert len(mine) - 1 >= 120
