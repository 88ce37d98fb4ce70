"""The champion rule on losses made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.evaluation import champion
from models.evaluation.champion import Contender, choose
from models.evaluation.confidence_set import model_confidence_set

WEEKS = 1300
DATES = pd.date_range("1990-01-05", periods=WEEKS, freq="W-FRI")


def losses(ahead, seed=0, noise=0.05):
    """Losses around 1 that are `ahead` of climatology on average, by noise of their own."""
    rng = np.random.default_rng(seed)
    return pd.Series(1.0 + noise * rng.standard_normal(WEEKS) - ahead, DATES)


def contenders(*more, markov=0.03, logit2=0.03):
    base = pd.Series(1.0, DATES)
    return [
        Contender("climatology", base, 0, True),
        Contender("logit2", losses(logit2, 1), 2, True),
        Contender("markov", losses(markov, 2), 3, True),
        *more,
    ]


def test_the_simplest_baseline_of_the_set_is_champion():
    found = choose(contenders())
    assert found.champion == "logit2"
    assert found.standings["markov"].eligible
    assert not found.standings["climatology"].eligible


def test_a_baseline_outside_the_set_is_not():
    found = choose(contenders(markov=0.06))
    assert found.standings["logit2"].in_set is False
    assert found.champion == "markov"


def test_a_candidate_takes_office_only_by_beating_every_simpler_model():
    better = Contender("trees", losses(0.08, 3), 10, False)
    found = choose(contenders(better))
    assert found.champion == "trees"
    assert set(found.spa_p) == {"climatology", "logit2", "markov"}
    equal = Contender("trees", losses(0.035, 3, 0.3), 10, False)
    found = choose(contenders(equal))
    assert found.standings["trees"].in_set
    assert found.champion == "logit2"  # in the set, but never as the simplest of it


def test_no_candidate_alone_in_the_set_takes_office_without_the_spa():
    # Ahead of all by so little that the set holds it alone, but the best of many tries of the same kind.
    tries = [losses(0.036, 100 + place, 0.2) for place in range(200)]
    mine = Contender("luck", min(tries, key=lambda one: one.mean()), 10, False)
    found = choose(contenders(mine), tries)
    assert found.champion != "luck"
    assert found.tries == 200


def test_poor_candidates_cannot_widen_the_set():
    noisy = [Contender(f"junk-{place}", losses(-0.5, 50 + place, 3.0), 10, False) for place in range(20)]
    best = Contender("trees", losses(0.08, 3), 10, False)
    found = choose([*contenders(best), *noisy])
    assert found.candidate == "trees"
    assert all(found.standings[one.name].in_set is None for one in noisy)
    assert found.champion == "trees"


@pytest.mark.parametrize(("p", "eligible"), [(0.049, True), (0.05, False)])
def test_the_level_that_climatology_must_be_beaten_at(p, eligible):
    standing = choose(contenders()).standings["logit2"]
    assert replace(standing, p=p).eligible is eligible


@pytest.mark.parametrize(("p", "elected"), [(0.049, True), (0.05, False)])
def test_the_level_that_every_simpler_model_must_be_beaten_at(monkeypatch, p, elected):
    monkeypatch.setattr(champion, "adjusted_p", lambda *_: p)
    found = choose(contenders(Contender("trees", losses(0.08, 3), 10, False)))
    assert set(found.spa_p.values()) == {p}
    assert (found.champion == "trees") is elected


def test_a_dead_baseline_holds_no_office():
    gone = losses(0.08, 2)
    gone.iloc[-700:] += 0.09
    found = choose([Contender("climatology", pd.Series(1.0, DATES), 0, True), Contender("markov", gone, 3, True)])
    assert found.standings["markov"].p < champion.LEVEL
    assert not found.standings["markov"].life.alive
    assert found.champion is None


def test_what_looks_like_a_leak_is_neither_champion_nor_in_the_set():
    leak = Contender("leak", losses(0.6, 5), 10, False, suspicion="a skill above 0.12")
    found = choose(contenders(leak))
    assert found.champion == "logit2"
    assert found.candidate is None
    assert found.standings["leak"].in_set is None


def test_where_nobody_beats_climatology_there_is_no_champion():
    assert choose(contenders(markov=-0.001, logit2=-0.001)).champion is None


def test_it_refuses_what_it_cannot_compare():
    with pytest.raises(ValueError, match="need climatology"):
        choose(contenders()[1:])
    with pytest.raises(ValueError, match="other weeks"):
        choose(contenders(Contender("late", losses(0.1).iloc[5:], 10, False)))
    with pytest.raises(ValueError, match="same name"):
        choose([*contenders(), contenders()[1]])


def test_the_set_is_the_union_over_both_blocks_and_keeps_twins():
    table = pd.DataFrame({"a": losses(0.05, 1), "b": losses(0.0, 2), "c": losses(0.0, 3, 0.3)})
    table["c"] += table["a"].mean() - table["c"].mean() + 0.001  # as good as the best, and noisier
    table["twin"] = table["a"]
    found = model_confidence_set(table)
    assert {"a", "twin", "c"} <= found
    assert "b" not in found
    apart = [model_confidence_set(table, (block,)) for block in (26, 52)]
    assert found == apart[0] | apart[1]
    assert model_confidence_set(table.iloc[:50]) == frozenset(table)


def test_two_models_and_a_record_of_two_blocks_are_enough_to_exclude_one():
    table = pd.DataFrame({"good": losses(0.5, 1), "poor": losses(0.0, 2)})
    assert model_confidence_set(table.iloc[:104]) == {"good"}
    assert model_confidence_set(table.iloc[:103]) == {"good", "poor"}


def test_a_model_that_one_block_length_keeps_is_in_the_set(monkeypatch):
    class Stated:
        """Each block length keeps another model."""

        def __init__(self, *_, block_size, **__):
            self.included = [[26, 52].index(block_size)]

        def compute(self):
            """Nothing: the result is stated."""

    monkeypatch.setattr("arch.bootstrap.MCS", Stated)
    table = pd.DataFrame({"a": losses(0.0, 1), "b": losses(0.0, 2), "c": losses(0.0, 3)})
    assert model_confidence_set(table) == {"a", "b"}


def test_a_model_with_no_lower_loss_has_a_p_of_one():
    base = pd.Series(1.0, DATES)
    assert champion.spa_p_value(losses(-0.1), base, []) == 1.0
