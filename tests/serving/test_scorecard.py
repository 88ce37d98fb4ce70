"""The scorecard against counts by hand."""

import numpy as np
import pandas as pd
import pytest

from features.dataset import OUTCOMES
from models.evaluation.metrics import evaluate
from serving import journal, scorecard
from tests.support.calls import make_test_call

SHARES = {
    "rotation": {"rotation": 0.6, "breakdown": 0.1, "neither": 0.3},
    "breakdown": {"rotation": 0.2, "breakdown": 0.5, "neither": 0.3},
    "neither": {"rotation": 0.2, "breakdown": 0.1, "neither": 0.7},
}
FRIDAYS = pd.date_range("2024-01-05", periods=8, freq="W-FRI")
SAID = ["rotation", "breakdown", "neither", "breakdown", "no_evidence", "rotation", "breakdown", "neither"]
CAME = ["rotation", "neither", "neither", "breakdown", "breakdown", "neither", "breakdown", pd.NA]


def entries(entry_type=None):
    for friday, said in zip(FRIDAYS, SAID, strict=True):
        shares = SHARES.get(said, SHARES["neither"])
        changes = {"verdict": said, "probabilities": shares, "markov": SHARES["breakdown"]}
        call = make_test_call(asof=str(friday.date()), leaders_faltering={"now": False, "since": None}, **changes)
        journal.append(call, (friday + pd.Timedelta(days=1)).tz_localize("UTC"), entry_type)
    return journal.read()


@pytest.fixture
def table():
    return scorecard.call_table(journal.scored(entries()), pd.Series(CAME, FRIDAYS, dtype=object))


def test_hit_rates_by_hand(table):
    scores = scorecard.scores_of(table)
    assert (scores["calls"], scores["matured"]) == (8, 7)
    # Six of the seven matured calls name an outcome; the 1st, 3rd, 4th and 7th came true.
    assert scores["hit_rate"] == pytest.approx(4 / 6)
    # Markov says breakdown (0.5 against 0.17) every week; three breakdowns came in seven weeks.
    assert scores["hit_rate_markov"] == pytest.approx(3 / 7)
    # Climatology's likeliest outcome is neither (0.46), which came three times in seven.
    assert scores["hit_rate_climatology"] == pytest.approx(3 / 7)
    assert scores["effective_months"] == pytest.approx(7 * 5 / 21)
    assert scores["promised_skill"] == 0.02
    # Of the seven matured calls three saw a breakdown; the odds said 0.1, 0.5, 0.1, 0.5, 0.1, 0.1, 0.5.
    assert (scores["calibrated_on"], scores["came_breakdown"]) == (7, pytest.approx(3 / 7))
    assert scores["said_breakdown"] == pytest.approx(1.9 / 7)
    assert {name for name in scores if name.startswith("brier")} == {f"brier_skill_{name}" for name in OUTCOMES}
    assert not [name for name in scores if name.startswith(("ece", "calibration", "cost"))]


def test_log_losses_by_hand(table):
    scores = scorecard.scores_of(table)
    p = [SHARES.get(said, SHARES["neither"])[came] for said, came in zip(SAID[:7], CAME[:7], strict=True)]
    base = [{"rotation": 0.37, "breakdown": 0.17, "neither": 0.46}[came] for came in CAME[:7]]
    assert scores["log_loss"] == pytest.approx(-np.log(p).mean())
    assert scores["log_loss_skill"] == pytest.approx(1 - np.log(p).mean() / np.log(base).mean())
    markov = [SHARES["breakdown"][came] for came in CAME[:7]]
    assert scores["log_loss_skill_markov"] == pytest.approx(1 - np.log(markov).mean() / np.log(base).mean())


def test_the_table_holds_each_call_with_its_own_outcome(table):
    assert table["verdict"].tolist() == SAID
    assert table["outcome"].tolist()[:7] == CAME[:7]
    assert table["outcome"].isna().tolist() == [False] * 7 + [True]
    for name in OUTCOMES:
        assert table[f"p_{name}"].tolist() == [SHARES.get(said, SHARES["neither"])[name] for said in SAID]
    assert set(evaluate(table[table["outcome"].notna()], full=False)) >= {"log_loss", "log_loss_skill"}


