"""The call's own rules: a verdict that is monotone, and refusals that write nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data import store
from features.data.errors import RefusedError, RegimeError
from models import fitted
from models.evaluation.verdict import verdict
from models.tracking.registry import Registered
from serving import journal, predict
from tests.support.servers import HEAD

BASE = {"rotation": 0.37, "breakdown": 0.17, "neither": 0.46}
SHARE = st.floats(0.01, 1.0)


def spread(weights):
    total = sum(weights)
    return dict(zip(BASE, (weight / total for weight in weights), strict=True))


@given(
    weights=st.tuples(SHARE, SHARE, SHARE), more=st.floats(0.0, 5.0), name=st.sampled_from(["rotation", "breakdown"])
)
def test_more_of_an_outcome_never_loses_its_verdict(weights, more, name):
    before = spread(weights)
    raised = spread([weight + (more if key == name else 0.0) for key, weight in zip(BASE, weights, strict=True)])
    if verdict(before, BASE, True) == name:
        assert verdict(raised, BASE, True) == name
    assert verdict(raised, BASE, False) == "no_evidence"


def registered(features=(), source="folder", legs="us"):
    document = fitted.from_dict(HEAD | {"kind": "constant", "features": features, "probabilities": [0.4, 0.2, 0.4]})
    return Registered("regime", "3", document, {"legs": legs, "source": source})


@pytest.mark.parametrize(
    ("source", "legs", "said"), [("live", "us", "source 'live'"), ("folder", "other", "legs 'other'")]
)
@pytest.mark.usefixtures("stored")
def test_a_model_of_other_data_is_refused(monkeypatch, source, legs, said):
    monkeypatch.setattr(predict.loader, "registered", lambda *_: registered(source=source, legs=legs))
    with pytest.raises(RefusedError, match=rf"trained on {said}.*regime-train run"):
        predict.desk()
    assert not journal.path().exists()


def test_a_model_of_other_features_is_refused(toy):
    with pytest.raises(RefusedError, match=r"other features: 'moon_phase' \(1 in all\)"):
        predict._probabilities(registered(["moon_phase", "vix"]).document, toy.X.iloc[[-1]])


def test_a_series_that_does_not_exist_cannot_be_allowed():
    with pytest.raises(RegimeError, match="no such series"):
        predict.call(None, allowed=("NOPE",))


@pytest.mark.usefixtures("stored")
def test_a_changed_table_is_refused(home):
    (path,) = (home / "snapshots").glob("*/prices_etf.parquet")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RefusedError, match=r"does not verify: prices_etf\.parquet"):
        predict.call(None)
    assert not journal.path().exists()


@pytest.fixture
def stored(tmp_path):
    """A stored folder with both legs."""
    from features.data.sources import folder
    from tests.conftest import write_folder

    tables, legs, last = folder.read(write_folder(tmp_path / "data"))
    store.write(tables, "folder", legs, last)
