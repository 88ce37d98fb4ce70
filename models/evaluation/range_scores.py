"""Scores of a range of returns, and how sure they are. `docs/protocol.md` lists them with what each elicits.

A row is one matured decision of one horizon. Sample scores (CRPS) are made where
the draws are, by `models.range.pools.crps`; here are the means, skills and p-values
over weeks, and the scores that quantiles and odds give.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scoringrules

from models.evaluation import calibration, predictions
from models.evaluation.bootstrap import p_value

LEVELS = {"q01": 0.01, "q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}
LEVELS |= {"q99": 0.99}
BANDS = {50: ("q25", "q75"), 80: ("q10", "q90"), 90: ("q05", "q95")}
FALLS = (3, 5, 8, 10)


def evaluate(table: pd.DataFrame) -> dict[str, float]:
    """Every figure of one leg's weeks, by name; `<figure>_<horizon><period>`.

    Parameters
    ----------
    table : DataFrame
        `date`, `horizon`, `realised`, `lowest`, the quantiles `q01` to `q99`, `fall_3` to
        `fall_10`, all of these with `base_`, `crps`, `base_crps`, `pit`. Rows without `realised` do not count.

    Returns
    -------
    dict of str to float
        `crps_skill`, `crps_skill_p`, `quantile_skill`, `coverage_<band>` with `_least` and `_most`
        (what a calibrated forecast has in 95 of 100), `width_<band>`,
        `fall_<k>_log_loss_skill`, `fall_<k>_brier_skill`, `pit_mean`.
    """
    out: dict[str, float] = {}
    for horizon, rows in table[table["realised"].notna()].groupby("horizon"):
        rows = rows.sort_values("date")
        for suffix, part in periods(rows):
            out |= {f"{name}_{horizon}{suffix}": value for name, value in _figures(part).items()}
    return out


def periods(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each period that has any, with the suffix of its figures."""
    spans = {"": (None, None), **predictions.periods(rows["date"].max())}
    found = []
    for suffix, (start, end) in spans.items():
        kept = rows[predictions.in_period(pd.DatetimeIndex(rows["date"]), start, end)]
        if len(kept):
            found.append((suffix, kept))
    return found


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    own, base = rows["crps"].to_numpy(float), rows["base_crps"].to_numpy(float)
    out = {
        "crps": float(own.mean()),
        "crps_skill": skill(own, base),
        "crps_skill_p": p_value(base - own),
        "quantile_skill": skill(quantile_loss(rows), quantile_loss(rows, "base_")),
        "pit_mean": float(rows["pit"].mean()),
    }
    for band, (low, high) in BANDS.items():
        out |= held(rows, band)
        out[f"width_{band}"] = float((rows[high] - rows[low]).mean())
    if rows["lowest"].notna().all():
        for fall in FALLS:
            fell = (rows["lowest"].to_numpy(float) <= -fall / 100.0).astype(float)
            p, usual = rows[f"fall_{fall}"].to_numpy(float), rows[f"base_fall_{fall}"].to_numpy(float)
            out[f"fall_{fall}_log_loss_skill"] = skill(log_loss(p, fell), log_loss(usual, fell))
            out[f"fall_{fall}_brier_skill"] = skill((p - fell) ** 2, (usual - fell) ** 2)
    return out


def held(rows: pd.DataFrame, band: int) -> dict[str, float]:
    """Share of matured rows of one horizon that a band held, and what a calibrated one has in 95 of 100."""
    bound = calibration.coverage_bound(len(rows), int(rows["horizon"].iloc[0]), band / 100.0)
    names = (f"coverage_{band}", f"coverage_{band}_least", f"coverage_{band}_most")
    return dict(zip(names, (coverage(rows, band), *bound), strict=True))


def coverage(rows: pd.DataFrame, band: int, prefix: str = "") -> float:
    """Share of matured rows that ended inside a band; `base_` is the prefix of the unscaled pool's."""
    low, high = (rows[f"{prefix}{name}"].to_numpy(float) for name in BANDS[band])
    happened = rows["realised"].to_numpy(float)
    return float(((happened >= low) & (happened <= high)).mean())


def skill(own: np.ndarray, reference: np.ndarray) -> float:
    """1 - mean(own) / mean(reference); NaN where the reference is zero."""
    mean = float(reference.mean())
    return 1.0 - float(own.mean()) / mean if mean else float("nan")


def quantile_loss(rows: pd.DataFrame, prefix: str = "") -> np.ndarray:
    """Mean pinball loss of the nine quantiles, (rows,); each is consistent for its own (Koenker & Bassett 1978)."""
    happened = rows["realised"].to_numpy(float)
    losses = [
        scoringrules.quantile_score(happened, rows[f"{prefix}{name}"].to_numpy(float), level, backend="numpy")
        for name, level in LEVELS.items()
    ]
    return np.asarray(np.mean(losses, axis=0))


def log_loss(p: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """-ln of the probability of what happened, nats, (rows,); strictly proper for the odds of one event."""
    return np.asarray(-np.log(np.where(happened > 0.0, p, 1.0 - p)))


def gate_losses(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Weekly loss of each model at the gate, (weeks, models).

    The broad leg's CRPS over one constant a horizon, the mean CRPS of the
    unscaled twenty-year pool, averaged over the horizons. Weeks whose longest
    horizon has not ended do not count.
    """
    found = {}
    for name, table in tables.items():
        rows = table[table["realised"].notna()]
        wide = rows.pivot_table(index="date", columns="horizon", values=["crps", "base_crps"]).dropna()
        found[name] = (wide["crps"] / wide["base_crps"].mean()).mean(axis=1)
    return pd.DataFrame(found).dropna()


def pit(draws: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Share of the draws below what happened, ties a half, (rows,); uniform for a calibrated forecast (Dawid 1984)."""
    below = (draws < happened[:, None]).mean(axis=1)
    return np.asarray(below + 0.5 * (draws == happened[:, None]).mean(axis=1))
