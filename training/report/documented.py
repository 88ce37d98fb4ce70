"""Rewrite the figures that the documents quote, from the walk-forwards that are stored: `make figures`.

`python -m training.report.documented FILE...` fills what stands between `<!-- figures: NAME -->` and
`<!-- end of figures -->`, from the newest run of the experiment `default` on the data in force and its baselines; the
figures of `as-published` from the newest run of that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from features.data.errors import RegimeError
from models.evaluation import registry
from models.evaluation.predictions import PERIOD_NAMES
from training.report import word_tables
from training.report.stored import AS_PUBLISHED, EXPERIMENT, Stored, read
from training.report.word_tables import grid

BEGIN, END = "<!-- figures: {name} -->\n", "<!-- end of figures -->"
COLUMNS = (
    "log_loss_skill",
    "log_loss_skill_p",
    "auc_breakdown",
    "auc_onset",
    "auc_rotation",
    "auc_head_to_head",
    "auc_head_to_head_vol",
    "calibration_slope_breakdown",
)


def periods(stored: Stored) -> str:
    """Skill with its p by period, a row a model."""
    rows = []
    for kind, found in stored.scores.items():
        shown = f"**{kind}**, champion" if kind == stored.champion else kind
        rows.append([shown, *(_skill(found, suffix) for suffix in ("", *PERIOD_NAMES))])
    return grid(["skill (p)", "1990 on", *PERIOD_NAMES.values()], rows)


def _skill(found: dict[str, float], suffix: str) -> str:
    skill, p = (found.get(f"log_loss_skill{what}{suffix}") for what in ("", "_p"))
    return "–" if skill is None or p is None else f"{skill:+.3f} ({p:.2f})"


def models(stored: Stored) -> str:
    """The main figures over all weeks, a row a model."""
    rows = [
        [kind, *(registry.formatted(name, found.get(name)) for name in COLUMNS)]
        for kind, found in stored.scores.items()
    ]
    return grid(["model", *(registry.METRICS[name].label for name in COLUMNS)], rows)


def champion(stored: Stored) -> str:
    """Who is champion, and its own calibration."""
    if stored.champion is None:
        return "There is no champion: no model has earned the place.\n"
    found = stored.scores[stored.champion]
    parts = []
    for name in stored.dataset.outcomes:
        error, bound = found[f"ece_{name}"], found[f"ece_bound_{name}"]
        slope = ", ".join(f"{found[f'calibration_slope_{name}{end}']:.2f}" for end in ("", "_low", "_high"))
        slope = slope.replace(", ", " [", 1) + "]"
        parts.append(f"{name} {error:.3f} {'within' if error <= bound else 'over'} {bound:.3f}, slope {slope}")
    return (
        f"Champion: **{stored.champion}**. Its own calibration, error against what chance explains and slope with its "
        f"95 % interval: {'; '.join(parts)}.\n"
    )


def published(stored: Stored) -> str:
    """The skill of each model by period, of the experiment and of what was published at the time."""
    if not stored.as_published:
        return f"No walk-forward of `{AS_PUBLISHED}` is stored.\n"
    rows = []
    for kind in stored.scores:
        for name, scores in ((EXPERIMENT, stored.scores), (AS_PUBLISHED, stored.as_published)):
            if kind in scores and scores[kind].get("log_loss_skill_p", 1.0) < 1.0:
                rows.append([kind, f"`{name}`", *(_skill(scores[kind], suffix) for suffix in ("", *PERIOD_NAMES))])
    return grid(["skill (p)", "", "1990 on", *PERIOD_NAMES.values()], rows)


BLOCKS: dict[str, Callable[[Stored], str]] = {
    "periods": periods,
    "models": models,
    "champion": champion,
    "published": published,
    "words": word_tables.record,
    "replay": word_tables.replay,
    "episodes": word_tables.episodes,
}


def rewritten(text: str, stored: Stored) -> str:
    """A document with every block of figures made anew.

    Raises
    ------
    RegimeError
        A block without an end.
    """
    for name, make in BLOCKS.items():
        begin = BEGIN.format(name=name)
        if begin not in text:
            continue
        before, _, rest = text.partition(begin)
        if END not in rest:
            raise RegimeError(f"the figures {name} have no {END}")
        text = before + begin + make(stored) + rest[rest.index(END) :]
    return text


if __name__ == "__main__":
    found = read()
    for place in map(Path, sys.argv[1:]):
        place.write_text(rewritten(place.read_text(encoding="utf-8"), found), encoding="utf-8")
