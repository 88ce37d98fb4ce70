"""Making a call: refusals that write nothing, and a verdict that is monotone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data.errors import RefusedError, RegimeError
from models import fitted
from models.evaluation.verdicts import verdict_of
from serving import journal, predict
from tests.support.servers import HEAD

BASE = {"rotation": 0.37, "breakdown": 0.17, "neither": 0.46}
SHARE = st.floats(0.01, 1.0)


def constant(*features):
    return fitted.from_dict(HEAD | {"kind": "constant", "features": features, "probabilities": [0.4, 0.2, 0.4]})


def spread(weights):
    total = sum(weights)
    return dict(zip(BASE, (weight / total for weight in weights), strict=True))


@given(
    weights=st.tuples(SHARE, SHARE, SHARE), more=st.floats(0.0, 5.0), name=st.sampled_from(["rotation", "breakdown"])
)
def test_more_of_an_outcome_never_loses_its_verdict(weights, more, name):
    before = spread(weights)
    raised = spread([weight + (more if key == name else 0.0) for key, weight in zip(BASE, weights, strict=True)])
    if verdict_of(before, BASE, True) == name:
        assert verdict_of(raised, BASE, True) == name
    assert verdict_of(raised, BASE, False) == "no_evidence"


def test_a_model_of_other_features_is_refused(toy):
    model = constant("moon_phase", "vix")
    with pytest.raises(RefusedError, match=r"other features: 'moon_phase' \(1 in all\)"):
        predict._probabilities(model, toy.X.iloc[[-1]])


def test_since_when_the_leaders_falter(toy):
    import dataclasses

    flags = toy.faltering.copy()
    flags.iloc[-4:] = [False, True, True, True]
    leaders = predict._leaders(dataclasses.replace(toy, faltering=flags))
    assert (leaders.now, leaders.since) == (True, toy.X.index[-3].date())
    flags[:] = True
    assert predict._leaders(dataclasses.replace(toy, faltering=flags)).since == toy.X.index[0].date()
    flags.iloc[-1] = False
    assert predict._leaders(dataclasses.replace(toy, faltering=flags)).since is None


def test_last_week_is_the_decision_before(toy):
    model = constant()
    last = predict._last_week(toy.X, model, toy.X.index[-1])
    assert last.asof == toy.X.index[-2].date()
    assert predict._last_week(toy.X, model, toy.X.index[0]) is None


def test_a_series_that_does_not_exist_cannot_be_allowed():
    with pytest.raises(RegimeError, match="no such series"):
        predict.make_call(None, allowed=("NOPE",))


@pytest.mark.usefixtures("stored")
def test_a_changed_table_is_refused(home):
    path = next((home / "snapshots").glob("*/prices_etf.*parquet"))
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RefusedError, match=r"does not verify: prices_etf\."):
        predict.make_call(None)
    assert not journal.path().exists()
