"""What a range would add to a blend of outcomes as one more member, measured on weeks before the test weeks.

No specification has such a member: this says whether one would be worth it. The
blend's members are walked forward as in a sweep (`training.inner_folds`: refitted
each year, labels ended before the first test decision), the range's paths judged by
the label are those of its own exploration, and everything is averaged in equal weights.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.data.errors import RegimeError
from features.data.progress import Progress, silent
from features.dataset import Dataset
from models.evaluation import metrics
from models.evaluation.bootstrap import interval, p_value
from models.evaluation.range_scores import skill
from models.fit import blended
from models.range.spec import RangeSpec
from models.spec import ModelSpec
from training.inner_folds import InnerFolds, inner_walk_forward
from training.range_run import floored
from training.range_walkforward import MONTH
from training.walkforward import kept_folds, spans


def check(blend: ModelSpec, spec: RangeSpec) -> None:
    """Raise a RegimeError, before any work, where a range's paths cannot be one more member of a blend."""
    if MONTH not in spec.horizons:
        raise RegimeError(f"--member-of: paths of {MONTH} sessions are needed, horizons are {list(spec.horizons)}")
    if blend.label != spec.label:
        raise RegimeError(f"--member-of: its label is {blend.label!r}, the range's paths are judged by {spec.label!r}")
    if blend.calibration != "none":
        raise RegimeError(f"--member-of: a mean of its members is needed, and its calibration is {blend.calibration!r}")


def measure(
    dataset: Dataset, blend: ModelSpec, shares: pd.DataFrame, workers: int = 1, progress: Progress = silent
) -> dict[str, float]:
    """Skill of the blend without the range and with it, and what the range gains or costs.

    Parameters
    ----------
    dataset : Dataset
    blend : ModelSpec
        Passed `check`.
    shares : DataFrame, (weeks, `date` and `p_<outcome>`)
        Of the range's paths, as `range_walkforward.walk_forward` gives them.
    workers : int
        Threads; the result is the same for any number.

    Returns
    -------
    dict of str to float
        `blend_weeks`; `blend_log_loss_skill` of the members alone; of `range_alone`, `with_range`,
        `range_for_<member>` (in that member's place) and `without_<member>` (no range either) the `_log_loss_skill`,
        and the `_gain` in skill over the blend with its one-sided `_p` and 90 % interval, `_low` and `_high`. Skills
        are against the folds' climatology.

    Raises
    ------
    RegimeError
        No week before the test weeks has both.
    """
    folds = inner_walk_forward(dataset, blend)
    tables = [_table(folds, one, workers, progress) for one in blended(blend)]
    range_table = shares.set_index("date")
    weeks = folds.tests().intersection(pd.DatetimeIndex(range_table.index))
    if not len(weeks):
        raise RegimeError("--member-of: no week before the test weeks has both the range and the blend")
    came = pd.Categorical(folds.dataset.outcome.loc[weeks], categories=dataset.outcomes)
    columns, known = [f"p_{name}" for name in dataset.outcomes], ~came.isna()
    each = [table.loc[weeks, columns].to_numpy(float) for table in tables]
    base = tables[0].loc[weeks, [f"base_{name}" for name in dataset.outcomes]].to_numpy(float)
    own = floored(range_table.loc[weeks, columns].to_numpy(float))

    def losses(p: np.ndarray) -> np.ndarray:
        return metrics.losses(p[known], np.asarray(came.codes)[known])

    before, reference = losses(np.mean(each, axis=0)), losses(base)
    found = {"blend_weeks": float(known.sum()), "blend_log_loss_skill": skill(before, reference)}
    for name, p in _mixtures(blend.members, each, own).items():
        found |= _gains(name, before, losses(p), reference)
    return found


def _mixtures(names: tuple[str, ...], each: list[np.ndarray], own: np.ndarray) -> dict[str, np.ndarray]:
    """The range alone, beside the members, in the place of each, and each left out; (weeks, outcomes) each."""
    found = {"range_alone": own, "with_range": np.mean([*each, own], axis=0)}
    for place, name in enumerate(names):
        others = [*each[:place], *each[place + 1 :]]
        found[f"range_for_{name}"] = np.mean([*others, own], axis=0)
        if others:
            found[f"without_{name}"] = np.mean(others, axis=0)
    return found


def _table(folds: InnerFolds, one: ModelSpec, workers: int, progress: Progress) -> pd.DataFrame:
    """Out-of-sample rows of one member on the inner test weeks, by decision date."""
    parts, made = spans(folds.starts), []
    with progress(f"before the test weeks: {one.estimator}", len(parts)) as step:
        for table, _ in kept_folds(folds.dataset, one, parts, workers):
            made.append(table)
            step(len(made), len(parts))
    return pd.concat(made)


def _gains(name: str, before: np.ndarray, own: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    gain = before - own
    low, high = interval(lambda saved, lost: saved / lost, (gain, reference))
    return {
        f"{name}_log_loss_skill": skill(own, reference),
        f"{name}_gain": float(gain.mean() / reference.mean()),
        f"{name}_p": p_value(gain),
        f"{name}_low": low,
        f"{name}_high": high,
    }


def lines(found: dict[str, float]) -> list[str]:
    """What `measure` found, in lines; none where it did not run."""
    if "blend_log_loss_skill" not in found:
        return []
    said = [f"log-loss skill of the blend on {found['blend_weeks']:.0f} weeks: {found['blend_log_loss_skill']:+.4f}"]
    for name in (key.removesuffix("_gain") for key in found if key.endswith("_gain")):
        skill_, gain, p, low, high = (
            found[f"{name}_{part}"] for part in ("log_loss_skill", "gain", "p", "low", "high")
        )
        said.append(f"{name.replace('_', ' ')}: {skill_:+.4f}, {gain:+.4f} [{low:+.4f}, {high:+.4f}], p {p:.2f}")
    return said
