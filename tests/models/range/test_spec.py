"""A range's specification: what is refused, and that texts stored before a key came keep their meaning and keys."""

import json

import pandas as pd
import pytest

from features import simulated_market
from features.data.errors import RegimeError
from models.range import fit, volatility_block
from models.range.schedule import refit_rows
from models.range.spec import BASELINES, LATER_KEYS, MODELS, RangeSpec, from_json, is_protocol

# As every registered range and every entry of the ledger had it when these were all keys.
STORED = (
    '{"exclude": [], "families": ["breadth", "relative_strength", "rates", "spreads", "volatility"], '
    '"half_life_years": 10.0, "horizons": [5, 21, 63], "label": "path", "min_history_years": 10.0, '
    '"model": "range", "refit_weeks": 26, "seed": 7, "train_start": "1927-01-01"}'
)
SPAN = {"first_test": "1956-01-01", "last_test": "1989-09-30"}


@pytest.mark.parametrize("model", MODELS)
def test_a_default_is_written_as_it_was(model):
    spec, text = RangeSpec(model=model), STORED.replace('"model": "range"', f'"model": "{model}"')
    assert spec.to_json() == text
    assert from_json(text) == spec


@pytest.mark.parametrize("values", [SPAN, {"inner_years": 2}, {"members": ("har", "log_ewma_broad")}])
def test_another_value_is_written_and_read_back(values):
    spec = RangeSpec(**values)
    assert set(json.loads(spec.to_json())) & set(LATER_KEYS) == set(values)
    assert from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"first_test": "1956-13-01"}, "first_test is '1956-13-01': a date YYYY-MM-DD"),
        ({"first_test": ""}, "first_test is '': a date YYYY-MM-DD"),
        ({"last_test": "soon"}, "last_test is 'soon': a date YYYY-MM-DD"),
        ({"train_start": "1927"}, "train_start is '1927': a date YYYY-MM-DD"),
        ({"first_test": 1956}, "first_test is 1956: a text"),
        ({"first_test": "1956-01-01"}, "give last_test too, before 1990-01-01"),
        ({"first_test": "1995-01-01"}, "give last_test too, before 1990-01-01"),
        (SPAN | {"last_test": "1990-01-01"}, "last_test is 1990-01-01: a date before 1990-01-01"),
        ({"last_test": "2023-12-29"}, "last_test is 2023-12-29: a date before 1990-01-01"),
        ({"last_test": "1989-09-30"}, "last_test 1989-09-30 lies before first_test 1990-01-01"),
        (SPAN | {"last_test": "1955-12-31"}, "last_test 1955-12-31 lies before first_test 1956-01-01"),
        ({"inner_years": 0}, "inner_years is 0: 1 or more"),
        ({"members": "har"}, "members is 'har': a list"),
        ({"members": ["har", "har"]}, "each once is needed"),
        ({"model": "har", "members": ["ridge"]}, "members of 'har': a baseline keeps its own"),
        ({"model": "garch", "members": ["ridge"]}, "members of 'garch': a baseline keeps its own"),
    ],
)
def test_a_bad_value_is_one_line(values, said):
    with pytest.raises(RegimeError, match=said) as caught:
        RangeSpec(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [SPAN, {"inner_years": 2}])
def test_other_weeks_and_other_inner_refits_are_not_the_protocol_s(values):
    assert is_protocol(RangeSpec())
    assert not is_protocol(RangeSpec(**values))
    assert RangeSpec(**values).explores == ("last_test" in values)


def test_members_are_the_candidate_s_alone():
    spec = RangeSpec(members=("har", "log_garch_broad_21"), **SPAN)
    assert spec.scale.members == ("har", "log_garch_broad_21")
    assert spec.scale.spread_members == RangeSpec().scale.spread_members
    assert spec.beside("range") == spec
    assert all(spec.beside(kind) == RangeSpec(model=kind, **SPAN) for kind in BASELINES)


@pytest.mark.parametrize(
    ("spec", "reads"),
    [
        (RangeSpec(model="har"), False),
        (RangeSpec(model="garch"), True),
        (RangeSpec(), True),
        (RangeSpec(model="range-lightgbm", members=("har",)), False),
        (RangeSpec(model="range-lightgbm", members=("log_garch_broad_1",)), True),
        (RangeSpec(model="range", members=("har",)), True),  # its spread has a ridge, which reads the whole block
    ],
)
def test_who_reads_garch(spec, reads):
    assert spec.reads_garch is reads


def test_columns_that_may_be_members_are_in_the_block():
    market = simulated_market.dataset(simulated_market.market(1, 120), 1)
    block = fit.prepare(market, (5,)).frame
    assert set(volatility_block.BROAD) == {name for name in block if name.startswith("log_") and "broad" in name}


WEEKS = pd.date_range("1927-05-07", "2023-12-29", freq="W-FRI")


def test_the_first_test_week_is_fifteen_years_in_or_as_asked():
    def first(**values):
        return WEEKS[refit_rows(WEEKS, RangeSpec(**values))[0]]

    assert first() == pd.Timestamp("1990-01-05")
    assert first(**SPAN) == pd.Timestamp("1956-01-06")
    assert first(first_test="1930-01-01", last_test="1989-09-30") == pd.Timestamp("1942-05-15")
    assert WEEKS[refit_rows(WEEKS, RangeSpec(**SPAN))[-1]] <= pd.Timestamp("1989-09-30")


def test_test_weeks_that_end_before_a_first_fold_are_one_line():
    with pytest.raises(RegimeError, match=r"the first would be 1942-05-13, last_test is 1935-01-01"):
        refit_rows(WEEKS, RangeSpec(first_test="1930-01-01", last_test="1935-01-01"))
    late = WEEKS[WEEKS >= "1993-02-05"]
    with pytest.raises(RegimeError, match="the first would be 2008-02-05, last_test is 1989-09-30"):
        refit_rows(late, RangeSpec(**SPAN))
