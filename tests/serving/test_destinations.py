"""The groups' section of a call: what it holds, what it says, and what it says where it cannot be made."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from features import group_panel
from features.groups import GROUPS, NAMES
from models.destinations import conditional, history
from models.destinations.record import CellEvidence, DestinationsRecord
from models.destinations.spec import DestinationsSpec
from serving.sections import destinations_builder, destinations_words
from serving.sections.destinations import Destinations
from serving.text import markdown, print_call
from tests.support.calls import make_test_call

SPEC = DestinationsSpec(model="quadrants", outcomes=("beats", "moves"), horizons=(21,), train_start="1994-01-01")


def evidence(outcome: str, champion: str | None) -> CellEvidence:
    return CellEvidence(
        outcome=outcome,
        horizon=21,
        champion=champion,
        model=champion or "momentum",
        reason="",
        skill=0.05,
        skill_low=0.02,
        skill_high=0.08,
        p=0.001,
        adjusted_p=0.01,
        alive=True,
        ic=None,
        ic_t=None,
        faltering_skill=0.001,
        faltering_p=0.215,
        weeks=1200,
        first="1999-12-24",
        last="2023-11-24",
    )


def record(source: str = "folder") -> DestinationsRecord:
    return DestinationsRecord(
        spec=SPEC.to_json(),
        digest="0" * 16,
        source=source,
        tries=0,
        cells=(evidence("beats", None), evidence("moves", "volatility")),
        conditional=(),
        fitted=(),
    )


@pytest.fixture(scope="module")
def panel(us_snapshot):
    return group_panel.build(us_snapshot)


@pytest.fixture(scope="module")
def date(panel):
    return panel.dates[-60]


@pytest.fixture(scope="module")
def section(panel, date):
    odds = {"rotation": 0.5, "breakdown": 0.2, "neither": 0.3}
    return destinations_builder.build(panel, record(), "3", date, odds)


def test_odds_stand_only_where_they_were_earned_and_never_for_parts_of_the_broad_leg(section):
    for one in section.groups:
        assert one.p_beats is None
        assert (one.p_moves is None) == (one.kind == "overlap")
        assert 0.0 < one.base_beats < 1.0
    assert {one.outcome: one.earned for one in section.evidence} == {"beats": False, "moves": True}


def test_a_past_call_is_the_same_from_data_that_end_there(us_snapshot, section, date):
    then = group_panel.build(us_snapshot.as_of(date))
    odds = {"rotation": 0.5, "breakdown": 0.2, "neither": 0.3}
    assert destinations_builder.build(then, record(), "3", date, odds) == section


def test_rates_are_weighted_by_the_calls_odds_where_a_champion_made_them(panel, section, date):
    week = panel.dates.get_loc(date)
    rates = {name: conditional.rates(panel, name, week)[0] for name in ("rotation", "breakdown", "neither")}
    one = section.groups[0]
    place = NAMES.index(one.group)
    want = 0.5 * rates["rotation"][place] + 0.2 * rates["breakdown"][place] + 0.3 * rates["neither"][place]
    assert one.weighted == pytest.approx(want)
    assert all(g.weighted is None for g in destinations_builder.build(panel, record(), "3", date, None).groups)


def test_what_followed_is_what_a_loop_finds(panel, section, date):
    week = panel.dates.get_loc(date)
    column = NAMES.index("energy")
    ahead, ends = panel.rows["joined"].ahead[21], panel.ends[21]
    outcome = panel.outcome.fillna("")
    found = [
        ahead[place, column]
        for place in range(len(panel.dates))
        if ends.iloc[place] < date and outcome.iloc[place] == "rotation" and np.isfinite(ahead[place, column])
        if panel.rows["joined"].on_fund[place, column]
    ]
    one = next(g for g in section.followed if (g.group, g.condition) == ("energy", "rotation"))
    assert one.weeks == len(found)
    assert one.share == pytest.approx(np.mean(np.array(found) > 0.0))
    assert one.lead == pytest.approx(np.mean(found))
    assert one.lead_interval[0] < one.lead < one.lead_interval[1]
    assert week > 0


def test_episodes_are_parted_by_more_than_a_quarter():
    ahead = np.full(100, 0.01)
    inside = np.zeros(100, bool)
    inside[[0, 5, 18, 40, 41, 99]] = True
    assert history._followed("x", "rotation", ahead, inside).episodes == 3


def test_the_graphs_leaders_are_bought_after_costs(panel):
    week = len(panel.dates) - 60
    found = history.leaders_bought(panel, week)
    assert found.weeks > 100
    assert pd.Timestamp(found.last) < panel.dates[week]
    assert found.interval[0] < found.a_year < found.interval[1]


def test_the_words_fit_and_name_what_is_missing(section):
    said = destinations_words.words(section)
    assert all(len(line) <= 100 for line in said)
    assert any("no evidence on funds" in line for line in said)
    assert said.count("In weeks when the leaders faltered alone: skill +0.001, p 0.215: no evidence.") == 1
    low = [one.model_copy(update={"faltering_p": 0.03}) for one in section.evidence]
    lines = destinations_words.words(section.model_copy(update={"evidence": tuple(low)}))
    assert "In weeks when the leaders faltered alone: skill +0.001, p 0.030: before other tries are counted." in lines
    header, rows = destinations_words.grid(section)
    assert len(rows) == len(section.groups) <= len(GROUPS)
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    assert sum(widths) + 2 * (len(widths) - 1) <= 80
    followed = destinations_words.followed_words(section)
    assert list(followed) == [
        "In weeks that became rotations, funds alone",
        "In weeks that became breakdowns, funds alone",
        "In weeks when the leaders faltered, funds alone",
    ]
    assert all(len(line) <= 100 for lines in followed.values() for line in lines)


def test_the_section_travels_as_json_and_as_a_table(section):
    text = json.dumps(section.model_dump(mode="json"))
    assert Destinations.model_validate_json(text) == section
    table = destinations_builder.as_table(section)
    assert len(table) == len(section.groups)
    assert {"group", "fund", "quadrant", "p_moves", "given_rotation"} <= set(table)
    # Beside the long record of the table stand the funds' own weeks, as the text has them.
    rows = table.set_index("group")
    for one in section.followed:
        if one.group in rows.index:
            assert rows.loc[one.group, f"funds_{one.condition}_weeks"] == one.weeks
            assert rows.loc[one.group, f"funds_{one.condition}_share"] == one.share
    assert (rows["rotation_weeks"] >= rows["funds_rotation_weeks"]).all()
    assert rows.loc["energy", "funds_rotation_weeks"] > 0


def test_the_words_say_what_the_table_and_the_lists_count(section):
    said = destinations_words.words(section)
    weeks = max(one.rotation_weeks for one in section.groups)
    assert any(line.startswith(f"rot. counts {weeks:,} weeks") for line in said)
    assert any(line.startswith("The lists below count funds alone") for line in said)
    assert destinations_words.HEADER[-2:] == ("rot.", "brk.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"snapshot": SimpleNamespace(legs="sample", source="sample")}, "these data hold no sector or style"),
        ({"destinations": None}, "no experiment on the groups is registered: run `regime train run destinations`"),
        ({"destinations": ("1", record("live"))}, "was trained on live data"),
    ],
)
def test_where_it_cannot_be_made_the_call_says_so_in_one_line(us_snapshot, panel, date, changes, said):
    usual = {"snapshot": us_snapshot, "destinations": ("1", record()), "groups": panel}
    made, why = destinations_builder.make(SimpleNamespace(**(usual | changes)), date, None)
    assert made is None
    assert said in why
    assert "\n" not in why


def test_a_week_with_too_few_rows_is_left_out_in_one_line(us_snapshot, panel):
    context = SimpleNamespace(snapshot=us_snapshot, destinations=("1", record()), groups=panel)
    made, why = destinations_builder.make(
        context, panel.dates[panel.dates.searchsorted(pd.Timestamp("1995-03-01"))], None
    )
    assert made is None
    assert "500 needed" in why


def test_a_terminal_names_three_groups_and_where_all_are(section):
    call = make_test_call().model_copy(update={"destinations": section})
    text = io.StringIO()
    print_call(call, Console(file=text, width=80, color_system=None))
    assert all(len(lines) > 3 for lines in destinations_words.followed_words(section).values())
    assert text.getvalue().count("\n- ") - _reasons(call) == 3 * len(destinations_words.followed_words(section))
    assert "All groups: `regime report`, `regime call destinations`." in text.getvalue()
    assert markdown(call).count(": ahead in") == sum(map(len, destinations_words.followed_words(section).values()))


def _reasons(call):
    text = io.StringIO()
    print_call(call.model_copy(update={"destinations": None}), Console(file=text, width=80, color_system=None))
    return text.getvalue().count("\n- ")
