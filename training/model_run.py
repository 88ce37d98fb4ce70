"""One model of an experiment with what it predicted and scored, and the experiment as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from features.dataset import Dataset
from models.estimators import ALL_BASELINES, BESIDE
from models.fitted import FittedModel
from models.spec import ModelSpec, is_plain


@dataclass(frozen=True)
class ModelRun:
    """A model's walk-forward.

    Attributes
    ----------
    name : str
        What the model is called beside the others of its experiment.
    spec : ModelSpec
    predictions : DataFrame
        Every out-of-sample row, as `training.walkforward.walk_forward` returns it.
    fitted : FittedModel
        The fit of the last fold.
    scores : mapping of str to float
        Metrics by name, as in `models.evaluation.registry`; one without a finite value is absent.
    began : float
        When the walk-forward began, in seconds since 1970; 0 where nobody noted it.
    """

    name: str
    spec: ModelSpec
    predictions: pd.DataFrame
    fitted: FittedModel
    scores: Mapping[str, float]
    began: float = 0.0

    def with_scores(self, more: Mapping[str, float]) -> ModelRun:
        """The same run with further scores."""
        return replace(self, scores={**self.scores, **more})


@dataclass(frozen=True)
class Experiment:
    """What an experiment computed, before anything is judged or logged.

    Attributes
    ----------
    name : str
        Of the experiment file.
    text : str or None
        The file's text, with the settings given on the command line.
    dataset : Dataset
    candidate : ModelRun
        The model the experiment is about.
    baselines : tuple of ModelRun
        The baselines of the protocol in the same folds.
    changes : mapping of str to (str, str)
        What differs from the experiment's file: before and now, by key of the specification.
    note : str
        Why somebody ran it, in their own words.
    """

    name: str
    text: str | None
    dataset: Dataset
    candidate: ModelRun
    baselines: tuple[ModelRun, ...]
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    note: str = ""

    @property
    def runs(self) -> tuple[ModelRun, ...]:
        """The candidate, then the baselines."""
        return self.candidate, *self.baselines

    @property
    def predictions(self) -> dict[str, pd.DataFrame]:
        """Table of predictions by model name."""
        return {run.name: run.predictions for run in self.runs}


def model_name(spec: ModelSpec) -> str:
    """What an experiment's own model is called beside its baselines: the estimators that it averages.

    What runs beside others and departs from the protocol (calibrated, blended, or
    on other rows or columns) is another model; its name begins with `altered-`.
    """
    name = "+".join(spec.members)
    altered = spec.estimator in (*BESIDE, *ALL_BASELINES) and not is_plain(spec)
    return f"altered-{name}" if altered else name
