"""Specifications: what is refused, and what version 0.1 stored."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data.errors import RegimeError
from models import estimators
from models.spec import BOUNDS, CALIBRATIONS, WEIGHTINGS, ModelSpec, check_sizes, from_dict, from_json

OLD = [
    one["spec"] for one in json.loads((Path(__file__).parent / "fixtures" / "fitted_0_1.json").read_text())["models"]
]


@pytest.mark.parametrize("text", OLD)
def test_a_specification_of_version_0_1_is_read_and_keeps_its_identity(text):
    spec = from_json(text)
    assert spec.estimator == json.loads(text)["kind"]
    assert spec.identity == text  # what that version made its keys of
    assert json.loads(spec.to_json())["estimator"] == spec.estimator
    assert from_json(spec.to_json()) == spec


def test_both_names_at_once_are_refused():
    with pytest.raises(RegimeError, match="former name of estimator"):
        from_dict({"kind": "markov", "estimator": "markov"})
    with pytest.raises(RegimeError, match="unknown key 'kind'"):
        ModelSpec(kind="markov")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seed": True}, "seed is True: a whole number"),
        ({"seed": -1}, "seed is -1: 0 or more"),
        ({"seed": 2.0}, "seed is 2.0: a whole number"),
        ({"seed": 10**30}, "seed is 10+: .* or less"),
        ({"seeds": 0}, "seeds is 0: 1 or more"),
        ({"seeds": 1001}, "seeds is 1001: 1000 or less"),
        ({"refit_weeks": 0}, "refit_weeks is 0: 1 or more"),
        ({"half_life_years": float("nan")}, "half_life_years is nan: a finite number"),
        ({"min_history_years": float("inf")}, "min_history_years is inf: a finite number"),
        ({"half_life_years": 1e-300}, "half_life_years is 1e-300: .*neither 0 nor"),
        ({"half_life_years": True}, "half_life_years is True: a number"),
        ({"families": [1]}, "families.0 is 1: a text"),
        ({"families": "rates"}, "families is 'rates': a list"),
        ({"exclude": ["x" * 201]}, "201 characters"),
        ({"monotone": {"x" * 201: 1}}, "201 characters"),
        ({"label": "x" * 201}, "label .*at most 200 characters"),
        ({"label": ""}, "label is '': a name"),
        ({"train_start": "0001-01-01"}, "train_start is '0001-01-01': a date YYYY-MM-DD from 1800"),
        ({"train_start": "2020-W01-1"}, "a date YYYY-MM-DD"),
        ({"train_start": "1990-02-30"}, "a date YYYY-MM-DD"),
        ({"params": {"max_depth": True}}, "params.max_depth is True: a number"),
        ({"params": {"max_depth": float("nan")}}, "max_depth is nan"),
        ({"params": {"max_depth": 10**400}}, "max_depth is 10+"),
        ({"params": {"max_depht": 3}}, "'max_depht': nearest known is 'max_depth'"),
        ({"monotone": {"vix": 2}, "estimator": "staged"}, "vix is 2"),
        ({"monotone": {"vix": 1}}, 'monotone needs estimator = "staged"'),
        ({"exclude_revised": 1}, "exclude_revised is 1: true or false"),
        ({"estimator": "lightgmb"}, "unknown estimator 'lightgmb'"),
        ({"blend": ["forest"]}, "unknown estimator 'forest'"),
        ({"calibration": "platt"}, "unknown calibration 'platt'"),
        ({"weighting": "all"}, "unknown weighting 'all'"),
        ({"refit_week": 3}, "'refit_week': nearest known is 'refit_weeks'"),
    ],
)
def test_what_is_no_specification_is_said_in_one_line(values, said):
    with pytest.raises(RegimeError, match=said) as error:
        from_dict(values)
    assert len(str(error.value)) < 250
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(("key", "value"), [("reg_lambda", 1e-300), ("max_depth", 13), ("max_depth", 2.5)])
def test_sizes_out_of_bounds(key, value):
    with pytest.raises(RegimeError, match=key):
        check_sizes({key: value})
    check_sizes({name: high for name, (_, high) in BOUNDS.items()} | {"reg_lambda": 0.0})


@given(
    st.builds(
        ModelSpec,
        estimator=st.sampled_from([name for name in estimators.NAMES if name != "lightgbm"]),
        seed=st.integers(0, 2**31 - 1001),
        seeds=st.integers(1, 1000),
        refit_weeks=st.integers(1, 520),
        half_life_years=st.one_of(st.just(0), st.floats(0.01, 100), st.integers(1, 100)),
        families=st.lists(st.text(min_size=1, max_size=200), max_size=3),
        weighting=st.sampled_from(WEIGHTINGS),
        calibration=st.sampled_from(CALIBRATIONS),
        params=st.dictionaries(st.sampled_from(list(BOUNDS)), st.one_of(st.integers(0, 9), st.floats(0, 9))),
        monotone=st.dictionaries(st.text(min_size=1, max_size=9), st.sampled_from([-1, 1]), max_size=2),
    )
)
def test_round_trip(spec):
    assert from_json(spec.to_json()) == spec
    assert from_json(spec.identity) == spec
    assert spec.replace(seed=3).replace(seed=spec.seed) == spec


def test_a_change_is_validated():
    with pytest.raises(RegimeError, match="seeds is 0"):
        ModelSpec().replace(seeds=0)


def test_the_schema_documents_every_key():
    properties = ModelSpec.model_json_schema()["properties"]
    assert set(properties) == set(ModelSpec.model_fields)
    assert all(one["description"] for one in properties.values())
