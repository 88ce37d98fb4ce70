"""More than 150 argument lists that mean nothing: each is one line and an exit status, and nothing is stored."""

import pytest

from features.data import cache
from tests.support import in_process

pytestmark = pytest.mark.slow
NOT_DAYS = ["", " ", "NaT", "nan", "-1", "0", "2020", "2020-1", "2020-02-30", "2020-13-01", "20200221", "1e9", "now"]
NOT_DAYS += ["2020-02-21T16:00", "2020-02-21 16:00", "2020-02-21+00:00", "2020-02-21T00:00:00Z", "21.02.2020"]
NOT_DAYS += [
    "02/21/2020",
    "20-02-21",
    "1899-12-31",
    "0001-01-01",
    "9999-12-31",
    "99999-01-01",
    "٢٠٢٠-٠٢-٢١",
    "2020-02-21\n",
]
NOT_DAYS += ["٢٠٢٠-٠٢-٢١", "2020-02-21'", '"2020-02-21"', "2020-02-21;", "--", "../..", "x" * 300, "2020−02−21"]
SETTINGS = [
    "families=[1]",
    "families=1",
    "families=[]",
    'families=["nonsense"]',
    "families=[[]]",
    "seed=-1",
    "seed=1.5",
    "seed=nan",
    "seed=true",
    "seed=99999999999999999999999",
    "seeds=0",
    "seeds=-3",
    "seeds=1000000000000",
    "seeds=inf",
    "refit_weeks=0",
    "refit_weeks=-26",
    "refit_weeks=1e300",
    "refit_weeks=x",
    "min_history_years=-1",
    "min_history_years=nan",
    "min_history_years=1e-300",
    "train_start=2020",
    "train_start=NaT",
    "train_start=",
    "train_start=1492-01-01",
    "train_start=2020-02-21T00:00:00Z",
    "label=paht",
    "label=",
    "label=[1]",
    "label='path'; drop",
    "estimator=nonsense",
    "estimator=1",
    "blend=[1]",
    'blend=["nonsense"]',
    'exclude=["nonsense"]',
    "monotone=1",
    "params=1",
    "params.max_depth=0",
    "params.max_depth=-7",
    "params.max_depth=1000000000000",
    "params.max_depth=deep",
    "params.learning_rate=nan",
    "params.learning_rate=1e-300",
    "params.learning_rate=-1",
    "params.learning_rate=inf",
    "params.nonsense=1",
    "params..x=1",
    ".=1",
    "=",
    "=1",
    "nonsense=1",
    "seed",
    "",
    "seed.x=1",
    "'=1",
    "a" * 300 + "=1",
]
NAMES = ["", " ", ".", "..", "/", "nonsense", "x" * 300, "x" * 300 + ".toml", "de'fault", 'de"fault', "default\n"]
NAMES += [
    "../default",
    "no/such/file.toml",
    "~nobody/x.toml",
    "-",
    "ünknown",
    "default.toml",
    "*",
    "$(id)",
    "a\tb.toml",
]
SOURCES = ["", "Sample", "yahoo", "sample ", "1", "livé"]
COUNTS = ["0", "-1", "1.5", "x", "", "nan", "1e9", "0x10"]
OTHERS = [
    ("data", "refresh"),
    ("data", "refresh", "--source", "folder"),
    ("data", "refresh", "--source", "folder", "--folder", ""),
    ("data", "refresh", "--source", "folder", "--folder", "no/such/folder"),
    ("data", "refresh", "--source", "folder", "--folder", "x" * 300),
    ("data", "refresh", "--source", "folder", "--folder", "/dev/null"),
    ("data", "refresh", "--source", "sample", "--folder", "here"),
    ("data", "refresh", "--source", "sample", "--accept", "SPY"),
    ("data", "refresh", "--source", "sample", "--accept", "SPY:"),
    ("data", "refresh", "--source", "sample", "--accept", "SPY:2020"),
    ("data", "refresh", "--source", "sample", "--accept", "NOPE:2020-02-21"),
    ("data", "refresh", "--source", "sample", "--accept", ":2020-02-21"),
    ("data", "refresh", "--source", "sample", "--accept", ""),
    ("data", "import"),
    ("data", "import", "no-such-file.csv"),
    ("data", "import", "/dev/null"),
    ("data", "import", "x" * 300),
    ("data", "backup"),
    ("data", "backup", "no/such/folder/\0"),
    ("data", "backup", "/"),
    ("data", "restore", "no-such.tar"),
    ("data", "restore", "/dev/null"),
    ("data", "restore", "/"),
    ("data", "nonsense"),
    ("data", "status", "extra"),
    ("train", "promote"),
    ("train", "promote", "nope"),
    ("train", "promote", "nope", "--reason", ""),
    ("train", "promote", "'", "--reason", "x"),
    ("train", "promote", "%", "--reason", "x"),
    ("train", "compare", "nope"),
    ("train", "nonsense"),
    ("train", "run", "default", "--dask", "nonsense"),
    ("train", "run", "default", "--dask", "tcp://127.0.0.1:1"),
    ("train", "ui", "--port", "65536"),
    ("call", "nonsense"),
    ("call", "--allow-stale", "NOPE"),
    ("call", "--allow-stale", ""),
    ("call", "verify", "--head", "x"),
    ("call", "verify", "--head", ""),
    ("call", "verify", "--tsa-root", "no-such.pem"),
    ("call", "--format", "yaml"),
    ("report", "--out", "no/such/\0"),
    ("report", "--out", "/"),
    ("weekly", "--source", "folder", "--folder", "no/such/folder"),
    ("weekly", "--source", "sample", "--folder", "here"),
    ("weekly", "--nonsense"),
    ("nonsense",),
    ("--nonsense",),
    ("",),
]


