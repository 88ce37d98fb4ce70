"""A search over parameters that never sees a test week: Optuna over a walk-forward inside the first training window.

Every trial is judged on `training.inner_folds`; its value is the mean log loss of the
inner test weeks. Trials are kept in SQLite under `REGIME_HOME/sweeps` as they
finish: a sweep that was killed goes on where it was, and ends as it would have.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from features.data import cache, files, store
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.progress import Progress, silent
from features.dataset import build
from models import fingerprint
from models.estimators import TREES
from models.spec import CALIBRATIONS, LIGHTGBM_DEFAULTS, WEIGHTINGS, ModelSpec, baseline
from models.tracking import sweeps
from training import dask_cluster
from training.inner_folds import InnerFolds, fold_losses, inner_walk_forward

STARTUP_TRIALS = 10  # drawn at random before the sampler models what it has seen
WARMUP_SHARE = 0.25  # of the inner folds, before a trial may be pruned
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
Distribution = optuna.distributions.BaseDistribution
SPACE: dict[str, Distribution] = {
    "n_estimators": optuna.distributions.IntDistribution(50, 600, step=50),
    "max_depth": optuna.distributions.IntDistribution(2, 5),
    "learning_rate": optuna.distributions.FloatDistribution(0.005, 0.1, log=True),
    "min_child_samples": optuna.distributions.IntDistribution(20, 400, log=True),
    "colsample_bytree": optuna.distributions.FloatDistribution(0.05, 1.0, log=True),
    "reg_lambda": optuna.distributions.FloatDistribution(0.1, 200.0, log=True),
    "weighting": optuna.distributions.CategoricalDistribution(WEIGHTINGS),
    "half_life_years": optuna.distributions.CategoricalDistribution((0.0, 5.0, 10.0, 20.0, 40.0)),
    "calibration": optuna.distributions.CategoricalDistribution(CALIBRATIONS),
}


def with_params(spec: ModelSpec, chosen: dict[str, Any]) -> ModelSpec:
    """`spec` with a trial's parameters; trees have as many leaves as their depth allows."""
    fields = set(ModelSpec.model_fields)
    params = {name: value for name, value in chosen.items() if name not in fields}
    if "max_depth" in params:
        params["num_leaves"] = 2 ** params["max_depth"]
    return spec.replace(params=spec.params | params, **{k: v for k, v in chosen.items() if k in fields})


def starting_point(spec: ModelSpec) -> dict[str, Any]:
    """The experiment's own parameters, which the first trial tries: those that lie within `SPACE`."""
    own: dict[str, Any] = LIGHTGBM_DEFAULTS | spec.params | {name: getattr(spec, name) for name in _fields()}
    return {name: own[name] for name, values in SPACE.items() if _within(values, own[name])}


def _within(values: Distribution, value: Any) -> bool:
    """Whether a distribution of the search space can give this value."""
    if isinstance(values, optuna.distributions.CategoricalDistribution):
        return value in values.choices
    assert isinstance(values, optuna.distributions.IntDistribution | optuna.distributions.FloatDistribution)
    steps = (value - values.low) / values.step if values.step else 0.0
    return bool(values.low <= value <= values.high and abs(steps - round(steps)) < 1e-8)


def _fields() -> tuple[str, ...]:
    return tuple(name for name in SPACE if name not in LIGHTGBM_DEFAULTS)


def study_name(name: str, folds: InnerFolds, spec: ModelSpec) -> str:
    """The name under which trials are comparable: same inner data, experiment, search space and program."""
    seen = fingerprint.digests(folds.dataset, [folds.before])[0]
    space = {key: optuna.distributions.distribution_to_json(value) for key, value in SPACE.items()}
    program = [
        Path(__file__).with_name(f"{module}.py") for module in ("parameter_search", "inner_folds", "walkforward")
    ]
    key = cache.entry_key(program, [fingerprint.fit_key(seen, spec, folds.before), json.dumps(space, sort_keys=True)])
    return f"{name}-{key[:12]}"


def search(
    url: str,
    name: str,
    folds: InnerFolds,
    spec: ModelSpec,
    count: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> optuna.Study:
    """Go on with the study `name` at the storage `url` until `count` trials are finished.

    The caller makes sure that nobody else works on it: a trial found RUNNING was
    left by a process that died, and is made again. Each trial's sampler is seeded
    with the number of trials finished before it, so that a sweep that was killed
    draws what it would have drawn.

    Trials follow each other, for each sampler learns from those before; the folds
    of one run at once.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warmup = int(len(folds.starts) * WARMUP_SHARE)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=warmup)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # alembic's own
        study = optuna.create_study(storage=url, study_name=name, pruner=pruner, load_if_exists=True)
    for stale in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(stale.number, state=TrialState.FAIL)
    while (done := len(finished(study))) < count:
        if not done and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            study.enqueue_trial(starting_point(spec))
        study.sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP_TRIALS, seed=spec.seed + done)
        _run_trial(study, folds, spec, workers)
        if progress:
            progress(done + 1, count)
    return study


def _run_trial(study: optuna.Study, folds: InnerFolds, spec: ModelSpec, workers: int) -> None:
    trial = study.ask(SPACE)
    total, weeks = 0.0, 0
    for fold, loss in enumerate(fold_losses(folds, with_params(spec, trial.params), workers)):
        total, weeks = total + float(loss.sum()), weeks + len(loss)
        trial.report(total / weeks, fold)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    study.tell(trial, total / weeks)


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that ran to their end or were pruned, by number."""
    return study.get_trials(deepcopy=False, states=FINISHED)


def run(
    name: str, spec: ModelSpec, count: int, workers: int, client: Any = None, progress: Progress = silent
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
    folder = home() / "sweeps"
    busy = f"a sweep of {name} is running already: wait for it, or end it; it can be resumed"
    with files.lock(folder / f"{name}.lock", wait=0.0, busy=busy):
        return _run(name, spec, count, workers, client, folder, progress)


def _run(
    name: str, spec: ModelSpec, count: int, workers: int, client: Any, folder: Path, progress: Progress
) -> dict[str, Any]:
    snapshot = store.load()
    with progress("data set", None) as step:
        folds = inner_walk_forward(build(snapshot, spec.label, step, spec.needs_jump), spec)
    key = study_name(name, folds, spec)
    with dask_cluster.holding(client, folds.dataset), progress("trials", count) as step:
        study = search(f"sqlite:///{folder / 'trials.db'}", key, folds, spec, count, workers, step)
    done, best = finished(study), study.best_trial
    climatology = float(np.concatenate(list(fold_losses(folds, baseline(spec, "climatology"), workers))).mean())
    chosen = with_params(spec, best.params)
    tests = folds.tests()
    found = {
        "experiment": name,
        "study": key,
        "trials": len(done),
        "pruned": sum(trial.state == TrialState.PRUNED for trial in done),
        "inner_weeks": len(tests),
        "inner_span": [str(tests[0].date()), str(tests[-1].date())],
        "inner_log_loss": best.value,
        "inner_log_loss_before": done[0].value,  # the experiment's own parameters
        "inner_log_loss_climatology": climatology,
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
    return sweeps.log_sweep(f"sweep {found['experiment']}", found["study"], params, scores, tags, each)


def _write(path: Path, spec: ModelSpec, found: dict[str, Any]) -> None:
    """The winner as an experiment file: what differs from the defaults of `ModelSpec`, tables last."""
    first, last = found["inner_span"]
    lines = [
        f"# The best of {found['trials']} trials of `regime-train sweep {found['experiment']}` on {first} to {last},",
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
