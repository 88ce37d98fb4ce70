"""What came of the calls: outcomes by date, running skill and e-value as a slow loop has them."""

import csv
import io
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.data import calendar
from models.evaluation import e_processes, words
from serving import journal, journal_cli, journal_record, journal_table
from serving.scorecard import call_table
from tests.support.calls import BASE_RATES, make_test_call

DATES = [pd.Timestamp(day) for day in calendar.decision_dates(pd.Timestamp("2010-01-01"), pd.Timestamp("2010-12-31"))]
CAME = ["rotation", "breakdown", "neither"]


def probabilities(place):
    p = 0.2 + 0.02 * (place % 10)
    return {"rotation": p, "breakdown": 0.3, "neither": 0.7 - p}


@pytest.fixture
def kept():
    """Twenty live calls of which the last four have not matured, one of them corrected, and a call of other data."""
    for place, date in enumerate(DATES[:20]):
        said = {"asof": str(date.date()), "probabilities": probabilities(place), "verdict": CAME[place % 2]}
        now = date.tz_localize("UTC") + pd.Timedelta(hours=22)
        journal.append(make_test_call(**said), now)
        if place == 3:
            corrected = said | {"probabilities": probabilities(9), "digest": "1" * 16}
            journal.append(make_test_call(**corrected), now + pd.Timedelta(hours=1))
    other = make_test_call(asof=str(DATES[5].date()), model={"name": "regime-sample"}, source="sample")
    journal.append(other, DATES[19].tz_localize("UTC") + pd.Timedelta(hours=23), "replay")
    outcome = pd.Series([CAME[place % 3] for place in range(16)], DATES[:16]).reindex(DATES)
    entries = journal.of_model(journal.read(), "regime")
    sizes = pd.Series(pd.NA, DATES, dtype=object)
    return journal_record.joined(journal_table.table(), entries, outcome, sizes), entries, outcome


def test_skill_is_that_of_a_slow_loop(kept):
    told, _, outcome = kept
    scored = told[told["skill"].notna()].sort_values("asof")
    assert list(scored["n"]) == [1, 2, 3, 4, *range(6, 18)]  # the first live call of each week; not its correction
    own = usual = 0.0
    for place, row in enumerate(scored.to_dict("records")):
        came = outcome.loc[pd.Timestamp(row["asof"])]
        own -= math.log(probabilities(place)[came])
        usual -= math.log(BASE_RATES[came])
        assert row["skill"] == pytest.approx(1.0 - own / usual)
        assert row["right"] == (row["verdict"] == came)


def test_the_e_value_is_that_of_the_record(kept):
    told, entries, outcome = kept
    table = call_table([one for one in journal.scored(entries) if one.entry_type == "live"], outcome)
    rows = table[table["outcome"].notna()]
    said, base = (rows[[f"{prefix}_{name}" for name in CAME]].to_numpy() for prefix in ("p", "base"))
    bets = e_processes.reference_is_right(
        pd.DatetimeIndex(rows["date"]),
        pd.DatetimeIndex(rows["label_end"]),
        said,
        base,
        np.array([CAME.index(one) for one in rows["outcome"]]),
    )
    shown = told[told["e_value"].notna()].sort_values("asof")["e_value"]
    np.testing.assert_allclose(shown, bets.values.reindex(pd.DatetimeIndex(rows["date"])))


def test_what_has_not_matured_and_what_is_of_other_data_has_no_outcome(kept):
    told = kept[0].set_index("n")
    assert told.loc[18:21, "outcome"].isna().all()
    assert told.loc[22, ["outcome", "skill"]].isna().all()
    assert told.loc[5, "outcome"] == told.loc[4, "outcome"]
    assert math.isnan(told.loc[5, "skill"])


