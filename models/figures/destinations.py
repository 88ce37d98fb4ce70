"""Pictures of a destinations model: rank correlation by year, hit rate by group, best less worst, library and funds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.wording import spoken
from models.evaluation.destination_scores import BEST, Weekly
from models.figures import style
from models.figures.colors import BAR, INK, MUTED

ACCENT = "#0072B2"


def ic_by_year(title: str, weekly: dict[str, Weekly]) -> bytes:
    """Mean weekly rank correlation of each calendar year, by universe."""
    drawn = style.figure(
        f"{title}: rank correlation by year", "Mean of the weeks; a year holds some 12 independent months."
    )
    axes = drawn.subplots()
    for place, (universe, one) in enumerate(weekly.items()):
        years = pd.Series(one.ic, one.dates).dropna().groupby(lambda day: day.year).mean()
        axes.bar(years.index + 0.4 * place - 0.2, years, width=0.4, color=(BAR, ACCENT)[place], label=universe)
    axes.axhline(0.0, color=INK, lw=0.8)
    axes.set_ylabel("rank correlation")
    axes.legend()
    return style.png(drawn)


def hit_rate(title: str, rates: pd.DataFrame) -> bytes:
    """Share of weeks in which each group beat the cap leg, and that share where the model said more than its base.

    Parameters
    ----------
    title : str
    rates : DataFrame, (groups, `all`, `favoured`)
    """
    drawn = style.figure(
        f"{title}: hit rate by group",
        "Funds only. Line: one half. Dot: weeks the model put the group above its base rate.",
    )
    axes = drawn.subplots()
    at = np.arange(len(rates))
    axes.barh(at, rates["all"], color=BAR, label="all weeks")
    axes.plot(rates["favoured"], at, "o", color=ACCENT, label="favoured by the model")
    axes.axvline(0.5, color=INK, lw=0.8)
    axes.set_yticks(at, [spoken(str(name)) for name in rates.index])
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.0)
    axes.xaxis.set_major_formatter(style.PERCENT)
    axes.legend(loc="lower right")
    return style.png(drawn)


def best_less_worst(title: str, weekly: dict[str, Weekly], horizon: int) -> bytes:
    """Running sum of the best groups' return less the worst's, after costs, by universe."""
    drawn = style.figure(
        f"{title}: best {BEST} less worst {BEST}",
        f"Summed, {horizon} sessions ahead, a share of the money a week; 10 bp a trade.",
    )
    axes = drawn.subplots()
    for (universe, one), color in zip(weekly.items(), (MUTED, ACCENT), strict=False):
        line = pd.Series(one.spread, one.dates).dropna().cumsum() * 5.0 / horizon
        axes.plot(line.index, line, color=color, label=universe)
    axes.axhline(0.0, color=INK, lw=0.8)
    axes.yaxis.set_major_formatter(style.PERCENT)
    axes.legend(loc="upper left")
    return style.png(drawn)


def library_and_funds(title: str, scores: dict[str, dict[str, float]]) -> bytes:
    """Rank correlation and skill of every model on the library's portfolios and on funds."""
    drawn = style.figure(f"{title}: library against funds", "Same models, same folds. Only funds can be traded.")
    left, right = drawn.subplots(1, 2)
    names = list(scores)
    at = np.arange(len(names))
    for axes, figure, said in ((left, "ic", "rank correlation"), (right, "log_loss_skill", "log-loss skill")):
        for place, (universe, color) in enumerate((("library", BAR), ("funds", ACCENT))):
            values = [scores[name].get(f"{figure}_{universe}", np.nan) for name in names]
            axes.barh(at + 0.4 * place - 0.2, values, height=0.4, color=color, label=universe)
        axes.axvline(0.0, color=INK, lw=0.8)
        axes.set_yticks(at, names)
        axes.invert_yaxis()
        axes.set_title(said)
    right.legend()
    return style.png(drawn)
