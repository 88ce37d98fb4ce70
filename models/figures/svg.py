"""A figure as SVG inside a page: with a title and a description, and colours that the page's style sheet decides.

The page knows whether it is light, dark or printed, so each colour of a figure
becomes a CSS variable; one without a variable stays as it is.
"""

from __future__ import annotations

import html
import io
import re
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from models.estimators import COLORS
from models.figures.colors import BAND, BAR, GRID, INK, MUTED, OUTCOME_COLORS

# Eight hues that differ from the outcomes' and from each other, each at least 3 to 1 on white.
PALETTE = ("#0072B2", "#A86200", "#A2397B", "#5B3E96", "#7A5540", "#3F5B66", "#6B6B00", "#B3002D")
VARIABLES = {
    **{color.lower(): f"--s{1 + place % len(PALETTE)}" for place, color in enumerate(COLORS.values())},
    **{color.lower(): f"--s{place}" for place, color in enumerate(PALETTE, start=1)},
    **{color.lower(): f"--{name}" for name, color in OUTCOME_COLORS.items()},
    INK.lower(): "--ink",
    MUTED.lower(): "--muted",
    GRID.lower(): "--line",
    BAND.lower(): "--band",
    BAR.lower(): "--bar",
    "#ffffff": "--paper",
    "#000000": "--ink",
}
_OPTIONS: Any = {"svg.fonttype": "none", "path.simplify_threshold": 0.5}


def inline(drawn: Figure, name: str, title: str, description: str) -> str:
    """The figure as an `<svg>` element without a size of its own.

    Parameters
    ----------
    drawn : Figure
    name : str
        Letters, digits and hyphens; makes the element's ids unique in the page.
    title, description : str
        What a screen reader says.
    """
    out = io.StringIO()
    with rc_context(rc=_OPTIONS | {"svg.hashsalt": name}):
        canvas: Any = FigureCanvasSVG(drawn)  # Matplotlib leaves it untyped
        canvas.print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = out.getvalue()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.S)
    text = _smaller(text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{name}-", text)
    text = re.sub(r"(\d\.\d)\d+", r"\1", text)
    text = re.sub(r"#[0-9a-f]{6}\b", lambda found: _variable(found[0]), text)
    text = re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1system-ui, sans-serif", text)
    box = re.search(r'viewBox="[^"]*"', text)
    head = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg" {box[0] if box else ""} '
        f'role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{html.escape(title)}</title><desc id="{name}-desc">{html.escape(description)}</desc>'
    )
    return head + text[text.index(">") + 1 :].strip()


def _variable(color: str) -> str:
    name = VARIABLES.get(color)
    return f"var({name})" if name else color


def _smaller(text: str) -> str:
    """Without comments, ids that nothing refers to, and space between elements: a third of the bytes."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", text)
    text = re.sub(r">\s+<", "><", text)
    return re.sub(r"<g>((?:(?!</?g>|<g ).)*)</g>", r"\1", text, flags=re.S)
