"""The record: what was said out of sample against what came, what following it earned, whether the odds were right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from features.data.calendar import HORIZON
from features.data.percent import percent
from features.dataset import Dataset
from models.evaluation import backtest, words
from models.evaluation.predictions import matured_rows
from models.evaluation.verdicts import breakdown_spans
from models.figures import gain_curves, reliability, style
from models.figures import ranges as ranges_figures
from models.figures.colors import INK, MUTED, OUTCOME_COLORS
from models.figures.svg import PALETTE
from serving.call import Call
from serving.headline import SIDES
from serving.parts import WORD_ORDER, Grid
from serving.report import charts, markup

EVERY = 21  # sessions between the points of a line of decades
WEEKS = 156  # shown against what came, three years
STYLES = {"rotation": "-", "breakdown": (0, (5, 2))}


@dataclass(frozen=True)
class Said:
    """The words of the past by the rule of today's call.

    Attributes
    ----------
    weeks : DataFrame
        A row a matured week and kind of word (`size`, `direction`): `kind`, `date`, `word`, and `claim`, the word that
        what came makes right.
    earned : dict of str to bool
        Whether a word may be printed.
    """

    weeks: pd.DataFrame
    earned: dict[str, bool]


def said_before(
    dataset: Dataset, call: Call, predictions: pd.DataFrame | None, ranges: pd.DataFrame | None
) -> Said | None:
    """The words of every week that had matured in `dataset`; None where the call has no part on words.

    Parameters
    ----------
    dataset : Dataset
        With what was known at the call's decision.
    call : Call
    predictions, ranges : DataFrame or None
        The stored walk-forwards of its model and of its range's.
    """
    if call.direction is None:
        return None
    parts = {}
    if ranges is not None and "size" in ranges:
        parts["size"] = words.size_table(dataset, words.size_states(ranges))
    if predictions is not None and "direction" in predictions:
        parts["direction"] = words.direction_table(dataset, words.direction_states(predictions))
    if not parts:
        return None
    weeks = pd.concat(parts, names=["kind"]).reset_index("kind")
    earned = {word: one.earned for word, one in call.direction.followed_by.items()}
    return Said(weeks[["kind", "date", "word", "claim"]], earned)


def probabilities(table: pd.DataFrame, said: Said | None = None) -> Figure:
    """Odds of rotation and breakdown with their usual over three years; beneath what came, and the words' hits."""
    rows = table.iloc[-WEEKS:]
    shown = [word for word in WORD_ORDER if said is not None and said.earned.get(word)]
    with style.applied():
        figure = Figure((11.0, 6.0 if shown else 5.0), dpi=72, layout="constrained")
        upper, *below = figure.subplots(2 + bool(shown), 1, sharex=True, height_ratios=[3, 1, 1][: 2 + bool(shown)])
        for name in SIDES:
            color = OUTCOME_COLORS[name]
            upper.plot(rows["date"], rows[f"p_{name}"], color=color, ls=STYLES[name], lw=1.8, label=name)
            upper.plot(rows["date"], rows[f"base_{name}"], color=color, lw=0.9, ls=":", label=f"{name}, usual")
        upper.yaxis.set_major_formatter(style.PERCENT)
        upper.margins(y=0.25)  # the legend has room above the lines
        upper.set_ylim(0.0, None)
        upper.legend(loc="upper left", ncols=2, fontsize=9)
        _came(below[0], rows)
        if said is not None and shown:
            _words(below[1], said.weeks[said.weeks["date"] >= rows["date"].iloc[0]], shown)
        charts.dates(below[-1])
        return figure


def _came(axes: Axes, rows: pd.DataFrame) -> None:
    """A row an outcome: a dot where it came."""
    for place, name in enumerate(("neither", *SIDES)):
        on = (rows["outcome"] == name).to_numpy()
        axes.plot(rows["date"][on], np.full(on.sum(), place), "o", ms=4.5, color=OUTCOME_COLORS[name], ls="none")
    _rows(axes, ("neither", *SIDES))


def _words(axes: Axes, weeks: pd.DataFrame, names: Sequence[str]) -> None:
    """A row a word: a filled dot where it was right, a cross where it was wrong, an open dot where another stood."""
    for place, name in enumerate(names):
        said, came = (weeks["word"] == name).to_numpy(), (weeks["claim"] == name).to_numpy()
        known = weeks["claim"].notna().to_numpy()
        marks = (("o", None, said & came), ("x", None, said & ~came & known), ("o", "none", came & ~said))
        for mark, face, on in marks:
            axes.plot(
                weeks["date"][on], np.full(on.sum(), place), mark, ms=4.5, mfc=face, color=PALETTE[place], ls="none"
            )
    _rows(axes, names)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(visible=False)


def hits(said: Said) -> Grid:
    """By word, printed or not: weeks with it, how many were right, how often what it claims came otherwise."""
    rows = []
    known = said.weeks[said.weeks["claim"].notna()]
    for name in (one for one in WORD_ORDER if (known["word"] == one).any()):
        part = known[known["word"] == name]
        others = known[known["kind"].isin(part["kind"]) & (known["word"] != name)]
        right = int((part["claim"] == name).sum())
        otherwise = percent(float((others["claim"] == name).mean())) if len(others) else "–"
        counts = (f"{len(part):,}", f"{right:,}", f"{len(part) - right:,}")
        rows.append((name, *counts, percent(right / len(part)), otherwise, "yes" if said.earned.get(name) else "no"))
    return Grid(("", "weeks", "hits", "misses", "right", "otherwise", "printed"), tuple(rows))


