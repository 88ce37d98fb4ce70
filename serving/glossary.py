"""The terms of a call: one data file for the call's footnotes, the report, `regime explain` and `docs/glossary.md`."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from features.data.errors import RegimeError

FILE = Path(__file__).with_name("glossary.toml")
HEAD = """# Glossary

Generated from `serving/glossary.toml` by `regime explain --page > docs/glossary.md`; do not edit. `regime explain TERM`
prints an entry.
"""


class Term(BaseModel):
    """One entry.

    Attributes
    ----------
    short : str
        At most nine words, for a footnote.
    long : str
        Whole sentences.
    also : tuple of str
        Other names it is found under.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    short: Annotated[str, Field(min_length=1)]
    long: Annotated[str, Field(min_length=1)]
    also: tuple[str, ...] = ()


def terms() -> dict[str, Term]:
    """Every term by name, in the order of the file."""
    return {name: Term.model_validate(entry) for name, entry in tomllib.loads(FILE.read_text("utf-8")).items()}


def find(asked: str) -> tuple[str, Term]:
    """The name and entry of a term, by any of its names, in any case, with or without underscores.

    The heading of a table finds its term too: "skill 21" is the skill over a horizon.

    Raises
    ------
    RegimeError
        There is none; the nearest names are said.
    """
    known = terms()
    names = {other.lower(): name for name, term in known.items() for other in (name, *term.also)}
    wanted = " ".join(asked.lower().replace("_", " ").split())
    for one in (wanted, wanted.rstrip("0123456789 ")):
        if one in names:
            return names[one], known[names[one]]
    near = difflib.get_close_matches(wanted, names, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
    raise RegimeError(f"no term {asked!r}: {hint}")


def footnotes(used: Iterable[str]) -> list[str]:
    """A line a term: its name and what it means in a few words."""
    known = terms()
    return [f"{name}: {known[name].short}" for name in used]


def page() -> str:
    """`docs/glossary.md`."""
    lines = [HEAD]
    for name, term in sorted(terms().items()):
        also = f" Also: {', '.join(term.also)}." if term.also else ""
        lines.append(f"**{name}**: {term.short}. {term.long}{also}\n")
    return "\n".join(lines)
