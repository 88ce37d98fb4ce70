"""What `peers.py` measures over: weeks of noise, and prices of an index's members that walk at random."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DATA = Path(os.environ.get("REGIME_SHARED", Path(__file__).parents[2] / "shared")) / "data"
COLUMNS, SIZE, GAP = 120, 26, 5
FOLDS = int(os.environ.get("BENCH_FOLDS", "23"))
ROWS = 4_000 + SIZE * FOLDS // 2  # a fold learns from 4,000 rows on average, as of 69 folds since 1990
SETTINGS = {
    "n_estimators": int(os.environ.get("BENCH_TREES", "100")),
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.03,
    "min_child_samples": 100,
    "feature_fraction": 0.2,
    "reg_lambda": 20.0,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "extra_trees": True,
}
MEMBERS, STOCKS, SESSIONS = 500, 744, 5_218  # twenty years of weekdays


def walk_rows() -> dict[str, Any]:
    """Rows of the walk-forwards, see `peers_outcomes` and `peers_returns`."""
    rng = np.random.default_rng(0)
    X, y, target = rng.normal(size=(ROWS, COLUMNS)), rng.integers(0, 3, ROWS), rng.normal(size=ROWS)
    starts = ROWS - SIZE * np.arange(FOLDS, 0, -1)
    text = (
        f"{ROWS:,} rows of noise, {COLUMNS} columns, {FOLDS} expanding folds of {SIZE} rows, {GAP} rows purged, "
        f"{SETTINGS['n_estimators']} rounds of three classes."
    )
    settings = json.dumps(SETTINGS)
    return {"X": X, "y": y, "target": target, "starts": starts, "gap": GAP, "settings": settings, "text": text}


def members_rows() -> dict[str, Any]:
    """Prices of the members, see `peers_members`: at any time `MEMBERS` of `STOCKS` are in the index.

    A stock that leaves is replaced on the same session; it has prices for some years around its membership. One in a
    hundred members has none, so that shares are known; on a few sessions many have none, and they are not.
    """
    rng = np.random.default_rng(1)
    steps = rng.normal(2e-4, 0.02, (SESSIONS, STOCKS)) + rng.normal(0.0, 0.01, (SESSIONS, 1))
    prices = 40.0 * np.exp(np.cumsum(steps, axis=0))
    member = np.zeros((SESSIONS, STOCKS), dtype=bool)
    member[:, :MEMBERS] = True
    for stock in range(MEMBERS, STOCKS):
        leaver, session = rng.choice(np.flatnonzero(member[-1])), int(rng.integers(1, SESSIONS))
        if not member[session, leaver]:
            session = int(np.flatnonzero(member[:, leaver])[0]) + 1
        member[session:, stock], member[session:, leaver] = True, False
        prices[: max(0, session - 300), stock] = np.nan
        prices[min(SESSIONS, session + 300) :, leaver] = np.nan
    prices[:, rng.choice(STOCKS, STOCKS // 100, replace=False)] = np.nan
    prices[rng.choice(SESSIONS, 5, replace=False), : STOCKS // 4] = np.nan
    days = pd.bdate_range("2004-01-01", periods=SESSIONS)
    return {
        "prices": prices.astype(np.float32),
        "member": member,
        "count": member.sum(axis=1),
        "market": rng.normal(3e-4, 0.01, SESSIONS),
        "days": days.to_numpy(),
        "text": f"{SESSIONS:,} sessions, {MEMBERS} members of {STOCKS} stocks that walk at random.",
    }


def real_members_rows() -> dict[str, Any] | None:
    """The same of the real data set, read into the store of REGIME_HOME; None where the data set is not there."""
    if not (DATA / "prices_sp500.parquet").exists():
        return None
    from features import feature, panel
    from features.data import store
    from features.data.sources import folder

    tables, legs, last = folder.read(DATA)
    store.write(tables, "folder", legs, last)
    inputs = panel.build_inputs(store.load())
    prices, member, count = (x.to_numpy() for x in (inputs.members, inputs.membership, inputs.count))
    days = inputs.members.index
    covered = ((member & ~np.isnan(prices)).sum(axis=1) >= feature.MIN_COVERAGE * count) & (count > 0)
    text = (
        f"{len(days):,} sessions of the real data set, {prices.shape[1]} stocks; on {100 * covered.mean():.0f} % "
        "of the sessions enough members have a price; the product computes only the years that hold them."
    )
    market = inputs.panel["ret_cap"].reindex(days).to_numpy()
    return {
        "prices": prices,
        "member": member,
        "count": count,
        "market": market,
        "days": days.to_numpy(),
        "text": text,
    }
