"""Why a call has its odds: the champion's own readings, reasons that their history supports, each model by its name."""

import pytest

from serving import reasons
from tests.support.calls import DRIVER, READING, make_test_call

P = {"rotation": 0.31, "breakdown": 0.34, "neither": 0.35}


def driver(words, side="breakdown", share=0.31, usual=0.17):
    history = None if share is None else {"weeks": 300, "share": share, "usual": usual}
    return DRIVER | {"for": side, "words": words, "history": history}


def challenger(*drivers):
    return {"kind": "lightgbm", "probabilities": P, "drivers": list(drivers)}


def test_the_odds_of_a_model_that_reads_a_few_features_are_told_by_their_readings():
    call = make_test_call(readings=[READING], drivers=[driver("the same again")], challenger=challenger(driver("VIX")))
    lines, lists = reasons.told(call)
    assert lines[:2] == [
        "The odds are those of markov, which reads one feature alone.",
        "The market is in its calm state. After the 958 weeks of its past with a reading in the same fifth, rotation "
        "followed in 39 % (usually 37 %), breakdown in 14 % (usually 18 %), neither in 47 % (usually 45 %).",
    ]
    assert [title for title, _ in lists] == ["The challenger (lightgbm) for breakdown"]
    assert "the same again" not in str(lists)


def test_a_reading_that_cannot_be_told_is_counted_all_the_same():
    model = make_test_call().model.model_dump(by_alias=True, mode="json") | {"kind": "logit2"}
    lines, _ = reasons.told(make_test_call(readings=[READING], model=model))
    assert lines[0] == "The odds are those of logit2, which reads two features alone."


@pytest.mark.parametrize(
    ("share", "usual", "listed"),
    [
        (0.31, 0.17, True),
        (0.36, 0.35, False),
        (0.2, 0.18, True),
        (0.1, 0.2, False),
        (0.0, 0.0, False),
        (None, 0.2, False),
    ],
)
def test_only_a_reading_that_its_history_supports_by_a_tenth_is_a_reason(share, usual, listed):
    call = make_test_call(drivers=[driver("this one", share=share, usual=usual), driver("another")])
    lines, lists = reasons.told(call)
    assert any("this one" in line for _, said in lists for line in said) == listed
    assert lines[0].startswith(f"Of the 2 readings that move the odds most, those are listed ({1 + listed})")
    against = share is not None and share < usual
    assert (len(lines) == 2) == against
    if against:
        assert lines[1] == "Against their history, which brought it less often than usual: 1 of them, not listed."


def test_a_champion_with_reasons_of_its_own_needs_none_of_the_challengers():
    own = [driver("first"), driver("second", "rotation")]
    _, lists = reasons.told(make_test_call(drivers=own, challenger=challenger(driver("other"))))
    assert [title for title, _ in lists] == ["For rotation", "For breakdown"]
    assert "other" not in str(lists)


def test_without_a_champion_the_odds_and_the_reasons_are_the_challengers_alone():
    one = driver("first")
    call = make_test_call(verdict="no_evidence", model={"champion": False}, drivers=[one], challenger=challenger(one))
    assert reasons.told(call)[1] == [
        ("For breakdown", ("first; breakdown then followed in 31 % of weeks, usually in 17 %",))
    ]


def test_a_champion_without_a_far_reading_says_so():
    lines, _ = reasons.told(make_test_call(drivers=[]))
    assert lines[0] == "The odds are those of markov; none of its readings is far from its usual."


@pytest.mark.parametrize(("of", "said"), [("challenger", "features of the challenger lie"), ("shown", "features lie")])
def test_unusual_features_are_those_of_the_model_that_reads_most(of, said):
    drift = {"of": of, "share_outside": 0.05, "features": ["vix"], "weighted": 0.12}
    assert said in reasons.told(make_test_call(drift=drift))[0][-1]
