"""The record: what was said out of sample against what came, what following it earned, whether the odds were right."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from features.data.calendar import HORIZON
from features.data.percent import percent
from features.wording import spoken
from models.evaluation import backtest
from models.evaluation.predictions import matured_rows
from models.evaluation.verdicts import breakdown_spans, verdicts_of
from models.figures import gain_curves, reliability, style
from models.figures import ranges as ranges_figures
from models.figures.colors import INK, MUTED, OUTCOME_COLORS
from models.figures.svg import PALETTE
from serving.parts import Grid
from serving.report import charts, markup

EVERY = 10  # sessions between the points of a line of decades
WEEKS = 156  # shown against what came, three years
SIDES = ("rotation", "breakdown")
STYLES = {"rotation": "-", "breakdown": (0, (5, 2))}


def probabilities(table: pd.DataFrame) -> Figure:
    """Odds of rotation and breakdown with their usual over three years; beneath, hits and misses of each word."""
    rows = table.iloc[-WEEKS:]
    with style.applied():
        figure = Figure((11.0, 5.0), dpi=72, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        for name in SIDES:
            color = OUTCOME_COLORS[name]
            upper.plot(rows["date"], rows[f"p_{name}"], color=color, ls=STYLES[name], lw=1.8, label=name)
            upper.plot(rows["date"], rows[f"base_{name}"], color=color, lw=0.9, ls=":", label=f"{name}, usual")
        upper.yaxis.set_major_formatter(style.PERCENT)
        upper.set_ylim(0.0, None)
        upper.legend(loc="upper left", ncols=2, fontsize=9)
        _came(lower, rows)
        charts.dates(lower)
        return figure


def _came(axes: Axes, rows: pd.DataFrame) -> None:
    """A row an outcome: a dot where it came, filled where the week's word said so; a cross where the word was wrong."""
    said, came = verdicts_of(rows).to_numpy(str), rows["outcome"]
    known = came.notna().to_numpy()
    for place, name in enumerate(("neither", *SIDES)):
        color, this = OUTCOME_COLORS[name], (came == name).to_numpy() & known
        marks: dict[str, np.ndarray] = {"o": this & (said == name), "x": known & ~this & (said == name)}
        for mark, on in marks.items():
            axes.plot(rows["date"][on], np.full(on.sum(), place), mark, ms=4.5, color=color, ls="none")
        other = this & (said != name)
        axes.plot(rows["date"][other], np.full(other.sum(), place), "o", ms=4, mfc="none", color=color, ls="none")
    axes.set_yticks(range(3), ["neither", *SIDES])
    axes.set_ylim(-0.6, 2.6)
    axes.grid(visible=False)


def hits(table: pd.DataFrame) -> Grid:
    """By word: weeks with it, how many were right, and the usual share."""
    matured = matured_rows(table)
    said = verdicts_of(matured).to_numpy(str)
    rows = []
    for name in (*SIDES, "neither", "no_evidence"):
        part = matured[said == name]
        if not len(part):
            continue
        if name == "no_evidence":
            rows.append((spoken(name), f"{len(part):,}", "", "", "", ""))
            continue
        right = int((part["outcome"] == name).sum())
        base = float(part[f"base_{name}"].mean())
        rows.append(
            (name, f"{len(part):,}", f"{right:,}", f"{len(part) - right:,}", percent(right / len(part)), percent(base))
        )
    return Grid(("", "weeks", "hits", "misses", "came", "usually"), tuple(rows))


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
        f"The last year: bands, the usual band, and the return that followed each week."
    )
    with style.applied():
        drawn = ranges_figures.draw_fan(name, rows, HORIZON)
    return markup.figure(drawn, "record-range", "The range of the last year, and what came", told, True) + (
        markup.paragraphs([told])
    )


def html(table: pd.DataFrame, returns: pd.DataFrame, name: str, ranges: tuple[str, pd.DataFrame] | None = None) -> str:
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
    """
    matured = matured_rows(table)
    caption = "The odds of the last three years, each stated before, and what came"
    legend = (
        "Beneath, by outcome: a filled dot is a hit (its odds stood a tenth above their usual and it came), a cross a "
        "miss (it did not come), an open dot came without such odds."
    )
    told = [
        markup.paragraphs([f"Out of sample, {style.span(matured)}, horizons of {HORIZON} sessions."]),
        markup.figure(probabilities(table), "record-odds", caption, legend, wide=True),
        markup.paragraphs([legend]),
        markup.table(hits(table), "Hits and misses where odds stood a tenth above their usual"),
    ]
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
    said = "Stated against observed frequency of each outcome in ten bins; grey: where a calibrated model would lie"
    told.append(markup.figure(calibration, "record-calibration", "Did outcomes come as often as stated?", said, True))
    gain = gain_curves.cumulative_gains(table, {})["climatology"]
    drawn = gain_curves.draw(name, name, table, {})
    end = f"{gain.iloc[-1]:+.1f} nats over the usual odds by {gain.index[-1].date()}"
    told.append(markup.figure(drawn, "record-gain", "Gain over the usual odds, summed", end, True))
    return "".join(told)
