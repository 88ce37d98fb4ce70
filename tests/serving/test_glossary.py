"""One glossary for the call, the report, the command and the documentation."""

from pathlib import Path

import pandas as pd
import pytest

from features.data.errors import RegimeError
from models.evaluation import registry
from models.evaluation.metric_types import Place
from serving import glossary, journal, journal_record, journal_table, parts
from serving.report import history
from serving.sections import destinations_words
from tests.serving.test_direction import SECTION
from tests.support.calls import make_test_call
from training import destinations_view, leaderboard, range_view, run_diff

DOCS = Path(__file__).parents[2] / "docs" / "glossary.md"


def test_the_page_is_fresh():
    assert DOCS.read_text() == glossary.page(), "run `regime explain --page > docs/glossary.md`"


def test_every_entry_is_short_then_whole():
    names = [other for name, term in glossary.terms().items() for other in (name, *term.also)]
    assert len(names) == len(set(names))
    for name, term in glossary.terms().items():
        assert len(term.short.split()) <= 10, name
        assert not term.short.endswith(".")
        assert term.long.endswith(".")
        assert len(f"{name}: {term.short}") < 80


def test_a_term_is_found_by_any_of_its_names():
    assert glossary.find("Base Rate")[0] == "usual odds"
    assert glossary.find("no_evidence")[0] == "no evidence"
    with pytest.raises(RegimeError, match="no term 'rotaton': did you mean rotation"):
        glossary.find("rotaton")
    with pytest.raises(RegimeError, match="known are rotation, breakdown"):
        glossary.find("zzzz")


def test_the_footnotes_of_a_call_are_terms():
    assert glossary.footnotes(parts.USED)[0] == "rotation: ends higher and ahead of the S&P 500"


def test_every_name_of_a_term_finds_it():
    for name, term in glossary.terms().items():
        assert [glossary.find(asked)[0] for asked in (name, name.upper(), *term.also)] == [name] * (2 + len(term.also))


# Headings that say in plain words what stands below them; every other heading is a term.
PLAIN = {
    "",
    "after",
    "from",
    "to",
    "odds",
    "call",
    "weeks",
    "mean",
    "now",
    "run",
    "id",
    "source",
    "seconds to train",
    "model",
    "on",
}
PLAIN |= {"figure", "first", "second", "difference", "second is", "8 weeks ago", "seconds to train"}
LAST = {"asof": "2026-01-02", "probabilities": {"rotation": 0.30, "breakdown": 0.36, "neither": 0.34}}


def headings_of(view):
    return [" ".join(str(column.header).split()) for column in view.columns]


def of_a_call():
    """Of the tables of a call, in the terminal and in the report."""
    call = make_test_call(schema=2, verdict="no_evidence", direction=SECTION, last_week=LAST)
    found = [name for part in parts.make_parts(call) if part.grid for name in part.grid.header]
    assert {"onsets", "challenger", "from"} <= set(found)
    odds = {f"on {LAST['asof']}", *(f"-{fall} %" for fall in (3, 5, 8, 10))}  # a date, and falls of so much
    return [name for name in found if name not in odds]


def of_the_destinations():
    return destinations_words.HEADER


def of_the_report():
    said = history.Said(pd.DataFrame({"kind": ["size"], "word": ["calm"], "claim": ["calm"]}), {"calm": True})
    return [*history.hits(said).header, "strength", "momentum"]


def of_the_journal():
    journal.append(make_test_call(), pd.Timestamp("2026-01-09 22:00", tz="UTC"))
    made = journal_table.table().assign(**dict.fromkeys(journal_record.COLUMNS), q10=-0.05)
    return headings_of(journal_table.view(made, 120))


def of_the_runs():
    figures = dict.fromkeys(registry.shown(Place.LEADERBOARD), 0.1)
    runs = [
        {"run_id": "3f2a", "name": "default", "label": "path", "source": source, "gate_verdict": "champion", **figures}
        for source in ("folder", "sample")
    ]
    result = {"span": ("1990", "2023"), "source": "folder", "champions": ["beats_21"], "models": {}}
    found = [*headings_of(leaderboard.table("", runs)), *headings_of(range_view.table({}, [5, 21, 63]))]
    return [*found, *headings_of(destinations_view.tables("", result)[0]), *run_diff.HEADINGS]


def in_sentences():
    """What the sentences of a call, the report, the journal's scores and the runs name."""
    return [
        "alive",
        "evidence",
        "3 to 1",
        "evidence 3 to 1",
        "drift",
        "champion",
        "gate",
        "confidence set",
        "band",
        "base rate",
        "climatology",
        "faltering",
        "calibration error",
        "slope",
        "effective months",
        "promised",
        "correction",
        "live",
        "episode",
    ]


@pytest.mark.parametrize(
    "printed",
    [of_a_call, of_the_destinations, of_the_report, of_the_journal, of_the_runs, in_sentences],
    ids=lambda one: one.__name__,
)
@pytest.mark.usefixtures("home")
def test_every_heading_and_term_that_is_printed_can_be_asked_for(printed):
    unknown = []
    for name in printed():
        try:
            glossary.find(name)
        except RegimeError:
            unknown.append(name)
    assert set(unknown) - PLAIN == set()


def test_a_heading_with_a_horizon_finds_its_term():
    assert glossary.find("skill 63")[0] == "skill"
    assert glossary.find("in 80 %")[0] == "band"
    with pytest.raises(RegimeError, match="no term '21'"):
        glossary.find("21")
