"""Hundreds of malformed tables: no traceback, no absurd value stored without its name, nothing lost.

Every case starts from the same good folder of five tables, spoils one of them, and refreshes a store
that holds the good snapshot. What comes out must be one of three: a refusal in one line with the store
as it was; a snapshot in which what was wrong is missing and named; or a snapshot equal to the good one,
where the spoiled file says the same in another way.
"""

import itertools
import random

import numpy as np
import pandas as pd
import pytest

from features import readback
from features.data import calendar, catalog, retention, store
from features.data.errors import RegimeError
from features.data.refresh import refresh_store
from features.data.source import Source

pytestmark = pytest.mark.slow
FIRST, LAST = pd.Timestamp("2001-01-02"), pd.Timestamp("2004-06-30")
FUNDS = ["SPY", "RSP", "XLG", "IWM", "QQQ", "XLK"]


def good_tables():
    rng = np.random.default_rng(0)
    days = calendar.sessions(FIRST, LAST).rename("date")
    market = rng.normal(0.0003, 0.01, len(days))
    own = rng.normal(0, 0.004, (len(days), len(FUNDS)))
    prices = pd.DataFrame(100 * np.exp((market[:, None] + own).cumsum(axis=0)), days, FUNDS).round(4)
    vix = pd.DataFrame({"VIX": (20 * np.exp(rng.normal(0, 0.05, len(days)))).round(2)}, days)
    names = ["Mkt-RF", "SMB", "HML"]
    library = pd.DataFrame(rng.normal(0, 0.01, (len(days), 3)).round(4), days, names).assign(RF=0.0001)
    walks = {
        name: (level + rng.normal(0, 0.03, len(days)).cumsum()).clip(1, 8).round(2) for name, level in YIELDS.items()
    }
    fred = pd.concat(
        [pd.DataFrame({"series": name, "date": days, "value": walk}) for name, walk in walks.items()], ignore_index=True
    )
    fred = fred.assign(vintage="current_revision", realtime_start=pd.NaT)
    return {"prices_etf": prices, "vix": vix, "famafrench_factors_daily": library, "fred": fred}


YIELDS = {"DGS1": 3.0, "DGS10": 5.0, "DGS3MO": 2.5, "DGS2": 4.0}


def at(table, rows, column, how):
    table = table.copy()
    place = table.columns.get_loc(column)
    values = table[column].to_numpy(float).copy()
    values[rows] = how(values[rows])
    table.isetitem(place, values)
    return table


# How values go wrong. `rows` is a slice or a single row.
VALUES = {
    "zero": lambda v: v * 0,
    "negated": lambda v: -v,
    "infinite": lambda v: np.full_like(v, np.inf),
    "minus infinite": lambda v: np.full_like(v, -np.inf),
    "1e300": lambda v: v * 0 + 1e300,
    "1e-300": lambda v: v * 0 + 1e-300,
    "-99.99": lambda v: v * 0 - 99.99,
    "-999": lambda v: v * 0 - 999.0,
    "-9999": lambda v: v * 0 - 9999.0,
    "a hundred times": lambda v: v * 100,
    "a hundredth": lambda v: v / 100,
    "a thousand times": lambda v: v * 1000,
    "ten times": lambda v: v * 10,
}
PRICES_ONLY = {
    "halved": lambda v: v / 2,
    "a third": lambda v: v / 3,
    "two thirds": lambda v: v / 1.5,
    "doubled": lambda v: v * 2,
}
SPANS = {"one": slice(300, 301), "first": slice(0, 1), "last": slice(-1, None), "from a day on": slice(400, None)}
SPANS |= {"three": slice(500, 503), "until a day": slice(None, 200)}
# Column by its table; whether the values are read from it in the snapshot at all; required columns refuse.
WHERE = {
    "SPY": "prices_etf",
    "RSP": "prices_etf",
    "IWM": "prices_etf",
    "VIX": "vix",
    "SMB": "famafrench_factors_daily",
    "DGS10": "fred",
    "DGS2": "fred",
}


def value_cases():
    for column, table in WHERE.items():
        kinds = VALUES | (PRICES_ONLY if table == "prices_etf" else {})
        for kind, span in itertools.product(kinds, SPANS):
            # A first or last price alone that is off by a third could be the market; so could a yield times ten.
            if kind == "two thirds" and span not in ("one", "three", "from a day on", "until a day"):
                continue
            if table != "prices_etf" and kind in ("zero", "negated", "ten times", "a hundredth", "1e-300"):
                continue  # may be values the series can have: rates were zero, returns change sign
            if column == "SMB" and kind in ("a hundred times", "a thousand times"):
                if span in ("from a day on", "until a day"):
                    yield column, kind, span
                continue
            yield column, kind, span


VALUE_CASES = sorted(value_cases())


def spoil_value(tables, column, kind, span):
    how = (VALUES | PRICES_ONLY)[kind]
    name = WHERE[column]
    if name != "fred":
        return {**tables, name: at(tables[name], SPANS[span], column, how)}
    table = tables["fred"].copy()
    rows = table.index[table["series"] == column][SPANS[span]]
    table.loc[rows, "value"] = how(table.loc[rows, "value"])
    return {**tables, "fred": table}


