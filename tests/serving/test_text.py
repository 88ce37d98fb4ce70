"""What a terminal shows of a call and a scorecard."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from serving.running_evidence import Evidence
from serving.scorecard import Scorecard
from serving.scorecard_text import print_scorecard
from serving.text import comma_separated, markdown, print_call, weekly_summary
from tests.support.calls import DRIVER, make_test_call


def shown(write, thing):
    console = Console(width=250, file=io.StringIO())
    write(thing, console)
    return console.file.getvalue()


LAST = {"asof": "2026-01-02", "probabilities": {"rotation": 0.30, "breakdown": 0.36, "neither": 0.34}}
TITLES = [
    "How far the market may move",
    "The odds and what is usual",
    "What followed such calls before",
    "Why",
    "How old the data are",
    "What would change it",
    "Terms",
]


def test_the_parts_stand_in_the_order_a_person_reads():
    lines = shown(print_call, make_test_call(last_week=LAST)).splitlines()
    assert lines[0] == (
        "A breakdown is likelier than usual in the 21 sessions after 2026-01-09: 34.0 %, usually 17.0 %."
    )
    assert [line for line in lines if line in TITLES] == TITLES


def test_every_number_of_a_call_stands_under_its_heading_beside_its_usual():
    lines = shown(print_call, make_test_call(last_week=LAST)).splitlines()
    place = lines.index("The odds and what is usual")
    assert lines[place + 1].split() == ["odds", "usual", "challenger", "on", "2026-01-02"]
    rows = {line.split()[0]: line.replace(" %", "").split()[1:] for line in lines[place + 2 : place + 6]}
    assert rows == {
        "rotation": ["31.0", "37.0", "31.0", "30.0"],
        "breakdown": ["34.0", "17.0", "34.0", "36.0"],
        "neither": ["35.0", "46.0", "35.0", "34.0"],
        "head-to-head": ["47.7", "68.5", "47.7", "45.5"],
    }
    text = "\n".join(lines)
    assert "stands at 47.7 %, below its usual 68.5 %; no evidence that this splits the two." in text
    assert "For breakdown:\n- VIX: high for <its> history" in text
    assert (
        "Of 40 weeks with this word out of sample, 30.0 % brought it (90 % interval 10.0 % to 50.0 %; usually 17.0 %), "
        "in 6 episodes." in text
    )
    assert "The leaders have faltered since 2025-12-05." in text
    assert "Model: regime v3 (markov, champion), fitted 2000-01-07. Log-loss skill +0.020" in text
    assert "A word is printed while what it says has followed it more often than otherwise" in text


def test_a_call_of_the_first_schema_says_at_which_odds_its_word_would_be_another():
    text = shown(print_call, make_test_call(schema=1))
    assert "It is no longer breakdown below odds of 18.7 % (now 34.0 %)." in text
    assert "The word becomes rotation from odds of about 74.0 % (now 31.0 %)." in text


def test_a_call_without_a_champion_says_what_is_missing():
    told = shown(print_call, make_test_call(verdict="no_evidence", model={"champion": False}))
    assert told.startswith("No evidence: no model has earned a word on what comes in the 21 sessions")
    assert "  challenger" not in told.split("Terms")[0]
    assert "A word is printed once a model beats the usual odds" in told


@given(st.integers(60, 140), st.integers(0, 3000))
def test_text_folds_between_words_at_any_width(width, days):
    console = Console(width=width, file=io.StringIO())
    print_call(make_test_call(last_week=LAST, data_age_days=days), console)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    wide = " ".join(shown(print_call, make_test_call(last_week=LAST, data_age_days=days)).split())
    assert " ".join(" ".join(lines).split()) == wide
    assert not [line for line in lines if line.startswith("% ")]


def test_piped_text_has_no_colour_and_a_terminal_has():
    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system="standard")
    print_call(make_test_call(), console)
    assert "\x1b[1;31mA breakdown" in console.file.getvalue()
    assert "\x1b[" not in shown(print_call, make_test_call())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data_age_days": 1062}, "The data end 1,062 days before the last session."),
        ({"data_age_days": 1}, "The data end 1 day before the last session."),
        ({"data_age_days": 0}, "The data hold the last session."),
        ({}, "A call of the past, with what was known on 2026-01-09: its age is not measured."),
        ({"source": "sample"}, "The embedded sample is a demonstration of the past: its age is not measured."),
    ],
)
def test_the_age_of_the_data_is_said(changes, said):
    assert said in shown(print_call, make_test_call(**changes))


def test_a_reason_says_what_moves_along_and_what_followed():
    driver = DRIVER | {"together": ["cap_vol_21"]}
    told = shown(print_call, make_test_call(drivers=[driver, driver]))
    assert (
        "- VIX: high for <its> history (with 1 reading that moves along); breakdown then followed in 31 % of weeks, "
        "usually in 17 %" in told
    )


def test_markdown_and_csv_hold_the_same_numbers():
    call = make_test_call(last_week=LAST)
    told = markdown(call)
    assert told.startswith("# A breakdown is likelier than usual")
    assert "| rotation | 31.0 % | 37.0 % | 31.0 % | 30.0 % |" in told
    assert [line[3:] for line in told.splitlines() if line.startswith("## ")] == TITLES
    (row,) = csv.DictReader(io.StringIO(comma_separated(call)))
    assert float(row["probabilities.rotation"]) == call.probabilities.rotation
    assert row["asof"] == "2026-01-09"
    assert row["model.version"] == "3"


def test_what_a_person_set_is_said():
    told = shown(print_call, make_test_call(model={"override": "the desk wants [it] (me, 2024-01-05)"}))
    assert "Set by a person, not by the gate: the desk wants [it] (me, 2024-01-05)" in told
    assert "Set by a person" not in shown(print_call, make_test_call())


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (None, "(markov, champion)"),
        ("baseline markov", "(baseline markov, champion)"),
        ("default max_depth=2", "(default max_depth=2: markov, champion)"),
    ],
)
def test_the_model_is_named_by_its_run(run, said):
    assert f"Model: regime v3 {said}" in shown(print_call, make_test_call(model={"run": run}))


def test_stale_series_are_named_and_a_missing_mark():
    told = shown(
        print_call,
        make_test_call(
            head_to_head_evidence=True,
            freshness={"DGS2": {"last": "2025-12-01", "stale": True, "required": False}},
        ),
    )
    assert "no evidence that" not in told
    assert "Older than allowed, and left out: 2-year Treasury yield." in told


def test_a_scorecard_names_each_rate():
    live = {
        "calls": 10,
        "matured": 8,
        "corrections": 2,
        "log_loss_skill": 0.05,
        "log_loss_skill_p": 0.2,
        "log_loss_skill_markov": -0.01,
        "promised_skill": 0.03,
        "effective_months": 1.9,
        "hit_rate": 0.75,
        "hit_rate_markov": None,
        "hit_rate_climatology": 0.5,
    }
    evidence = {"live": (Evidence("climatology", "2025-01-03", 1.5, 8, None, False),)}
    replays = {"calls": 3, "matured": 0}
    text = shown(print_scorecard, Scorecard("live", 0.05, live, replays, evidence=evidence))
    lines = text.splitlines()
    assert lines[:9] == [
        "Live calls: 10 calls, 8 with a known outcome. As they overlap, they are worth 2 independent months.",
        "  Log-loss skill: +0.0500. This is the loss saved against the usual odds; below 0 the usual odds were better "
        "(p 0.200, the chance of so much without any skill).",
        "  Markov's skill in the same weeks: -0.0100. Markov is the baseline that reads the volatility regime alone.",
        "  The model's skill before these calls: +0.0300, out of sample, when it made the latest of them.",
        "  Of the calls that named an outcome, it came in 75 %.",
        "  To compare: the outcome of the highest usual odds, named in every week, came in 50 %.",
        "  2 corrections are kept in the journal and not scored.",
        "  Evidence since 2025-01-03: what a stake of 1 has become that was bet against each statement on every call. "
        "Chance brings 20 to 1 in at most one record in twenty, however often one looks.",
        '  - 1.5 to 1 against "the usual odds are right".',
    ]
    assert lines[9] == "Replays (past weeks, called later): 3 calls, none with a known outcome."
    silent = shown(
        print_scorecard, Scorecard("live", 0.05, live | {"hit_rate": None, "log_loss_skill_p": 1.0}, replays)
    )
    assert "No call named an outcome, so none was right or wrong." in silent
    assert "(too few weeks for a p)" in silent
    assert "To compare" not in silent


@given(st.integers(60, 140))
def test_the_scorecard_folds_at_any_width(width):
    console = Console(width=width, file=io.StringIO())
    scores = {"calls": 10, "matured": 8, "effective_months": 1.9, "log_loss_skill": 0.05, "log_loss_skill_markov": 0.0}
    card = Scorecard("live", 0.05, scores | {"promised_skill": 0.03}, {"calls": 0})
    print_scorecard(card, console)
    assert max(map(len, console.file.getvalue().splitlines())) <= width


def test_the_summary_fits_a_subject():
    call = make_test_call(
        verdict="no_evidence", probabilities={"rotation": 0.361, "breakdown": 0.138, "neither": 0.501}
    )
    said = weekly_summary(call, False, "ab" * 32)
    assert said == (
        "regime 2026-01-09: no evidence (rotation 36 %, breakdown 14 %), leaders falter, journal abababababab"
    )
    assert len(said) < 110
    assert weekly_summary(call, True, "ab" * 32).endswith("older data used")
