"""The reliability diagram: what was said against how often it came, beside what a calibrated model would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtri

from models.evaluation.calibration import bins, latent
from models.evaluation.predictions import outcomes_of
from training.report import style


@dataclass(frozen=True)
class Bins:
    """Stated and observed frequency in bins of equal count, with what a calibrated model would have shown.

    Arrays of shape (bins,): `said`, `came`, `count`; `low` and `high` are the
    2.5 and 97.5 % quantiles of the observed frequency if `said` were right.
    """

    said: np.ndarray
    came: np.ndarray
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray


def reliability_bins(p: np.ndarray, truth: np.ndarray, z: np.ndarray) -> Bins:
    """Bins at the deciles of `p`; the null by a Gaussian copula with the overlap of the labels.

    Parameters
    ----------
    p : float array, (weeks,)
    truth : bool array, (weeks,)
    z : float array, (histories, weeks)
        From `models.evaluation.calibration.latent`. In a history the outcome happens where z < ndtri(p).
    """
    place = bins(p)
    member = (place[:, None] == np.unique(place)).astype(float)
    count = member.sum(axis=0)
    null = (z < ndtri(np.clip(p, 1e-9, 1.0 - 1e-9))).astype(float) @ member / count
    low, high = np.quantile(null, [0.025, 0.975], axis=0)
    return Bins(p @ member / count, truth @ member / count, count, low, high)


def reliability(name: str, table: pd.DataFrame) -> bytes:
    """Stated against observed frequency, one panel an outcome, with the null band and the counts beneath."""
    with style.style():
        ripe, names = style.matured(table), outcomes_of(table)
        z = latent(len(ripe), style.monthly(ripe))
        figure = style.figure(
            f"{name}: does what was said come as often as said?",
            f"{style.span(ripe)}, {len(ripe)} {style.unit(ripe)} in ten bins of equal count; grey: where 95 % of the "
            "points of a perfectly calibrated model\nlie, overlap of the labels included; "
            "on the diagonal stated and observed are equal",
        )
        every = figure.subplots(2, len(names), sharex="col", height_ratios=[4, 1], squeeze=False)
        for column, one in enumerate(names):
            p = ripe[f"p_{one}"].to_numpy(float)
            found = reliability_bins(p, (ripe["outcome"] == one).to_numpy(), z)
            _reliability_panel(every[0][column], one, found, float(p.max()))
            lower = every[1][column]
            lower.hist(p, bins=np.linspace(0.0, max(p.max(), 1e-3), 41).tolist(), color=style.COLORS[one])
            lower.set_xlabel(f"stated P({one})")
            lower.xaxis.set_major_formatter(style.PERCENT)
        every[0][0].set_ylabel("observed frequency")
        every[1][0].set_ylabel(style.unit(ripe))
        return style.png(figure)


def _reliability_panel(axes: Axes, one: str, found: Bins, top: float) -> None:
    edge = 1.08 * max(top, float(np.max(found.came)), float(np.max(found.high)))
    axes.plot([0.0, edge], [0.0, edge], color=style.MUTED, lw=1.0)
    axes.vlines(found.said, found.low, found.high, color="#C8CED4", lw=9, zorder=1.5)
    axes.plot(found.said, found.came, color=style.COLORS[one], lw=1.2, marker="o", ms=7)
    outside = int(np.sum((found.came < found.low) | (found.came > found.high)))
    axes.set_title(f"{one}: {outside} of {len(found.said)} outside the band")
    axes.set_ylim(0.0, edge)
    axes.set_xlim(0.0, 1.04 * top)
    axes.yaxis.set_major_formatter(style.PERCENT)
