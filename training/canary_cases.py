"""The cases of the canaries: a simulated market, the models walked forward on it, and what the gate decided.

Everything but the market is the real thing: labels, `fit_at`, walk-forward and
gate, with small trees and few refits. The ledger is held in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from features import simulated_market
from features.dataset import Dataset
from models.evaluation.champion import LEVEL
from models.spec import ModelSpec, baseline
from models.tracking.trial_ledger import weekly_losses
from training import gate
from training.gate_case import first_week_correlation
from training.gate_types import Decision, GateCase, LeakSigns
from training.walkforward import walk_forward

FIXED_COLUMNS = ("climatology", "logit2", "markov")  # baselines that read columns of their own
ALL_COLUMNS = "logit-all"
# All parameters are given, so that the canaries do not depend on the defaults of the experiments.
TREES = {
    "n_estimators": 40,
    "max_depth": 3,
    "num_leaves": 6,
    "learning_rate": 0.08,
    "min_child_samples": 60,
    "colsample_bytree": 0.5,
    "reg_lambda": 20.0,
    "bagging_fraction": 1.0,
    "bagging_freq": 0,
    "extra_trees": 0,
}
WEEKS = 1300  # decision weeks from 1980; tested from 1990, 15 years
LONG = 2000  # to 2018, for leaks
LONGEST = 2700  # to 2031, for the signal, which takes decades to see
REFIT = 260
TRIES = 50
# Range of the standard deviation of the log noise, one draw a try; more noise costs more than luck gains.
NOISE = (0.005, 0.04)
STRENGTH = 0.175  # of the planted signal (features.simulated_market): a skill of about 0.05


@dataclass(frozen=True)
class Outcome:
    """The gate's decision on one seed.

    `alone`: whether it would pass if the ledger held this try alone; `share`: of looks at
    which the alive rule was right, for its canaries.
    """

    passed: bool = False
    suspicious: bool = False
    beats_climatology: bool = False
    alone: bool = False
    champion: str | None = None
    share: float = 0.0

    @property
    def baseline_champion(self) -> bool:
        """Whether a baseline became champion."""
        return self.champion in FIXED_COLUMNS

    @property
    def leaked(self) -> bool:
        """Whether a model that reads every column, the leaking one included, became champion."""
        return self.champion is not None and self.champion not in FIXED_COLUMNS


def specification(seed: int) -> ModelSpec:
    """Specification of the candidate: small trees."""
    return ModelSpec(train_start="1980-01-01", refit_weeks=REFIT, seed=seed, params=TREES)


def _tables(data: Dataset, kinds: tuple[str, ...], seed: int) -> dict[str, pd.DataFrame]:
    spec = specification(seed)
    return {
        kind: walk_forward(data, spec if kind == spec.estimator else baseline(spec, kind), cached=False)[0]
        for kind in kinds
    }


def _auc(table: pd.DataFrame) -> float:
    known = table[table["outcome"].notna()]
    return float(roc_auc_score(known["outcome"] == "breakdown", known["p_breakdown"]))


def _judged(
    data: Dataset, tables: dict[str, pd.DataFrame], candidate: str, tries: tuple[pd.Series, ...] = ()
) -> Outcome:
    losses = {name: weekly_losses(table) for name, table in tables.items()}
    signs = {
        name: LeakSigns(_auc(table), first_week_correlation(table, data.returns)) for name, table in tables.items()
    }
    baselines = tuple(name for name in tables if name in FIXED_COLUMNS)
    case = GateCase(
        label="path",
        rows_per_year=52,
        candidate=candidate,
        losses=losses,
        candidates=tuple(name for name in tables if name not in baselines),
        eligible=baselines,
        simplicity={name: place for place, name in enumerate((*FIXED_COLUMNS, ALL_COLUMNS, candidate))},
        specs={name: name for name in tables},
        signs=signs,
    )

    def judge(known: tuple[pd.Series, ...]) -> Decision:
        return gate.judge(replace(case, tries=known))

    found = judge(tries)
    assert found.clauses is not None
    return Outcome(
        found.passed,
        found.suspicious,
        found.clauses.p < LEVEL,
        judge(()).passed if tries else found.passed,
        found.champion,
    )


def _trees(data: Dataset, seed: int, more: tuple[str, ...] = ()) -> Outcome:
    return _judged(data, _tables(data, (*FIXED_COLUMNS, *more, "lightgbm"), seed), "lightgbm")


def shuffled(seed: int) -> Outcome:
    """Trees on shuffled outcomes of a market of two states."""
    data = simulated_market.dataset(simulated_market.market(seed, WEEKS, simulated_market.TURBULENT), seed)
    return _trees(simulated_market.shuffled(data, seed), seed)


def no_structure(seed: int) -> Outcome:
    """Trees on a market without structure."""
    data = simulated_market.dataset(simulated_market.market(seed, WEEKS), seed)
    return _trees(data, seed)


def noisy_markov(seed: int) -> Outcome:
    """The best of many noisy copies of Markov, all of them in the ledger."""
    data = simulated_market.dataset(simulated_market.market(seed, WEEKS, simulated_market.WILD), seed)
    tables = _tables(data, FIXED_COLUMNS, seed)
    rng = np.random.default_rng([seed, 4])
    copies = [_noisy(tables["markov"], rng) for _ in range(TRIES)]
    tries = tuple(weekly_losses(table) for table in copies)
    best = min(range(TRIES), key=lambda place: float(tries[place].mean()))
    return _judged(data, tables | {"noisy-markov": copies[best]}, "noisy-markov", tries)


def _noisy(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    columns = [name for name in table if str(name).startswith("p_")]
    p = table[columns].to_numpy() * np.exp(rng.uniform(*NOISE) * rng.standard_normal((len(table), len(columns))))
    return table.assign(**dict(zip(columns, (p / p.sum(axis=1, keepdims=True)).T, strict=True)))


def signal(seed: int, strength: float = STRENGTH) -> Outcome:
    """Trees on a market with a planted signal."""
    data = simulated_market.dataset(simulated_market.market(seed, LONGEST, strength=strength), seed, with_signal=True)
    return _trees(data, seed)


def leak(seed: int, what: str | None) -> Outcome:
    """Trees and the logit on all columns, with a leak of the kind `what`, or without one (None)."""
    data = simulated_market.dataset(simulated_market.market(seed, LONG, simulated_market.WILD), seed)
    seen = data if what is None else simulated_market.leaking(data, what, seed)
    return _trees(seen, seed, (ALL_COLUMNS,))


def no_leak(seed: int) -> Outcome:
    """The market of the leaks without a leak; its honest skill is high."""
    return leak(seed, None)


def leak_next_week(seed: int) -> Outcome:
    """The legs' returns of the next five sessions are among the features."""
    return leak(seed, "next_week")


def leak_label(seed: int) -> Outcome:
    """The label with noise is among the features."""
    return leak(seed, "label")
