"""The figures that only a run draws: probabilities over time, outcomes by verdict, the label; PNG bytes each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from features.data.percent import percent
from features.dataset import Dataset
from models.evaluation.predictions import matured_rows, outcomes_of
from models.evaluation.verdicts import Verdict, breakdown_spans, episode_spans, verdicts_of
from models.figures import style
from models.figures.colors import INK, OUTCOME_COLORS


def probabilities(name: str, table: pd.DataFrame, returns: pd.DataFrame) -> bytes:
    """Probabilities by decision, marks where the outcome followed, and the broad leg beneath."""
    with style.applied():
        matured = matured_rows(table)
        shown = [one for one in ("rotation", "breakdown") if one in outcomes_of(table)]
        figure = style.figure(
            f"{name}: probabilities, each from data before its week",
            f"{style.span(table)}; dashed: climatology of the fold; marks along the top: when the outcome followed",
        )
        every = figure.subplots(len(shown) + 1, 1, sharex=True, height_ratios=[*[1.0] * len(shown), 0.8])
        for axes, one in zip(every, shown, strict=False):
            p = table[f"p_{one}"]
            axes.plot(table["date"], p, color=OUTCOME_COLORS[one], lw=1.0)
            axes.plot(table["date"], table[f"base_{one}"], color=INK, lw=1.0, ls="--")
            top = min(1.0, 1.25 * float(p.max()))
            axes.set_ylim(0.0, top)
            came = matured.loc[matured["outcome"] == one, "date"]
            axes.vlines(came, 0.93 * top, top, color=OUTCOME_COLORS[one], lw=0.7)
            axes.yaxis.set_major_formatter(style.PERCENT)
            axes.set_title(f"P({one})")
        _broad_leg(every[-1], matured, returns, table["date"].iloc[0])
        return style.png(figure)


def _broad_leg(axes: Axes, matured: pd.DataFrame, returns: pd.DataFrame, start: pd.Timestamp) -> None:
    level = (1.0 + returns["ret_broad"].loc[start:].fillna(0.0)).cumprod()
    axes.plot(level.index, level, color=INK, lw=1.0)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    style.shade(
        axes,
        breakdown_spans(matured),
        OUTCOME_COLORS["breakdown"],
    )
    axes.set_title("Broad leg, total return (log scale, start = 1); shaded: episodes of breakdown")
    axes.set_xlim(start, level.index[-1])


ALL = "all"


def verdict_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Matured rows by verdict (rows, those that were given) and outcome (columns), as counts."""
    matured = matured_rows(table)
    verdicts = verdicts_of(matured)
    counts = pd.crosstab(verdicts, matured["outcome"])
    given = [one.value for one in Verdict if (verdicts == one.value).any()]
    return counts.reindex(index=given, columns=outcomes_of(table), fill_value=0)


def confusion(name: str, table: pd.DataFrame) -> bytes:
    """What followed each verdict, as shares of its weeks, beside the shares of all weeks."""
    counts = verdict_counts(table)
    counts.loc[ALL] = counts.sum()
    shares = counts.div(counts.sum(axis=1), axis=0)
    lift = np.log2((shares / shares.loc[ALL]).clip(0.25, 4.0))
    with style.applied():
        figure = style.figure(
            f"{name}: what followed each verdict",
            "share of the verdict's rows, and their number; purple: more often than in all, orange: less",
        )
        axes = figure.subplots()
        axes.imshow(lift, cmap="PuOr", vmin=-3.5, vmax=3.5, aspect="auto")
        for row, verdict in enumerate(counts.index):
            for column, outcome in enumerate(counts.columns):
                right = verdict == outcome
                axes.annotate(
                    percent(shares.loc[verdict, outcome], 0),
                    (column, row),
                    ha="center",
                    va="bottom",
                    fontsize=20,
                    fontweight="bold" if right else "normal",
                )
                axes.annotate(
                    f"\n{counts.loc[verdict, outcome]} {style.unit(table)}",
                    (column, row),
                    ha="center",
                    va="top",
                    fontsize=11,
                )
        axes.set_xticks(range(counts.shape[1]), [f"{one} followed" for one in counts.columns], fontsize=12)
        axes.set_yticks(range(len(counts)), [_verdict_name(one) for one in counts.index], fontsize=12)
        axes.xaxis.tick_top()
        axes.grid(visible=False)
        axes.tick_params(length=0)
        return style.png(figure)


def _verdict_name(one: str) -> str:
    return one if one == ALL else f"said {one.replace('_', ' ')}"


def label_history(dataset: Dataset, first_test: pd.Timestamp) -> bytes:
    """Shares of the outcomes by year, stacked, with the episodes of breakdown beneath."""
    known = dataset.outcome.dropna()
    shares = pd.crosstab(pd.DatetimeIndex(known.index).year, known.to_numpy(), normalize="index")
    shares = shares.reindex(columns=[one for one in ("breakdown", "rotation", "neither") if one in dataset.outcomes])
    fell = pd.DatetimeIndex(known.index[known == "breakdown"])
    spans = episode_spans(fell)
    with style.applied():
        figure = style.figure(
            f"The label `{dataset.label}`: what happened, by year of the decision",
            f"{len(known)} decisions {known.index[0]:%Y-%m-%d} to {known.index[-1]:%Y-%m-%d}; "
            + ", ".join(f"{one} {percent(float((known == one).mean()), 0)}" for one in shares.columns)
            + f"; {len(spans)} episodes of breakdown; out of sample from {first_test:%Y-%m}",
        )
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[6, 1])
        bottom = np.zeros(len(shares))
        for one in shares.columns:
            upper.bar(shares.index + 0.5, shares[one], 0.86, bottom=bottom, color=OUTCOME_COLORS[one], label=one)
            bottom += shares[one].to_numpy()
        upper.yaxis.set_major_formatter(style.PERCENT)
        upper.set_ylim(0.0, 1.0)
        upper.set_title("share of the year's decisions")
        upper.legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0))
        for first, last in spans:
            at = [_year(first), max(_year(last), _year(first) + 0.08)]
            lower.axvspan(*at, color=OUTCOME_COLORS["breakdown"], lw=0)
        for axes in (upper, lower):
            axes.axvline(_year(first_test), color=INK, lw=1.2, ls="--")
        lower.set_yticks([])
        lower.set_title("episodes of breakdown (gaps of at most 13 weeks)")
        lower.set_xlim(shares.index[0] - 0.2, shares.index[-1] + 1.2)
        return style.png(figure)


def _year(date: pd.Timestamp) -> float:
    """A date as a decimal year."""
    return float(date.year + (date.day_of_year - 1) / 366.0)
