"""The registered model as others use it: a process that answers over REST, and `mlflow.pyfunc.load_model`."""

import json
import os
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import predictor
from models.tracking import connection, delivery, loader
from tests.support.servers import LOGIT, OUTCOMES, Server, batch, free_port


@pytest.fixture
def model(mlruns):  # noqa: ARG001
    """The toy logit as `mlflow.pyfunc.load_model` gives it."""
    delivery.deliver(batch())
    return connection.open_mlflow().pyfunc.load_model("models:/toy@champion")


def refused(model, frame):
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as error:
        model.predict(frame)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_named_features_in_named_probabilities_out(model):
    rows = pd.DataFrame({"vol": [1.0, np.nan, 1.0, None], "more": list("abcd"), "slope": [0.5, 0.5, np.nan, np.nan]})
    found = model.predict(rows)
    assert list(found.columns) == OUTCOMES
    np.testing.assert_array_equal(found.to_numpy(), predictor.predict(LOGIT, rows[["slope", "vol"]].astype(float)))
    # A missing value counts as the training mean: worked by hand for the row that has none at all.
    weights = np.exp(LOGIT.part.intercept)
    np.testing.assert_allclose(found.iloc[3], weights / weights.sum(), rtol=1e-15)
    nothing = pd.DataFrame({"slope": [None], "vol": [None]})
    np.testing.assert_array_equal(model.predict(nothing).iloc[0], found.iloc[3])


def test_missing_and_renamed_columns_are_named(model):
    said = refused(model, pd.DataFrame({"slope": [0.5]}))
    assert "1 of the model's 2 features are missing, or there under another name: vol;" in said
    said = refused(model, pd.DataFrame({"Slope": [0.5], "vol": [1.0]}))
    assert "1 of the model's 2 features are missing, or there under another name: slope;" in said
    assert "2 of the model's 2" in refused(model, pd.DataFrame({"x": [0.5]}))


def test_a_model_without_features_takes_any_row(model):  # noqa: ARG001
    constant = connection.open_mlflow().pyfunc.load_model("models:/toy/2")
    assert constant.predict(pd.DataFrame({"anything": [1]})).iloc[0].to_dict() == dict(
        zip(OUTCOMES, LOGIT.base, strict=True)
    )


LOAD = """
import sys
sys.path[:] = [place for place in sys.path if place] + [{packages!r}]  # without .pth files: no project
import importlib.util, json, os
assert not any(importlib.util.find_spec(name) for name in ("features", "serving", "training"))
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model({place!r})
print(json.dumps(model.predict(pd.DataFrame({rows!r})).to_numpy().tolist()))
"""


@pytest.mark.usefixtures("model")
def test_it_loads_where_the_project_is_not_installed(tmp_path):
    place = str(loader.pointer("toy", "champion").place)
    assert not [path for path in Path(place).rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
    rows = {"slope": [0.5, -1.0], "vol": [1.0, 0.25]}
    code = LOAD.format(packages=sysconfig.get_paths()["purelib"], place=place, rows=rows)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [sys.executable, "-S", "-c", code]
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    expected = predictor.predict(LOGIT, pd.DataFrame(rows))
    np.testing.assert_array_equal(np.array(json.loads(done.stdout)), expected)


def ask(url, frame):
    """Status and answer of a POST of rows as JSON, missing values as null."""
    table = frame.astype(object).where(frame.notna(), None)
    body = json.dumps({"dataframe_split": table.to_dict("split", index=False)}).encode()
    request = urllib.request.Request(url + "/invocations", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.slow
@pytest.mark.usefixtures("mlruns")
def test_a_served_model_and_the_call_give_identical_numbers(sample_snapshot, tmp_path):
    from features import dataset
    from features.data import store
    from models.spec import ModelSpec
    from serving import predict
    from training import experiment

    digest = store.write(sample_snapshot.tables, "sample", sample_snapshot.legs, sample_snapshot.last)
    spec = ModelSpec(families=("volatility", "rates"), params={"n_estimators": 20.0}, refit_weeks=260)
    found = experiment.run("default", spec, "", 1)
    assert found["digest"] == digest
    call = predict.make_call(None)
    features = list(loader.registered("regime-sample", "challenger").document.features)
    row = dataset.build(store.load(), "path").X.iloc[[-1]]
    holed = row.assign(**dict.fromkeys(features[1::2], np.nan))  # as far as a row can be from whole

    port = free_port()
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/regime-sample@challenger"]
    words += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # noqa: PTH120
    server = Server(words, port, tmp_path / "serve.log", PATH=path, MLFLOW_DISABLE_TELEMETRY="true")
    try:
        status, answer = ask(server.url, row)
        assert status == 200
        assert answer["predictions"] == [call.challenger.probabilities.as_dict()]
        assert ask(server.url, row[features])[1] == answer  # the further columns changed nothing
        served = loader.registered("regime-sample", "challenger").document
        assert ask(server.url, holed)[1]["predictions"] == [predict._probabilities(served, holed).as_dict()]
        whole = row.assign(**{features[0]: 3})  # an integer in JSON is a number like any other
        assert ask(server.url, whole)[1]["predictions"] == [predict._probabilities(served, whole).as_dict()]
        lost = features[3]
        status, answer = ask(server.url, row.drop(columns=lost))
        assert status == 400
        assert (
            f"1 of the model's {len(features)} features are missing, or there under another name: {lost};"
            in answer["message"]
        )
        status, answer = ask(server.url, row.rename(columns={lost: lost + "_"}))
        assert (status, f"under another name: {lost};" in answer["message"]) == (400, True)
    finally:
        server.kill()
