"""Size and fonts of every figure, and PNG bytes drawn without Matplotlib's global state."""

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
from matplotlib.ticker import FuncFormatter

from models.evaluation.predictions import is_monthly
from models.figures.colors import GRID, INK, MUTED

WIDTH, HEIGHT = 1200, 700  # pixels
DPI = 100
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


def _percent(share: float, _: int | None = None) -> str:
    """A tick of an axis of shares: 0.025 is `2.5 %`, since a rounded tick would not stand where it says."""
    return f"{round(100.0 * share, 6):g} %".replace("-", "\N{MINUS SIGN}")


PERCENT = FuncFormatter(_percent)


@contextmanager
def applied() -> Iterator[None]:
    """Within it Matplotlib draws in this style."""
    with rc_context(rc=STYLE):
        yield


def figure(title: str, note: str) -> Figure:
    """An empty figure with its title and a note of one or two lines under it."""
    made = Figure((WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    made.text(0.012, 0.982, title, fontsize=15, fontweight="bold", va="top")
    made.text(0.012, 0.935, note, fontsize=10.5, color=MUTED, va="top", linespacing=1.35)
    top = 0.89 - 0.03 * note.count("\n")
    made.set_layout_engine(ConstrainedLayoutEngine(rect=(0.005, 0.01, 0.985, top), h_pad=0.06))
    return made


def png(drawn: Figure) -> bytes:
    """The figure as PNG, `WIDTH` x `HEIGHT`."""
    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(drawn)  # Matplotlib leaves it untyped
    canvas.print_png(out)  # `savefig` would draw twice
    return out.getvalue()


def unit(table: pd.DataFrame) -> str:
    """The unit of a table's rows: `weeks` or `months`."""
    return "months" if is_monthly(pd.DatetimeIndex(table["date"])) else "weeks"


def span(table: pd.DataFrame) -> str:
    """First and last date of a table."""
    return f"{table['date'].iloc[0]:%Y-%m-%d} to {table['date'].iloc[-1]:%Y-%m-%d}"


def shade(axes: Axes, spans: list[tuple[pd.Timestamp, pd.Timestamp]], color: str, alpha: float = 0.22) -> None:
    """Bands over spans of dates, each at least two weeks wide so that it is seen."""
    for first, last in spans:
        axes.axvspan(first, max(last, first + pd.Timedelta(days=14)), color=color, alpha=alpha, lw=0)
