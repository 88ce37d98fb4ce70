"""The registered model as MLflow loads it: named features in, named probabilities of the outcomes out.

MLflow runs this file as the model's code, beside a copy of the modules it
imports (`code_paths`): it works where the project is not installed. Where the
project is installed, its own `models` package is used, since the copy has no
`__init__.py` and a regular package comes before a namespace.
"""

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model

from models import fitted, predictor

SHOWN = 10  # names in one message


class RegimeModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A fitted model, read from its JSON text.

    A missing value is NaN (null in JSON). Every feature of the model must be a
    column; further columns are ignored.
    """

    def load_context(self, context: Any) -> None:
        """Read the model's JSON text."""
        self.document = fitted.from_json(Path(context.artifacts["model"]).read_text(encoding="utf-8"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Return the probability of each outcome for every row, shape (rows, outcomes).

        Raises
        ------
        MlflowException
            The rows have no column names, or a feature is not among them.
        """
        wanted = list(self.document.features)
        _check(model_input, wanted)
        frame = model_input[wanted].astype(float) if wanted else model_input
        values = predictor.predict(self.document, frame)
        return pd.DataFrame(values, columns=list(self.document.outcomes), index=model_input.index)


def _check(frame: Any, wanted: list[str]) -> None:
    """Refuse a frame without all features, naming what is absent."""
    if not isinstance(frame, pd.DataFrame):
        raise MlflowException.invalid_parameter_value("rows of named features are needed (a table with column names)")
    names = [str(name) for name in frame.columns]
    absent = [name for name in wanted if name not in names]
    if absent:
        more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        raise MlflowException.invalid_parameter_value(
            f"{len(absent)} of the model's {len(wanted)} features are missing, or there under another name: "
            f"{', '.join(absent[:SHOWN])}{more}; a feature without a value is given as NaN (null in JSON)"
        )


set_model(RegimeModel())
