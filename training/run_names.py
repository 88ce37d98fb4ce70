"""What a run is called: its experiment, and what differs from the experiment's file."""

from __future__ import annotations

from collections.abc import Mapping

from models.estimators import ALL_BASELINES, TREES
from models.evaluation.predictions import matured_rows
from models.spec import LIGHTGBM_DEFAULTS, PROTOCOL, ModelSpec
from models.spec import baseline as plain
from models.tracking.spec_params import params_of
from training.model_run import Experiment, ModelRun

LONGEST = 120  # characters of a name: what a table and a chart's legend can show
LONGEST_TAG = 2000  # characters of changes or a note; MLflow takes 5,000
NONE = "none"
Changes = Mapping[str, tuple[str, str]]


def changes(before: ModelSpec, now: ModelSpec) -> dict[str, tuple[str, str]]:
    """What differs between two specifications, by key: before and now; `none` where one has no such key."""
    old, new = _flat(before), _flat(now)
    return {
        key: (old.get(key, NONE), new.get(key, NONE))
        for key in sorted(old.keys() | new.keys())
        if old.get(key, NONE) != new.get(key, NONE)
    }


def _flat(spec: ModelSpec) -> dict[str, str]:
    """A specification by key, LightGBM's parameters with the defaults it does not name."""
    if any(member in TREES for member in spec.members):
        spec = spec.replace(params=LIGHTGBM_DEFAULTS | spec.params)
    return {key: value for key, value in params_of(spec).items() if value != NONE}


def name_of(experiment: str, made: Changes) -> str:
    """The run's name: `default max_depth=2`; cut with an ellipsis where it would be longer than `LONGEST`."""
    words = [experiment, *(f"{key.removeprefix('params.')}={now}" for key, (_, now) in made.items())]
    return shortened(" ".join(words))


def shortened(name: str) -> str:
    """A name of at most `LONGEST` characters."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def baseline_name(spec: ModelSpec) -> str:
    """A baseline's name: `baseline markov`, with what differs from the protocol's rows and columns.

    What runs beside every candidate and has more columns than a baseline may have is `beside logit-all`.
    """
    role = "baseline" if spec.estimator in ALL_BASELINES else "beside"
    protocol = plain(ModelSpec(label=spec.label, seed=spec.seed, **PROTOCOL), spec.estimator)
    return name_of(f"{role} {spec.estimator}", changes(protocol, spec) | _label(spec))


def _label(spec: ModelSpec) -> dict[str, tuple[str, str]]:
    usual = ModelSpec().label
    return {} if spec.label == usual else {"label": (usual, spec.label)}


def title_of(experiment: Experiment, run: ModelRun) -> str:
    """The name of the run of one model of an experiment."""
    return name_of(experiment.name, experiment.changes) if run is experiment.candidate else baseline_name(run.spec)


def said(made: Changes) -> str:
    """Changes as a tag: `params.max_depth 3 -> 2, label path -> return`; `none` where nothing differs."""
    text = ", ".join(f"{key} {before} -> {now}" for key, (before, now) in made.items()) or NONE
    return text if len(text) <= LONGEST_TAG else text[: LONGEST_TAG - 1] + "…"


def data_of(experiment: Experiment) -> str:
    """The data as a tag: source, last decision day whose outcome is known, and the snapshot's digest."""
    dataset = experiment.dataset
    last = matured_rows(experiment.candidate.predictions)["date"].max()
    return f"{dataset.source} to {last:%Y-%m-%d}, {dataset.digest[:8]}"
