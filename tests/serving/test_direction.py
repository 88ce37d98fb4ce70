"""The words of a call: only earned ones, from the stored walk-forwards, with what is known at the decision."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.data.errors import RegimeError
from features.data.paths import home
from models import direction as states
from models.evaluation import words
from models.fit import fit_at
from models.spec import baseline
from serving import parts
from serving.headline import headline
from serving.sections import direction, levels
from tests.support.calls import make_test_call
from tests.support.weekly_noise import SPEC, made
from training.walkforward import walk_forward

RECORD = {
    "weeks": 400,
    "runs_a_year": 2.5,
    "mean_return": 0.011,
    "q10": -0.05,
    "q90": 0.06,
    "breakdown": 0.31,
    "rotation": 0.36,
    "at_onsets": None,
    "event": 0.6,
    "otherwise": 0.2,
    "bound": 0.3,
    "bound_last_10_years": 0.2,
    "earned": True,
}
SECTION = {
    "size": "turbulent",
    "size_state": "turbulent",
    "direction": None,
    "direction_state": "breakdown",
    "evidence": False,
    "followed_by": {"turbulent": RECORD, "breakdown": RECORD | {"earned": False}},
}


@pytest.fixture(scope="module")
def data():
    whole = made(900)
    sessions = pd.bdate_range(whole.X.index[0], whole.X.index[-1] + pd.Timedelta(days=10))
    steps = np.random.default_rng(0).normal(0.0, 0.01, (len(sessions), 3))
    return dataclasses.replace(whole, returns=pd.DataFrame(steps, sessions, ["ret_broad", "ret_cap", "ret_bill"]))


@pytest.fixture
def stored(data, home):  # noqa: ARG001
    """The walk-forward of a two-feature logit, kept as a run's."""
    spec = baseline(SPEC, "logit2")
    table, model = walk_forward(data, spec, cached=False)
    folder = home_of("run")
    table.to_parquet(folder / "predictions.parquet", index=False)
    return table, model, spec


def home_of(run):
    folder = home() / "predictions" / run
    folder.mkdir(parents=True)
    return folder


def test_noise_earns_no_word_and_every_word_has_its_record(data, stored):
    _, model, _ = stored
    found = direction.build(data, data.X, model, "run", 0.5, None, "")
    assert (found.direction, found.evidence, found.size) == (None, False, None)
    assert found.direction_state in ("rotation", "breakdown", "neither")
    assert set(found.followed_by) <= {"rotation", "breakdown"}
    assert found.followed_by
    assert direction.words_of(found)[-1] == "No evidence on direction."


def test_the_levels_of_a_direction_are_where_its_rank_crosses_the_rule(data, stored):
    table, _, spec = stored
    seen = set()
    for place in range(-120, 0, 7):
        row = table.iloc[place]
        date, model = row["date"], fit_at(data, spec, row["refit"])
        rows = states.rows_before(data.X.loc[:date], date, date)
        found = levels.of_direction(model, rows, row["direction"])
        share = states.readings(model, rows)
        assert found.reading == share[-1]
        assert found.driver is None  # two features: none alone decides
        now = words.DIRECTIONS[int(row["direction"])]
        seen.add(now)
        assert [one.word for one in found.changes] == (["rotation", "breakdown"] if now == "neither" else ["neither"])
        for one in found.changes:
            rule = {"rotation": 0.85, "breakdown": 0.15}.get(one.word, 0.7 if now == "rotation" else 0.3)
            share[-1] = one.level
            ranks = []
            for step in (-1e-9, 1e-9):
                share[-1] = one.level + step
                ranks.append(words.ranks(share, pd.DatetimeIndex(rows.index))[-1])
            assert ranks[0] <= rule + 1e-9
            assert ranks[1] >= rule - 1e-9
            assert one.above == (one.level > found.reading) or abs(one.level - found.reading) < 1e-6
    assert len(seen) > 1


def test_what_a_model_of_the_volatility_regime_alone_would_have_to_see(data):
    spec = baseline(SPEC, "markov")
    model = fit_at(data, spec, data.X.index[-60])
    rows = states.rows_before(data.X, data.X.index[-1], data.X.index[-1])
    found = levels.of_direction(model, rows, 0.0)
    assert found.driver == rows["vol_regime"].iloc[-1]
    for one in found.changes:
        moved = rows.iloc[[-1]].assign(vol_regime=one.driver)
        assert states.readings(model, moved)[0] == one.level


