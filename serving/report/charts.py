"""The report's charts: each a plotly figure; `layout.meta` holds its title with the present reading and percentile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from features import feature
from features.data import catalog
from features.data.store import Snapshot
from features.families import FEATURES
from features.families.sectors import SECTORS, STYLES
from features.panel import build_inputs
from models.evaluation import calibration
from models.evaluation.predictions import is_monthly, matured_rows
from models.figures.colors import GRID, INK, MUTED, OUTCOME_COLORS

YEARS = 10  # percentiles are over these
SHOWN = 756  # sessions on a chart, three years
TAIL_WEEKS = 8
PALETTE = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#8D6A4F", "#6A4C93", "#4B5D67", "#B5A642", "#33658A")


@dataclass(frozen=True)
class ChartData:
    """What the charts read: the daily panel and the features of the last years."""

    panel: pd.DataFrame
    daily: pd.DataFrame


def chart_data(snapshot: Snapshot) -> ChartData:
    """Panel and all features, display ones included, over the last `YEARS` years."""
    inputs = build_inputs(snapshot)
    daily = feature.compute(FEATURES, inputs, inputs.panel.index[-1].year - YEARS)
    return ChartData(inputs.panel.loc[daily.index], daily)


def percentile(values: pd.Series) -> float:
    """Where the last value stands among all of them, 0 to 1."""
    known = values.dropna()
    return float((known < known.iloc[-1]).mean()) if len(known) else float("nan")


def _layout(figure: go.Figure, title: str, height: int = 260) -> go.Figure:
    figure.update_layout(
        meta={"title": title},  # said in HTML above the chart, where it can wrap
        height=height,
        margin={"l": 40, "r": 8, "t": 26, "b": 28},
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": "system-ui, sans-serif", "size": 11, "color": INK},
        showlegend=len(figure.data) > 1,
        legend={"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom", "font": {"size": 10}},
        hovermode="x unified",
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False)
    return figure


def _line(name: str, values: dict[str, pd.Series], digits: int = 2, unit: str = "") -> go.Figure | None:
    """Lines over the last three years; the title has the first one's reading and percentile."""
    values = {label: series for label, series in values.items() if series.iloc[-SHOWN:].notna().any()}
    if not values:
        return None
    figure = go.Figure()
    for color, (label, series) in zip(PALETTE, values.items(), strict=False):
        shown = series.iloc[-SHOWN:]
        figure.add_scatter(x=shown.index, y=shown, name=label, mode="lines", line={"color": color, "width": 1.6})
    first = next(iter(values.values()))
    now = first.dropna().iloc[-1]
    said = f"{name}: <b>{now:.{digits}f}{unit}</b>, higher than {percentile(first):.0%} of the last {YEARS} years"
    return _layout(figure, said)


def _ratio(panel: pd.DataFrame, up: str, down: str | None) -> pd.Series:
    steps = np.log1p(panel[up]) - (np.log1p(panel[down]) if down else 0.0)
    return 100.0 * np.exp(steps.fillna(0.0).cumsum()).where(panel[up].notna())


def ratios(data: ChartData) -> list[go.Figure]:
    """Equal against cap weight, small against large, value against growth, leaders and the named seven."""
    panel, seven = data.panel, [key for key in data.panel if key in SEVEN]
    basket = panel[seven].mean(axis=1, skipna=False) if len(seven) == len(SEVEN) else None
    figures = [
        _line("Equal weight over cap weight (RSP/SPY)", {"ratio": _ratio(panel, "ret_broad", "ret_cap")}, 1),
        _has(panel, "ret_small")
        and _line("Small over large (IWM/SPY)", {"r": _ratio(panel, "ret_small", "ret_cap")}, 1),
        _has(panel, "ret_value") and _line("Value over growth", {"ratio": _ratio(panel, "ret_value", None)}, 1),
    ]
    lines = {"largest stocks over equal weight": _ratio(panel, "ret_leaders", "ret_broad")}
    if basket is not None and basket.notna().any():
        with_seven = panel.assign(seven=basket)
        lines["the named seven over cap weight (since 2023)"] = _ratio(with_seven, "seven", "ret_cap")
    figures.append(_line("Leaders", lines, 1))
    return [figure for figure in figures if figure]


SEVEN = tuple(f"ret_{ticker.lower()}" for ticker in catalog.MAG7)


def _has(panel: pd.DataFrame, *names: str) -> bool:
    return all(name in panel and panel[name].notna().any() for name in names)


