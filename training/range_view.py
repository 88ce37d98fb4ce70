"""A range experiment as a table for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table

from features.data.percent import percent

MEANING = "CRPS skill by horizon in sessions, its p, and the share that ended inside the 80 % band"
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {  # measure: heading, and how a figure is written
    "crps_skill": ("skill {horizon}", "{:+.4f}".format),
    "crps_skill_p": ("p", "{:.3f}".format),
    "coverage_80": ("in 80 %", percent),
}


def table(models: Mapping[str, Mapping[str, float]], horizons: Sequence[int]) -> Table:
    """A row a model, and for each horizon its figures."""
    view = Table(box=None, pad_edge=False)
    view.add_column("model", no_wrap=True)
    for horizon in horizons:
        for heading, _ in FIGURES.values():
            view.add_column(heading.format(horizon=horizon), justify="right", no_wrap=True)
    for kind, found in models.items():
        cells = [said(found[f"{key}_{horizon}"]) for horizon in horizons for key, (_, said) in FIGURES.items()]
        view.add_row(kind, *cells)
    return view


def coverage_explained(found: Mapping[str, float], horizons: Sequence[int]) -> str:
    """What the band would hold by chance alone."""

    def bound(horizon: int) -> str:
        least, most = (percent(found[f"coverage_80_{end}_{horizon}"]) for end in ("least", "most"))
        return f"{least} to {most} ({horizon})"

    return f"a calibrated band of 80 % holds, by chance alone: {', '.join(map(bound, horizons))}"
