"""The relative rotation graph: where sectors and styles stand, where they come from, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from features.families.sectors import SECTORS, SPLIT_OFF, STYLES
from features.wording import spoken
from models.figures import style
from models.figures.colors import INK, MUTED
from models.figures.svg import PALETTE
from serving.parts import Grid
from serving.report import markup

TAIL_WEEKS = 8
MOST_TAILS = 8  # more cannot be told apart
GROUPS = {"sectors": (*SECTORS, *SPLIT_OFF), "styles": tuple(STYLES)}
WEEK = 5  # sessions
MIDDLE = 100.0


def tails(daily: pd.DataFrame, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Strength and momentum of each, weekly, oldest first, by name; what has no present value is left out."""
    found = {}
    for name in names:
        points = daily[[f"{name}_rs_ratio", f"{name}_rs_momentum"]].iloc[-WEEK * TAIL_WEEKS - 1 :: WEEK]
        if points.iloc[-1].notna().all():
            found[name] = points.dropna().set_axis(["strength", "momentum"], axis=1)
    return found


def with_tail(found: dict[str, pd.DataFrame]) -> list[str]:
    """The names drawn with their tail: those farthest from the middle."""
    distance = {name: float(np.hypot(*(points.iloc[-1] - MIDDLE))) for name, points in found.items()}
    return sorted(sorted(distance, key=lambda name: -distance[name])[:MOST_TAILS], key=list(found).index)


def quadrant(strength: float, momentum: float) -> str:
    """The quadrant's name."""
    if strength >= MIDDLE:
        return "leading" if momentum >= MIDDLE else "weakening"
    return "improving" if momentum >= MIDDLE else "lagging"


def draw(found: dict[str, pd.DataFrame]) -> Figure:
    """At most eight fading tails that end in an arrow head, every name written beside its place."""
    with style.applied():
        figure = Figure((7.0, 6.0), dpi=72, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        _frame(axes, found)
        texts = []
        colors = dict(zip(with_tail(found), PALETTE, strict=False))
        for name, points in found.items():
            color = colors.get(name, INK)
            x, y = points.iloc[-1]
            if name in colors and len(points) > 1:
                _tail(axes, points.to_numpy(), color)
            else:
                axes.plot(x, y, "o", ms=4, color=color)
            weight = "bold" if name in colors else "normal"
            texts.append(axes.text(x, y, spoken(name), color=color, fontsize=10, fontweight=weight))
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # the axes stay where the labels were placed for
        adjust_text(
            texts,
            ax=axes,
            expand=(1.15, 1.4),
            ensure_inside_axes=True,
            arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.6},
        )
        return figure


def _frame(axes: Axes, found: dict[str, pd.DataFrame]) -> None:
    every = np.concatenate([points.to_numpy() for points in found.values()])
    reach = 1.15 * float(np.abs(every - MIDDLE).max())
    axes.set_xlim(MIDDLE - reach, MIDDLE + reach)
    axes.set_ylim(MIDDLE - reach, MIDDLE + reach)
    axes.axhline(MIDDLE, color=MUTED, lw=1.0)
    axes.axvline(MIDDLE, color=MUTED, lw=1.0)
    corners = (("improving", 0.01, 0.99), ("leading", 0.99, 0.99), ("lagging", 0.01, 0.01), ("weakening", 0.99, 0.01))
    for label, x, y in corners:
        sides: Any = {"ha": "left" if x < 0.5 else "right", "va": "bottom" if y < 0.5 else "top"}
        axes.text(x, y, label, transform=axes.transAxes, color=MUTED, fontsize=11, fontstyle="italic", **sides)
    axes.set_xlabel("relative strength (100: its mean of 3 months)")
    axes.set_ylabel("its momentum")


def _tail(axes: Axes, points: np.ndarray, color: str) -> None:
    segments = np.stack([points[:-1], points[1:]], axis=1)
    fading = [to_rgba(color, alpha) for alpha in np.linspace(0.15, 1.0, len(segments))]
    axes.add_collection(LineCollection(list(segments[:-1]), colors=fading[:-1], linewidths=1.6))
    head: Any = {"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 13}
    axes.annotate("", xy=tuple(points[-1]), xytext=tuple(points[-2]), arrowprops=head)


def as_table(found: dict[str, pd.DataFrame]) -> Grid:
    """Where each stands now, and where it stood at the tail's beginning."""
    rows = []
    for name, points in found.items():
        first, last = points.iloc[0], points.iloc[-1]
        rows.append(
            (
                spoken(name),
                f"{last['strength']:.1f}",
                f"{last['momentum']:.1f}",
                quadrant(last["strength"], last["momentum"]),
                quadrant(first["strength"], first["momentum"]),
            )
        )
    return Grid(("", "strength", "momentum", "now", f"{TAIL_WEEKS} weeks ago"), tuple(rows))


def html(daily: pd.DataFrame) -> str:
    """Both graphs, each beside its table; empty where the data hold none of them."""
    told = []
    for group, names in GROUPS.items():
        found = tails(daily, names)
        if found:
            caption = f"Relative rotation of {group}: the last {TAIL_WEEKS} weeks"
            if len(found) > MOST_TAILS:
                caption += f", tails of the {MOST_TAILS} farthest from the middle"
            said = "; ".join(f"{row[0]} is {row[3]}, {TAIL_WEEKS} weeks ago {row[4]}" for row in as_table(found).rows)
            drawn = markup.figure(draw(found), f"rotation-{group}", caption, said, wide=True)
            told.append(f'<div class="pair">{drawn}{markup.table(as_table(found), f"The same for {group}")}</div>')
    return "".join(told)
