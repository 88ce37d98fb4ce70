"""MLflow's UI in a real browser, as `make ui` starts it: the key columns are there and two models' curves overlay."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from models.tracking import shared_view, user_interface
from tests.support.browser import CHROMIUM, FLAGS, needs_chromium
from tests.support.logged_experiments import log

WAIT = 120_000  # milliseconds: a slow machine starts a server and a large page in a minute
# MLflow opens a chat beside the page the first time a browser comes.
NO_CHAT = """localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"""
# Curves by their points: the front end paints each twice.
CURVES = "new Set([...document.querySelectorAll('.scatterlayer path.js-line')].map(x => x.getAttribute('d'))).size"
# The columns as they stand from left to right (the order in the document is another).
HEADERS = """wanted => [...document.querySelectorAll('.ag-header-cell')]
    .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
    .map(x => x.getAttribute('col-id')).filter(x => wanted.includes(x)).join() === wanted.join()"""

pytestmark = [
    pytest.mark.slow,
    needs_chromium,
]


@pytest.fixture
def served(toy):
    """The UI over a database with one small experiment; gives its address and what was logged."""
    logged, _ = log(toy, "lightgbm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A session of its own, so that the server's workers end with it.
    words = [Path(sys.executable).parent / "regime-train", "ui", "--port", str(port)]
    server = subprocess.Popen(words, env=dict(os.environ), start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        _until_it_answers(f"http://127.0.0.1:{port}/health", server)
        yield user_interface.address(port), logged
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


def test_the_table_shows_the_key_columns_and_two_runs_compare(served, tmp_path):
    from playwright.sync_api import sync_playwright

    address, logged = served
    front, _, experiment = address.partition("/#/experiments/")
    away = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 2600, "height": 1000})
        context.set_default_timeout(WAIT)
        context.add_init_script(NO_CHAT)
        page = context.new_page()
        page.on("request", lambda one: away.append(one.url) if "127.0.0.1" not in one.url else None)

        page.goto(address, timeout=WAIT)
        page.wait_for_selector("text=default:markov")
        wanted = [
            *(f"tags.`{name}`" for name in shared_view.TAGS),
            *(f"metrics.`{name}`" for name in shared_view.METRICS),
        ]
        page.wait_for_function(HEADERS, arg=wanted)
        said = page.locator('.ag-cell[col-id="tags.`gate_verdict`"]').all_inner_texts()
        assert sorted(said) == ["baseline", "baseline", "champion"]
        assert page.get_by_text("Which model to trust, in a minute.").count() == 1
        page.screenshot(path=tmp_path / "table.png")

        pair = [logged[kind][0] for kind in ("lightgbm", "markov")]
        asked = {"runs": json.dumps(pair), "experiments": json.dumps([experiment.partition("/")[0]])}
        page.goto(f"{front}/#/compare-runs?{urllib.parse.urlencode(asked, quote_via=urllib.parse.quote)}")
        page.wait_for_selector("text=Comparing 2 Runs")
        asked |= {
            "metric": '"gain_over_climatology"',
            "plot_metric_keys": '["gain_over_climatology"]',
            "x_axis": "step",
        }
        page.goto(f"{front}/#/metric?{urllib.parse.urlencode(asked, quote_via=urllib.parse.quote)}")
        page.wait_for_function(f"{CURVES} === 2")
        page.screenshot(path=tmp_path / "curves.png")

        page.goto(f"{address}&compareRunsMode=CHART")
        page.wait_for_selector("text=Gain over time")
        page.wait_for_function(f"{CURVES} === {2 * len(logged)}")
        page.screenshot(path=tmp_path / "charts.png")
        browser.close()
    assert away == []  # offline
