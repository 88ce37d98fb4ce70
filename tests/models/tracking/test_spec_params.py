"""Parameters are the specification, all of it, whatever its fields are."""

from hypothesis import given
from hypothesis import strategies as st

from models.spec import ModelSpec
from models.tracking.spec_params import params_of


def test_every_field_is_there():
    spec = ModelSpec(params={"max_depth": 2}, exclude=("rates", "vix"), half_life_years=12.5, min_history_years=10.0)
    found = params_of(spec)
    fields = set(ModelSpec.model_fields)
    assert fields - {"params"} == set(found) - {"params.max_depth"}
    assert found["exclude"] == "rates,vix"
    assert found["half_life_years"] == "12.5"
    assert (found["min_history_years"], found["params.max_depth"]) == ("10", "2")
    assert found["monotone"] == found["families"] == "none"
    assert params_of(ModelSpec())["params"] == "none"


LEAF = st.sampled_from([0, True, "", "text", None, 2.0, [], [1, 2]])
NAME = st.sampled_from(["a", "b", "ab", "c"])


@given(st.dictionaries(NAME, st.one_of(LEAF, st.dictionaries(NAME, LEAF, max_size=3)), max_size=5))
def test_no_field_is_lost_and_a_mapping_is_like_a_dataclass(values):
    found = params_of(values)
    wanted = set()
    for name, value in values.items():
        wanted |= {f"{name}.{inner}" for inner in value} if isinstance(value, dict) and value else {name}
    assert set(found) == wanted
    assert all(isinstance(value, str) for value in found.values())
