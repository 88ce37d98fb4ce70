"""A live refresh with the real clients, in a child process, against vendors on loopback."""

import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.data import calendar, catalog, store
from features.data.sources import archive, live, membership, vendor_names
from features.panel import build_inputs
from tests.support.vendors import KEY, Stand, Vendors

SHA256_BYTES = 32

BIN = Path(sys.executable).parent
NOW = pd.Timestamp.now("UTC")
TODAY = calendar.last_complete(NOW)
BEFORE = NOW - pd.Timedelta(days=9)
# What `regime data refresh --source live` does, as of an earlier moment.
EARLIER = f"""
import pandas as pd
from features.data import store
from features.data.sources import live
now = pd.Timestamp({str(BEFORE)!r})
tables, last, notes = live.refresh(now, live.plan(now), lambda: None)
print(store.write(tables, "live", "us", last, notes))
"""


class Stage:
    """One user's machine: a data directory and vendors to talk to."""

    def __init__(self, folder: Path, vendors: Vendors, key: str = "") -> None:
        self.home, self.vendors = folder / "home", vendors
        self.home.mkdir(exist_ok=True)
        (self.home / membership.FILE).write_text("ticker,start,end\nAAA,2020-01-02,\nBBB,2020-01-02,\n")
        self.stand = Stand(vendors, folder)
        self.env = {**os.environ, **self.stand.env, "REGIME_HOME": str(self.home), "FRED_API_KEY": key}
        self.env["SEC_USER_AGENT"] = "A Tester tester@example.org"

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stand.__exit__(*args)

    def run(self, *words, **options):
        return subprocess.run(
            [BIN / "regime-data", *words], env=self.env, capture_output=True, text=True, timeout=200, **options
        )

    def refresh(self, status=0, **options):
        done = self.run("refresh", "--source", "live", "--json", **options)
        assert done.returncode == status, done.stderr
        if status == 0:
            return json.loads(done.stdout)
        assert done.stdout == ""
        return done.stderr.strip().splitlines()[-1]

    def pointer(self):
        path = self.home / "CURRENT"
        return path.read_text() if path.exists() else None

    def load(self, monkeypatch):
        monkeypatch.setenv("REGIME_HOME", str(self.home))
        return store.load()

    def charts(self):
        return [url for url in self.vendors.asked if "/chart/" in url]


def same_returns(found, wanted):
    np.testing.assert_allclose(found.pct_change(), wanted.pct_change(), atol=1e-9)