def text(table):
    if "series" not in table:
        return table.to_csv()
    return table[["date", "series", "value", "vintage", "realtime_start"]].to_csv(index=False)


def form_cases():
    """Faults of form, as (name, function of CSV text and chance giving bytes)."""

    def rows(change):
        def run(source, chance):
            lines = source.splitlines()
            return "\n".join(change(lines, chance)).encode() + b"\n"

        return run

    def cell(value):
        def change(lines, chance):
            where = chance.randrange(1, len(lines))
            fields = lines[where].split(",")
            fields[2 if "value" in lines[0] else chance.randrange(1, len(fields))] = value
            lines[where] = ",".join(fields)
            return lines

        return rows(change)

    def dates(how):
        def change(lines, _):
            return [lines[0], *(",".join([how(line.split(",")[0]), *line.split(",")[1:]]) for line in lines[1:])]

        return rows(change)

    def day(value):
        def change(lines, chance):
            where = chance.randrange(1, len(lines))
            lines[where] = ",".join([value, *lines[where].split(",")[1:]])
            return lines

        return rows(change)

    faults = {
        f"cell {value!r}": cell(value) for value in ("abc", "1,5", "True", "#N/A!", "1e400", "--", '"', "$4", "½")
    }
    faults |= {
        f"date {value!r}": day(value) for value in ("", "NaT", "0", "45000", "1.5", "2003-02-30", "03/04/05", "x")
    }
    faults |= {
        f"date {value!r}": day(value) for value in ("2099-01-02", "0001-01-01", "2002-06-01", "2002-06-03 23:00")
    }
    faults |= {
        "dates as day numbers": dates(lambda d: str((pd.Timestamp(d) - pd.Timestamp("1899-12-30")).days)),
        "dates as seconds": dates(lambda d: str(int(pd.Timestamp(d).timestamp()))),
        "two-digit years": dates(lambda d: pd.Timestamp(d).strftime("%m/%d/%y")),
        "a weekend later": dates(lambda d: str((pd.Timestamp(d) + pd.Timedelta(days=2)).date())),
        "times at night": dates(lambda d: f"{d} 22:15:00"),
        "repeated row": rows(lambda lines, chance: [*lines, lines[chance.randrange(1, len(lines))]]),
        "missing field": rows(lambda lines, _: [*lines[:50], lines[50].rsplit(",", 1)[0], *lines[51:]]),
        "added field": rows(lambda lines, _: [*lines[:50], lines[50] + ",7", *lines[51:]]),
        "no heading": rows(lambda lines, _: lines[1:]),
        "heading twice": rows(
            lambda lines, _: [lines[0] + "," + lines[0].split(",")[-1], *(x + ",1" for x in lines[1:])]
        ),
        "unknown column": rows(lambda lines, _: [lines[0] + ",what?", *(line + ",1" for line in lines[1:])]),
        "semicolons": lambda source, _: source.replace(",", ";").encode(),
        "UTF-16": lambda source, _: source.encode("utf-16"),
        "latin": lambda source, _: source.replace("2", "²", 1).encode("latin-1"),
        "empty": lambda _source, _chance: b"",
        "headings only": rows(lambda lines, _: lines[:1]),
        "blank lines": lambda _source, _chance: b"\n\n\n",
        "a web page": lambda _source, _chance: b"<!DOCTYPE html>\n<html><body>Sorry</body></html>\n",
        "NUL": lambda source, chance: (lambda cut: (source[:cut] + "\0" + source[cut:]).encode())(
            chance.randrange(9, 999)
        ),
        "cut off": lambda source, chance: source[: chance.randrange(40, len(source) - 5)].rstrip("\n").encode(),
        "half gone": rows(lambda lines, _: lines[: len(lines) // 2]),
        "every other row": rows(lambda lines, _: [lines[0], *lines[1::2]]),
        "all blank": rows(
            lambda lines, _: [lines[0], *(line.split(",")[0] + "," * line.count(",") for line in lines[1:])]
        ),
    }
    return faults


FORMS = form_cases()
FORM_CASES = [(name, table) for name in FORMS for table in ("prices_etf", "vix", "famafrench_factors_daily", "fred")]


def same_in_other_words():
    def sheet(how):
        return lambda source: how(source).encode()

    def dated(form):
        def change(source):
            lines = source.splitlines()
            out = [lines[0]]
            for line in lines[1:]:
                first, rest = line.split(",", 1)
                out.append(f"{pd.Timestamp(first).strftime(form)},{rest}")
            return ("\n".join(out) + "\n").encode()

        return change

    return {
        "CRLF": sheet(lambda source: source.replace("\n", "\r\n")),
        "BOM": lambda source: b"\xef\xbb\xbf" + source.encode(),
        "no last line end": sheet(str.rstrip),
        "blank last rows": sheet(lambda source: source + "," * source.splitlines()[0].count(",") + "\n\n"),
        "YYYYMMDD": dated("%Y%m%d"),
        "slashes": dated("%Y/%m/%d"),
        "months in words": dated("%d-%b-%Y"),
        "day first": dated("%d/%m/%Y"),
        "month first": dated("%m/%d/%Y"),
        "at the close": dated("%Y-%m-%d 16:00:00"),
        "newest first": sheet(lambda source: "\n".join([source.splitlines()[0], *source.splitlines()[:0:-1]]) + "\n"),
    }


SAME = same_in_other_words()
SAME_CASES = [(name, table) for name in SAME for table in ("prices_etf", "vix", "famafrench_factors_daily")]


def write(folder, tables):
    folder.mkdir()
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text(text(table))
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGIME_HOME", str(folder / "home"))
        patch.setattr(retention, "prune", list)  # the good snapshot outlives hundreds of refreshes here
        tables = good_tables()
        refresh_store(Source.folder, write(folder / "data", tables), prove=readback.check)
        yield folder, tables, store.load()


def outcome(folder, snapshot, monkeypatch):
    """What a refresh of `folder` over the good store does; the store is put back as it was."""
    home = folder.parent / "home"
    monkeypatch.setenv("REGIME_HOME", str(home))
    pointer = (home / "CURRENT").read_text()
    kept = {path: path.read_bytes() for path in (home / "snapshots" / snapshot.digest).iterdir()}
    try:
        refresh_store(Source.folder, folder, prove=readback.check)
        made, said = store.load(), ""
        (home / "CURRENT").write_text(pointer)
    except RegimeError as error:  # anything else is the traceback a person would see
        made, said = None, str(error)
    assert "\n" not in said
    assert len(said) < 1200
    assert (home / "CURRENT").read_text() == pointer
    assert {path: path.read_bytes() for path in kept} == kept
    return made


def series_of(snapshot, key):
    table = snapshot.tables.get(catalog.BY_KEY[key].table)
    if table is None:
        return pd.Series(dtype=float)
    if catalog.BY_KEY[key].table == "fred":
        return table[table["series"] == key].set_index("date")["value"]
    return table[key].dropna() if key in table else pd.Series(dtype=float)


def check_nothing_unnamed(made, before):
    """Every stored value is one of the good ones, or its series is named in the notes."""
    named = set(made.notes.get("set_aside", {}))
    for key in [*FUNDS, "VIX", "Mkt-RF", "SMB", "HML", *YIELDS]:
        got, want = series_of(made, key), series_of(before, key)
        if key in FUNDS and key in named:  # a level that moved for good is right in its returns, which are what is read
            days = before.tables["prices_etf"].index
            got, want = (series.reindex(days).pct_change(fill_method=None).dropna() for series in (got, want))
        wrong = got[~np.isclose(got, want.reindex(got.index), rtol=1e-6, atol=1e-9)]
        assert not len(wrong), (key, wrong.head())
        if len(got) < len(want):
            assert key in named or made.notes.get("holiday_rows"), key
        assert not np.isinf(got).any()
    for table in made.tables.values():
        if isinstance(table.index, pd.DatetimeIndex) and len(table):
            assert table.index.min() >= FIRST
            assert table.index.isin(calendar.all_sessions()).all()


@pytest.mark.parametrize(("column", "kind", "span"), VALUE_CASES)
def test_values(good, tmp_path, monkeypatch, column, kind, span):
    folder, tables, snapshot = good
    target = folder / tmp_path.name
    made = outcome(write(target, spoil_value(tables, column, kind, span)), snapshot, monkeypatch)
    if column in catalog.REQUIRED["us"]:
        assert made is None
    elif made is not None:
        check_nothing_unnamed(made, snapshot)
        assert column in made.notes["set_aside"]


@pytest.mark.parametrize(("fault", "table"), FORM_CASES)
def test_forms(good, tmp_path, monkeypatch, fault, table):
    folder, tables, snapshot = good
    target = write(folder / tmp_path.name, tables)
    path = target / f"{table}.csv"
    chance = random.Random(f"{fault} {table}")
    path.write_bytes(FORMS[fault](path.read_text(), chance))
    made = outcome(target, snapshot, monkeypatch)
    if made is not None:
        check_nothing_unnamed(made, snapshot)


@pytest.mark.parametrize(("words", "table"), SAME_CASES)
def test_the_same_in_other_words(good, tmp_path, monkeypatch, words, table):
    folder, tables, snapshot = good
    target = write(folder / tmp_path.name, tables)
    path = target / f"{table}.csv"
    path.write_bytes(SAME[words](path.read_text()))
    made = outcome(target, snapshot, monkeypatch)
    assert made is not None
    assert made.digest == snapshot.digest


def test_there_are_enough_of_them(request):
    # Counted as collected: the tests may run in several processes. Each reads a table.
    mine = [item for item in request.session.items if item.path == request.path]
    assert len(mine) - 1 >= 300
