"""A run's results by week and by fold, as tables that MLflow's UI shows, and its test weeks as a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from models.evaluation import metrics, predictions

if TYPE_CHECKING:
    from models.tracking.runs import Data, Result

DIGITS = 4  # of a figure in a table: what a person reads; `predictions.parquet` has every bit


def tables(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables `weeks` and, where the folds are known, `folds`.

    Parameters
    ----------
    table : DataFrame
        A walk-forward's predictions; those without known outcomes in the form of one give no tables.
    """
    if not {"outcome", "date"} <= set(table.columns) or not table["outcome"].notna().any():
        return {}
    weeks = by_week(table)
    return {"weeks": _readable(weeks)} | ({"folds": _readable(by_fold(weeks))} if "refit" in weeks else {})


def by_week(table: pd.DataFrame) -> pd.DataFrame:
    """Every matured week: outcome, probabilities, loss and gain over climatology in nats, and its fold's refit date."""
    found = predictions.matured(table)
    loss = metrics.losses(found.p, found.codes)
    rows = predictions.matured_rows(table).reset_index(drop=True)
    kept = ["date", "outcome", *(name for name in rows.columns if name.startswith("p_"))]
    weeks = rows[kept + [name for name in ("faltering", "refit") if name in rows]].copy()
    weeks["log_loss"], weeks["gain_over_climatology"] = loss, metrics.losses(found.base, found.codes) - loss
    return weeks


def by_fold(weeks: pd.DataFrame) -> pd.DataFrame:
    """Every fold: its refit date, weeks, outcomes, mean log loss, skill over climatology, and the gain so far."""
    groups = weeks.groupby("refit", sort=True)
    base = groups["log_loss"].mean() + groups["gain_over_climatology"].mean()
    found = pd.DataFrame({"weeks": groups.size()})
    for name in sorted(set(weeks["outcome"])):
        found[name] = groups["outcome"].apply(lambda one, name=name: int((one == name).sum()))
    found["log_loss"] = groups["log_loss"].mean()
    found["log_loss_skill"] = groups["gain_over_climatology"].mean() / base
    found["gain_so_far"] = groups["gain_over_climatology"].sum().cumsum()
    return found.rename_axis("refit").reset_index()


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as days and figures as text of the same digits in a column."""
    shown = table.copy()
    for name in shown.columns:
        if pd.api.types.is_datetime64_any_dtype(shown[name]):
            shown[name] = shown[name].dt.strftime("%Y-%m-%d")
        elif pd.api.types.is_float_dtype(shown[name]):
            shown[name] = shown[name].map(f"{{:.{DIGITS}f}}".format)
    return shown


def test_weeks(result: Result, data: Data) -> Any:
    """The weeks a model was judged on, as MLflow's data set: dates and outcomes, by digest of the snapshot."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.pandas_dataset import from_pandas

    kept = [name for name in ("date", "outcome") if name in result.predictions]
    told = {"snapshot": data.digest, "artifact": "predictions.parquet"}
    return from_pandas(
        result.predictions[kept],
        source=CodeDatasetSource(told),
        targets="outcome" if "outcome" in kept else None,
        name=f"{data.source} test weeks",
        digest=data.digest[:16],
    )