def wealth(table: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """What one unit became by session: `in-out` at 10 basis points a switch, and `holding` the cap leg."""
    made = backtest.decisions(table, returns)
    schedule = backtest.schedule_of(pd.DatetimeIndex(made.index), returns)
    held = made["in_out"].to_numpy()[schedule.decision]
    steps = {
        "in-out": backtest.net(held, schedule.returns, backtest.COSTS[0]),
        "holding": schedule.returns[:, backtest.CAP],
    }
    return (1.0 + pd.DataFrame(steps, schedule.sessions)).cumprod()


def drawdowns(grown: pd.DataFrame) -> pd.DataFrame:
    """How far each line lies below its highest so far, as decimals, zero or below."""
    return grown / grown.cummax().clip(lower=1.0) - 1.0


def equity(grown: pd.DataFrame, matured: pd.DataFrame) -> Figure:
    """Wealth on a log scale, drawdowns beneath; episodes of breakdown are shaded."""
    weekly = grown.iloc[::EVERY]
    with style.applied():
        figure = Figure((11.0, 5.4), dpi=72, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        for axes, lines in ((upper, weekly), (lower, drawdowns(grown).iloc[::EVERY])):
            for color, dash, name in zip((PALETTE[0], INK), charts.DASHES, weekly, strict=True):
                axes.plot(lines.index, lines[name], color=color, ls=dash, lw=1.4, label=name)
            style.shade(axes, breakdown_spans(matured), OUTCOME_COLORS["breakdown"], 0.15)
        upper.set_yscale("log")
        upper.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        upper.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        upper.yaxis.set_minor_formatter(NullFormatter())
        upper.set_ylabel("wealth, start 1")
        upper.legend(loc="upper left", fontsize=9)
        lower.set_ylabel("drawdown")
        lower.yaxis.set_major_formatter(style.PERCENT)
        for axes in (upper, lower):
            axes.tick_params(labelsize=9, colors=MUTED)
        charts.dates(lower)
        return figure


def bands(ranges: pd.DataFrame, name: str) -> str:
    """The ranges of the last year against what came, with the share of all weeks inside."""
    rows = ranges[(ranges["leg"] == "broad") & (ranges["horizon"] == HORIZON)]
    matured = rows[rows["realised"].notna()]
    inside = float(((matured["realised"] >= matured["q10"]) & (matured["realised"] <= matured["q90"])).mean())
    told = (
        f"Of {len(matured):,} weeks out of sample {percent(inside)} ended inside the range that should hold 80 %. "
        f"The last year: bands, that of the last twenty years, and the return that followed each week."
    )
    with style.applied():
        drawn = ranges_figures.draw_fan(name, rows, HORIZON)
    return markup.figure(drawn, "record-range", "The range of the last year, and what came", told, True) + (
        markup.paragraphs([told])
    )


def html(
    table: pd.DataFrame,
    returns: pd.DataFrame,
    name: str,
    ranges: tuple[str, pd.DataFrame] | None = None,
    said: Said | None = None,
) -> str:
    """The whole section.

    Parameters
    ----------
    table : DataFrame
        The walk-forward predictions of the call's model.
    returns : DataFrame
        `ret_broad`, `ret_cap`, `ret_bill` by session.
    name : str
        The model's name.
    ranges : (str, DataFrame), optional
        Name and out-of-sample ranges (`range.parquet`) of the range's model.
    said : Said, optional
        The words of the past.
    """
    matured = matured_rows(table)
    caption = "The odds of the last three years, each stated before, and what came"
    legend = "Beneath, what came: a dot in the row of the outcome."
    if said is not None and any(said.earned.values()):
        legend += (
            " At the bottom the words that may be printed, by the rule of today's call: a filled dot is a hit (what "
            "the word claims came), a cross a miss, an open dot came under another word."
        )
    told = [
        markup.paragraphs([f"Out of sample, {style.span(matured)}, horizons of {HORIZON} sessions."]),
        markup.figure(probabilities(table, said), "record-odds", caption, legend, wide=True),
        markup.paragraphs([legend]),
    ]
    if said is not None:
        heading = "Hits and misses of each word, by the rule of today's call (weeks with two years to judge a size by)"
        told.append(markup.table(hits(said), heading))
    if ranges is not None:
        told.append(bands(ranges[1], ranges[0]))
    grown = wealth(table, returns)
    if len(grown):
        last, deepest = grown.iloc[-1], drawdowns(grown).min()
        rule = (
            "In-out holds the cap leg, and bills where the odds of breakdown over their usual exceed a threshold "
            f"chosen on the past; traded one session later, {backtest.COSTS[0]} basis points a switch. "
        )
        result = "; ".join(
            f"{one}: one unit became {last[one]:.2f}, deepest drawdown {percent(-deepest[one])}" for one in grown
        )
        told += [
            markup.figure(
                equity(grown, matured), "record-equity", "The stated rule against holding, with drawdowns", result, True
            ),
            markup.paragraphs([rule + f"{result[0].upper()}{result[1:]}. Shaded: episodes of breakdown."]),
        ]
    calibration = reliability.draw(name, table)
    shown = "Stated against observed frequency of each outcome in ten bins; grey: where a calibrated model would lie"
    told.append(markup.figure(calibration, "record-calibration", "Did outcomes come as often as stated?", shown, True))
    gain = gain_curves.cumulative_gains(table, {})["climatology"]
    drawn = gain_curves.draw(name, name, table, {})
    end = f"{gain.iloc[-1]:+.1f} nats over the usual odds by {gain.index[-1].date()}"
    told.append(markup.figure(drawn, "record-gain", "Gain over the usual odds, summed", end, True))
    return "".join(told)
