"""Which models a call may use."""

import pandas as pd
import pytest

from features.data.errors import RefusedError, RegimeError
from models import fitted
from models.spec import ModelSpec
from models.tracking.registry import Registered
from serving import call_context, journal
from serving.call_context import CallContext, last_refit, load_context
from tests.support.servers import HEAD


def registered(features=(), source="folder", legs="us"):
    document = fitted.from_dict(HEAD | {"kind": "constant", "features": features, "probabilities": [0.4, 0.2, 0.4]})
    return Registered("regime", "3", document, {"legs": legs, "source": source})


@pytest.mark.parametrize(
    ("source", "legs", "said"), [("live", "us", "source 'live'"), ("folder", "other", "legs 'other'")]
)
@pytest.mark.usefixtures("stored")
def test_a_model_of_other_data_is_refused(monkeypatch, source, legs, said):
    monkeypatch.setattr(call_context.loader, "registered", lambda *_: registered(source=source, legs=legs))
    with pytest.raises(RefusedError, match=rf"trained on {said}.*regime train run"):
        load_context()
    assert not journal.path().exists()


@pytest.mark.usefixtures("stored")
def test_without_a_challenger_the_champion_stands_in_and_without_both_there_is_no_call(monkeypatch):
    monkeypatch.setattr(
        call_context.loader, "registered", lambda _, alias: registered() if alias == "champion" else None
    )
    context = load_context()
    assert context.challenger is context.champion is context.shown
    monkeypatch.setattr(call_context.loader, "registered", lambda *_: None)
    with pytest.raises(RegimeError, match="no model 'regime' is registered yet"):
        load_context()


def test_the_champion_is_shown_before_the_challenger():
    champion, challenger = registered(), registered()
    assert CallContext(None, "regime", champion, challenger).shown is champion
    assert CallContext(None, "regime", None, challenger).shown is challenger


def test_the_model_in_force_is_that_of_the_last_refit_and_fitted_once(toy, monkeypatch):
    spec, fits = ModelSpec(estimator="climatology", train_start="1980-01-01"), []
    refits = pd.date_range("1990-01-05", periods=6, freq="26W-FRI")
    monkeypatch.setattr(call_context, "refit_dates", lambda *_: refits)
    assert last_refit(toy, spec, refits[3]) == refits[3]
    assert last_refit(toy, spec, refits[4] - pd.Timedelta(days=1)) == refits[3]
    with pytest.raises(RegimeError, match="first test week"):
        last_refit(toy, spec, refits[0] - pd.Timedelta(days=1))
    monkeypatch.setattr(call_context, "fit_at", lambda _data, _spec, date, _cache: fits.append(date) or {"date": date})
    context = CallContext(None, "regime", None, registered())
    for week in (0, 7, 14):
        assert context.model_in_force(toy, spec, refits[3] + pd.Timedelta(days=week)) == {"date": refits[3]}
    assert fits == [refits[3]]
