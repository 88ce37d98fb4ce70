"""Pieces of HTML that the report is made of; every text that comes in is escaped here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from matplotlib.figure import Figure

from models.figures import svg
from serving.parts import Grid


def escape(text: str) -> str:
    """Text that is safe inside an element or an attribute."""
    safe = re.sub(r"(?<=\d) %", "&nbsp;%", html.escape(text, quote=True))  # a number and its unit stay together
    return re.sub(r"(?<=\d)-(?=\d\d\b)", "&#8288;-&#8288;", safe)  # and so do the parts of a date


def figure(drawn: Figure, name: str, caption: str, description: str, wide: bool = False) -> str:
    """A chart with its caption; a wide one may be scrolled on a narrow screen."""
    image = svg.inline(drawn, name, caption, description)
    if wide:
        image = f'<div class="scroll wide" role="region" tabindex="0" aria-label="{escape(caption)}">{image}</div>'
    return f"<figure><figcaption>{escape(caption)}</figcaption>{image}</figure>"


def grid(figures: Iterable[str], small: bool = False) -> str:
    """Charts side by side where there is room; two of the small ones on a phone."""
    return f'<div class="grid{" small" if small else ""}">{"".join(figures)}</div>'


def table(content: Grid, caption: str) -> str:
    """A table with row and column headings; the caption is read aloud and shown."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in content.header)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in content.rows
    )
    inside = f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">{inside}</div>'


def paragraphs(lines: Iterable[str]) -> str:
    """A paragraph a line."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def section(key: str, title: str, body: str) -> str:
    """A part of the page under a heading that the contents link to."""
    return f'<section aria-labelledby="{key}"><h2 id="{key}">{escape(title)}</h2>{body}</section>'
