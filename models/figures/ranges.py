"""Pictures of a range model: the last year's calls with what came, PIT, coverage by year, gain over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.figures import style
from models.figures.colors import BAND, BAR, INK, MUTED

BINS = 20
SHOWN = 52  # weeks of the fan chart
ACCENT = "#0072B2"


def fan(title: str, table: pd.DataFrame, horizon: int = 21) -> bytes:
    """Bands of the last year's calls at their decision dates, and the return that followed each, as PNG."""
    return style.png(draw_fan(title, table, horizon))


def draw_fan(title: str, table: pd.DataFrame, horizon: int = 21) -> Figure:
    """The same, not yet written; the report writes it as SVG."""
    rows = table[table["horizon"] == horizon].tail(SHOWN)
    drawn = style.figure(f"{title}: {horizon} sessions ahead", "Bands hold 50, 80 and 90 in 100; dots are what came.")
    axes = drawn.subplots()
    for low, high, alpha in (("q05", "q95", 0.35), ("q10", "q90", 0.55), ("q25", "q75", 0.9)):
        axes.fill_between(rows["date"], rows[low], rows[high], color=BAND, alpha=alpha, lw=0)
    axes.plot(rows["date"], rows["base_q10"], color=MUTED, lw=1, ls="--", label="80 % band of the last 20 years")
    axes.plot(rows["date"], rows["base_q90"], color=MUTED, lw=1, ls="--")
    axes.plot(rows["date"], rows["realised"], "o", ms=4, color=INK, label="return that followed")
    axes.yaxis.set_major_formatter(style.PERCENT)
    axes.legend(frameon=False)
    return drawn


def pit(title: str, table: pd.DataFrame) -> bytes:
    """Histogram of the probability integral transform of each horizon; flat if calibrated."""
    horizons = sorted(table["horizon"].unique())
    drawn = style.figure(f"{title}: probability integral transform", "Flat is calibrated; a hump is too wide a range.")
    for axes, horizon in zip(np.atleast_1d(drawn.subplots(1, len(horizons), sharey=True)), horizons, strict=True):
        values = table.loc[(table["horizon"] == horizon) & table["realised"].notna(), "pit"]
        axes.hist(values, bins=np.linspace(0, 1, BINS + 1), weights=np.full(len(values), BINS / len(values)), color=BAR)
        axes.axhline(1.0, color=MUTED, lw=1)
        axes.set_title(f"{horizon} sessions")
    return style.png(drawn)


def coverage(title: str, table: pd.DataFrame, horizon: int = 21) -> bytes:
    """Share of each year's weeks inside the bands of 50, 80 and 90 in 100."""
    rows = table[(table["horizon"] == horizon) & table["realised"].notna()]
    year = rows["date"].dt.year
    drawn = style.figure(
        f"{title}: coverage by year, {horizon} sessions", "A year of weeks holds some 12 independent months."
    )
    axes = drawn.subplots()
    for band, low, high, color in ((50, "q25", "q75", MUTED), (80, "q10", "q90", ACCENT), (90, "q05", "q95", INK)):
        inside = ((rows["realised"] >= rows[low]) & (rows["realised"] <= rows[high])).groupby(year).mean()
        axes.plot(inside.index, inside, "o-", ms=3, lw=1, color=color, label=f"{band} % band")
        axes.axhline(band / 100.0, color=color, lw=0.8, ls=":")
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(style.PERCENT)
    axes.legend(frameon=False, loc="lower left")
    return style.png(drawn)


def gain(title: str, table: pd.DataFrame) -> bytes:
    """Running sum of the CRPS gain over the unscaled pool, in mean CRPS of that pool, by horizon."""
    drawn = style.figure(
        f"{title}: gain over the unscaled pool", "Summed CRPS gain, in weeks of the pool's mean CRPS; up is better."
    )
    axes = drawn.subplots()
    for horizon, color in zip(sorted(table["horizon"].unique()), (MUTED, ACCENT, INK), strict=False):
        rows = table[(table["horizon"] == horizon) & table["realised"].notna()]
        axes.plot(
            rows["date"],
            ((rows["base_crps"] - rows["crps"]) / rows["base_crps"].mean()).cumsum(),
            color=color,
            label=f"{horizon} sessions",
        )
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.legend(frameon=False)
    return style.png(drawn)
