"""The reliability diagram: stated against observed frequency, with the band of a calibrated model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.evaluation import calibration
from models.evaluation.calibration import Reliability
from models.evaluation.predictions import is_monthly, matured_rows, outcomes_of
from models.figures import style
from models.figures.colors import BAND, MUTED, OUTCOME_COLORS


def diagram(name: str, table: pd.DataFrame) -> bytes:
    """Stated against observed frequency, one panel an outcome, with the band and the counts beneath, as PNG."""
    with style.applied():
        return style.png(draw(name, table))


def draw(name: str, table: pd.DataFrame) -> Figure:
    """The same, not yet written; the report writes it as SVG."""
    with style.applied():
        matured, names = matured_rows(table), outcomes_of(table)
        z = calibration.latent(len(matured), is_monthly(pd.DatetimeIndex(matured["date"])))
        figure = style.figure(
            f"{name}: do outcomes come as often as stated?",
            f"{style.span(matured)}, {len(matured)} {style.unit(matured)} in ten bins of equal count; grey: where "
            "95 % of the points of a perfectly calibrated model\nlie, overlap of the labels included; "
            "diagonal: stated equals observed",
        )
        every = figure.subplots(2, len(names), sharex="col", height_ratios=[4, 1], squeeze=False)
        for column, one in enumerate(names):
            p = matured[f"p_{one}"].to_numpy(float)
            found = calibration.reliability(p, (matured["outcome"] == one).to_numpy(), z)
            _panel(every[0][column], one, found, float(p.max()))
            lower = every[1][column]
            lower.hist(p, bins=np.linspace(0.0, max(p.max(), 1e-3), 41).tolist(), color=OUTCOME_COLORS[one])
            lower.set_xlabel(f"stated P({one})")
            lower.xaxis.set_major_formatter(style.PERCENT)
        every[0][0].set_ylabel("observed frequency")
        every[1][0].set_ylabel(style.unit(matured))
        return figure


def _panel(axes: Axes, one: str, found: Reliability, top: float) -> None:
    edge = 1.08 * max(top, float(np.max(found.observed)), float(np.max(found.high)))
    axes.plot([0.0, edge], [0.0, edge], color=MUTED, lw=1.0)
    axes.vlines(found.stated, found.low, found.high, color=BAND, lw=9, zorder=1.5)
    axes.plot(found.stated, found.observed, color=OUTCOME_COLORS[one], lw=1.2, marker="o", ms=7)
    axes.set_title(f"{one}: {found.outside} of {len(found.stated)} outside the band")
    axes.set_ylim(0.0, edge)
    axes.set_xlim(0.0, 1.04 * top)
    axes.yaxis.set_major_formatter(style.PERCENT)