def first_days(folder: Path, key: str) -> Path:
    with Stage(folder, Vendors(calendar.last_complete(BEFORE)), key) as stage:
        words = [sys.executable, "-c", EARLIER]
        done = subprocess.run(words, env=stage.env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return stage.home


@pytest.fixture(scope="session")
def keyless_home(tmp_path_factory):
    return first_days(tmp_path_factory.mktemp("keyless"), "")


@pytest.fixture(scope="session")
def keyed_home(tmp_path_factory):
    return first_days(tmp_path_factory.mktemp("keyed"), KEY)


@pytest.fixture
def stage(tmp_path, keyless_home):
    shutil.copytree(keyless_home, tmp_path / "home")
    with Stage(tmp_path, Vendors(TODAY)) as stage:
        yield stage


@pytest.fixture
def keyed(tmp_path, keyed_home):
    shutil.copytree(keyed_home, tmp_path / "home")
    with Stage(tmp_path, Vendors(TODAY), KEY) as stage:
        yield stage


@pytest.fixture
def new_user(tmp_path):
    with Stage(tmp_path, Vendors(TODAY)) as stage:
        yield stage


def stored(snapshot, ticker):
    table = snapshot.tables["prices_etf"]
    return table[ticker]


def test_from_nothing_to_a_snapshot(new_user, monkeypatch):
    stage = new_user
    done = stage.run("refresh", "--source", "live")
    assert done.returncode == 0, done.stderr
    assert "items to fetch (Yahoo" in done.stderr
    assert "about" in done.stderr
    assert "no FRED_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    snapshot = stage.load(monkeypatch)
    assert snapshot.last == TODAY
    # Everything with a live vendor is there; what was asked is what was announced, within the cookie's requests.
    for series in catalog.CATALOG:
        if (place := vendor_names.live(series)) and place[1] != "NFCI" and series.table not in vendor_names.REPORTS:
            assert len(live.archive.read(place[0], place[1])), series.key
    positions, breadth = (snapshot.tables[name] for name in vendor_names.REPORTS)
    assert len(positions) > 1000
    assert (positions["available_at"] > positions.index).all()
    assert breadth["covered"].iloc[-1] == 0.5
    want = stage.vendors.chart("SPY")["adjusted"]
    pd.testing.assert_series_equal(stored(snapshot, "SPY"), want, check_names=False, check_freq=False)
    panel = build_inputs(snapshot).panel
    assert panel[["ret_broad", "ret_cap", "ret_leaders", "VIX", "DGS10", "ret_Chems"]].iloc[-5:].notna().all().all()
    assert np.isnan(panel.loc[:TODAY, "DGS10"].iloc[-1]) or panel["DGS10"].iloc[-1] > 0
    asked = len(stage.vendors.asked)
    again = stage.refresh()
    assert len(stage.vendors.asked) == asked  # nothing is asked twice in a day
    assert again["digest"] == snapshot.digest

    report = stage.run("status", "--json")
    assert report.returncode == 0, report.stdout
    rows = {row["series"]: row for row in json.loads(report.stdout)["series"]}
    assert rows["SPY"]["source"] == "yahoo"
    assert rows["PAYEMS"]["source"] == "fred, not point-in-time"
    assert rows["HML"]["source"] == "french"
    assert rows["sp500_leveraged"]["source"] == "cftc"
    assert rows["earnings_covered"]["source"] == "edgar"
    assert rows["HML"]["stale"] is False


def test_a_week_later_only_the_new_is_asked(stage, monkeypatch):
    before = stage.load(monkeypatch)
    report = stage.refresh()
    after = stage.load(monkeypatch)
    assert report["digest"] != before.digest
    assert after.last == TODAY > before.last
    past = stored(before, "SPY")
    pd.testing.assert_series_equal(stored(after, "SPY").loc[past.index], past, check_freq=False)
    spans = [url for url in stage.charts() if "period1" in url]
    assert all("period1=-" not in url for url in spans)  # from the last weeks, not from the beginning
    assert not [url for url in stage.vendors.asked if "dartmouth" in url]
    # The old snapshot is still there, untouched.
    assert (stage.home / "snapshots" / before.digest / "manifest.json").exists()


@pytest.mark.slow
def test_a_rate_limit_keeps_what_came_and_is_resumed(stage):
    pointer = stage.pointer()
    stage.vendors.trouble = {"chart/XLV": "429"}
    line = stage.refresh(status=1)
    assert "rate limit" in line
    assert "what came is kept" in line
    assert stage.pointer() == pointer
    stage.vendors.trouble = {}
    stage.vendors.asked.clear()
    stage.refresh()
    asked = {url.split("/chart/")[1].split("?")[0] for url in stage.charts()}
    assert "XLV" in asked
    assert not asked & {"RSP", "SPY", "IWM"}  # these had come


@pytest.mark.slow
def test_stumbles_are_retried(stage):
    stage.vendors.trouble = {
        "chart/SPY": "500*2",
        "chart/RSP": "cut*2",
        "chart/IWM": "html*1",
        "id=DGS10": "429-after*1",
    }
    notes = stage.refresh().get("notes", {})
    assert not set(notes.get("missing", {})) & {"SPY", "RSP", "IWM", "DGS10"}
    assert notes.get("missing_last_bar") is None


@pytest.mark.slow
def test_what_does_not_come_is_named_and_the_stored_past_stays(stage, monkeypatch):
    before = stage.load(monkeypatch)
    stage.vendors.trouble = {"chart/XHB": "gone", "chart/KRE": "empty", "id=UMCSENT": "html"}
    notes = stage.refresh()["notes"]
    assert {"XHB", "KRE", "UMCSENT"} <= set(notes["missing"])
    after = stage.load(monkeypatch)
    for ticker in ("XHB", "KRE"):
        past = stored(before, ticker).dropna()
        pd.testing.assert_series_equal(stored(after, ticker).dropna(), past, check_freq=False)
    assert (after.tables["fred"]["series"] == "UMCSENT").sum() == (before.tables["fred"]["series"] == "UMCSENT").sum()


def test_a_missing_last_bar_is_missing(stage, monkeypatch):
    stage.vendors.chart("IWM").loc[TODAY, ["close", "adjusted"]] = np.nan
    stage.vendors.bars["QQQ"] = stage.vendors.chart("QQQ").iloc[:-1]
    notes = stage.refresh()["notes"]
    assert set(notes["missing_last_bar"]) == {"IWM", "QQQ"}
    table = stage.load(monkeypatch).tables["prices_etf"]
    assert table.loc[TODAY, ["IWM", "QQQ"]].isna().all()
    assert "no bar on the last session: " in stage.run("status").stdout


def test_a_split_between_two_refreshes(stage, monkeypatch):
    before = stored(stage.load(monkeypatch), "QQQ")
    bars = stage.vendors.chart("QQQ")
    bars[["close", "adjusted"]] /= 2.0  # the vendor restates the whole past
    bars.loc[bars.index[-3], "split"] = 2.0
    notes = stage.refresh().get("notes", {})
    assert "QQQ" not in notes.get("set_aside", {})
    assert "QQQ" not in notes.get("refetched", [])
    after = stored(stage.load(monkeypatch), "QQQ")
    np.testing.assert_allclose(after.pct_change().loc[before.index[1:]], before.pct_change().iloc[1:], atol=1e-9)
    assert after.pct_change().abs().max() < 0.1


@pytest.mark.slow
def test_a_split_that_was_not_applied_is_set_aside(stage, monkeypatch):
    bars = stage.vendors.chart("XLF")
    day = bars.index[-3]
    bars.loc[day:, ["close", "adjusted"]] /= 2.0
    bars.loc[day, "split"] = 2.0
    notes = stage.refresh()["notes"]
    assert list(notes["set_aside"]) == ["XLF"]
    assert [line[:10] for line in notes["set_aside"]["XLF"]] == [str(day.date())]
    returns = build_inputs(stage.load(monkeypatch)).panel["ret_Other"]
    assert np.isnan(returns[day])
    assert returns.dropna().abs().max() < 0.2


def test_a_past_that_changes_for_a_dividend_is_taken(stage, monkeypatch):
    bars = stage.vendors.chart("XLI")
    day = bars.index[-15]  # stored already, and its dividend comes to light only now
    before, paid = bars["close"].shift(1)[day], 3.0
    bars.loc[day, "dividend"] = paid
    bars.loc[: bars.index[-16], "adjusted"] *= 1 - paid / before
    assert stage.refresh()["notes"]["refetched"] == ["XLI"]
    same_returns(stored(stage.load(monkeypatch), "XLI"), bars["adjusted"])


def test_a_past_that_changes_without_a_reason_stays_as_it_is(stage, monkeypatch):
    before = stored(stage.load(monkeypatch), "XLI").pct_change()
    bars = stage.vendors.chart("XLI")
    bars["adjusted"] = bars["adjusted"] * np.linspace(0.5, 1.0, len(bars)) ** 40
    notes = stage.refresh()["notes"]
    assert list(notes["changed_past"]) == ["XLI"]
    after = stored(stage.load(monkeypatch), "XLI").pct_change()
    np.testing.assert_allclose(after[before.index], before, atol=1e-12)


def test_a_split_the_vendor_forgets_changes_nothing(stage, monkeypatch):
    before = stored(stage.load(monkeypatch), "XLK").pct_change()
    bars = stage.vendors.chart("XLK")
    bars.loc[bars.index < bars.index[-20], ["close", "adjusted"]] *= 2.0
    assert "XLK" in stage.refresh()["notes"]["changed_past"]
    after = stored(stage.load(monkeypatch), "XLK").pct_change()
    np.testing.assert_allclose(after[before.index], before, atol=1e-12)
    assert after.abs().max() < 0.1


def test_an_outage_erases_nothing_and_is_mended(stage, monkeypatch):
    before = stage.load(monkeypatch)
    good = stage.vendors.chart("SPY").copy()
    bars = stage.vendors.chart("SPY")
    bars.loc[bars.index >= TODAY - pd.Timedelta(days=60), ["close", "adjusted"]] = np.nan
    assert stage.refresh()["notes"]["missing_last_bar"] == ["SPY"]
    during = stage.load(monkeypatch)
    assert during.last == before.last
    pd.testing.assert_series_equal(stored(during, "SPY").loc[: before.last], stored(before, "SPY"), check_freq=False)
    stage.vendors.bars["SPY"] = good
    assert "gaps" not in stage.refresh().get("notes", {})
    pd.testing.assert_series_equal(
        stored(stage.load(monkeypatch), "SPY"), good["adjusted"], check_freq=False, check_names=False
    )


@pytest.mark.slow
def test_a_gap_is_named_and_mended_months_later(stage, monkeypatch):
    monkeypatch.setenv("REGIME_HOME", str(stage.home))
    table = archive.read("yahoo", "XLU")
    days = table.index[-100:-95]
    table.loc[days, ["close", "adjusted"]] = np.nan
    archive.write("yahoo", "XLU", table, **table.attrs)
    good = stage.vendors.chart("XLU").copy()
    stage.vendors.chart("XLU").loc[days, ["close", "adjusted"]] = np.nan
    assert "5 sessions" in stage.refresh()["notes"]["gaps"]["XLU"]
    stage.vendors.bars["XLU"] = good
    archive.write("yahoo", "XLU", archive.read("yahoo", "XLU"), session="")
    assert "gaps" not in stage.refresh().get("notes", {})
    same_returns(stored(stage.load(monkeypatch), "XLU"), good["adjusted"])


def test_a_dividend_leaves_the_stored_past_as_it_is(stage, monkeypatch):
    before = stored(stage.load(monkeypatch), "XLV")
    bars = stage.vendors.chart("XLV")
    bars.loc[bars.index[-2], "dividend"] = 2.0
    bars.loc[: bars.index[-3], "adjusted"] *= 1 - 2.0 / bars["close"].iloc[-3]  # the vendor rescales the whole past
    assert "refetched" not in stage.refresh().get("notes", {})
    after = stored(stage.load(monkeypatch), "XLV")
    pd.testing.assert_series_equal(after.loc[before.index], before, check_freq=False)
    same_returns(after, bars["adjusted"])


@pytest.mark.parametrize("damage", ["truncated", "empty", "a flipped byte", "a directory", "another item"])
def test_a_damaged_item_is_fetched_again(stage, monkeypatch, damage):
    monkeypatch.setenv("REGIME_HOME", str(stage.home))
    path = stage.home / "live" / "yahoo" / "XLB.parquet"
    whole = bytearray(path.read_bytes())
    if damage == "a directory":
        path.unlink()
        path.mkdir()
    elif damage == "another item":
        shutil.copy(path.with_name("XLE.parquet"), path)
    else:
        whole[len(whole) // 2] ^= 1
        path.write_bytes({"truncated": whole[:-100], "empty": b""}.get(damage, bytes(whole)))
    stage.refresh()
    same_returns(stored(stage.load(monkeypatch), "XLB"), stage.vendors.chart("XLB")["adjusted"])
    assert path.with_name(".damaged-XLB.parquet").exists()


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["401", "429", "gone"])
def test_an_outage_is_no_delisting(stage, answer):
    pointer = stage.pointer()
    stage.vendors.trouble = {"/chart/": answer}
    line = stage.refresh(status=1)
    assert line.startswith("error: Yahoo")
    assert "<" not in line
    assert stage.pointer() == pointer


def test_a_shortened_series_keeps_its_past(stage, monkeypatch):
    whole = stage.vendors.series("BAMLH0A0HYM2")
    stage.vendors.values["BAMLH0A0HYM2"] = whole[whole.index > TODAY - pd.DateOffset(years=3)]
    notes = stage.refresh()["notes"]
    assert notes["kept_past"] == {"BAMLH0A0HYM2": "1999-01-04"}
    assert "substitutions" not in notes
    rows = stage.load(monkeypatch).tables["fred"].query("series == 'BAMLH0A0HYM2'")
    assert list(rows["date"]) == list(whole.index)
    assert list(rows["value"]) == list(whole)


def test_a_new_user_gets_the_substitute(new_user):
    whole = new_user.vendors.series("BAMLH0A0HYM2")
    new_user.vendors.values["BAMLH0A0HYM2"] = whole[whole.index > TODAY - pd.DateOffset(years=3)]
    said = new_user.refresh()["notes"]["substitutions"]
    assert list(said) == ["BAMLH0A0HYM2"]
    assert "BAA10Y" in said["BAMLH0A0HYM2"]


@pytest.mark.slow
def test_a_revised_vintage_changes_nothing_before_it(keyed, monkeypatch):
    before = keyed.load(monkeypatch)
    rows = keyed.vendors.vintages("PAYEMS")
    day, _, value = rows[-8]
    revised_on = TODAY - pd.Timedelta(days=2)
    rows.append((day, str(revised_on.date()), value + 5.0))
    report = keyed.refresh()
    assert "PAYEMS" not in report.get("notes", {}).get("not_point_in_time", [])
    after = keyed.load(monkeypatch)

    def jobs(snapshot):
        found = snapshot.tables["fred"].query("series == 'PAYEMS'")
        return found[["date", "value", "available_at"]].reset_index(drop=True)

    cut = before.last
    pd.testing.assert_frame_equal(jobs(after.as_of(cut)), jobs(before.as_of(cut)))
    late = jobs(after)[lambda t: t["date"] == day]
    assert list(late["value"]) == [value, value + 5.0]
    assert late["available_at"].iloc[1] >= revised_on
    # First prints only, and none of the back-fill.
    prints = after.tables["fred"].query("series == 'NFCI_FIRST'")
    assert prints["date"].min() > pd.Timestamp("2016-02-01")
    assert prints["date"].is_unique


@pytest.mark.slow
def test_the_key_is_nowhere(keyed):
    pointer = keyed.pointer()
    keyed.vendors.trouble = {"series_id=CPIAUCSL": "echo", "series_id=DGS2": "429*1", "series_id=DFF": "html*1"}
    done = keyed.run("refresh", "--source", "live")
    assert done.returncode == 0, done.stderr
    assert keyed.pointer() != pointer
    assert "CPIAUCSL" in done.stdout
    assert KEY not in done.stdout + done.stderr
    for path in keyed.home.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_a_vendor_that_is_down_ends_it_in_one_line(stage):
    pointer = stage.pointer()
    stage.vendors.trouble = {"fred.stlouisfed.org": "429"}
    line = stage.refresh(status=1)
    assert line.startswith("error: FRED")
    assert stage.pointer() == pointer


@pytest.mark.slow
def test_a_full_disk_changes_nothing(stage, monkeypatch):
    pointer = stage.pointer()
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # noqa: E731
    line = stage.refresh(status=1, preexec_fn=limit)
    assert "untouched" in line
    assert stage.pointer() == pointer
    assert len(stage.load(monkeypatch).tables["prices_etf"])


@pytest.mark.slow
def test_a_vendor_that_hangs(stage):
    stage.vendors.trouble = {"id=T10YIE": "slow*1", "chart/XLE": "slow*1"}
    assert not set(stage.refresh().get("notes", {}).get("missing", {})) & {"T10YIE", "XLE"}


@pytest.mark.slow
def test_two_at_once_and_killed_at_any_point(stage, monkeypatch):
    words = [BIN / "regime-data", "refresh", "--source", "live"]
    both = [subprocess.Popen(words, env=stage.env, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(200) for process in both] == [0, 0]
    whole = stage.load(monkeypatch)
    assert whole.last == TODAY

    shutil.rmtree(stage.home / "live" / "yahoo")
    chance = random.Random(4)
    for _ in range(10):
        process = subprocess.Popen(words, env=stage.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.5, 9.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert stage.load(monkeypatch).digest  # whole, and verified
        for path in (stage.home / "live").rglob("[!.]*.parquet"):
            content = path.read_bytes()
            assert content.startswith(archive.MAGIC), path
            pd.read_parquet(io.BytesIO(content[len(archive.MAGIC) + SHA256_BYTES :]))
    assert stage.refresh()["digest"] == whole.digest
    assert not list(stage.home.rglob("*damaged*"))


# Without a network: the pieces, against slow or hand-made answers.
