"""Canaries: does the gate keep chance and leaks out, and let a real signal in?

Everything but the market is the real thing: labels, `fit_at`, walk-forward and
gate, with small trees and few refits. The ledger is held in memory.

- `shuffled`: outcomes shuffled in blocks of 26 weeks; at most 5 % may pass.
- `no_structure`: independent returns; at most 5 % may pass.
- `noisy_markov`: Markov's probabilities times noise, the best of 50 tries, in a
  market where Markov has skill; at most 5 % may pass.
- `signal`: a planted signal of stated strength; at least 90 % must pass.
- `leak_next_week`, `leak_label`: every one must be called suspicious, and no model that saw it, be it the ridge
  on all columns beside it, may become champion;
  `no_leak`, the same market without: at most 5 % may be called so.

A rate fails its bound if a one-sided binomial test at 1 % says so; the interval
shown is Clopper and Pearson's at 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import binomtest
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

SEEING_NOTHING = ("climatology", "logit2", "markov")  # baselines with columns of their own
SEEING_ALL = "logit-all"
# Complete, so that what a canary shows does not move with the defaults of the experiments.
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
NOISE = (
    0.005,
    0.04,
)  # range of the deviation of the log of the noise, one a try; more noise costs more than luck gives
STRENGTH = 0.175  # of the planted signal (features.simulated_market): a skill of about 0.05
BOUND_LEVEL = 0.01


@dataclass(frozen=True)
class Outcome:
    """What the gate made of one seed; `alone`: had the ledger known of this try only."""

    passed: bool
    suspicious: bool
    beats_climatology: bool
    alone: bool
    champion: str | None

    @property
    def baseline_champion(self) -> bool:
        """A baseline took the place."""
        return self.champion in SEEING_NOTHING

    @property
    def leaked(self) -> bool:
        """A model that reads every column, and so what leaked, is champion."""
        return self.champion is not None and self.champion not in SEEING_NOTHING


def specification(seed: int) -> ModelSpec:
    """The candidate: small trees."""
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
    baselines = tuple(name for name in tables if name in SEEING_NOTHING)
    case = GateCase(
        label="path",
        rows_per_year=52,
        candidate=candidate,
        losses=losses,
        candidates=tuple(name for name in tables if name not in baselines),
        eligible=baselines,
        simplicity={name: place for place, name in enumerate((*SEEING_NOTHING, SEEING_ALL, candidate))},
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
    return _judged(data, _tables(data, (*SEEING_NOTHING, *more, "lightgbm"), seed), "lightgbm")


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
    tables = _tables(data, SEEING_NOTHING, seed)
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
    """Trees, and the logit on all columns beside them, that see the future; or the same without it."""
    data = simulated_market.dataset(simulated_market.market(seed, LONG, simulated_market.WILD), seed)
    seen = data if what is None else simulated_market.leaking(data, what, seed)
    return _trees(seen, seed, (SEEING_ALL,))


def no_leak(seed: int) -> Outcome:
    """The market of the leaks, whose honest skill is high, without a leak."""
    return leak(seed, None)


def leak_next_week(seed: int) -> Outcome:
    """The legs' returns of the next five sessions are among the features."""
    return leak(seed, "next_week")


def leak_label(seed: int) -> Outcome:
    """The label with noise is among the features."""
    return leak(seed, "label")


@dataclass(frozen=True)
class Canary:
    """What is run for a seed, what is counted, its bound, and the share of the seeds it is run on."""

    run: Callable[[int], Outcome]
    counted: str
    bound: float
    at_most: bool
    share: float = 1.0

    @property
    def said(self) -> str:
        """The bound in words."""
        return (
            f"at most {self.bound:.0%}"
            if self.at_most
            else "all"
            if self.bound == 1.0
            else f"at least {self.bound:.0%}"
        )


# A rate near 1 needs fewer seeds than one near 0.05.
CANARIES = {
    "shuffled": Canary(shuffled, "passed", 0.05, True),
    "no_structure": Canary(no_structure, "passed", 0.05, True),
    "noisy_markov": Canary(noisy_markov, "passed", 0.05, True),
    "signal": Canary(signal, "passed", 0.90, False, 0.25),
    "no_leak": Canary(no_leak, "suspicious", 0.05, True, 0.25),
    "leak_next_week": Canary(leak_next_week, "suspicious", 1.00, False, 0.25),
    "leak_label": Canary(leak_label, "suspicious", 1.00, False, 0.25),
}


@dataclass(frozen=True)
class Finding:
    """One canary over all seeds.

    `count` of `seeds` were `counted` (passed, or suspicious); `low`, `high` is the
    95 % Clopper-Pearson interval of the rate; `ok` is the verdict. The rest is told,
    not judged: passes had the ledger known one try only (`alone`), passes of
    clause 1 (`beats_climatology`), seeds in which a baseline became champion.
    """

    name: str
    counted: str
    bound: str
    count: int
    seeds: int
    rate: float
    low: float
    high: float
    ok: bool
    passed: int
    alone: int
    beats_climatology: int
    baseline_champion: int


def finding(name: str, outcomes: list[Outcome]) -> Finding:
    """Count the outcomes of a canary and hold them against its bound."""
    canary, seeds = CANARIES[name], len(outcomes)

    def total(what: str) -> int:
        return sum(getattr(one, what) for one in outcomes)

    count, passed = total(canary.counted), total("passed")
    if canary.bound == 1.0:
        ok = count == seeds and total("leaked") == 0
    else:
        ok = binomtest(count, seeds, canary.bound, "greater" if canary.at_most else "less").pvalue >= BOUND_LEVEL
    interval = binomtest(count, seeds).proportion_ci(0.95, method="exact")
    return Finding(
        name=name,
        counted=canary.counted,
        bound=canary.said,
        count=count,
        seeds=seeds,
        rate=count / seeds,
        low=float(interval.low),
        high=float(interval.high),
        ok=bool(ok),
        passed=passed,
        alone=total("alone"),
        beats_climatology=total("beats_climatology"),
        baseline_champion=total("baseline_champion"),
    )


def sizes(seeds: int, names: tuple[str, ...] = ()) -> dict[str, int]:
    """Seeds each canary is run on; all of them if none is named."""
    return {name: math.ceil(seeds * CANARIES[name].share) for name in names or CANARIES}


def run(
    seeds: int, workers: int, names: tuple[str, ...] = (), step: Callable[[], None] = lambda: None
) -> list[Finding]:
    """Run canaries on seeds from 0 up; `step` is called after each. The same for any number of workers."""
    found = []
    with Parallel(n_jobs=workers, return_as="generator") as parallel:
        for name, size in sizes(seeds, names).items():
            outcomes = []
            for outcome in parallel(delayed(CANARIES[name].run)(seed) for seed in range(size)):
                outcomes.append(outcome)
                step()
            found.append(finding(name, outcomes))
    return found


def as_json(found: list[Finding]) -> list[dict[str, Any]]:
    """Findings, JSON-ready."""
    return [asdict(one) for one in found]
