"""A search over parameters that never sees a test week: Optuna over a walk-forward inside the first training window.

Every trial is judged on `training.inner_folds`; its value is the mean log loss of the
inner test weeks. Trials are kept in SQLite under `REGIME_HOME/sweeps` as they
finish: a sweep that was killed goes on where it was, and ends as it would have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from features.data import cache, files, store
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.progress import Progress, silent
from features.dataset import build
from models import fingerprint, tree_counts
from models.estimators import TREES
from models.spec import ModelSpec, baseline
from models.tracking import sweeps
from training import dask_cluster, trial_batches, trial_scores
from training.inner_folds import InnerFolds, inner_walk_forward
from training.search_space import SPACE, with_params
from training.trial_batches import finished

BATCH = 4  # fits that are asked for at once
MODULES = ("inner_folds", "parameter_search", "search_space", "trial_batches", "trial_scores", "walkforward")
PROGRAM = (*(Path(__file__).with_name(f"{name}.py") for name in MODULES), Path(tree_counts.__file__))


def study_name(name: str, folds: InnerFolds, spec: ModelSpec, batch: int = BATCH) -> str:
    """The name under which trials are comparable: same inner data, experiment, search space, batches and program."""
    seen = fingerprint.digests(folds.dataset, [folds.before])[0]
    space = {key: optuna.distributions.distribution_to_json(value) for key, value in SPACE.items()}
    text = json.dumps([space, batch], sort_keys=True)
    key = cache.entry_key(PROGRAM, [fingerprint.fit_key(seen, spec, folds.before), text])
    return f"{name}-{key[:12]}"


def search(
    url: str,
    name: str,
    folds: InnerFolds,
    spec: ModelSpec,
    count: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
    batch: int = BATCH,
) -> optuna.Study:
    """Go on with the study `name` at the storage `url` until `count` trials are finished.

    The caller makes sure that nobody else works on it. The fits of a batch run
    at once; what comes out depends on the seed of `spec` and on `batch`, not on
    `workers` nor on when the sweep was broken off.
    """
    study, shared = trial_batches.open_study(url, name), trial_scores.shared()
    while (left := count - len(finished(study))) > 0:
        if trial_batches.broken_off(study) or not trial_batches.tell_fewer_trees(study, left):
            asked = trial_batches.ask(study, spec, batch)[:left]
            wanted = [trial_batches.fit_of(trial, spec) for trial in asked]
            before = trial_batches.earlier(study, asked[0].user_attrs[trial_batches.BATCH])
            scored = trial_scores.score(folds, wanted, [one for _, one in before], workers, shared)
            for trial, one in zip(asked, scored, strict=True):
                trial_batches.tell(study, trial, one)
        if progress:
            progress(len(finished(study)), count)
    return study


def run(
    name: str,
    spec: ModelSpec,
    count: int,
    workers: int,
    client: Any = None,
    progress: Progress = silent,
    batch: int = BATCH,
) -> dict[str, Any]:
    """Search, log the trials, and write the winner as an experiment; returns what was found, JSON-ready.

    Raises
    ------
    RegimeError
        The experiment's model has nothing to search, a sweep of this name is
        running, or there are no weeks to choose on.
    """
    if spec.estimator not in TREES:
        raise RegimeError(
            f"a sweep needs a LightGBM model ({', '.join(TREES)}): {spec.estimator!r} has nothing to search"
        )
    if spec.as_published:
        raise RegimeError(
            "a sweep chooses on weeks before 1990, when hardly a source was published: sweep with as_published=false"
        )
    folder = home() / "sweeps"
    busy = f"a sweep of {name} is running already: wait for it, or end it; it can be resumed"
    with files.lock(folder / f"{name}.lock", wait=0.0, busy=busy):
        return _run(name, spec, count, workers, client, folder, progress, batch)


def _run(
    name: str, spec: ModelSpec, count: int, workers: int, client: Any, folder: Path, progress: Progress, batch: int
) -> dict[str, Any]:
    snapshot = store.load()
    with progress("data set", None) as step:
        folds = inner_walk_forward(build(snapshot, spec.label, step, spec.needs_jump), spec)
    key = study_name(name, folds, spec, batch)
    with dask_cluster.holding(client, folds.dataset), progress("trials", count) as step:
        study = search(f"sqlite:///{folder / 'trials.db'}", key, folds, spec, count, workers, step, batch)
    done, best = finished(study), study.best_trial
    plain = trial_scores.Fit(baseline(spec, "climatology"), (1,))
    (climatology,) = trial_scores.score(folds, [plain], (), workers, trial_scores.shared())
    chosen = with_params(spec, best.params)
    tests = folds.tests()
    found = {
        "experiment": name,
        "study": key,
        "trials": len(done),
        "fits": len(trial_batches.fits(study)),
        "pruned": sum(trial.state == TrialState.PRUNED for trial in done),
        "inner_weeks": len(tests),
        "inner_span": [str(tests[0].date()), str(tests[-1].date())],
        "inner_log_loss": best.value,
        "inner_log_loss_before": done[0].value,  # the experiment's own parameters
        "inner_log_loss_climatology": climatology.running[-1][0],
        "best_trial": best.number,
        "params": best.params,
        "file": str(folder / f"{name}-swept.toml"),
    }
    _write(folder / f"{name}-swept.toml", chosen, found)
    found["run_id"] = _log(found, spec, done)
    return found


def _log(found: dict[str, Any], spec: ModelSpec, done: list[FrozenTrial]) -> str:
    each = [
        sweeps.Trial(
            trial.number,
            {key: str(value) for key, value in trial.params.items()},
            {"inner_log_loss": trial.values[0]} if trial.state == TrialState.COMPLETE else {},
            {"state": trial.state.name.lower()},
            tuple(trial.intermediate_values[fold] for fold in sorted(trial.intermediate_values)),
        )
        for trial in done
    ]
    told = ("inner_log_loss", "inner_log_loss_before", "inner_log_loss_climatology", "trials", "pruned")
    scores = {key: float(found[key]) for key in told}
    tags = {"best_trial": str(found["best_trial"]), "inner_span": " to ".join(found["inner_span"])}
    params = {"experiment": str(found["experiment"]), "spec": spec.to_json()}
    best = Path(found["file"])
    files = {best.name: best.read_text(encoding="utf-8")}
    return sweeps.log_sweep(f"sweep {found['experiment']}", found["study"], params, scores, tags, each, files)


def _write(path: Path, spec: ModelSpec, found: dict[str, Any]) -> None:
    """The winner as an experiment file: what differs from the defaults of `ModelSpec`, tables last."""
    first, last = found["inner_span"]
    lines = [
        f"# The best of {found['trials']} trials of `regime train sweep {found['experiment']}` on {first} to {last},",
        f"# log loss {found['inner_log_loss']:.4f} there; no later week was seen. Study {found['study']}.",
    ]
    values = json.loads(spec.to_json())
    defaults = json.loads(ModelSpec().to_json())
    for key, value in values.items():
        if not isinstance(value, dict) and (value != defaults[key] or key in ("estimator", "label")):
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")  # JSON's scalars and lists are TOML's
    for key, value in values.items():
        if isinstance(value, dict) and value:
            lines += ["", f"[{key}]", *(f"{name} = {json.dumps(one)}" for name, one in value.items())]
    files.write_file(path, "\n".join(lines) + "\n")
