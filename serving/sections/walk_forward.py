"""The out-of-sample weeks of a registered model, which a call's record of it is computed from."""

from __future__ import annotations

import pandas as pd

from features.data.errors import RegimeError
from models.tracking import stored_predictions
from models.tracking.errors import TrackingError


def stored(run_id: str, name: str, column: str, wanted: str) -> pd.DataFrame:
    """The weeks of a run, from this machine or MLflow.

    Parameters
    ----------
    run_id : str
    name : str
        The file: `stored_predictions.NAME` or `RANGES`.
    column : str
        One that it must have.
    wanted : str
        What they are for, in a word or two.

    Raises
    ------
    RegimeError
        They cannot be had, or are of an earlier program.
    """
    try:
        if not run_id:
            raise TrackingError("no run is named")
        table = pd.read_parquet(stored_predictions.fetch(run_id, name))
    except TrackingError as error:
        raise RegimeError(
            f"the walk-forward of run {run_id[:12] or '?'} is not on this machine, nor to be had from MLflow: train "
            f"again for {wanted}"
        ) from error
    if column not in table:
        raise RegimeError(f"the walk-forward of run {run_id[:12]} is of an earlier program: train again for {wanted}")
    return table
