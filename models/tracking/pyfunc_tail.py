"""The MLflow wrapper of a fitted model: logged as code, with `models.fitted` and `models.predictor` beside it."""

import mlflow.pyfunc
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model

from models import fitted, predictor

SHOWN = 10  # names in one message


class RegimeModel(mlflow.pyfunc.PythonModel):
    """Named features in, the named probabilities of the outcomes out.

    A missing value is NaN (null in JSON). Every feature of the model must be a
    column; further columns are ignored.
    """

    def load_context(self, context):
        """Read the model's JSON text."""
        with open(context.artifacts["model"], encoding="utf-8") as handle:  # noqa: PTH123
            self.document = fitted.from_json(handle.read())

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:  # noqa: ARG002
        """Probabilities of each outcome for every row."""
        wanted = list(self.document.features)
        _check(model_input, wanted)
        frame = model_input[wanted].astype(float) if wanted else model_input
        values = predictor.predict(self.document, frame)
        return pd.DataFrame(values, columns=list(self.document.outcomes), index=model_input.index)


def _check(frame, wanted):
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
