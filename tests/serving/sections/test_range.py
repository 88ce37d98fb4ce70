"""The block `range` of a call: the bits of its fold, and one number for a breakdown."""

import json
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pandas as pd
import pytest

from features import simulated_market
from features.data.errors import RegimeError
from models.range import predictor
from models.range.fit import fit_range_at, prepare
from models.range.schedule import last_refit
from models.range.spec import RangeSpec
from models.tracking import stored_predictions
from models.tracking.errors import TrackingError
from models.tracking.range_registry import RegisteredRange
from serving import predict
from serving.call import parse_call
from serving.call_context import CallContext
from serving.sections import range as section
from tests.support.calls import call_object, make_test_call
from training.range_walkforward import walk_forward

SPEC = RangeSpec(model="har", train_start="1980-01-01", families=())


@pytest.fixture(scope="module")
def market():
    return simulated_market.dataset(simulated_market.market(1, 1000, simulated_market.WILD), 1)


@pytest.fixture(scope="module")
def folds(market):
    return walk_forward(prepare(market, SPEC.horizons, with_garch=False), SPEC)[0]


def up_to(dataset, date):
    """The data set as it stood on a date."""
    rows, returns = dataset.X.index <= date, dataset.returns
    return replace(dataset, X=dataset.X[rows], returns=returns[returns.index <= date])


def registered(dataset, date, **evidence):
    spec_at = last_refit(pd.DatetimeIndex(dataset.X.index), SPEC, date)
    document = fit_range_at(prepare(dataset, SPEC.horizons, with_garch=False), SPEC, spec_at)
    return RegisteredRange("regime-range", "1", "run", {"gate": "it was chosen"}, document, SPEC, evidence)


def made(dataset, date, one, fitted=None, held=None):
    return section.build(dataset, one, True, fitted or one.document, date, 0.2, 0.17, held or {})


@pytest.mark.parametrize("week", [820, 871, 999])
def test_a_call_and_its_replay_have_the_bits_of_their_fold(market, folds, week):
    date = pd.Timestamp(market.X.index[week])
    one = registered(market, date)
    now = made(market, date, one)
    past = up_to(market, date)
    context = CallContext(None, "regime", None, None)  # only its fits are asked for
    again = made(past, date, one, context.range_in_force(past, one, date))
    assert again.by_horizon == now.by_horizon
    for horizon, said in now.by_horizon.items():
        rows = folds[(folds["date"] == date) & (folds["leg"] == "broad") & (folds["horizon"] == int(horizon))]
        assert list(said.quantiles.values()) == rows[list(said.quantiles)].to_numpy()[0].tolist()
        assert list(said.usual.values()) == rows[[f"base_{name}" for name in said.usual]].to_numpy()[0].tolist()


def test_one_event_has_one_number_and_odds_rank(market):
    date = pd.Timestamp(market.X.index[900])
    said = made(market, date, registered(market, date, crps_skill_21=0.04, crps_skill_p_21=0.01)).by_horizon
    assert said["21"].falls["5"] == 0.2
    assert said["21"].usual_falls["5"] == 0.17
    for name in ("falls", "usual_falls"):
        for one in said.values():
            assert [getattr(one, name)[str(fall)] for fall in predictor.FALLS] == sorted(
                getattr(one, name).values(), reverse=True
            )
        for shorter, longer in pairwise(said.values()):
            assert all(getattr(longer, name)[fall] >= p for fall, p in getattr(shorter, name).items())
    assert (said["21"].evidence.crps_skill, said["5"].evidence.crps_skill) == (0.04, None)


@pytest.mark.parametrize("name", ["falls", "usual_falls"])
def test_a_call_with_two_numbers_for_a_breakdown_is_none(name):
    given = call_object()
    given["range"]["21"][name] = {"3": 0.9, "5": 0.5, "8": 0.1, "10": 0.1}
    with pytest.raises(RegimeError, match="the fall that is a breakdown has two numbers"):
        parse_call(json.dumps(given))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("falls", {"3": 0.3, "5": 0.34, "8": 0.1}, "a deeper fall is likelier"),
        ("quantiles", {"q05": 0.1}, "not q05, q10"),
    ],
)
def test_what_does_not_rank_is_no_range(name, value, said):
    given = call_object()
    given["range"]["21"][name] = value
    with pytest.raises(RegimeError, match=said):
        parse_call(json.dumps(given))


