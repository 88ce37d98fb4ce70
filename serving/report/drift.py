"""The drift of the journal's calls as a picture: unusual inputs, and odds against what came."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from features.data.percent import percent
from models.figures import style
from models.figures.colors import MUTED, OUTCOME_COLORS
from models.figures.svg import PALETTE
from serving.drift_history import EXPECTED, YEAR, calibration
from serving.headline import SIDES
from serving.report import charts, markup
from serving.report.history import STYLES


def draw(table: pd.DataFrame) -> Figure:
    """The weighted share outside by week; beneath, how much oftener each side came than it was said."""
    gap = calibration(table)
    with style.applied():
        figure = Figure((11.0, 4.6), dpi=72, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        upper.plot(table["date"], table["outside"], color=PALETTE[0], lw=1.4)
        upper.axhline(EXPECTED, color=MUTED, lw=0.9, ls=":")
        upper.set_ylim(0.0, max(0.1, 1.05 * float(table["outside"].max())))
        upper.set_ylabel("features outside, weighted")
        for name in SIDES:
            lower.plot(gap.index, gap[name], color=OUTCOME_COLORS[name], ls=STYLES[name], lw=1.4, label=name)
        lower.axhline(0.0, color=MUTED, lw=0.9)
        lower.set_ylabel("came less said")
        lower.legend(loc="upper left", ncols=2, fontsize=9)
        for axes in (upper, lower):
            axes.yaxis.set_major_formatter(style.PERCENT)
            axes.tick_params(labelsize=9, colors=MUTED)
        charts.dates(lower)
        return figure


def html(calls: pd.DataFrame) -> str:
    """The picture of `drift_history.stored` calls and what it shows, in words."""
    told = (
        f"The journal's {len(calls):,} calls. Above: share of the model's features outside the 1 to 99 % range of "
        f"their past, each weighted by what it contributes; dotted, the {percent(EXPECTED, 0)} that lie there by "
        f"construction. Beneath, over the last {YEAR} matured calls: how often each side came, less its mean odds."
    )
    picture = markup.figure(draw(calls), "drift-history", "Unusual inputs, and odds against what came", told, True)
    return picture + markup.paragraphs([told])
