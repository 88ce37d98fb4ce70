"""A candidate against the runs before it on the same data and label: what differs, and whether it is more than chance.

What a person asks of two runs in MLflow's UI. The later of any two runs holds
the answer: as a table, and about its experiment's own file in a tag and on its page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from features.data.errors import RegimeError
from models.evaluation import paired
from models.spec import ModelSpec, from_json, normal
from models.tracking import logged_runs, trial_ledger
from models.tracking.errors import TrackingError
from models.tracking.logged_runs import Candidate
from training import run_names
from training.config import DEFAULT, default_spec
from training.model_run import Experiment

MOST = 20  # earlier runs, the newest: a table a person reads, and two seconds of resampling


@dataclass(frozen=True)
class Against:
    """One earlier run: what differs from it, and this run's gain over it in nats a decision."""

    earlier: Candidate
    changes: run_names.Changes
    paired: paired.Paired

    @property
    def sentence(self) -> str:
        """As in `default: -0.0003 nats a decision, p 0.612: within chance`."""
        found = self.paired
        return f"{self.earlier.name}: {found.gain:+.4f} nats a decision, p {found.p:.3f}: {found.verdict}"


def earlier_runs(experiment: Experiment, group: str) -> list[Against]:
    """This experiment's candidate against each earlier one, the newest first; none where MLflow cannot be asked.

    Parameters
    ----------
    experiment : Experiment
    group : str
        The tag `baselines` that its run will carry.
    """
    dataset = experiment.dataset
    try:
        found = logged_runs.candidates(group, MOST)
        entries = trial_ledger.entries(dataset.source, dataset.label) if found else []
    except TrackingError:
        return []
    losses = {entry.spec: entry.losses for entry in entries if entry.digest == dataset.digest}
    own = trial_ledger.weekly_losses(experiment.candidate.predictions)
    return [made for one in found if (made := _against(one, experiment.candidate.spec, own, losses)) is not None]


def _against(one: Candidate, spec: ModelSpec, own: pd.Series, losses: dict[str, pd.Series]) -> Against | None:
    try:
        theirs = normal(from_json(one.spec))
    except RegimeError:  # a specification of another version of the program
        return None
    known = losses.get(theirs.to_json())
    if known is None:
        return None
    return Against(one, run_names.changes(theirs, normal(spec)), paired.compare(known, own))


def nearest(found: Sequence[Against], experiment: Experiment) -> Against | None:
    """The newest run of the experiment's file as it is, for one with changes; else that of the default experiment."""
    name = experiment.name if experiment.changes else DEFAULT
    return next((one for one in found if one.earlier.experiment == name and one.earlier.changes == "none"), None)


def table(found: Sequence[Against]) -> pd.DataFrame:
    """The comparisons as a table for MLflow's UI."""
    return pd.DataFrame(
        {
            "against run": [one.earlier.name for one in found],
            "id": [one.earlier.run_id[:8] for one in found],
            "what differs": [run_names.said(one.changes).replace("params.", "") for one in found],
            "gain in nats": [f"{one.paired.gain:+.4f}" for one in found],
            "p": [f"{one.paired.p:.3f}" for one in found],
            "this run is": [one.paired.verdict for one in found],
            "decisions": [one.paired.weeks for one in found],
        }
    )


def head(experiment: Experiment, found: Sequence[Against]) -> str:
    """What stands first on the run's page, as Markdown: note, changes, and the comparison with the file's own run."""
    said = [f"**Why it was run:** {experiment.note}"] if experiment.note else []
    if experiment.changes:
        said.append(f"**Changed in `{experiment.name}`:** {run_names.said(experiment.changes)}")
    differing = run_names.changes(default_spec(), experiment.candidate.spec)
    if differing and experiment.name != DEFAULT:
        said.append(f"**Differs from `{DEFAULT}`:** {run_names.said(differing)}")
    own = nearest(found, experiment)
    if own is not None:
        said.append(f"**Against** {own.sentence} (run {own.earlier.run_id[:8]}, of the file without changes)")
    return "".join(f"{line}\n\n" for line in said)
