"""A registered range: its text verified, and quantiles from named features where MLflow loads it."""

import numpy as np
import pandas as pd
import pytest

from features.data.errors import RefusedError
from models.range import predictor
from models.range.spec import RangeSpec
from models.tracking import range_registry, range_runs, registry
from models.tracking.connection import open_mlflow
from tests.support.ranges import fitted_range, pool

ROW = pd.DataFrame({"own": [-4.0], "other": [-5.0], "more": [1.0]}, [pd.Timestamp("2020-06-05")])


@pytest.fixture
def document():
    return fitted_range("ewma", pool(2))


@pytest.mark.usefixtures("mlruns")
def test_what_is_registered_comes_back_verified_and_answers_by_name(document):
    tags = {"spec": RangeSpec(model="ewma").to_json(), "digest": "0" * 16, "gate": "it was chosen"}
    run = range_runs.RangeRun("ewma", {}, {}, tags, {}, document, ROW, {"crps_skill_21": 0.04})
    logged = range_runs.log([run], "regime-range", {"champion": "ewma"})
    found = range_registry.registered("regime-range", "champion")
    assert (found.document, found.spec.model, found.evidence) == (document, "ewma", {"crps_skill_21": 0.04})
    assert found.version == logged["ewma"].version
    assert range_registry.registered("regime-range-sample", "champion") is None
    model = open_mlflow().pyfunc.load_model("models:/regime-range@champion")
    said = model.predict(ROW.reset_index(drop=True)).iloc[0]
    drawn = predictor.draws(document.at(21), ROW)
    wanted = predictor.quantiles(np.sort(drawn.broad, axis=1))[0]
    assert said[[f"{name}_21" for name in predictor.QUANTILES]].tolist() == wanted.tolist()
    assert said["fall_5_21"] == predictor.fall_odds(drawn.lowest)[0, 1]
    registry.tag_version("regime-range", found.version, {"document_sha256": "0" * 64})
    with pytest.raises(RefusedError, match="not the one that was registered"):
        range_registry.registered("regime-range", "champion")