def test_live_calls_stand_on_top_once_one_has_matured(table):
    card = scorecard.make_scorecard(table, 2)
    assert (card.kind, card.log_loss_skill) == ("live", card.live["log_loss_skill"])
    assert card.live["corrections"] == 2
    assert card.replay == {"calls": 0, "matured": 0}
    waiting = table.assign(outcome=pd.NA)
    replays = table.assign(kind="replay")
    card = scorecard.make_scorecard(pd.concat([waiting, replays]), 0)
    assert (card.kind, card.log_loss_skill) == ("replay", card.replay["log_loss_skill"])
    assert card.live["matured"] == 0


def test_the_drift_is_that_of_the_latest_call_that_says_it(table):
    said = [0.4, np.nan, 0.1, 0.3, 0.2, 0.5, np.nan, np.nan]
    scores = scorecard.scores_of(table.assign(outside=said).sample(frac=1.0, random_state=1))
    assert (scores["drift"], scores["drift_median"]) == (0.5, pytest.approx(0.3))
    assert not {"drift", "drift_median"} & set(scorecard.scores_of(table.assign(outside=np.nan)))
    assert scorecard.scores_of(table.iloc[:0]) == {"calls": 0, "matured": 0}


@pytest.mark.parametrize("weighted", [0.07, None])
def test_the_table_holds_what_a_call_says_of_its_drift(weighted):
    drift = {"share_outside": 0.2, "features": [], "weighted": weighted}
    call = make_test_call(asof=str(FRIDAYS[0].date()), drift=drift)
    journal.append(call, (FRIDAYS[0] + pd.Timedelta(days=1)).tz_localize("UTC"))
    (value,) = scorecard.call_table(journal.read(), pd.Series(CAME, FRIDAYS, dtype=object))["outside"]
    assert (value == weighted) if weighted is not None else np.isnan(value)


def test_evidence_is_of_calls_of_its_own_type(table):
    card = scorecard.make_scorecard(table, 0)
    assert max(one.bets for one in card.evidence["live"]) > 0
    assert not any(one.bets for one in card.evidence["replay"])


def test_nothing_named_has_no_hit_rate():
    said, came = pd.Series(["no_evidence"]), pd.Series(["rotation"])
    assert scorecard.hit_rate(said, came) is None
    assert scorecard.hit_rate(came, came) == 1.0


@pytest.mark.usefixtures("stored")
def test_an_empty_journal_scores_nothing():
    assert scorecard.score_journal().to_json_object() == {
        "kind": None,
        "log_loss_skill": None,
        "live": {"calls": 0},
        "replay": {"calls": 0},
        "evidence": {},
    }


@pytest.mark.usefixtures("stored")
def test_the_journal_is_scored_end_to_end(monkeypatch, home):
    entries()
    correction = make_test_call(asof=str(FRIDAYS[0].date()), digest="1" * 16, probabilities=SHARES["breakdown"])
    # The clock of the last live entry: a correction of an older week made now is a replay.
    journal.append(correction, (FRIDAYS[-1] + pd.Timedelta(days=1)).tz_localize("UTC"))
    outcome = pd.Series(CAME, FRIDAYS, dtype=object)

    class Built:
        digest = "d"

    Built.outcome = outcome
    monkeypatch.setattr(scorecard, "build", lambda *_: Built)
    tags = {}
    monkeypatch.setattr(scorecard.registry, "version_exists", lambda *_: True)
    monkeypatch.setattr(
        scorecard.registry, "tag_version", lambda name, version, new: tags.update({(name, version): new})
    )
    card = scorecard.score_journal()
    assert card.live["matured"] == 7
    assert card.replay["matured"] == 1
    assert card.digest == "d"
    assert set(tags) == {("regime", "3")}
    assert tags["regime", "3"]["scored_weeks"] == "8"
    assert set(tags["regime", "3"]) == {"scored_weeks", "scored_log_loss", "scored_log_loss_skill"}
    assert float(tags["regime", "3"]["scored_log_loss"]) > 0.0
    tags.clear()
    monkeypatch.setattr(scorecard.registry, "version_exists", lambda *_: False)
    scorecard.score_journal()
    assert tags == {}  # a version that was deleted is not written on
    kept = pd.read_parquet(home / "scores.parquet")
    assert (len(kept), "__index_level_0__" in kept) == (9, False)
