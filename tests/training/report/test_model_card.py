"""The model card: right figures, right failures, short enough for a database, readable."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import CircularBlockBootstrap
from sklearn.metrics import roc_auc_score

from features.dataset import OUTCOMES
from models.evaluation import metrics
from models.fit import fit_at
from models.spec import ModelSpec
from tests.training.report.test_figures import TWO, returns, table
from training.report import model_card


def written(toy, outcomes=OUTCOMES, tries=7):
    made = table(outcomes, weeks=300, monthly=len(outcomes) == 2)
    data = dataclasses.replace(
        toy,
        outcomes=outcomes,
        label="path" if len(outcomes) == 3 else "stress",
        outcome=toy.outcome if len(outcomes) == 3 else toy.outcome.replace("rotation", "neither"),
        returns=returns(made),
        rows_per_year=52 if len(outcomes) == 3 else 12,
    )
    specs = {kind: ModelSpec(estimator=kind, train_start="1980-01-01") for kind in ("lightgbm", "markov")}
    document = fit_at(data, specs["markov"], pd.Timestamp("1996-01-05"))
    scores = {kind: metrics.evaluate(made) for kind in specs}
    tables = dict.fromkeys(specs, made)
    text = model_card.write(
        "lightgbm", data, specs, tables, document, scores, "it beats climatology", "challenger", tries
    )
    return text, made, scores["lightgbm"]


@pytest.mark.parametrize("outcomes", [OUTCOMES, TWO])
def test_it_says_what_it_must_and_fits(toy, outcomes):
    text, _, scores = written(toy, outcomes)
    assert len(text) < model_card.LIMIT
    for word in (
        "challenger",
        "it beats climatology",
        "tried on these weeks: 7",
        "digest `toy`",
        "breakdown: ",
        "rates in",
    ):
        assert word in text, word
    row = next(line for line in text.splitlines() if line.startswith("| **lightgbm** |"))
    assert f"{scores['log_loss_skill']:+.3f}" in row
    assert f"{scores['auc_breakdown']:.3f}" in row
    assert "| markov |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith(("| model", "| markov"))}
    assert len(widths) == 1
    assert "nan" not in text.lower()
    assert "None" not in text


def test_without_a_ledger_no_number_of_tries_is_claimed(toy):
    assert "tried" not in written(toy, tries=None)[0]


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
    assert re.search(rf"{made['date'].iloc[-1]:%Y-%m-%d} \| breakdown \| 0% \| 33% \| – \| – \|", text)


def test_the_weighted_auc_is_scikit_learns_on_repeated_rows():
    rng = np.random.default_rng(3)
    p, truth = rng.integers(0, 20, 200) / 20.0, rng.random(200) < 0.3
    auc = model_card._weighted_auc(p, truth)
    for seed in range(5):
        rows = np.random.default_rng(seed).integers(200, size=200)
        assert auc(np.bincount(rows, minlength=200)) == pytest.approx(roc_auc_score(truth[rows], p[rows]))
    assert np.isnan(auc(np.bincount(np.flatnonzero(truth), minlength=200)))


def test_the_rows_are_archs():
    rows = model_card._resampled(130, 26)
    theirs = CircularBlockBootstrap(26, np.arange(130), seed=0)
    for mine, (args, _) in zip(rows[:20], theirs.bootstrap(20), strict=True):
        np.testing.assert_array_equal(mine, args[0])


def test_the_auc_s_interval_is_the_widest_reach_of_both_blocks():
    made = table(weeks=400)
    low, high = model_card.auc_interval(made)
    ripe = made[made["outcome"].notna()]
    truth, p = ripe["outcome"] == "breakdown", ripe["p_breakdown"].to_numpy()
    centre, ends = roc_auc_score(truth, p), []
    assert low < centre < high
    for block in (26, 52):
        rows = model_card._resampled(len(ripe), block)
        draws = [roc_auc_score(truth.to_numpy()[one], p[one]) for one in rows]
        ends.append(centre + (np.quantile(draws, [0.05, 0.95]) - centre) / np.sqrt(1.0 - block / len(ripe)))
    assert low == pytest.approx(min(one[0] for one in ends))
    assert high == pytest.approx(max(one[1] for one in ends))
    assert model_card.auc_interval(made.head(60)) is None
