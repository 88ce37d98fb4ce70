"""Cumulative log-loss gain over reference models: as series, as MLflow's stepped metrics, and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.estimators import COLORS
from models.evaluation import metrics
from models.evaluation.predictions import matured, matured_rows
from models.evaluation.verdicts import breakdown_spans
from models.figures import style
from models.figures.colors import MUTED, OUTCOME_COLORS

REFERENCES = ("climatology", "logit2", "markov")
LOGGED = (*REFERENCES, "simulation")  # as stepped metrics
POINTS = 450  # most points of a stepped curve: logging four takes a third of a second, and no screen shows more
Curve = list[tuple[int, int, float]]  # number of the test week, its date in milliseconds since 1970, value


def losses(table: pd.DataFrame, of: str = "p") -> pd.Series:
    """Log loss of each matured decision, in nats, by date; `of="base"` gives that of the fold's climatology."""
    predictions = matured(table)
    return pd.Series(metrics.losses(getattr(predictions, of), predictions.codes), predictions.dates)


def cumulative_gains(
    table: pd.DataFrame, others: Mapping[str, pd.DataFrame], over: Sequence[str] = REFERENCES
) -> dict[str, pd.Series]:
    """Running sum of (reference's loss - the model's), in nats, by reference and decision date.

    Parameters
    ----------
    table : DataFrame
        The model's predictions.
    others : mapping of str to DataFrame
        Predictions of other models by name; those of `over` among them count.
        Climatology is that of the model's own folds. Decisions that only one of
        two models has do not count.
    over : sequence of str
        The references.
    """
    own, found = losses(table), {}
    for name in over:
        if name == "climatology":
            reference = losses(table, "base")
        elif name in others:
            reference = losses(others[name])
        else:
            continue
        found[name] = (reference - own).dropna().cumsum()
    return found


def stepped(
    table: pd.DataFrame, others: Mapping[str, pd.DataFrame], shared: Mapping[str, pd.Series] | None = None
) -> dict[str, Curve]:
    """The gains as stepped metrics `gain_over_<reference>`: at most `POINTS` each, the last decision among them.

    A step is the number of the test week, counted from 0, and its time the week's date.

    Parameters
    ----------
    table, others
        As in `cumulative_gains`.
    shared : mapping of str to Series of float, optional
        Weekly losses of the protocol's baselines, for a model whose own stand on other rows. One name must mean one
        reference in every run, so the gains over its own are then `gain_over_own_<reference>`.
    """
    gains = {f"gain_over_{name}": gain for name, gain in cumulative_gains(table, others, LOGGED).items()}
    if shared is not None:
        gains = {name.replace("_over_", "_over_own_"): gain for name, gain in gains.items()}
        gains |= {f"gain_over_{name}": (loss - losses(table)).dropna().cumsum() for name, loss in shared.items()}
    curves, places = {}, pd.Series(range(len(table)), pd.DatetimeIndex(table["date"]))
    for name, gain in gains.items():
        if gain.empty:
            continue
        every = max(1, -(-len(gain) // POINTS))
        thin = gain.iloc[::-1].iloc[::every].iloc[::-1]
        times = thin.index.as_unit("ms").astype("int64")
        curves[name] = [
            (int(place), int(time), float(value))
            for place, time, value in zip(places.loc[thin.index], times, thin, strict=True)
        ]
    return curves


def last_high(table: pd.DataFrame) -> pd.Timestamp | None:
    """The decision at which the cumulative gain over climatology was highest: the model has earned nothing since.

    None where it was never above zero.
    """
    gain = cumulative_gains(table, {})["climatology"]
    return None if gain.empty or not gain.max() > 0.0 else pd.Timestamp(gain.idxmax())


def diagram(title: str, name: str, table: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> bytes:
    """The cumulative gain of the model `name` over each reference, as PNG; a rising line is ahead."""
    with style.applied():
        return style.png(draw(title, name, table, others))


def draw(title: str, name: str, table: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> Figure:
    """The same, not yet written; the report writes it as SVG."""
    with style.applied():
        gains = {reference: line for reference, line in cumulative_gains(table, others).items() if reference != name}
        figure = style.figure(
            f"{title}: cumulative log-loss gain",
            "nats, summed; rising: ahead of the reference; shaded: episodes of breakdown",
        )
        axes = figure.subplots()
        axes.axhline(0.0, color=MUTED, lw=1.0)
        style.shade(axes, breakdown_spans(matured_rows(table)), OUTCOME_COLORS["breakdown"], 0.15)
        for reference, line in gains.items():
            axes.plot(line.index, line, color=COLORS[reference], lw=1.8)
        _label_ends(axes, gains)
        axes.set_ylabel("nats ahead")
        return figure


def _label_ends(axes: Axes, lines: dict[str, pd.Series]) -> None:
    """Write the reference and last value of each line beside its end, moved apart where labels would touch."""
    low, high = axes.get_ylim()
    least, place = 0.055 * (high - low), -np.inf
    for name, line in sorted(lines.items(), key=lambda item: float(item[1].iloc[-1])):
        place = max(float(line.iloc[-1]), place + least)
        axes.annotate(
            f" over {name} {line.iloc[-1]:+.1f}",
            (line.index[-1], place),
            color=COLORS[name],
            fontweight="bold",
            va="center",
            annotation_clip=False,
        )
