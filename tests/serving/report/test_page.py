"""The report in a real browser: complete without scripts, silent, accessible, and without a request that leaves it."""

import re
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from models.evaluation.predictions import known_at
from serving.report import charts, markup, page
from tests.support.browser import CHROMIUM, FLAGS, needs_chromium
from tests.support.calls import make_test_call, predictions
from tests.support.data import needs_shared

LARGEST = 600_000  # bytes
SETTINGS = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
# Elements that reach beyond the page and cannot be scrolled to.
CUT = """() => [...document.querySelectorAll('main *')].filter(x => !x.closest('.scroll') && !x.closest('svg')
    && x.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(x => x.outerHTML.slice(0, 80))"""


def call(verdict="breakdown"):
    return make_test_call(asof="2022-12-23", verdict=verdict, leaders_faltering={"now": True, "since": "2022-12-02"})


def walk_forward():
    """Four hundred weeks of predictions whose decisions are sessions."""
    table = predictions().assign(refit=pd.Timestamp("2015-01-02"), faltering=False)
    from features.data.calendar import decision_dates

    dates = decision_dates(pd.Timestamp("2015-01-02"), pd.Timestamp("2022-12-23"))[:400]
    table["date"], table["label_end"] = dates, dates + pd.Timedelta(days=31)
    for name, base in (("rotation", 0.37), ("breakdown", 0.17), ("neither", 0.46)):
        table[f"base_{name}"] = base
    return table


@pytest.fixture(scope="module")
def text(shared_snapshot):
    """A whole report on real data."""
    found = charts.chart_data(shared_snapshot.as_of(pd.Timestamp("2022-12-23")))
    return page.render(call(), found, walk_forward(), "a" * 64)


@contextmanager
def opened(text, tmp_path, scripts=True, **options):
    """The page in a tab, with what it said on the console and what it asked for."""
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_context(java_script_enabled=scripts, **options).new_page()
        tab.said, tab.asked = [], []
        tab.on("console", lambda line: tab.said.append(line.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("request", lambda one: tab.asked.append(one.url))
        tab.goto(path.as_uri())
        yield tab
        browser.close()


@needs_shared
@needs_chromium
@pytest.mark.parametrize("setting", SETTINGS)
def test_nothing_is_cut_nothing_leaves_and_axe_finds_nothing(text, tmp_path, setting):
    from axe_playwright_python.sync_playwright import Axe

    with opened(text, tmp_path, **SETTINGS[setting]) as tab:
        assert tab.said == []
        assert [url for url in tab.asked if not url.startswith(("file:", "data:"))] == []
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert tab.evaluate(CUT) == []
        found = Axe().run(tab).response["violations"]
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found] == []


@needs_shared
@needs_chromium
def test_the_page_is_complete_without_scripts(text, tmp_path):
    assert "<script" not in text
    with opened(text, tmp_path, scripts=False, **SETTINGS["wide"]) as tab:
        assert tab.get_by_role("img").count() == text.count("<figure>") == 11 + 2 + 11 + 4
        assert tab.get_by_role("heading", level=2).count() == text.count("<section")
    assert len(text.encode()) < LARGEST


@needs_shared
@needs_chromium
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_print_cuts_nothing(text, tmp_path, paper):
    width = {"A4": 794, "Letter": 816}[paper] - 2 * 53  # CSS pixels between margins of 14 mm
    with opened(text, tmp_path, viewport={"width": width, "height": 1000}) as tab:
        tab.emulate_media(media="print")
        assert tab.evaluate(CUT.replace("!x.closest('.scroll') && ", "")) == []
        assert len(tab.pdf(format=paper)) > 50_000


@needs_shared
@needs_chromium
def test_the_keyboard_goes_down_the_page(text, tmp_path):
    with opened(text, tmp_path, **SETTINGS["wide"]) as tab:
        places, seen = [], []
        for _ in range(18):
            tab.keyboard.press("Tab")
            section = "document.activeElement.closest('section, nav')?.getBoundingClientRect().top ?? 0"
            places.append(tab.evaluate(f"({section}) + window.scrollY"))
            seen.append(tab.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
        assert "To the content" in seen[0]
        assert places == sorted(places)


@needs_chromium
def test_the_sample_has_fewer_charts_and_names_no_fund(sample_snapshot, tmp_path):
    found = charts.chart_data(sample_snapshot)
    text = page.render(call("no_evidence"), found, None, "a" * 64)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert len(captions) >= 3
    assert not re.search(r"\b(RSP|SPY|IWM|IVE|XL[A-Z]+)\b", " ".join(captions))
    with opened(text, tmp_path, **SETTINGS["phone"]) as tab:
        assert tab.said == []
        assert tab.evaluate(CUT) == []


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_differ_enough_from_paper_in_light_and_dark():
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w{6})", part))
        for part in page.STYLE.read_text()
        .split("@media print")[0]
        .split("@media screen and (prefers-color-scheme: dark)")
    )
    assert set(light) == set(dark)
    for colors in (light, dark):
        for name in ("ink", "muted", "link"):
            assert contrast(colors[name], colors["paper"]) >= 4.5, name
            assert contrast(colors[name], colors["page"]) >= 4.5, name
        for name in set(colors) - {"ink", "muted", "link", "line", "page", "paper"}:
            assert contrast(colors[name], colors["paper"]) >= (3.0 if name in ("band", "bar") else 4.5), name


def test_the_terms_are_those_of_the_text(sample_snapshot):
    text = page.render(call("no_evidence"), charts.chart_data(sample_snapshot), None, "a" * 64)
    named = re.findall("<dt>(.*?)</dt>", text)
    assert {"rotation", "breakdown", "head-to-head", "usual odds", "champion", "no evidence"} <= set(named)
    assert not {"best less worst", "IC", "Brier"} & set(named)  # of tables of runs
    assert len(named) == len(set(named))


def test_what_a_person_wrote_is_escaped():
    told = make_test_call(
        model={"override": "the desk wants <it>", "kind": "<b>"}, caveat="<c>", substitutions={"<k>": "<v>"}
    )
    text = "".join(page.part_html(part) for part in page.make_parts(told))
    assert "the desk wants &lt;it&gt;" in text
    assert not [tag for tag in ("<it>", "<b>", "<c>", "<k>", "<v>") if tag in text]


def test_a_number_and_its_unit_and_a_date_stay_whole():
    assert markup.escape('48.3 % on 2023-12-29 & "more"') == (
        "48.3&nbsp;% on 2023&#8288;-&#8288;12&#8288;-&#8288;29 &amp; &quot;more&quot;"
    )


def test_a_report_of_the_past_holds_only_what_had_come():
    table = walk_forward()
    asof = pd.Timestamp("2018-06-01")
    rows = known_at(table, asof)
    assert rows["date"].max() == asof
    last = rows.loc[rows["outcome"].notna(), "label_end"].max()
    assert last <= asof
    assert rows["outcome"].isna().sum() == (rows["label_end"] > asof).sum() > 0
