"""The trials of a sweep in Optuna's storage: asked for in batches, told in their order, and found again after a kill.

Each batch is asked for as a whole, from what earlier batches gave, so that its
fits can run at once. One fit gives a trial for the number of trees that was
asked for and one for every smaller number of the search space. The first batch
is the experiment as it stands, alone.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from models.spec import ModelSpec
from training.search_space import SPACE, numbers_of_trees, starting_point, with_params
from training.trial_scores import Fit, Scored

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
STARTUP_FITS = 10  # drawn at random before the sampler models what it has seen
BATCH, RUNNING, FIT = "batch", "running", "fit"  # user attributes of trials


def open_study(url: str, name: str) -> optuna.Study:
    """The study `name` at the storage `url`. The caller makes sure that nobody else works on it.

    A trial found RUNNING was left by a process that died: it is made again, with the same parameters.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # alembic's own
        study = optuna.create_study(
            storage=url, study_name=name, pruner=optuna.pruners.NopPruner(), load_if_exists=True
        )
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)
        study.enqueue_trial(left.system_attrs["fixed_params"], user_attrs=left.user_attrs)
    return study


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that ran to their end or were pruned, by number."""
    return study.get_trials(deepcopy=False, states=FINISHED)


def fits(study: optuna.Study) -> list[FrozenTrial]:
    """The finished trials that were fitted, by number; the others were scored from their trees."""
    return [trial for trial in finished(study) if BATCH in trial.user_attrs]


def broken_off(study: optuna.Study) -> bool:
    """Whether a batch has trials that a process before this one asked for and did not finish."""
    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def ask(study: optuna.Study, spec: ModelSpec, size: int) -> list[Trial]:
    """The trials of the batch that is next, or of one that was broken off, less those that are finished."""
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    made = fits(study)
    batch = int(waiting[0].user_attrs[BATCH]) if waiting else _next(made, size)
    there = sum(one.user_attrs[BATCH] == batch for one in made)
    wanted = [starting_point(spec)] if batch == 0 else drawn(earlier(study, batch), spec.seed + batch, size)
    for chosen in wanted[there + len(waiting) :]:
        study.enqueue_trial(chosen, user_attrs={BATCH: batch})
    study.sampler = optuna.samplers.RandomSampler(seed=spec.seed)  # of what the experiment has outside the space
    return [study.ask(SPACE) for _ in wanted[there:]]


def _next(made: list[FrozenTrial], size: int) -> int:
    """Number of the batch that is next: the last one, where some of its trials are still to be asked for."""
    if not made:
        return 0
    last = max(int(one.user_attrs[BATCH]) for one in made)
    there = sum(one.user_attrs[BATCH] == last for one in made)
    return last if there < (1 if last == 0 else size) else last + 1


def drawn(before: list[tuple[dict[str, Any], Scored]], seed: int, size: int) -> list[dict[str, Any]]:
    """Parameters of a batch, by Optuna's sampler from what the fits of earlier batches gave.

    To the sampler a fit is one trial, at the best of its numbers of trees: the
    others say little that is new, and would crowd out what does. The trials of
    the batch are kept apart ("constant liar"). The same seed draws the same
    batch, whenever it is drawn.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP_FITS, seed=seed, constant_liar=True)
    memory = optuna.create_study(sampler=sampler)
    for params, scored in before:
        trees = numbers_of_trees(params)[int(np.argmin(scored.running[-1]))]
        bests = [min(rung) for rung in scored.running]
        memory.add_trial(
            optuna.trial.create_trial(
                state=TrialState.PRUNED if scored.pruned else TrialState.COMPLETE,
                value=None if scored.pruned else bests[-1],
                params=params | {"n_estimators": trees},
                distributions=SPACE,
                intermediate_values=dict(enumerate(bests)),
            )
        )
    return [memory.ask(SPACE).params for _ in range(size)]


def fit_of(trial: Trial | FrozenTrial, spec: ModelSpec) -> Fit:
    """What a trial asks to be fitted and scored."""
    return Fit(with_params(spec, trial.params), tuple(numbers_of_trees(trial.params)))


def earlier(study: optuna.Study, batch: int) -> list[tuple[dict[str, Any], Scored]]:
    """Parameters of the fits of the batches before this one, and what they gave."""
    before = [one for one in fits(study) if one.user_attrs[BATCH] < batch]
    return [(one.params, Scored(_running(one), one.state == TrialState.PRUNED)) for one in before]


def _running(trial: FrozenTrial) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(rung) for rung in json.loads(trial.user_attrs[RUNNING]))


def tell(study: optuna.Study, trial: Trial, scored: Scored) -> None:
    """Tell a trial its score; those of smaller numbers of trees are kept with it, for `tell_fewer_trees`."""
    trial.set_user_attr(RUNNING, json.dumps(scored.running))
    for rung, losses in enumerate(scored.running):
        trial.report(losses[0], rung)
    if scored.pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, scored.running[-1][0])


def tell_fewer_trees(study: optuna.Study, most: int) -> int:
    """Add up to `most` trials for smaller numbers of trees of what has been fitted; returns how many were added."""
    done, added = finished(study), 0
    there = {(one.user_attrs[FIT], one.params["n_estimators"]) for one in done if FIT in one.user_attrs}
    for one in done:
        for place, trees in enumerate(numbers_of_trees(one.params)):
            if BATCH not in one.user_attrs or place == 0 or (one.number, trees) in there:
                continue
            if added == most:
                return added
            running = [rung[place] for rung in _running(one)]
            pruned = one.state == TrialState.PRUNED
            study.add_trial(
                optuna.trial.create_trial(
                    state=one.state,
                    value=None if pruned else running[-1],
                    params=one.params | {"n_estimators": trees},
                    distributions=one.distributions,
                    user_attrs={FIT: one.number},
                    intermediate_values=dict(enumerate(running)),
                )
            )
            added += 1
    return added
