"""Features of the index's members: the product, pandas, polars and one pass compiled by numba.

Rows: `prices` (sessions, stocks; single precision, NaN where there is none), `member` (same shape), `count` (members
of the session, priced or not), `market` (daily return of the cap leg), `days`. Each side gives (sessions, features) in
the order of `features.families.member_breadth`, missing where less than `COVERAGE` of the members have a value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from peers_members_pass import ABOVE, BEATING, CORRELATION, COVERAGE, DISPERSION, EXTREME, numba
from peers_outcomes import Measured, Rows


def few(data: Rows) -> Rows:
    """The first two years."""
    return {key: value if value.ndim == 0 else value[:520] for key, value in data.items()}


def ours(data: Rows) -> Measured:
    """The product's own functions, in blocks of calendar years."""
    from features import feature, panel
    from features.families.member_breadth import FEATURES

    days = pd.DatetimeIndex(data["days"])
    inputs = panel.Inputs(
        pd.DataFrame({"ret_cap": data["market"]}, days),
        pd.DataFrame(data["prices"], days),
        pd.DataFrame(data["member"], days),
        pd.Series(data["count"], days),
    )
    return lambda: feature.compute(FEATURES, inputs, days[0].year).to_numpy()


def pandas(data: Rows) -> Measured:
    """Tables of sessions by stocks, rolling windows down the columns."""
    days = pd.DatetimeIndex(data["days"])
    stored, member = pd.DataFrame(data["prices"], days), pd.DataFrame(data["member"], days)
    count, market = pd.Series(data["count"], days), pd.Series(data["market"], days)

    def covered(known: pd.DataFrame) -> pd.Series:
        return (known.sum(axis=1) >= COVERAGE * count) & (count > 0)

    def share(true: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
        known = known & member
        return ((true & known).sum(axis=1) / known.sum(axis=1)).where(covered(known))

    def measured() -> np.ndarray:
        prices = stored.astype(float)
        logs, cap, found = np.log(prices), np.log1p(market), {}
        for w in ABOVE:
            average = prices.rolling(w).mean()
            found[f"above_{w}"] = share(prices > average, average.notna() & prices.notna())
        for w in ABOVE[1:]:
            found[f"above_{w}_change"] = found[f"above_{w}"].diff(21)
        top, bottom = prices.rolling(EXTREME).max(), prices.rolling(EXTREME).min()
        found["highs"] = share(prices >= top, top.notna())
        found["lows"] = share(prices <= bottom, bottom.notna())
        found["net_highs"] = (found["highs"] - found["lows"]).rolling(10).mean()
        returns = {w: logs.diff(w) for w in BEATING}
        for w in BEATING:
            ahead = cap.rolling(w).sum()
            found[f"beating_{w}"] = share(returns[w].gt(ahead, axis=0), returns[w].notna()).where(ahead.notna())
        for w in DISPERSION:
            known = returns[w].notna() & member
            found[f"dispersion_{w}"] = returns[w].where(known).std(axis=1).where(covered(known))
        steps = logs.diff()
        spread = steps.rolling(CORRELATION).std()
        spread = spread.where(member)
        own, n = (spread**2).mean(axis=1).where(covered(spread.notna())), spread.count(axis=1)
        together = steps.where(member).mean(axis=1).rolling(CORRELATION).std() ** 2
        found["correlation"] = (together - own / n) / (own * (1.0 - 1.0 / n))
        found["coverage"] = (member & stored.notna()).sum(axis=1) / count
        return pd.DataFrame(found).to_numpy()

    return measured


def polars(data: Rows) -> Measured:
    """A long table of sessions and stocks: windows over each stock, then one aggregation over the sessions."""
    import polars as pl

    sessions, stocks = data["prices"].shape
    long = pl.DataFrame(
        {
            "stock": np.repeat(np.arange(stocks), sessions),
            "session": np.tile(np.arange(sessions), stocks),
            "stored": data["prices"].T.ravel(),
            "member": data["member"].T.ravel(),
        }
    ).with_columns(pl.col("stored").fill_nan(None))
    days = pl.DataFrame({"session": np.arange(sessions), "count": data["count"], "market": data["market"]})

    def rolling(w: int) -> dict[str, Any]:
        return {"window_size": w, "min_samples": w}

    def measured() -> np.ndarray:
        price, log, step = pl.col("price"), pl.col("log"), pl.col("step")
        count, cap = pl.col("count"), pl.col("market").log1p()
        of_days = days.lazy().with_columns(cap.rolling_sum(**rolling(w)).alias(f"ahead_{w}") for w in BEATING)
        windows = [
            *(price.rolling_mean(**rolling(w)).over("stock").alias(f"average_{w}") for w in ABOVE),
            price.rolling_max(**rolling(EXTREME)).over("stock").alias("top"),
            price.rolling_min(**rolling(EXTREME)).over("stock").alias("bottom"),
            *(log.diff(w).over("stock").alias(f"return_{w}") for w in BEATING),
            log.diff().over("stock").alias("step"),
        ]

        def known(value: pl.Expr, by: pl.Expr) -> pl.Expr:
            return pl.when((by.count() >= COVERAGE * count.first()) & (count.first() > 0)).then(value)

        def share(true: pl.Expr) -> pl.Expr:
            return known(true.mean(), true)

        n, own = pl.col("spread").count(), (pl.col("spread") ** 2).mean()
        table = (
            long.lazy()
            .with_columns(pl.col("stored").cast(pl.Float64).alias("price"))
            .with_columns(price.log().alias("log"))
            .with_columns(windows)
            .with_columns(step.rolling_std(**rolling(CORRELATION)).over("stock").alias("spread"))
            .filter("member")
            .join(of_days, on="session")
            .group_by("session")
            .agg(
                *(share(price > pl.col(f"average_{w}")).alias(f"above_{w}") for w in ABOVE),
                share(price >= pl.col("top")).alias("highs"),
                share(price <= pl.col("bottom")).alias("lows"),
                *(share(pl.col(f"return_{w}") > pl.col(f"ahead_{w}")).alias(f"beating_{w}") for w in BEATING),
                *(
                    known(pl.col(f"return_{w}").std(), pl.col(f"return_{w}")).alias(f"dispersion_{w}")
                    for w in DISPERSION
                ),
                known(own, pl.col("spread")).alias("own"),
                n.alias("n"),
                step.mean().alias("middle"),
                (pl.col("stored").count() / count.first()).alias("coverage"),
            )
        )
        table = days.lazy().select("session").join(table, on="session", how="left").sort("session")
        together, own, n = pl.col("middle").rolling_std(**rolling(CORRELATION)) ** 2, pl.col("own"), pl.col("n")
        net = pl.col("highs") - pl.col("lows")
        done = table.select(
            *(pl.col(f"above_{w}") for w in ABOVE),
            *(pl.col(f"above_{w}").diff(21).alias(f"above_{w}_change") for w in ABOVE[1:]),
            "highs",
            "lows",
            net.rolling_mean(**rolling(10)).alias("net_highs"),
            *(pl.col(f"beating_{w}") for w in BEATING),
            *(pl.col(f"dispersion_{w}") for w in DISPERSION),
            ((together - own / n) / (own * (1.0 - 1.0 / n))).alias("correlation"),
            "coverage",
        )
        return done.collect().to_numpy()

    return measured


SIDES = {"ours": ours, "pandas": pandas, "polars": polars, "numba": numba}
