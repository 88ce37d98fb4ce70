"""The relative rotation graph: where sectors and styles stand, where they come from, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from features.families.sectors import SECTORS, SPLIT_OFF, STYLES
from features.wording import spoken
from models.figures import style
from models.figures.colors import INK, MUTED
from models.figures.svg import PALETTE
from serving.parts import Grid
from serving.report import markup

TAIL_WEEKS = 8
MOST_TAILS = 8  # more cannot be told apart
FEW = 4  # groups whose whole tails can be followed in one graph; of more, each is drawn alone besides
SHORT_WEEKS = 3  # of a tail where there are more
GROUPS = {"sectors": (*SECTORS, *SPLIT_OFF), "styles": tuple(STYLES)}
PAPER: Any = {"facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}  # behind a name, over tails
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


def colors_of(found: dict[str, pd.DataFrame]) -> dict[str, str]:
    """A colour for each name: its own for those drawn with a tail, the text's for the others."""
    return dict.fromkeys(found, INK) | dict(zip(with_tail(found), PALETTE, strict=False))


def draw(found: dict[str, pd.DataFrame]) -> Figure:
    """At most eight fading tails that end in an arrow head, every name written beside its place."""
    weeks = TAIL_WEEKS if len(found) <= FEW else SHORT_WEEKS
    shown = {name: points.iloc[-weeks - 1 :] for name, points in found.items()}
    with style.applied():
        figure = Figure((5.8, 5.2), dpi=72, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        _frame(axes, shown, aside=1.5)  # names stand beside the outermost places
        axes.set_xlabel("relative strength (100: its mean of 3 months)")
        axes.set_ylabel("its momentum")
        long, texts, on_tails = with_tail(found), [], []
        for name, color in colors_of(found).items():
            points = shown[name].to_numpy()
            if name in long and len(points) > 1:
                _tail(axes, points, color)
                on_tails.append(_along(points))
            else:
                axes.plot(*points[-1], "o", ms=4, color=color)
            weight = "bold" if name in long else "normal"
            x, y = points[-1]
            texts.append(axes.text(x, y, spoken(name), color=color, fontsize=10, fontweight=weight, bbox=PAPER))
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # the axes stay where the labels were placed for
        beside = np.concatenate(on_tails).T if on_tails else np.empty((2, 0))
        adjust_text(
            texts,
            *beside,
            ax=axes,
            expand=(1.1, 1.4),
            ensure_inside_axes=True,
            iter_lim=400,  # not its clock: the same picture on a busy machine
            arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.6},
        )
        return figure


def draw_alone(name: str, found: dict[str, pd.DataFrame]) -> Figure:
    """The whole tail of one name, with a grey dot where each of the others stands."""
    with style.applied():
        figure = Figure((2.6, 2.4), dpi=72, layout="constrained")
        axes = figure.subplots()
        _frame(axes, found, corners=False)
        others = np.array([points.iloc[-1] for other, points in found.items() if other != name]).reshape(-1, 2)
        axes.plot(*others.T, "o", ms=3, color=MUTED, alpha=0.5, ls="none")
        if len(found[name]) > 1:
            _tail(axes, found[name].to_numpy(), colors_of(found)[name])
        axes.tick_params(labelsize=9, colors=MUTED)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(3, integer=True))
        return figure


def _frame(axes: Axes, found: dict[str, pd.DataFrame], corners: bool = True, aside: float = 1.15) -> None:
    every = np.concatenate([points.to_numpy() for points in found.values()])
    reach = float(np.abs(every - MIDDLE).max())
    axes.set_xlim(MIDDLE - aside * reach, MIDDLE + aside * reach)
    axes.set_ylim(MIDDLE - 1.25 * reach, MIDDLE + 1.25 * reach)
    axes.axhline(MIDDLE, color=MUTED, lw=1.0)
    axes.axvline(MIDDLE, color=MUTED, lw=1.0)
    named = (("improving", 0.01, 0.99), ("leading", 0.99, 0.99), ("lagging", 0.01, 0.01), ("weakening", 0.99, 0.01))
    for label, x, y in named if corners else ():
        sides: Any = {"ha": "left" if x < 0.5 else "right", "va": "bottom" if y < 0.5 else "top"}
        axes.text(x, y, label, transform=axes.transAxes, color=MUTED, fontsize=11, fontstyle="italic", **sides)


def _along(points: np.ndarray) -> np.ndarray:
    """Points on a tail, so close to one another that a label beside all of them does not lie on it."""
    shares = np.linspace(0.0, 1.0, 8)[:, None]
    return np.concatenate([start + shares * (end - start) for start, end in pairwise(points)])


def _tail(axes: Axes, points: np.ndarray, color: str) -> None:
    segments = np.stack([points[:-1], points[1:]], axis=1)
    fading = [to_rgba(color, alpha) for alpha in np.linspace(0.3, 1.0, len(segments))]
    axes.add_collection(LineCollection(list(segments[:-1]), colors=fading[:-1], linewidths=1.8))
    head: Any = {"arrowstyle": "-|>", "color": color, "lw": 1.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 13}
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
    """Each graph beside its table, with the groups drawn alone where they are many; empty where the data hold none."""
    told = []
    for group, names in GROUPS.items():
        found = tails(daily, names)
        if not found:
            continue
        many = len(found) > FEW
        caption = f"Relative rotation of {group}: the last {SHORT_WEEKS if many else TAIL_WEEKS} weeks"
        if len(found) > MOST_TAILS:
            caption += f", tails of the {MOST_TAILS} farthest from the middle"
        table = as_table(found)
        said = "; ".join(f"{row[0]} is {row[3]}, {TAIL_WEEKS} weeks ago {row[4]}" for row in table.rows)
        drawn = markup.figure(draw(found), f"rotation-{group}", caption, said)
        told.append(f'<div class="pair">{drawn}{markup.table(table, f"The same for {group}")}</div>')
        if many:
            title = f"Each of the {group} alone: the last {TAIL_WEEKS} weeks; grey: where the others stand"
            told.append(f"<h3>{title}</h3>{markup.grid(_alone(found, table), small=True)}")
    return "".join(told)


def _alone(found: dict[str, pd.DataFrame], table: Grid) -> Iterator[str]:
    for name, row in zip(found, table.rows, strict=True):
        said = f"{row[0]} is {row[3]}, {TAIL_WEEKS} weeks ago {row[4]}"
        yield markup.figure(draw_alone(name, found), f"rotation-{name.replace('_', '-')}", f"{row[0]}: {row[3]}", said)
