"""MLflow's UI in a real browser, as `make ui` starts it: what a person who compares models reads on each page.

With REGIME_SCREENSHOTS set to a folder the pages are kept there to be looked at.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.tracking import connection, shared_view, sweeps, trial_ledger, user_interface
from models.tracking.metric_names import in_mlflow
from tests.support.browser import CHROMIUM, FLAGS, needs_chromium
from tests.support.logged_experiments import REASON, changed, decided, log
from tests.support.servers import free_port
from training import run_logger

WAIT = 180_000  # milliseconds: a slow machine starts a server and a large page in a minute
# MLflow opens a chat beside the page the first time a browser comes; no setting of the server prevents it.
NO_CHAT = """localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"""
# Curves by their points: the front end paints each twice.
CURVES = "new Set([...document.querySelectorAll('.scatterlayer path.js-line')].map(x => x.getAttribute('d'))).size"
# The columns as they stand from left to right (the order in the document is another).
HEADERS = """wanted => [...document.querySelectorAll('.ag-header-cell')]
    .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
    .map(x => x.getAttribute('col-id')).filter(x => wanted.includes(x)).join() === wanted.join()"""
NOTE = "fewer interactions"
TRIALS = [
    sweeps.Trial(place, {"max_depth": str(depth)}, {"inner_log_loss": 1.0 - 0.01 * place}, {"state": "complete"})
    for place, depth in enumerate((2, 3, 5))
]

pytestmark = [
    pytest.mark.slow,
    needs_chromium,
]


@pytest.fixture
def served(toy):
    """The UI over a database with an experiment and a change of it; gives its address and what was logged."""
    first, _ = log(toy, "lightgbm")
    other = changed(toy, {"params": {"max_depth": 2}}, NOTE)
    trial_ledger.add(
        [
            trial_ledger.entry_of("default", one.spec, other.dataset.digest, other.dataset.source, one.predictions)
            for one in other.runs
        ]
    )
    second = run_logger.log(other, decided("lightgbm"))
    sweeps.log_sweep("sweep default", "study", {}, {}, {}, TRIALS, {"default-swept.toml": 'estimator = "lightgbm"\n'})
    port = free_port()
    # A session of its own, so that the server's workers end with it.
    words = [Path(sys.executable).parent / "regime-train", "ui", "--port", str(port)]
    server = subprocess.Popen(words, env=dict(os.environ), start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        _until_it_answers(f"http://127.0.0.1:{port}/health", server)
        yield user_interface.address(port), first, second
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _until_it_answers(url, server):
    end = time.monotonic() + WAIT / 1000
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"the server did not answer (exit status {server.poll()})")


@contextmanager
def opened(tmp_path):
    """A page of a browser that never asked before, what it asked elsewhere, and a way to keep a picture of it."""
    from playwright.sync_api import sync_playwright

    folder = Path(os.environ.get("REGIME_SCREENSHOTS", tmp_path))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 3400, "height": 1200})
        context.set_default_timeout(WAIT)
        context.add_init_script(NO_CHAT)
        page, away = context.new_page(), []
        page.on("request", lambda one: away.append(one.url) if "127.0.0.1" not in one.url else None)

        def keep(name):
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"{name}.png")

        yield page, keep
        browser.close()
    assert away == []  # offline


def asked(**words):
    return urllib.parse.urlencode(
        {key: json.dumps(value) for key, value in words.items()}, quote_via=urllib.parse.quote
    )


def test_a_person_finds_the_answers(served, tmp_path):
    address, first, second = served
    front, _, rest = address.partition("/#/experiments/")
    experiment = rest.partition("/")[0]
    run = second["lightgbm"][0]
    with opened(tmp_path) as (page, keep):
        # The table: the champion and why stands above it, one row a model, what was changed and why beside it.
        page.goto(address, timeout=WAIT)
        page.wait_for_selector("text=baseline markov")
        wanted = [
            *(f"tags.`{name}`" for name in shared_view.TAGS),
            *(f"metrics.`{in_mlflow(name)}`" for name in shared_view.METRICS),
        ]
        page.wait_for_function(HEADERS, arg=wanted)
        said = page.locator('.ag-cell[col-id="tags.`gate_verdict`"]').all_inner_texts()
        assert sorted(said) == ["baseline", "baseline", "champion", "former champion"]
        text = page.inner_text("body")
        assert REASON in text
        assert "default max_depth=2" in text
        assert "Which model to trust, in a minute." in text
        keep("table")

        # The compare page of the two candidates: what differs in their parameters.
        pair = [first["lightgbm"][0], run]
        page.goto(f"{front}/#/compare-runs?{asked(runs=pair, experiments=[experiment])}")
        page.wait_for_selector("text=Comparing 2 Runs")
        page.wait_for_selector("text=params.max_depth")
        keep("compare")

        # Curves over time: the axis has years, not YYYYMMDD.
        curve = "gain/over_climatology"
        metric = asked(runs=pair, experiments=[experiment], metric=curve, plot_metric_keys=[curve])
        page.goto(f"{front}/#/metric?{metric}&x_axis=wall")
        page.wait_for_function(f"{CURVES} === 2")
        ticks = page.locator(".xtick text").all_text_contents()
        assert [tick for tick in ticks if re.search(r"\b(200\d)\b", tick)], ticks
        keep("curves")
        page.goto(f"{address}&compareRunsMode=CHART")
        page.wait_for_selector("text=Gain over time")
        page.wait_for_function(f"{CURVES} >= 4")  # of the two candidates at least, over both references
        keep("charts")

        # The run: what changed, why, and whether it is more than chance, before the card.
        page.goto(f"{front}/#/experiments/{experiment}/runs/{run}")
        page.wait_for_selector("text=Changed in")
        text = page.inner_text("body")
        assert f"Why it was run: {NOTE}" in text
        assert "params.max_depth 3 -> 2" in text
        assert re.search(r"Against default: [+-]0\.\d{4} nats a decision, p \d\.\d{3}: ", text)
        keep("card")

        # A table of results.
        page.goto(f"{front}/#/experiments/{experiment}/runs/{run}/artifacts/tables/against.json")
        page.wait_for_selector("text=what differs")
        page.wait_for_selector("text=max_depth 3 -> 2")
        keep("against")
        page.goto("about:blank")  # another artifact of the page at hand would not be opened
        page.goto(f"{front}/#/experiments/{experiment}/runs/{run}/artifacts/tables/weeks.json")
        page.wait_for_selector("text=p_breakdown")
        keep("weeks")

        # The registry: the champion and why, before the list of versions.
        page.goto(f"{front}/#/models/regime")
        page.wait_for_selector("text=Current champion")
        assert REASON in page.inner_text("body")
        keep("registry")

        # A sweep: it is open, and every trial is a line across the searched parameters.
        place = connection.client().get_experiment_by_name(sweeps.EXPERIMENT).experiment_id
        sweep = f"{front}/#/experiments/{place}/runs?viewStateShareKey={shared_view.KEY}&compareRunsMode=CHART"
        page.goto("about:blank")
        page.goto(sweep)
        page.wait_for_selector("text=sweep default:2")
        page.wait_for_selector("text=Parallel Coordinates")
        page.wait_for_function("!document.body.innerText.includes('No chart data available')")
        assert "A sweep is a parent run" in page.inner_text("body")
        keep("sweep")
