"""The report in a real browser: drawn whole, silent, and without a request that leaves the page."""

import pandas as pd
import pytest

from models.figures.colors import INK, VERDICT_COLORS
from serving.report import charts, page
from tests.support.browser import CHROMIUM, FLAGS, needs_chromium
from tests.support.calls import make_test_call, predictions
from tests.support.data import needs_shared

# Charts in which at least one trace has been painted.
DRAWN = """[...document.querySelectorAll('.plotly-graph-div')]
    .filter(x => x.querySelector('.scatterlayer .trace path')).length"""

INSIDE = """[...document.querySelectorAll('figure')]
    .every(x => x.querySelector('.main-svg').clientWidth <= x.clientWidth + 1)"""


def call(verdict="breakdown"):
    return make_test_call(asof="2022-12-23", verdict=verdict, leaders_faltering={"now": True, "since": "2022-12-02"})


def look(text, tmp_path, width):
    """Console errors, requests that left the file, charts drawn, and how much wider than the window the page is."""
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_text(text)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": width, "height": 900})
        errors, asked = [], []
        tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("request", lambda one: asked.append(one.url))
        tab.goto(path.as_uri())
        tab.wait_for_function(f"{DRAWN} === {text.count('<figure>')}", timeout=20_000, polling=100)
        tab.wait_for_timeout(300)  # for what the load event resizes
        assert tab.evaluate(INSIDE)
        drawn = tab.evaluate(DRAWN)
        wide = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        browser.close()
    away = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    return errors, away, drawn, wide


@needs_shared
@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_is_drawn_and_nothing_leaves(shared_snapshot, tmp_path, width):
    found = charts.chart_data(shared_snapshot.as_of(pd.Timestamp("2022-12-23")))
    text = page.render(call(), found, predictions(), "a" * 64)
    errors, away, drawn, wide = look(text, tmp_path, width)
    assert errors == []
    assert away == []
    assert drawn == text.count("<figure>") == 4 + 1 + 7 + 2
    assert wide <= 0
    assert "VIX: high for &lt;its&gt; history" in text


@needs_chromium
def test_the_sample_has_fewer_charts_and_no_error(sample_snapshot, tmp_path):
    found = charts.chart_data(sample_snapshot)
    text = page.render(call("no_evidence"), found, None, "a" * 64)
    errors, away, drawn, _ = look(text, tmp_path, 390)
    assert (errors, away) == ([], [])
    assert 3 <= drawn == text.count("<figure>")


def test_what_a_person_wrote_is_escaped():
    told = make_test_call(
        model={"override": "the desk wants <it>", "kind": "<b>"}, caveat="<c>", substitutions={"<k>": "<v>"}
    )
    text = page.headline(told, "0" * 64)
    assert "the desk wants &lt;it&gt;" in text
    assert not [tag for tag in ("<it>", "<b>", "<c>", "<k>", "<v>") if tag in text]
    assert "et by a person" not in page.headline(make_test_call(), "0" * 64)


def test_the_verdict_stands_on_its_own_colour():
    for verdict, letters in (("breakdown", "#fff"), ("neither", INK)):
        text = page.headline(call(verdict), "0" * 64)
        assert f'style="background:{VERDICT_COLORS[verdict]};color:{letters}">{verdict}<' in text
