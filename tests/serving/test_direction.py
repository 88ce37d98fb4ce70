"""The words of a call: only earned ones, from the stored walk-forwards, with what is known at the decision."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.data.errors import RegimeError
from features.data.paths import home
from models import direction as states
from models.fit import fit_at
from models.spec import baseline
from serving import parts
from serving.headline import headline
from serving.sections import direction
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
