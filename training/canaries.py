"""Canaries: does the gate keep chance and leaks out, and let a real signal in?

- `shuffled`: outcomes shuffled in blocks of 26 weeks; at most 5 % may pass.
- `no_structure`: independent returns; at most 5 % may pass.
- `noisy_markov`: Markov's probabilities times noise, the best of 50 tries, in a
  market where Markov has skill; at most 5 % may pass.
- `signal`: a planted signal of stated strength; at least 90 % must pass.
- `leak_next_week`, `leak_label`: every one must be flagged as suspicious, and no
  model that read the leaking column, the ridge on all columns included, may
  become champion.
- `no_leak`: the same market without a leak; at most 5 % may be flagged.

`BESIDE` holds those of the range's gate (`training.range_canaries`), of the groups'
(`training.destinations_canaries`) and of the alive rule (`training.alive_canaries`, whose
count is a sum of shares): they run only when they are named.

A canary fails if a one-sided binomial test at 1 % rejects its bound. The interval
shown is Clopper and Pearson's at 95 %. `training.canary_cases` runs one seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from joblib import Parallel, delayed
from scipy.stats import binomtest

from features.data.errors import RegimeError
from features.data.percent import percent
from training import alive_canaries, canary_cases, destinations_canaries, range_canaries
from training.canary_cases import Outcome

BOUND_LEVEL = 0.01


@dataclass(frozen=True)
class Canary:
    """The case of one seed, the property counted, its bound, and the share of the seeds it is run on."""

    run: Callable[[int], Outcome]
    counted: str
    bound: float
    at_most: bool
    share: float = 1.0

    @property
    def said(self) -> str:
        """The bound in words."""
        return (
            f"at most {percent(self.bound, 0)}"
            if self.at_most
            else "all"
            if self.bound == 1.0
            else f"at least {percent(self.bound, 0)}"
        )


# A rate near 1 needs fewer seeds than one near 0.05.
CANARIES = {
    "shuffled": Canary(canary_cases.shuffled, "passed", 0.05, True),
    "no_structure": Canary(canary_cases.no_structure, "passed", 0.05, True),
    "noisy_markov": Canary(canary_cases.noisy_markov, "passed", 0.05, True),
    "signal": Canary(canary_cases.signal, "passed", 0.90, False, 0.25),
    "no_leak": Canary(canary_cases.no_leak, "suspicious", 0.05, True, 0.25),
    "leak_next_week": Canary(canary_cases.leak_next_week, "suspicious", 1.00, False, 0.25),
    "leak_label": Canary(canary_cases.leak_label, "suspicious", 1.00, False, 0.25),
}
BESIDE = {
    "constant_volatility": Canary(partial(range_canaries.outcome, "constant_volatility"), "passed", 0.05, True),
    "garch_volatility": Canary(partial(range_canaries.outcome, "garch_volatility"), "passed", 0.90, False),
}
BESIDE |= {
    name: Canary(partial(destinations_canaries.outcome, name), "passed", 0.05, True)
    for name in destinations_canaries.CANARIES
}
BESIDE |= {
    name: Canary(partial(alive_canaries.outcome, name), "share", least, False)
    for name, (*_, least) in alive_canaries.CASES.items()
}


def _named(name: str) -> Canary:
    found = CANARIES.get(name) or BESIDE.get(name)
    if found is None:
        raise RegimeError(f"no canary {name[:60]!r}: known are {', '.join((*CANARIES, *BESIDE))}")
    return found


@dataclass(frozen=True)
class Finding:
    """One canary over all seeds.

    `count` of `seeds` were `counted` (passed, or suspicious); `low`, `high` is the
    95 % Clopper-Pearson interval of the rate; `ok` is whether the bound holds. The
    rest is reported and has no bound: passes if the ledger had held this try alone
    (`alone`), passes of clause 1 (`beats_climatology`), and seeds in which a
    baseline became champion.
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
    """Count the outcomes of a canary and test the rate against its bound."""
    canary, seeds = _named(name), len(outcomes)

    def total(what: str) -> int:
        found: float = sum(getattr(one, what) for one in outcomes)
        return round(found)

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
    """Seeds each canary is run on; all of `CANARIES` if none is named. RegimeError for a name that is none."""
    return {name: math.ceil(seeds * _named(name).share) for name in names or CANARIES}


def run(
    seeds: int, workers: int, names: tuple[str, ...] = (), step: Callable[[], None] = lambda: None
) -> list[Finding]:
    """Run canaries on seeds from 0 up; `step` is called after each. The same for any number of workers."""
    found = []
    with Parallel(n_jobs=workers, return_as="generator") as parallel:
        for name, size in sizes(seeds, names).items():
            outcomes = []
            for outcome in parallel(delayed(_named(name).run)(seed) for seed in range(size)):
                outcomes.append(outcome)
                step()
            found.append(finding(name, outcomes))
    return found


def as_json(found: list[Finding]) -> list[dict[str, Any]]:
    """Findings, JSON-ready."""
    return [asdict(one) for one in found]