def lists():
    """Every argument list, each made to fail."""
    for text in NOT_DAYS:
        if text not in ("9999-12-31",):  # a day; only the data know that it is none of theirs
            yield ("call", "backfill", "--from", text)
        yield ("call", "--asof", text)
    for setting in SETTINGS:
        yield ("train", "run", "default", "--set", setting)
    for name in NAMES:
        yield ("train", "run", name)
        yield ("train", "sweep", name, "--trials", "1")
    for source in SOURCES:
        yield ("data", "refresh", "--source", source)
        yield ("data", "use", source)
        yield ("weekly", "--source", source)
    for count in COUNTS:
        yield ("train", "run", "default", "--workers", count)
        yield ("train", "sweep", "default", "--trials", count)
        yield ("data", "prune", "--keep", count)
        yield ("weekly", "--budget", count)
        yield ("call", "journal", "--last", count)
    yield from OTHERS


LISTS = list(dict.fromkeys(lists()))
HOMES = ["~nobody-at-all/x", "/dev/null/x", "/proc/x", "x\0y", "\udcff" * 3, "y" * 5000]
SERVERS = [
    "http://[::1",
    "http://",
    "http://:5000",
    "https://127.0.0.1:1",
    "ftp://127.0.0.1",
    "nonsense",
    "http://u:p@127.0.0.1:1",
]
SERVERS += [
    "http://127.0.0.1:99999",
    "sqlite:///",
    "sqlite:////dev/null/x.db",
    "file:///dev/null/x",
    "http://127.0.0.1:x",
]
SERVERS += ["mysql://u:p@127.0.0.1:1/x", "mssql://u:p@127.0.0.1:1/x", "postgresql+nothing://u:p@127.0.0.1:1/x"]


@pytest.fixture
def nothing_stored(home, tmp_path, monkeypatch):
    """A data directory with nothing in it that stays so, seen from a folder that stays empty."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    yield
    kept = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    kept = [path for path in kept if path.parent != cache.folder("sessions")]  # the exchange's, whatever the data
    assert [path.name for path in kept if path.name != "journal.index"] == []
    assert list(here.iterdir()) == []


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("words", LISTS, ids=lambda words: " ".join(words)[:60].encode("unicode_escape").decode())
def test_arguments(words):
    in_process.fail(*words)


@pytest.mark.parametrize("text", [day for day in NOT_DAYS if day != "9999-12-31"])
def test_a_day_is_read_before_anything_is_looked_for(text):
    assert "YYYY-MM-DD" in (said := in_process.fail("call", "--asof", text)) or "before the data begin" in said


@pytest.mark.parametrize("place", HOMES)
def test_a_home_that_cannot_be(monkeypatch, place):
    try:
        monkeypatch.setenv("REGIME_HOME", place)
    except ValueError:
        pytest.skip("the system cannot hold such a variable")
    for words in (("status",), ("data", "refresh", "--source", "sample"), ("call",), ("weekly", "--source", "sample")):
        assert "REGIME_HOME" in in_process.fail(*words)


@pytest.mark.parametrize("address", SERVERS)
def test_a_server_that_cannot_be(monkeypatch, address):
    in_process.run("data", "refresh", "--source", "sample")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    for words in (("train", "compare"), ("call",)):
        line = in_process.fail(*words)
        assert ":p@" not in line


def test_there_are_enough_of_them(request):
    # Counted as collected: the tests may run in several processes.
    lists = [one for one in request.session.items if one.path == request.path and one.originalname == "test_arguments"]
    assert len(lists) >= 150
