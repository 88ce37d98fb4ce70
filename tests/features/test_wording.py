"""Every reading is said from its signed value, in words a person can read."""

import re
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import readings
from features import wording as say
from features.data import catalog
from features.dataset import SAY_OF
from features.families import FEATURES

PAGE = Path(__file__).parents[2] / "docs" / "readings.md"
ROWS = list(readings.parsed(PAGE.read_text()))
# Keys that are also what a trader calls the thing.
SPOKEN = {"VIX", "SKEW", "SPY", "IWM", "RSP", "QQQ", "XLK", "KRE"}
KEYS = {series.key for series in catalog.CATALOG} - SPOKEN


def test_the_page_holds_every_feature_at_three_values_and_says_what_the_program_says():
    by_name = {name: [value for _, value, _ in rows] for name, rows in groupby(ROWS, key=lambda row: row[0])}
    assert set(by_name) == set(SAY_OF), "run `regime data readings > docs/readings.md` on the folder of real data"
    for name, values in by_name.items():
        assert len(values) == 3
        assert values == sorted(values), name
    for name, value, said in ROWS:
        assert SAY_OF[name](value) == said, f"{name}: run `regime data readings > docs/readings.md`"


def test_each_clause_reads_as_one():
    for name, _, said in ROWS:
        assert 10 <= len(said) <= 115, said
        assert not KEYS & set(re.findall(r"[\w^-]+", said)), f"{name} names a series by its key: {said}"
        assert "nan" not in said.split()
        assert "_" not in said
        assert "  " not in said
        assert not re.search(r"\bminus\b", said), f"{name} leaves the direction to the reader: {said}"
        # A sign stands only with a level or a worst day; a verb carries it everywhere else.
        assert not re.search(r"(?:by|below|above|lag|lags|lead|leads|fell|rose) -", said), said


def test_low_and_high_are_not_said_alike():
    for name, rows in groupby(ROWS, key=lambda row: row[0]):
        low, middle, high = rows
        assert low[2] != high[2], name
        # The sign decides the words, not only the number in them.
        if low[1] < -0.001 and high[1] > 0.001 and "_drawdown_" not in name:
            words = [re.sub(r"[\d.]+", "#", said) for said in (low[2], high[2])]
            level = re.search(r"is at [-+]?\d", low[2]) or "52-week extremes" in low[2] or "-day low" in low[2]
            assert words[0] != words[1] or level, (name, low[2], high[2], middle[2])


def test_by_hand():
    said = {item.name: item.say for item in FEATURES}
    assert said["cap_drawdown_252"](-0.2485) == "cap weight is 22.0 % below its 12-month high"
    assert said["leaders_drawdown_252"](0.0) == "the largest stocks are at their 12-month high"
    assert said["broad_minus_cap_63"](-0.0325) == "equal weight lags cap weight by 3.2 % over 3 months"
    assert said["small_minus_cap_21"](0.0488) == "small caps lead cap weight by 5.0 % over a month"
    assert said["curve_10y3m"](-0.3) == "the 10-year Treasury yield is 0.30 points below the 3-month bill yield"
    assert said["hy_oas_change_21"](-0.5) == "the high-yield spread narrowed by 0.50 points over a month"
    assert said["vix_term"](0.9) == "three-month implied volatility is 10 % below that over one month (VIX)"
    assert said["months_since_cut"](24.0) == "the Fed's rate has not fallen for 24 months or longer"


@given(st.floats(-5, 5, allow_nan=False), st.integers(0, 3))
def test_a_size_has_no_sign_and_nothing_is_flat(value, digits):
    told = say.by_sign("up {}", "down {}", "flat", digits)(value)
    if told == "flat":
        assert round(abs(value), digits) == 0
    else:
        verb, size = told.split()
        assert (verb == "up") == (value > 0)
        assert float(size) == pytest.approx(abs(value), abs=0.5001 * 10**-digits)
        assert float(size) > 0


@pytest.mark.parametrize(
    ("below", "above", "words"),
    [
        (0.93, 0.07, "higher than 93 % of its past"),
        (0.8, 0.2, "higher than 80 % of its past"),
        (0.999, 0.001, "higher than 99 % of its past"),
        (1.0, 0.0, "higher than all of its past"),
        (0.5, 0.5, ""),
        (0.1, 0.9, "lower than 90 % of its past"),
        (0.0, 1.0, "lower than all of its past"),
        (0.0, 0.4, ""),  # tied with most of its past
        (0.0, 0.0, ""),
    ],
)
def test_a_rank_near_the_usual_is_no_reason(below, above, words):
    assert say.rank_words(below, above) == words
