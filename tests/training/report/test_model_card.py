"""The model card: right figures, right failures, short enough for a database, readable."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from features.dataset import OUTCOMES
from models.evaluation import metrics
from models.fit import fit_at
from models.spec import ModelSpec
from tests.support.predictions import TWO, returns, table
from tests.support.weekly_noise import SPEC, made
from training import gate
from training.gate_types import Clauses, Decision, Failure, GateOutcome
from training.model_run import Experiment, ModelRun
from training.report import model_card
from training.walkforward import walk_forward


def written(toy, outcomes=OUTCOMES, tries=7):
    predictions = table(outcomes, weeks=300, monthly=len(outcomes) == 2)
    data = dataclasses.replace(
        toy,
        outcomes=outcomes,
        label="path" if len(outcomes) == 3 else "stress",
        outcome=toy.outcome if len(outcomes) == 3 else toy.outcome.replace("rotation", "neither"),
        returns=returns(predictions),
        rows_per_year=52 if len(outcomes) == 3 else 12,
    )
    specs = [ModelSpec(estimator=kind, train_start="1980-01-01") for kind in ("lightgbm", "markov")]
    fitted = fit_at(data, specs[1], pd.Timestamp("1996-01-05"))
    runs = [ModelRun(spec.estimator, spec, predictions, fitted, metrics.evaluate(predictions)) for spec in specs]
    experiment = Experiment("default", None, data, runs[0], (runs[1],))
    if tries is None:
        decision = gate.unjudged("lightgbm", data.label, "no server")
    else:
        clauses = Clauses(0.02, 0.2, 0.7, 0.0, "markov", 0.01, 0.3, tries)
        decision = Decision(
            GateOutcome.FAILED, "lightgbm", data.label, failure=Failure.NOT_ABOVE_CLIMATOLOGY, clauses=clauses
        )
    return model_card.write(experiment, runs[0], decision), predictions, runs[0].scores


def test_it_says_what_followed_each_word():
    """The shares of the rows with each word, counted here."""
    data = made(900)
    sessions = pd.bdate_range(data.X.index[0], data.X.index[-1] + pd.Timedelta(days=10))
    steps = np.random.default_rng(0).normal(0.0, 0.01, (len(sessions), 3))
    data = dataclasses.replace(data, returns=pd.DataFrame(steps, sessions, ["ret_broad", "ret_cap", "ret_bill"]))
    predictions, fitted = walk_forward(data, SPEC, cached=False)
    run = ModelRun("lightgbm", SPEC, predictions, fitted, metrics.evaluate(predictions))
    decision = gate.unjudged("lightgbm", "path", "no server")
    text = model_card.write(Experiment("default", None, data, run, ()), run, decision)
    known = predictions[predictions["outcome"].notna()]
    rotation = known.loc[known["direction"] == 1.0, "outcome"]
    said = next(line for line in text.splitlines() if line.startswith("**What followed each word**"))
    fell, rose = (round(100 * (rotation == name).mean()) for name in ("breakdown", "rotation"))
    assert f"breakdown {fell} %, rotation {rose} %, {len(rotation)} weeks" in said
    assert len(text) < model_card.LIMIT


@pytest.mark.parametrize("outcomes", [OUTCOMES, TWO])
def test_it_says_what_it_must_and_fits(toy, outcomes):
    text, _, scores = written(toy, outcomes)
    assert len(text) < model_card.LIMIT
    for expected in (
        ": challenger",
        "does not beat climatology",
        "tried on these weeks: 7",
        "digest `toy`",
        "breakdown: ",
        "rates in",
    ):
        assert expected in text, expected
    row = next(line for line in text.splitlines() if line.startswith("| **lightgbm** |"))
    assert f"{scores['log_loss_skill']:+.4f}" in row
    assert f"{scores['auc_breakdown']:.3f}" in row
    assert "| markov |" in text
    said = next(line for line in text.splitlines() if line.startswith("**Skill by period:**"))
    assert f"since 1997 {scores['log_loss_skill_1997_on']:+.3f} (p {scores['log_loss_skill_p_1997_on']:.2f})" in said
    assert f"breakdown {scores['ece_breakdown']:.3f} of {scores['ece_bound_breakdown']:.3f}" in text
    assert text.splitlines()[2] == said  # the card opens with it
    assert text.index("**Calibration error") < text.index(model_card.QUESTION) < text.index("## Results")
    assert "What followed each word" not in text  # these predictions have no words
    widths = {line.count("|") for line in text.splitlines() if line.startswith(("| model", "| markov"))}
    assert len(widths) == 1
    assert "nan" not in text.lower()
    assert "None" not in text


def test_without_a_ledger_no_number_of_tries_is_claimed(toy):
    text = written(toy, tries=None)[0]
    assert "tried" not in text
    assert "not judged: no server" in text


def test_the_worst_weeks_are_a_month_apart_and_say_what_happened():
    made = table(weeks=300)
    daily = returns(made)
    worst = model_card.worst_weeks(made, daily)
    assert len(worst) == model_card.WORST
    gaps = np.diff(worst["date"].sort_values()) / np.timedelta64(1, "D")
    assert (gaps > 31).all()
    assert worst["loss"].is_monotonic_decreasing
    first = worst.iloc[0]
    losses = [-np.log(row[f"p_{row['outcome']}"]) for _, row in made[made["outcome"].notna()].iterrows()]
    assert first["loss"] == pytest.approx(max(losses))
    # By hand: 21 sessions after the decision, one after another.
    wealth, lowest = 1.0, np.inf
    place = daily.index.get_loc(first["date"])
    for day in range(place + 1, place + 22):
        wealth *= 1.0 + daily["ret_broad"].iloc[day]
        lowest = min(lowest, wealth)
    assert first["broad"] == pytest.approx(wealth - 1.0)
    assert first["lowest"] == pytest.approx(lowest - 1.0)


def test_a_horizon_the_data_cut_short_is_a_dash_not_a_number():
    made = table(weeks=300)
    made["outcome"] = made["outcome"].fillna("breakdown")
    made.loc[made.index[-1], ["outcome", "p_rotation", "p_breakdown", "p_neither"]] = ["breakdown", 0.5, 1e-5, 0.49999]
    daily = returns(made).loc[: made["date"].iloc[-1]]
    text = model_card._failures(made, daily)
    assert re.search(rf"{made['date'].iloc[-1]:%Y-%m-%d} \| breakdown \| 0 % \| 33 % \| – \| – \|", text)
