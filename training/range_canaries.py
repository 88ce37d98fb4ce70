"""Canaries of the range's gate: constant volatility must not pass, GARCH volatility must.

- `constant_volatility`: independent returns; some model beats a constant scale in at most 5 % of markets.
- `garch_volatility`: the persistence and reaction of the real broad leg before 1990; one does in at least 90 %.

Everything but the market is the real thing: volatility block, walk-forward, gate. The
candidate is the range on the block alone. Refits are yearly. `docs/method.md` says what was measured.
"""

from __future__ import annotations

from features import simulated_market
from models.range.fit import prepare
from models.range.spec import RangeSpec
from training import range_experiment
from training.canary_cases import Outcome
from training.range_walkforward import walk_forward

WEEKS = 2300  # decision weeks from 1980, tested from 1995
REFIT = 52
MODELS = ("range", "constant", "realised", "ewma", "har", "garch")
REACTION = {"constant_volatility": 0.0, "garch_volatility": simulated_market.REACTION}


def champion(name: str, seed: int) -> str | None:
    """The gate's champion in one market, or None."""
    drawn = simulated_market.garch_market(seed, WEEKS, reaction=REACTION[name])
    dataset = simulated_market.dataset(drawn, seed)
    spec = RangeSpec(train_start="1980-01-01", horizons=(5, 21), refit_weeks=REFIT, families=())
    data = prepare(dataset, spec.horizons)
    tables = {kind: walk_forward(data, spec.replace(model=kind), legs=("broad",))[0] for kind in MODELS}
    return range_experiment.judge(tables).champion


def outcome(name: str, seed: int) -> Outcome:
    """The same as `training.canaries` counts it."""
    found = champion(name, seed)
    return Outcome(passed=found is not None, champion=found)