def test_it_is_told_in_plain_lines_with_its_evidence_or_without():
    call = make_test_call()
    first, second, rank, evidence = section.words(call.range, call.range_model)
    assert first == (
        "The broad market's likely range over 21 sessions: -5.1 % to +6.3 % (8 in 10); that of the last twenty years: "
        "-4.6 % to +5.7 %."
    )
    assert second == "Odds of closing 5 % lower on the way: 34 % (usual 17 %)."
    assert rank == "The range is wider than in 81 % of the last ten years' weeks."
    assert evidence == (
        "Its error (CRPS) out of sample is 3.7 % below that of the last twenty years (p 0.001); in the last ten years "
        "4.1 %."
    )
    unearned = call.range_model.model_copy(update={"champion": False})
    assert section.words(call.range, unearned)[-1].startswith("No evidence for this range")
    assert section.table(call.range)[0] == ("", "from", "to", "-3 %", "-5 %", "-8 %", "-10 %")
    assert not [line for line in section.key(call.range) if line.startswith("held")]


def held(share, usual=0.797):
    return {
        "weeks": 1772,
        "coverage_80": share,
        "coverage_80_least": 0.772,
        "coverage_80_most": 0.828,
        "coverage_80_usual": usual,
    }


def test_what_the_band_has_held_stands_beside_it():
    given = call_object()
    for horizon, share in (("5", 0.80), ("21", 0.832), ("63", 0.75)):
        given["range"][horizon]["evidence"] = given["range"][horizon]["evidence"] | held(share)
    call = parse_call(json.dumps(given))
    header, rows = section.table(call.range)
    place = header.index("held")
    assert [row[0] for row in rows] == [
        "5 sessions",
        section.REFERENCE,
        "21 sessions",
        section.REFERENCE,
        "63 sessions",
        section.REFERENCE,
    ]
    assert [row[place] for row in rows] == ["80 %", "80 %", "83 %", "80 %", "75 %", "80 %"]
    first, wide, narrow, *_ = section.words(call.range, call.range_model)
    assert first.endswith(
        "(8 in 10; has held 83.2 % out of sample); that of the last twenty years: -4.6 % to +5.7 % (has held 79.7 % "
        "out of sample)."
    )
    assert wide == "The range has been too wide: it held 83.2 % over 21 sessions (a calibrated one at most 82.8 %)."
    assert (
        narrow == "The range has been too narrow: it held 75.0 % over 63 sessions (a calibrated one at least 77.2 %)."
    )
    assert section.key(call.range)[-1].startswith("held: the share of 1,772 weeks out of sample")


def test_the_record_of_the_band_knows_only_weeks_that_had_ended(market, folds, monkeypatch, tmp_path):
    file = tmp_path / "range.parquet"
    folds.to_parquet(file)
    monkeypatch.setattr(stored_predictions, "fetch", lambda *_: file)
    date = pd.Timestamp(market.X.index[900])
    found = section.band_record("run", date)
    assert list(found) == ["5", "21", "63"]
    for horizon, one in found.items():
        inside = usual = count = 0
        for row in folds.to_dict("records"):
            if row["leg"] != "broad" or row["horizon"] != int(horizon) or not row["label_end"] <= date:
                continue
            count += 1
            inside += row["q10"] <= row["realised"] <= row["q90"]
            usual += row["base_q10"] <= row["realised"] <= row["base_q90"]
        assert one["weeks"] == count > 100
        assert one["coverage_80"] == pytest.approx(inside / count)
        assert one["coverage_80_usual"] == pytest.approx(usual / count)
        assert one["coverage_80_least"] < 0.8 < one["coverage_80_most"]
    said = made(market, date, registered(market, date), held=found).by_horizon
    assert said["21"].evidence.coverage_80 == found["21"]["coverage_80"]


def test_ranges_that_cannot_be_had_have_no_record_and_say_why(monkeypatch):
    def fail(*_):
        raise TrackingError("no answer")

    monkeypatch.setattr(stored_predictions, "fetch", fail)
    one = SimpleNamespace(run_id="0123456789abcdef")
    found, why = predict._held(one, pd.Timestamp("2020-01-03"))
    assert found == {}
    assert why["range_record"].startswith("the walk-forward of run 0123456789ab is not on this machine")


def test_a_data_set_without_a_leg_has_no_range(market):
    date = pd.Timestamp(market.X.index[900])
    one = registered(market, date)
    with pytest.raises(RegimeError, match="ret_cap has no value"):
        made(replace(market, returns=market.returns.assign(ret_cap=float("nan"))), date, one)
