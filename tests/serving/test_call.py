"""The call as a contract: what contradicts itself is no call, and the published schema is the types'."""

import json

import jsonschema
import pytest

from features.data.errors import RegimeError
from features.dataset import OUTCOMES
from serving.call import SCHEMA_FILE, Probabilities, json_schema, parse_call
from tests.support.calls import PROBABILITIES, call_object, make_test_call


def test_the_published_schema_is_that_of_the_types():
    assert SCHEMA_FILE.read_text() == json_schema(), "run `regime call schema --write`"


def test_a_call_fits_its_schema_and_comes_back_whole():
    given = call_object(last_week={"asof": "2026-01-02", "probabilities": PROBABILITIES})
    jsonschema.validate(given, json.loads(SCHEMA_FILE.read_text()))
    assert parse_call(json.dumps(given)).to_json_object() == given


def test_probabilities_stand_in_the_order_of_every_table():
    assert tuple(Probabilities.model_fields) == OUTCOMES
    assert tuple(make_test_call().probabilities.as_dict()) == OUTCOMES


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"probabilities": {"rotation": 0.5, "breakdown": 0.4, "neither": 0.2}}, "sum to 1.1"),
        ({"base_rates": {"rotation": 0.5, "breakdown": 0.5}}, "base_rates.neither"),
        ({"probabilities": {"rotation": 1.2, "breakdown": -0.2, "neither": 0.0}}, "less than or equal to 1"),
        ({"head_to_head": 0.9}, "head-to-head is not that"),
        ({"model": {"champion": False}}, "verdict breakdown without a champion"),
        ({"model": {"fitted_at": "2026-01-16"}}, "after the as-of date"),
        ({"last_week": {"asof": "2026-01-09", "probabilities": PROBABILITIES}}, "not before 2026-01-09"),
        ({"schema": 3}, "schema"),
        ({"asof": 0}, "asof"),
        ({"asof": "9 January"}, "asof"),
        ({"digest": "../../etc"}, "digest"),
        ({"verdict": "up"}, "verdict"),
        ({"mood": "good"}, "mood"),
        ({"model": {"skill": float("nan")}}, "skill"),
        ({"drivers": [{"feature": "vix"}]}, "drivers.0"),
    ],
)
def test_what_contradicts_itself_is_no_call(changes, said):
    with pytest.raises(RegimeError, match=rf"^not a call: .*{said}") as error:
        parse_call(json.dumps(call_object(**changes)))
    assert "\n" not in str(error.value)


def test_a_call_cannot_be_changed():
    call = make_test_call()
    with pytest.raises(ValueError, match="frozen"):
        call.verdict = "rotation"


def test_a_call_of_the_first_schema_is_still_read():
    assert parse_call(json.dumps(call_object(schema=1))).schema_version == 1
