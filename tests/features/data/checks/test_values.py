"""What the limits find in a series, and what they leave alone."""

import numpy as np
import pandas as pd
import pytest

from features.data import catalog
from features.data.checks import limits, screen, values
from features.data.errors import RegimeError
from features.data.sources.sample import FOLDER
from tests.support.data import SHARED, needs_shared

DAYS = pd.bdate_range("2015-01-01", periods=600, name="date")


def fund(seed=0):
    rng = np.random.default_rng(seed)
    return 100 * np.exp(rng.normal(0, 0.01, len(DAYS)).cumsum())


def yields():
    rng = np.random.default_rng(1)
    return np.round(np.maximum(3 + rng.normal(0, 0.05, len(DAYS)).cumsum(), 0.5), 2)


def table(**columns):
    return pd.DataFrame(
        {**{name: fund(seed) for seed, name in enumerate(("SPY", "RSP", "XLG", "IWM"))}, **columns}, DAYS
    )


def set_aside(name, frame):
    look = screen.Screen()
    out = screen.wide(look, name, frame)
    return look.set_aside, out


AT = 300


def one(price, value):
    price = price.copy()
    price[AT] = value(price[AT])
    return price


def on(price, change):
    price = price.copy()
    price[AT:] = change(price[AT:])
    return price


