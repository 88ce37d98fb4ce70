"""What the pictures of a run share: size, colours, title, and PNG bytes drawn off screen without global state.

Colours are Okabe & Ito's, which the colour-blind tell apart; lines are also named where they end.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter

from models.evaluation.predictions import MONTHLY_DAYS

WIDTH, HEIGHT = 1200, 700  # pixels
DPI = 100
INK, MUTED, GRID = "#1f2933", "#66727f", "#e4e7eb"
COLORS = {"rotation": "#009E73", "breakdown": "#D55E00", "neither": "#A7AEB5", "no_evidence": "#E4E7EB"}
REFERENCE_COLORS = {"climatology": "#000000", "logit2": "#0072B2", "markov": "#CC79A7"}
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
}
PERCENT = PercentFormatter(1.0, decimals=0)


@contextmanager
def style() -> Iterator[None]:
    """Draw within this."""
    with rc_context(rc=STYLE):
        yield


def figure(title: str, note: str) -> Figure:
    """An empty picture with its title and a note of one or two lines under it."""
    made = Figure((WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    made.text(0.012, 0.982, title, fontsize=15, fontweight="bold", va="top")
    made.text(0.012, 0.935, note, fontsize=10.5, color=MUTED, va="top", linespacing=1.35)
    top = 0.89 - 0.03 * note.count("\n")
    made.set_layout_engine(ConstrainedLayoutEngine(rect=(0.005, 0.01, 0.985, top), h_pad=0.06))
    return made


def png(drawn: Figure) -> bytes:
    """The picture, `WIDTH` x `HEIGHT`."""
    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(drawn)  # Matplotlib leaves it untyped
    canvas.print_png(out)  # `savefig` would draw twice
    return out.getvalue()


def matured(table: pd.DataFrame) -> pd.DataFrame:
    """The weeks whose outcome is known."""
    return table[table["outcome"].notna()]


def monthly(table: pd.DataFrame) -> bool:
    """Whether decisions are monthly: further apart than `MONTHLY_DAYS` (median), so that horizons do not overlap."""
    return len(table) > 1 and bool(table["date"].diff().median() > pd.Timedelta(days=MONTHLY_DAYS))


def unit(table: pd.DataFrame) -> str:
    """What a row of the table is."""
    return "months" if monthly(table) else "weeks"


def span(table: pd.DataFrame) -> str:
    """First and last date of a table."""
    return f"{table['date'].iloc[0]:%Y-%m-%d} to {table['date'].iloc[-1]:%Y-%m-%d}"


def shade(axes: Axes, spans: list[tuple[pd.Timestamp, pd.Timestamp]], color: str, alpha: float = 0.22) -> None:
    """Bands over spans of dates, each at least two weeks wide so that it is seen."""
    for first, last in spans:
        axes.axvspan(first, max(last, first + pd.Timedelta(days=14)), color=color, alpha=alpha, lw=0)