def market(data: ChartData) -> list[go.Figure]:
    """Breadth, highs and lows, the ten-year yield, the curve, credit, volatility."""
    daily, panel = data.daily, data.panel
    above = {f"above {w} days": 100.0 * daily[f"members_above_{w}"] for w in (50, 200)}
    if not any(series.notna().any() for series in above.values()):
        above = {f"industries above {w} days": 100.0 * daily[f"industries_above_{w}"] for w in (50, 200)}
    highs = daily["net_new_highs_252_mean_10"].where(daily["net_new_highs_252_mean_10"].notna())
    curve = {"10y-2y": daily["curve_10y2y"], "10y-3m": daily["curve_10y3m"]}
    credit = {"high yield": daily["hy_oas"]} if daily["hy_oas"].notna().any() else {"Baa - 10y": daily["baa_10y"]}
    figures = [
        _line("Stocks above their averages", above, 0, " %"),
        _line("New highs less new lows, 10-day mean", {"members": 100.0 * highs}, 1, " %"),
        _line("Ten-year yield", {"10y": daily["y10"]}, 2, " %"),
        _line("Yield curve", curve, 2, " pp"),
        _line("Credit spread", credit, 2, " pp"),
        _line("VIX", {"VIX": panel["VIX"]}, 1) if _has(panel, "VIX") else None,
        _line("VIX term structure (3 months over 1)", {"ratio": daily["vix_term"]}, 2),
    ]
    return [figure for figure in figures if figure]


def rotation_graph(data: ChartData) -> go.Figure | None:
    """Relative rotation graph: sectors and styles with their last `TAIL_WEEKS` weeks."""
    names = [*SECTORS, *STYLES]
    figure = go.Figure()
    for color, name in zip((*PALETTE, *PALETTE), names, strict=False):
        columns = [f"{name}_rs_ratio", f"{name}_rs_momentum"]
        points = data.daily[columns].iloc[-5 * TAIL_WEEKS - 1 :: 5].dropna()
        if not len(points):
            continue
        sizes = [4] * (len(points) - 1) + [11]
        figure.add_scatter(
            x=points.iloc[:, 0],
            y=points.iloc[:, 1],
            mode="lines+markers+text",
            name=name.replace("_", " "),
            text=[""] * (len(points) - 1) + [name.replace("_", " ")],
            textposition="top center",
            textfont={"size": 10, "color": color},
            line={"color": color, "width": 1},
            marker={"size": sizes, "color": color, "opacity": [0.35] * (len(points) - 1) + [1.0]},
            hovertemplate="%{x:.2f}, %{y:.2f}",
        )
    if not figure.data:
        return None
    _layout(figure, f"Relative rotation: sectors against the market and styles, {TAIL_WEEKS}-week tails", 520)
    corners = (
        ("leading", 1, 1, "right"),
        ("weakening", 1, 0, "right"),
        ("improving", 0, 1, "left"),
        ("lagging", 0, 0, "left"),
    )
    for label, x, y, anchor in corners:
        figure.add_annotation(
            text=label, x=x, y=y, xref="paper", yref="paper", xanchor=anchor, showarrow=False, font={"color": MUTED}
        )
    figure.add_hline(100, line_color=MUTED, line_width=1)
    figure.add_vline(100, line_color=MUTED, line_width=1)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(title="relative strength (100: its usual)")
    figure.update_yaxes(title="its momentum")
    return figure


def history(predictions: pd.DataFrame) -> go.Figure:
    """Out-of-sample probabilities of three years, with what then happened as marks on the axis."""
    table = predictions.iloc[-156:]
    figure = go.Figure()
    for name in ("rotation", "breakdown"):
        figure.add_scatter(
            x=table["date"],
            y=100.0 * table[f"p_{name}"],
            name=f"P({name})",
            mode="lines",
            line={"color": OUTCOME_COLORS[name], "width": 1.8},
        )
    for name in ("rotation", "breakdown"):
        when = table.loc[table["outcome"] == name, "date"]
        figure.add_scatter(
            x=when,
            y=np.full(len(when), -3.0 if name == "rotation" else -6.0),
            name=f"{name} followed",
            mode="markers",
            marker={"color": OUTCOME_COLORS[name], "symbol": "square", "size": 5},
            hoverinfo="x",
        )
    _layout(figure, "Probabilities, made before, and what followed", 320)
    figure.update_yaxes(ticksuffix=" %")
    return figure


def reliability(predictions: pd.DataFrame) -> go.Figure:
    """Stated against observed frequency of rotation and breakdown, with what a calibrated model would show.

    The numbers are those of the model card's diagram: `models.evaluation.calibration`.
    """
    matured = matured_rows(predictions)
    z = calibration.latent(len(matured), is_monthly(pd.DatetimeIndex(matured["date"])))
    figure = go.Figure()
    for name in ("rotation", "breakdown"):
        truth = (matured["outcome"] == name).to_numpy()
        found = calibration.reliability(matured[f"p_{name}"].to_numpy(float), truth, z)
        figure.add_scatter(
            x=100.0 * found.stated,
            y=100.0 * found.observed,
            error_y={
                "array": 100.0 * (found.high - found.observed),
                "arrayminus": 100.0 * (found.observed - found.low),
                "symmetric": False,
                "color": GRID,
                "thickness": 6,
                "width": 0,
            },
            mode="lines+markers",
            name=name,
            text=[f"{count:.0f} weeks" for count in found.count],
            line={"color": OUTCOME_COLORS[name]},
        )
    top = max(float(np.nanmax(trace.x)) for trace in figure.data)
    figure.add_scatter(x=[0, top], y=[0, top], mode="lines", line={"color": MUTED, "dash": "dot"}, name="as stated")
    _layout(figure, "Calibration: stated and observed frequency; grey: where a calibrated model would lie", 320)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title="stated, %")
    figure.update_yaxes(title="observed, %")
    return figure
