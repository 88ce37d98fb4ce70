"""The report's charts of the market: small line charts, each with its present reading and where that stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import MONTHLY, AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from features import feature_cache
from features.data import catalog
from features.data.store import Snapshot
from features.families import FEATURES
from features.panel import build_inputs
from models.evaluation.backtest import RETURNS
from models.figures import style
from models.figures.colors import MUTED
from models.figures.svg import PALETTE
from serving.report import markup

YEARS = 10  # percentiles are over these
SHOWN = 756  # sessions on a chart, three years
SIZE = (4.8, 2.5)  # inches at 72 points
DASHES = ("-", (0, (5, 2)))  # a second line differs by more than its colour
SEVEN = tuple(f"ret_{ticker.lower()}" for ticker in catalog.MAG7)


@dataclass(frozen=True)
class ChartData:
    """What the charts read: panel and features of the last years, daily, and the returns of all of them."""

    panel: pd.DataFrame
    daily: pd.DataFrame
    returns: pd.DataFrame


@dataclass(frozen=True)
class Line:
    """One chart: a name, its lines by label, how a reading is written."""

    name: str
    lines: dict[str, pd.Series]
    digits: int = 2
    unit: str = ""


def chart_data(snapshot: Snapshot) -> ChartData:
    """Panel and all features, display ones included, over the last `YEARS` years."""
    inputs = build_inputs(snapshot)
    daily = feature_cache.compute(FEATURES, inputs, inputs.panel.index[-1].year - YEARS)
    returns = inputs.panel[list(RETURNS)].assign(ret_bill=inputs.panel["ret_bill"].ffill().fillna(0.0))
    return ChartData(inputs.panel.loc[daily.index], daily, returns)


def percentile(values: pd.Series) -> float:
    """Where the last value stands among all of them, 0 to 1."""
    known = values.dropna()
    return float((known < known.iloc[-1]).mean()) if len(known) else float("nan")


def caption(chart: Line) -> str:
    """The chart's name with the first line's present reading and where that stands."""
    first = next(iter(chart.lines.values())).dropna()
    rank = f"higher than {100 * percentile(first):.0f} % of the last {YEARS} years"
    return f"{chart.name}: {first.iloc[-1]:.{chart.digits}f}{chart.unit}, {rank}"


def description(chart: Line) -> str:
    """What the lines show, for somebody who does not see them."""
    told = []
    for label, values in chart.lines.items():
        shown = values.iloc[-SHOWN:].dropna()
        told.append(
            f"{label}: from {shown.iloc[0]:.{chart.digits}f} on {shown.index[0].date()} to "
            f"{shown.iloc[-1]:.{chart.digits}f} on {shown.index[-1].date()}, "
            f"lowest {shown.min():.{chart.digits}f}, highest {shown.max():.{chart.digits}f}"
        )
    return "; ".join(told)


def draw(chart: Line) -> Figure:
    """The lines over the last three years."""
    with style.applied():
        figure = Figure(SIZE, dpi=72, layout="constrained")
        axes = figure.subplots()
        for color, dash, (label, values) in zip(PALETTE, DASHES, chart.lines.items(), strict=False):
            shown = values.iloc[-SHOWN:]
            axes.plot(shown.index, shown, color=color, ls=dash, lw=1.5, label=label)
        if len(chart.lines) > 1:
            axes.legend(loc="best", fontsize=10)
        dates(axes)
        axes.tick_params(labelsize=10, colors=MUTED)
        return figure


def dates(axes: Axes) -> None:
    """Few, short dates beneath."""
    locator: Any = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    locator.maxticks[MONTHLY] = 7  # six half years span what is too short for years; with one less it warns
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def html(data: ChartData) -> str:
    """Every chart that holds anything, side by side."""
    drawn = []
    for place, chart in enumerate((*ratios(data), *market(data))):
        lines = {label: values for label, values in chart.lines.items() if values.iloc[-SHOWN:].notna().any()}
        if lines:
            kept = Line(chart.name, lines, chart.digits, chart.unit)
            drawn.append(markup.figure(draw(kept), f"chart-{place}", caption(kept), description(kept)))
    return markup.grid(drawn) if drawn else ""


def _ratio(panel: pd.DataFrame, up: str, down: str | None) -> pd.Series:
    if up not in panel or (down is not None and down not in panel):
        return pd.Series(np.nan, panel.index)
    steps = np.log1p(panel[up]) - (np.log1p(panel[down]) if down else 0.0)
    return 100.0 * np.exp(steps.fillna(0.0).cumsum()).where(panel[up].notna())


def ratios(data: ChartData) -> Iterator[Line]:
    """Equal against cap weight, small against large, value against growth, leaders and the named seven."""
    panel = data.panel
    yield Line("Equal weight over cap weight", {"ratio": _ratio(panel, "ret_broad", "ret_cap")}, 1)
    yield Line("Small caps over cap weight", {"ratio": _ratio(panel, "ret_small", "ret_cap")}, 1)
    yield Line("Value over growth", {"ratio": _ratio(panel, "ret_value", None)}, 1)
    lines = {"largest stocks over equal weight": _ratio(panel, "ret_leaders", "ret_broad")}
    if all(key in panel for key in SEVEN):
        basket = panel.assign(seven=panel[list(SEVEN)].mean(axis=1, skipna=False))
        if basket["seven"].notna().any():
            lines["the named seven over cap weight (since 2023)"] = _ratio(basket, "seven", "ret_cap")
    yield Line("Leaders", lines, 1)


def market(data: ChartData) -> Iterator[Line]:
    """Breadth, highs and lows, the ten-year yield, the curve, credit, volatility."""
    daily, panel = data.daily, data.panel
    above = {f"above {w} days": 100.0 * daily[f"members_above_{w}"] for w in (50, 200)}
    if any(series.iloc[-SHOWN:].notna().any() for series in above.values()):
        yield Line("Stocks above their averages", above, 0, " %")
    else:
        industries = {f"above {w} days": 100.0 * daily[f"industries_above_{w}"] for w in (50, 200)}
        yield Line("Industries above their averages", industries, 0, " %")
    highs = 100.0 * daily["net_new_highs_252_mean_10"]
    yield Line("New 12-month highs less lows, share of members, 10-day mean", {"members": highs}, 1, " %")
    yield Line("Ten-year Treasury yield", {"10y": daily["y10"]}, 2, " %")
    curve = {"10 years less 2": daily["curve_10y2y"], "10 years less 3 months": daily["curve_10y3m"]}
    yield Line("Yield curve", curve, 2, " points")
    if daily["hy_oas"].iloc[-SHOWN:].notna().any():
        yield Line("High-yield spread", {"high yield": daily["hy_oas"]}, 2, " points")
    else:
        yield Line("Spread of Baa over ten-year Treasury yields", {"Baa": daily["baa_10y"]}, 2, " points")
    if "VIX" in panel:
        yield Line("VIX", {"VIX": panel["VIX"]}, 1)
    yield Line("Three-month implied volatility over VIX", {"ratio": daily["vix_term"]}, 2)
