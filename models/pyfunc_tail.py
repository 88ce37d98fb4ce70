"""The MLflow wrapper: appended to `predictor.py` when a model is logged, so that the code travels with it."""

import mlflow.pyfunc
from mlflow.models import set_model


class RegimeModel(mlflow.pyfunc.PythonModel):
    """Named features in, three named probabilities out."""

    def load_context(self, context):
        """Read the model's JSON text."""
        with open(context.artifacts["model"], encoding="utf-8") as handle:  # noqa: PTH123
            self.document = loads(handle.read())  # noqa: F821 - defined by predictor.py above

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:  # noqa: ARG002, F821
        """Probabilities of each outcome for every row."""
        values = predict(self.document, model_input)  # noqa: F821
        return pd.DataFrame(values, columns=self.document["outcomes"], index=model_input.index)  # noqa: F821


set_model(RegimeModel())
