"""One glossary for the call, the report, the command and the documentation."""

from pathlib import Path

import pytest

from features.data.errors import RegimeError
from serving import glossary, parts

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