def test_the_table_fits_80_columns_and_marks_a_correction(kept):
    from rich.console import Console

    console = Console(width=80, file=io.StringIO())
    own = kept[0][kept[0]["source"] == "folder"]
    console.print(journal_table.view(own.assign(q10=-0.0512, q90=0.0431)))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    row = next(line for line in text.splitlines() if line.startswith(str(DATES[3].date())))
    assert row.split()[1:10] == ["breakdown", "26", "(37)", "30", "(17)", "-5", "+4", "rotation", "no"]
    assert row.split()[-1] == "live*"
    assert "corrected by a later line" in text


def test_weeks_stand_in_order_however_late_they_were_written(kept):
    made = kept[0]
    assert list(made["asof"]) == sorted(made["asof"])
    assert list(made["n"])[5:9] == [6, 7, 22, 8]  # the replay of the sixth week was written last
    assert made.tail(1)["asof"].item() == DATES[19].date()


@pytest.mark.usefixtures("kept")
def test_the_source_in_force_alone_is_shown_unless_all_are_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(journal_record.store, "in_force", lambda: SimpleNamespace(source="sample"))
    made = journal_table.table()
    assert list(journal_record.in_force(made)["n"]) == [22]
    assert set(journal_record.in_force(made)["source"]) == {"sample"}
    monkeypatch.setattr(journal_record, "with_record", lambda table, _: table)
    form = journal_cli.JournalFormat.csv
    journal_cli.list_journal(form=form)
    told = capsys.readouterr()
    assert [row["n"] for row in csv.DictReader(io.StringIO(told.out))] == ["22"]
    assert " ".join(told.err.split()) == "Not shown: 21 calls of the source folder (`regime journal --all`)."
    journal_cli.list_journal(last=5, form=form, every=True)
    told = capsys.readouterr()
    assert [row["n"] for row in csv.DictReader(io.StringIO(told.out))] == ["17", "18", "19", "20", "21"]
    assert not told.err
    monkeypatch.setattr(journal_record.store, "in_force", lambda: None)
    assert len(journal_record.in_force(made)) == 22


def test_sources_have_a_column_where_they_are_mixed(kept):
    heads = [
        [str(one.header) for one in journal_table.view(rows, 80).columns]
        for rows in (kept[0], kept[0][kept[0]["source"] == "folder"])
    ]
    assert ["source" in one for one in heads] == [True, False]


def sized(place, size=None, direction=None):
    """A call of week `place` with a size word, or without any."""
    said = {"asof": str(DATES[place].date()), "verdict": direction or "no_evidence", "schema": 2}
    words_of_it = {"size": size, "size_state": size, "direction": direction, "direction_state": direction}
    return make_test_call(**said, direction={**words_of_it, "evidence": direction is not None, "followed_by": {}})