FAULTS = {
    "zero": lambda p: one(p, lambda _: 0.0),
    "negated": lambda p: -p,
    "one negated": lambda p: one(p, lambda v: -v),
    "infinite": lambda p: one(p, lambda _: np.inf),
    "enormous": lambda p: one(p, lambda _: 1e300),
    "a missing code": lambda p: one(p, lambda _: -99.99),
    "another missing code": lambda p: one(p, lambda _: -9999.0),
    "a day in cents": lambda p: one(p, lambda v: v * 100),
    "cents from a day on": lambda p: on(p, lambda v: v * 100),
    "a split not applied": lambda p: on(p, lambda v: v / 2),
    "three for two not applied": lambda p: on(p, lambda v: v / 1.5),
    "a reverse split not applied": lambda p: on(p, lambda v: v * 10),
    "a slip that is taken back": lambda p: one(p, lambda v: v * 1.3),
    "returns": lambda p: np.append(0.0, np.diff(np.log(p))),
    "gross returns": lambda p: np.append(1.0, p[1:] / p[:-1]),
    "logarithms": np.log,
    "flat": lambda p: np.append(p[:AT], np.full(len(p) - AT, p[AT])),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_absurd_price_stays_unnamed(fault):
    bad = FAULTS[fault](fund(3))
    named, out = set_aside("prices_etf", table(IWM=bad))
    assert list(named) == ["IWM"]
    assert out["IWM"].isna().any()
    assert not np.isinf(out["IWM"]).any()
    with np.errstate(all="ignore"):
        assert not (np.log(out["IWM"]).diff().abs() > 0.2).any()
    # The same in a leg is refused, in one line that says how to insist.
    look = screen.Screen(required=frozenset({"RSP"}))
    screen.wide(look, "prices_etf", table(RSP=bad))
    with pytest.raises(RegimeError, match="RSP ") as error:
        look.close()
    assert "\n" not in str(error.value)


def test_yields_as_decimals_are_found_whole_and_from_a_day_on():
    good = yields()
    decimals = good / 100
    late = np.append(good[:AT], decimals[AT:])
    for name, bad, left in (("DGS2", decimals, 0), ("DGS2", late, AT), ("DGS2", good * 100, 0)):
        frame = pd.DataFrame({"series": name, "date": DAYS, "value": bad})
        look = screen.Screen()
        out = screen.long(look, frame)
        assert list(look.set_aside) == [name]
        assert len(out) == left
        assert out["value"].min() > 0.3 or not len(out)


def test_library_returns_in_percent_are_set_aside_whole():
    returns = np.random.default_rng(2).normal(0, 0.01, len(DAYS)).round(4)
    named, out = set_aside("famafrench_factors_daily", pd.DataFrame({"Mkt-RF": returns * 100, "SMB": returns}, DAYS))
    assert list(named) == ["Mkt-RF"]
    assert out["Mkt-RF"].isna().all()
    assert out["SMB"].equals(pd.Series(returns, DAYS))


def test_a_crash_of_all_is_no_fault():
    crash = 1 - 0.205 * (np.arange(len(DAYS)) >= AT)
    named, _ = set_aside("prices_etf", table().mul(crash, axis=0))
    assert named == {}


def test_a_fall_in_half_of_one_company_is_no_fault_and_a_forgotten_split_is():
    price = fund(5)
    assert set_aside("prices_mag7", pd.DataFrame({"AAPL": on(price, lambda v: v * 0.4813)}, DAYS))[0] == {}
    assert list(set_aside("prices_mag7", pd.DataFrame({"AAPL": on(price, lambda v: v / 2)}, DAYS))[0]) == ["AAPL"]


def test_a_jump_the_stored_past_does_not_have_is_named():
    frame, past = table(), table()
    frame["IWM"] = on(frame["IWM"].to_numpy(), lambda v: v * 0.85)
    assert set_aside("prices_etf", frame)[0] == {}  # fifteen percent may be a market
    look = screen.Screen(past={"prices_etf": past})
    screen.wide(look, "prices_etf", frame)
    assert "is stored" in look.set_aside["IWM"][0]
    # A stored jump that the new data no longer have is a correction.
    look = screen.Screen(past={"prices_etf": frame})
    screen.wide(look, "prices_etf", past)
    assert look.set_aside == {}


def test_a_persons_yes_is_to_one_day():
    frame = table(RSP=on(fund(1), lambda v: v / 2))
    day = DAYS[AT]
    for accepted, count in ((f"RSP:{day.date()}", 0), (f"RSP:{DAYS[AT + 1].date()}", 1), (f"SPY:{day.date()}", 1)):
        look = screen.Screen(frozenset({"RSP"}), screen.parse_accepted([accepted]))
        screen.wide(look, "prices_etf", frame)
        assert len(look.refused) == count
    look = screen.Screen(frozenset({"RSP"}), screen.parse_accepted([f"RSP:{day.date()}"]))
    screen.wide(look, "prices_etf", table(RSP=one(fund(1), lambda _: np.inf)))
    assert look.refused  # no yes makes infinity a price


@pytest.mark.parametrize("word", ["RSP", "RSP:", ":2020-01-02", "RSP:2020", "RSP:2020-13-01", "RSP:20200102"])
def test_a_yes_of_another_form_is_one_line(word):
    with pytest.raises(RegimeError, match="YYYY-MM-DD"):
        screen.parse_accepted([word])


def test_every_unit_of_the_catalogue_has_limits():
    assert [series.key for series in catalog.CATALOG if limits.of(series) is limits.UNBOUNDED] == []


@pytest.mark.parametrize("where", [FOLDER, pytest.param(SHARED, marks=needs_shared)], ids=["sample", "shared"])
def test_nothing_real_is_doubted(where):
    look = screen.Screen(frozenset(series.key for series in catalog.CATALOG))
    for path in sorted(where.glob("*.parquet")):
        frame = pd.read_parquet(path)
        if path.stem == "fred":
            known = [series.column for series in catalog.CATALOG if series.table == "fred"]
            frame = frame[frame["series"].isin(known)]
            screen.long(look, frame.sort_values(["series", "date"], ignore_index=True))
        elif path.stem != "sp500_membership":
            screen.wide(look, path.stem, frame)
    assert look.refused == []
    assert look.set_aside == {}


def test_real_crashes_are_within_the_limits():
    # S&P 500 on 16 and 19 October 1987; VIX on 2 and 5 February 2018; WTI around 20 April 2020 is no catalogue series.
    crash = limits.BY_UNIT["index level, no dividends"]
    assert values.examine(np.array([298.08, 282.70, 224.84, 236.83, 258.38]), crash) == []
    assert values.examine(np.array([13.54, 17.31, 37.32, 29.98, 27.73]), limits.BY_UNIT["percent a year"]) == []
