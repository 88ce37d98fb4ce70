"""The registered range as MLflow loads it: named features in, quantiles of the broad leg and odds of falls out.

MLflow runs this file as the model's code, beside a copy of the modules it
imports (`code_paths`), as it does with `pyfunc.py`.
"""

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model

from models.range import fitted, predictor


class RangeModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A fitted range, read from its JSON text; a missing value is NaN (null in JSON)."""

    def load_context(self, context: Any) -> None:
        """Read the model's JSON text."""
        self.document = fitted.from_json(Path(context.artifacts["model"]).read_text(encoding="utf-8"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Return `<quantile>_<horizon>` and `fall_<percent>_<horizon>` of the broad leg for every row, as decimals.

        Raises
        ------
        MlflowException
            A feature of the model is not among the named columns.
        """
        wanted = list(fitted.columns_of(self.document))
        absent = [name for name in wanted if name not in model_input]
        if absent:
            raise MlflowException.invalid_parameter_value(
                f"{len(absent)} of the model's {len(wanted)} features are missing, {absent[0]!r} among them; a feature "
                "without a value is given as NaN (null in JSON)"
            )
        out: dict[str, np.ndarray] = {}
        for horizon, drawn in predictor.predict_range(self.document, model_input[wanted].astype(float)).items():
            values = predictor.quantiles(np.sort(drawn.broad, axis=1))
            falls = predictor.fall_odds(drawn.lowest)
            out |= {f"{name}_{horizon}": values[:, place] for place, name in enumerate(predictor.QUANTILES)}
            out |= {f"{name}_{horizon}": falls[:, place] for place, name in enumerate(predictor.FALL_NAMES)}
        return pd.DataFrame(out, index=model_input.index)


set_model(RangeModel())