def dataset_of(seed):
    """Twelve years of daily returns whose size changes, with their weekly decisions."""
    rng = np.random.default_rng(seed)
    sessions = pd.DatetimeIndex(calendar.sessions(pd.Timestamp("1999-01-04"), pd.Timestamp("2010-12-31")))
    scale = np.repeat(np.exp(rng.normal(-4.6, 0.5, len(sessions) // 40 + 1)), 40)[: len(sessions)]
    dates = calendar.decision_dates(sessions[0], sessions[-1])
    outcome = pd.Series("neither", dates).where(dates + pd.Timedelta(days=31) < sessions[-1])
    returns = pd.DataFrame({"ret_broad": rng.normal(0.0, scale)}, sessions)
    return SimpleNamespace(X=pd.DataFrame(index=dates), returns=returns, outcome=outcome)


def test_a_size_word_is_a_hit_where_the_volatility_fell_into_that_third_of_the_ten_years_before():
    data, said = dataset_of(4), ["calm", "usual", "turbulent", None]
    for place, date in enumerate(DATES):
        now = date.tz_localize("UTC") + pd.Timedelta(hours=22)
        journal.append(sized(place, said[place % 4]), now)
    sizes = words.size_claims(data, pd.DatetimeIndex(data.X.index))
    told = journal_record.joined(journal_table.table(), journal.read(), data.outcome, sizes).set_index("asof")
    moves, found = np.log1p(data.returns["ret_broad"]), {True: 0, False: 0}
    width = {}
    for date in data.X.index:  # the slow way, from the daily returns
        place = data.returns.index.get_loc(date)
        ahead = moves.iloc[place + 1 : place + 22]
        if len(ahead) == 21:
            width[date] = (ahead.index[-1], math.sqrt((ahead**2).mean()))
    for place, date in enumerate(DATES):
        row, word = told.loc[date.date()], said[place % 4]
        if date not in width:
            assert row[["size_came", "right"]].isna().all()
            continue
        past = [one for at, (end, one) in width.items() if end < date and at >= date - pd.DateOffset(years=10)]
        low, high = np.quantile(past, (1 / 3, 2 / 3))
        came = "calm" if width[date][1] < low else "turbulent" if width[date][1] > high else "usual"
        assert row["size_came"] == came
        if word is None:
            assert pd.isna(row["right"])
        else:
            assert row["right"] == (word == came)
            found[word == came] += 1
    assert min(found.values()) > 5
    # The words' evidence counts the same hits in the same weeks.
    state = pd.Series([float(("calm", "usual", "turbulent").index(one) - 1) for one in said[:3]] * 200, dtype=float)
    state = state.iloc[: len(data.X)].set_axis(data.X.index[: len(state)]).reindex(data.X.index).fillna(0.0)
    evidence = words.size_table(data, state).set_index("date")["claim"]
    shared = [date for date in DATES if date in evidence.index]
    assert len(shared) > 20
    assert [told.loc[date.date(), "size_came"] for date in shared] == list(evidence[shared])


def test_a_direction_word_is_judged_by_the_outcome_whatever_the_size():
    for place, word in enumerate(("rotation", "breakdown")):
        now = DATES[place].tz_localize("UTC") + pd.Timedelta(hours=22)
        journal.append(sized(place, "turbulent", word), now)
    outcome = pd.Series("breakdown", DATES[:2])
    made = journal_record.joined(
        journal_table.table(), journal.read(), outcome, pd.Series("turbulent", DATES, dtype=object)
    )
    assert list(made["word"]) == ["rotation", "breakdown"]
    assert list(made["right"]) == [False, True]


def test_the_size_that_came_is_shown_where_there_is_room(kept):
    made = kept[0].assign(size_came="turbulent", word="calm", right=False)
    narrow, wide = (journal_table.view(made, width) for width in (80, 120))
    heads = [[str(one.header) for one in view.columns] for view in (narrow, wide)]
    assert "size" not in heads[0]
    place = heads[1].index("size")
    assert next(iter(wide.columns[place].cells)) == "turbulent"
    assert next(iter(narrow.columns[heads[0].index("hit")].cells)) == "no"


def test_the_chart_is_drawn_while_nothing_has_come_yet(kept):
    waiting = kept[0].assign(outcome=pd.Series(pd.NA, kept[0].index, dtype=object))
    text = journal_record.chart(waiting, 80)
    assert "x is breakdown" in text
    assert not [line for line in text.splitlines() if line.startswith("came")]


def test_the_chart_shows_both_lines_and_what_came(kept):
    text = journal_record.chart(kept[0], 80)
    drawn, key = text.split("\n\n")
    lines = drawn.splitlines()
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    (came,) = [line for line in lines if line.startswith("came")]
    assert set(came.removeprefix("came┤").strip("│ ")) == {"R", "B", "n", " "}
    assert [line.split("┤")[0] for line in lines if " %┤" in line] == ["30 %", "20 %", "10 %", " 0 %"]
    assert not [line for line in lines if "P(" in line]  # nothing is drawn over the odds
    assert str(DATES[0].date()) in lines[-1]
    assert "R rotation, B breakdown, n neither" in " ".join(key.split())


def test_csv_holds_the_numbers(kept):
    rows = list(csv.DictReader(io.StringIO(kept[0].to_csv(index=False))))
    assert len(rows) == 22
    assert float(rows[0]["p_rotation"]) == 0.2