def test_the_levels_are_said_in_numbers():
    changes = ({"word": "turbulent", "above": True, "level": 0.189, "driver": 0.2375},)
    calm = {"word": "calm", "above": False, "level": 0.0926, "driver": None}
    size = {"reading": 0.1237, "rank": 0.43, "driver": 0.1442, "changes": (*changes, calm)}
    side = {"reading": 0.7195, "rank": 0.68, "driver": None, "changes": ({**calm, "word": "rotation"},)}
    call = make_test_call(
        schema=2, verdict="no_evidence", direction=SECTION | {"size_levels": size, "direction_levels": side}
    )
    told = next(part for part in parts.make_parts(call) if part.key == "change").lines
    assert told[:-1] == (
        "Size hangs on the forecast volatility of the next 21 sessions: 12.4 % a year, above 43 % of the last ten "
        "years' weeks.",
        "It becomes turbulent above 18.9 %: if the broad market's volatility of the past 21 sessions (its other "
        "windows in proportion) rose from 14.4 % to 23.8 %, all else as it is.",
        "It becomes calm below 9.3 %.",
        "Direction hangs on the head-to-head: 72.0 %, above 68 % of the last ten years' weeks; without evidence its "
        "words are not printed.",
        "It becomes rotation below 9.3 %.",
    )
    assert told[-1].startswith("A word is printed while what it says has followed it")


def test_the_state_of_a_fold_is_that_of_a_call(data, stored):
    """Replay and live agree: by the same fit, from the last weeks alone."""
    table, _, spec = stored
    for place in (40, 200, -1):
        row = table.iloc[place]
        date = row["date"]
        then = dataclasses.replace(
            data, X=data.X.loc[:date], outcome=data.outcome.loc[:date], label_end=data.label_end.loc[:date]
        )
        model = fit_at(data, spec, row["refit"])
        found = states.states(model, states.rows_before(then.X, date, date))[-1]
        np.testing.assert_equal(found, row["direction"])


def test_a_replay_knows_only_what_had_matured(data, stored):
    """Outcomes after the decision change nothing in the record."""
    _, model, _ = stored
    cut = data.X.index[-150]

    def then(outcome):
        known = outcome.loc[:cut].where(data.label_end.loc[:cut] <= cut)
        return dataclasses.replace(data, X=data.X.loc[:cut], outcome=known, returns=data.returns.loc[:cut])

    turned = data.outcome.copy()
    turned.loc[cut:] = "breakdown"
    said, other = (
        direction.build(one, one.X, model, "run", 0.5, None, "") for one in map(then, (data.outcome, turned))
    )
    assert said == other


@pytest.mark.usefixtures("home")
def test_without_the_stored_walk_forward_there_are_no_words(data):
    model = fit_at(data, baseline(SPEC, "logit2"), data.X.index[-30])
    with pytest.raises(RegimeError, match="not on this machine"):
        direction.build(data, data.X, model, "elsewhere", 0.5, None, "")
    pd.DataFrame({"date": [], "p_rotation": []}).to_parquet(home_of("old") / "predictions.parquet")
    with pytest.raises(RegimeError, match="earlier program"):
        direction.build(data, data.X, model, "old", 0.5, None, "")


def test_a_call_prints_the_earned_word_and_no_other():
    call = make_test_call(verdict="no_evidence", direction=SECTION)
    assert headline(call) == (
        "Large moves, up or down, by the last ten years' measure are likelier than otherwise in the 21 sessions after "
        "2026-01-09: they came in 60 % of the weeks with this call, in 20 % of the others; no evidence on direction."
    )
    followed = next(one for one in parts.make_parts(call) if one.key == "followed")
    assert followed.lines[0].startswith("In the table: the broad leg's return")
    assert followed.lines[1].startswith(
        "Size: turbulent. The range is wide among those of the last ten years. After turbulent in 400 weeks: +1.1 % on"
    )
    assert followed.lines[2] == "No evidence on direction."
    assert [row[0] for row in followed.grid.rows] == ["turbulent", "breakdown"]
    assert [row[-1] for row in followed.grid.rows] == ["yes", "no"]
    silent = make_test_call(verdict="no_evidence", direction=SECTION | {"size": None})
    assert headline(silent).startswith("No evidence on size or direction")


def test_a_printed_direction_is_the_verdict():
    earned = SECTION | {"direction": "breakdown", "evidence": True}
    assert make_test_call(verdict="breakdown", direction=earned).verdict == "breakdown"
    with pytest.raises(RegimeError, match="verdict"):
        make_test_call(verdict="no_evidence", direction=earned)
    with pytest.raises(RegimeError, match="verdict"):
        make_test_call(verdict="rotation", direction=SECTION)
