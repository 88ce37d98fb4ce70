"""The gate on weekly losses made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.evaluation import bootstrap, spa
from models.evaluation.alive import Life, life
from models.evaluation.champion import choose
from training import gate, gate_wording
from training.gate_types import Clauses, Failure, GateCase, GateOutcome, Leak, LeakSigns, Present, Tenure

WEEKS = pd.date_range("2000-01-07", periods=780, freq="W-FRI")
RNG = np.random.default_rng(11)
CLIMATOLOGY = pd.Series(1.0 + 0.2 * RNG.standard_normal(len(WEEKS)), WEEKS)
ORDER = ("climatology", "logit2", "markov", "logit-all", "lightgbm")
SIGNS = {"climatology": LeakSigns(), "logit2": LeakSigns(0.6, 0.0), "markov": LeakSigns(0.6, 0.0)}
SIGNS |= {"logit-all": LeakSigns(0.7, 0.1), "lightgbm": LeakSigns(0.7, 0.0)}


def ahead(gain, noise=0.1, seed=0, weeks=WEEKS):
    """Losses that are lower than climatology's by `gain` in the mean, exactly."""
    steps = np.random.default_rng(seed).standard_normal(len(weeks))
    steps = (steps - steps.mean()) * noise - gain
    return CLIMATOLOGY.loc[weeks] + pd.Series(steps, weeks)


def case(mine, markov, ridge=None, signs=None, **more):
    losses = {"lightgbm": mine, "climatology": CLIMATOLOGY, "markov": markov} | more.pop("losses", {})
    losses |= {} if ridge is None else {"logit-all": ridge}
    losses = {name: loss.loc[mine.index] for name, loss in losses.items()}
    candidates = tuple(name for name in losses if name in ("lightgbm", "logit-all"))
    values = {
        "label": "path",
        "rows_per_year": 52,
        "candidate": "lightgbm",
        "losses": losses,
        "candidates": candidates,
        "eligible": tuple(name for name in losses if name not in candidates),
        "simplicity": {name: place for place, name in enumerate(ORDER)},
        "specs": {name: name[0] for name in losses} | {"lightgbm": "{}"},
        "signs": SIGNS | (signs or {}),
    }
    return GateCase(**values | more)


def present(losses, **more):
    values = {"name": "lightgbm (version 3)", "spec": "other", "baseline": False} | more
    return Present(losses=losses, **values)


def dying(gain, seed=0):
    """Ahead by `gain` on all weeks, and behind climatology in the last twelve years."""
    made = ahead(0.0, seed=seed)
    old = made.index <= made.index[-1] - pd.DateOffset(years=12)
    made[old] -= 0.01 + gain / old.mean()
    made[~old] += 0.01 * old.sum() / (~old).sum()
    return made


def test_a_champion_whose_refit_looks_like_a_leak_leaves():
    passed = {"name": "lightgbm (version 3)", "baseline": False, "losses": ahead(0.06), "passed": True}
    leaky = {"lightgbm": LeakSigns(0.95, 0.0)}
    stays = gate.judge(case(ahead(0.06), ahead(0.03, seed=1), signs=leaky, present=Present(spec="other", **passed)))
    assert (stays.outcome, stays.tenure) == (GateOutcome.SUSPICIOUS, Tenure.PASSED_BEFORE)
    leaves = gate.judge(case(ahead(0.06), ahead(0.03, seed=1), signs=leaky, present=Present(spec="{}", **passed)))
    assert (leaves.tenure, leaves.keeps_champion) == (None, False)
    assert leaves.champion != "lightgbm"


def test_a_candidate_ahead_of_all_is_champion():
    found = gate.judge(case(ahead(0.06), ahead(0.03, seed=1)))
    assert (found.champion, found.passed, found.keeps_champion, found.elected) == ("lightgbm", True, False, True)
    assert found.clauses.tries == 1
    assert found.clauses.skill == pytest.approx(0.06 / CLIMATOLOGY.mean())
    recent = WEEKS[-1] - pd.DateOffset(years=10) < WEEKS
    skills = {"1997_2011": WEEKS.year <= 2011, "1997_on": WEEKS.year >= 1997, "2012_on": WEEKS.year >= 2012}
    for name, rows in (skills | {"last_10_years": recent}).items():
        want = 1.0 - ahead(0.06)[rows].mean() / CLIMATOLOGY[rows].mean()
        assert found.clauses.periods[name] == pytest.approx(want), name
    said = gate_wording.reason(found)
    assert "in the confidence set, alive, and beats every simpler model" in said
    assert f"last ten years {found.clauses.periods['last_10_years']:+.4f}" in said
    assert gate_wording.tags(found, found.candidate)["gate_passed"] == "true"
    assert gate_wording.tags(found, found.candidate)["gate_spa_p"] == f"{found.clauses.spa_p:.4f}"


def test_a_lower_loss_within_chance_is_not_enough():
    found = gate.judge(case(ahead(0.032, 0.1), ahead(0.03, seed=1)))
    assert found.champion == "markov"
    assert not found.passed
    assert found.failure is Failure.WITHIN_CHANCE
    assert "does not beat markov, which is simpler, beyond chance" in gate_wording.reason(found)
    assert "markov is the simplest of the confidence set" in gate_wording.reason(found)
    assert gate_wording.tags(found, found.candidate)["gate_passed"] == "false"


def test_a_candidate_far_behind_the_baseline_is_outside_the_set():
    found = gate.judge(case(ahead(0.02), ahead(0.06, seed=1)))
    assert found.champion == "markov"
    assert found.failure is Failure.OUTSIDE_THE_SET
    assert found.clauses.rival == "markov"
    assert found.clauses.spa_p == 1.0
    assert "behind markov" in gate_wording.reason(found)


def test_the_simplest_baseline_of_the_set_is_champion_not_the_best():
    two = {"logit2": ahead(0.030, seed=5)}
    assert gate.judge(case(ahead(0.02), ahead(0.033, seed=1), losses=two)).champion == "logit2"
    assert gate.judge(case(ahead(0.02), ahead(0.06, seed=1), losses=two)).champion == "markov"


def test_chance_is_no_evidence():
    found = gate.judge(case(ahead(0.002, 0.5), ahead(0.001, 0.5, seed=1)))
    assert (found.champion, found.keeps_champion) == (None, False)
    assert gate_wording.reason(found).endswith("beats climatology and is alive: no evidence")


def test_a_baseline_run_alone_is_no_candidate():
    made = case(ahead(0.05), ahead(0.03, seed=1), candidate="markov", candidates=())
    del made.losses["lightgbm"]
    found = gate.judge(replace(made, eligible=("climatology", "markov")))
    assert (found.champion, found.passed, found.clauses, found.failure) == ("markov", False, None, None)


def test_nobody_is_champion_whose_last_years_do_not_earn_it():
    found = gate.judge(case(dying(0.04), dying(0.03, seed=1)))
    assert found.failure is Failure.NOT_ALIVE
    assert found.clauses.p < 0.05
    assert found.clauses.alive_skill < 0.0
    assert (found.champion, found.fallback) == (None, None)
    assert "is not alive: skill -0.0" in gate_wording.reason(found)
    assert not found.standings["markov"].life.alive


def test_another_candidate_of_the_run_with_a_lower_loss_becomes_champion():
    found = gate.judge(case(ahead(0.04), ahead(0.03, seed=1), ahead(0.07, seed=2)))
    assert (found.champion, found.failure, found.elected) == ("logit-all", Failure.NOT_THE_BEST, True)
    assert found.clauses.tries == 2
    assert (
        gate_wording.tags(found, found.candidate)["gate_passed"] == "true"
    )  # it is written on the version that became champion
    assert "logit-all beats every simpler model and is champion" in gate_wording.reason(found)


def test_a_model_of_many_columns_is_never_champion_as_the_simplest_of_the_set():
    """The ridge that only beats climatology was champion while it was called a baseline."""
    found = gate.judge(case(ahead(0.03), ahead(0.0, seed=1), ahead(0.031, seed=2)))
    weak = gate.judge(case(ahead(0.001), ahead(0.030, seed=1), ahead(0.031, seed=2)))
    assert found.champion == "logit-all"  # beyond chance of climatology and of a Markov without skill
    assert weak.standings["logit-all"].eligible
    assert weak.champion == "markov"


@pytest.mark.parametrize(("gain", "auc", "week"), [(0.2, 0.7, 0.0), (0.06, 0.86, 0.0), (0.06, 0.7, 0.41)])
def test_what_looks_like_a_leak_is_never_promoted(gain, auc, week):
    signs = {"lightgbm": LeakSigns(auc, week)}
    found = gate.judge(case(ahead(gain), ahead(0.03, seed=1), signs=signs))
    assert found.suspicious
    assert found.failure is None  # a leak is no failure of a clause
    assert found.champion == "markov"
    assert "looks like a leak" in gate_wording.reason(found)
    assert gate_wording.tags(found, found.candidate)["gate_passed"] == "suspicious"
    # The bounds are those of `path`.
    assert gate.judge(case(ahead(gain), ahead(0.03, seed=1), signs=signs, label="stress")).passed


@pytest.mark.parametrize(("gain", "auc", "week"), [(0.15, 0.7, 0.0), (0.04, 0.86, 0.0), (0.04, 0.7, 0.41)])
def test_a_baseline_that_shows_a_leak_is_not_champion_either(gain, auc, week):
    signs = {"lightgbm": LeakSigns(0.9, 0.6), "markov": LeakSigns(auc, week)}
    found = gate.judge(case(ahead(gain), ahead(gain, seed=1), signs=signs))
    assert found.suspicious
    assert (found.champion, found.keeps_champion) == (None, False)
    assert "no evidence" in gate_wording.reason(found)


def test_beside_a_leak_no_candidate_that_may_read_the_same_column_becomes_champion():
    models = ahead(0.05), ahead(0.03, seed=1), ahead(0.07, seed=2)
    assert gate.judge(case(*models)).champion == "logit-all"
    found = gate.judge(case(*models, signs={"lightgbm": LeakSigns(0.86, 0.0)}))
    assert found.champion == "markov"
    assert found.standings["logit-all"].suspicion == gate.BESIDE_A_LEAK
    # The other way round: what ran beside it shows the leak.
    found = gate.judge(case(ahead(0.07), *models[1:], signs={"logit-all": LeakSigns(0.86, 0.0)}))
    assert (found.champion, found.passed) == ("markov", False)


def test_a_champion_that_is_a_baseline_and_shows_a_leak_does_not_stay():
    holder = present(ahead(0.03, seed=1), name="markov (version 1)", baseline=True, spec="m")
    seen = {"markov": LeakSigns(0.9, 0.6)}
    alone = gate.judge(case(ahead(0.01), ahead(0.03, seed=1), signs=seen, present=holder, candidate="markov"))
    assert (alone.champion, alone.suspicious) == (None, True)
    assert "suspicious" in gate_wording.reason(alone)


def test_many_tries_take_a_pass_away():
    """One of a hundred lucky tries is chance; the same losses alone would pass."""
    markov = ahead(0.03, seed=1)
    rng = np.random.default_rng(3)
    tries = [markov + 0.1 * pd.Series(rng.standard_normal(len(WEEKS)), WEEKS) for _ in range(100)]
    best = min(tries, key=lambda loss: loss.mean())
    assert gate.judge(case(best, markov)).passed
    found = gate.judge(case(best, markov, tries=tries))
    assert found.clauses.tries == 100  # its own entry in the ledger is not another try
    assert not found.passed
    assert "100 tries" in gate_wording.reason(found)


def test_tries_on_fewer_weeks_count_as_equal_where_they_lack_them():
    markov, mine = ahead(0.03, seed=1), ahead(0.045)
    short = ahead(0.04, seed=5, weeks=WEEKS[-200:])
    elsewhere = pd.Series(1.0, pd.date_range("1980-01-04", periods=200, freq="W-FRI"))
    found = gate.judge(case(mine, markov, tries=[short, elsewhere]))
    assert found.clauses.tries == 2  # the candidate and the short one; nothing is known of the other on these weeks
    filled = markov.copy()
    filled.loc[short.index] = short
    assert found.clauses.rival == "markov"
    same = gate.judge(case(mine, markov, tries=[filled]))
    assert same.clauses.spa_p == found.clauses.spa_p


def test_the_champion_is_replaced_only_by_one_that_beats_it():
    markov, mine = ahead(0.03, seed=1), ahead(0.06)
    better = gate.judge(case(mine, markov, present=present(ahead(0.04, seed=2))))
    assert better.passed
    assert "replaces the champion lightgbm (version 3)" in gate_wording.reason(better)
    equal = gate.judge(case(mine, markov, present=present(mine - 0.001 * np.sin(np.arange(len(mine))))))
    assert (equal.champion, gate_wording.kept(equal)) == (None, "lightgbm (version 3)")
    assert "does not beat the champion" in gate_wording.reason(equal)
    unknown = gate.judge(case(mine, markov, present=present(None)))
    assert unknown.keeps_champion
    assert "not in the ledger" in gate_wording.reason(unknown)


def test_the_scheduled_refit_of_the_champion_replaces_it():
    mine = ahead(0.06)
    found = gate.judge(case(mine, ahead(0.03, seed=1), present=present(mine, spec="{}")))
    assert found.champion == "lightgbm"
    assert "scheduled refit" in gate_wording.reason(found)


def test_who_stays_when_the_candidate_fails():
    poor, markov = ahead(0.01), ahead(0.03, seed=1)
    earned = gate.judge(case(poor, markov, present=present(ahead(0.04, seed=2))))
    assert earned.keeps_champion
    assert "passed before" in gate_wording.reason(earned)
    refitted = present(markov, name="markov (version 1)", baseline=True, spec="m")
    assert gate.judge(case(poor, markov, present=refitted)).champion == "markov"
    worse = present(ahead(0.025, seed=2), name="logit2 (version 1)", baseline=True)
    assert gate.judge(case(poor, markov, present=worse)).champion == "markov"
    better = present(ahead(0.035, seed=2), name="logit2 (version 1)", baseline=True)
    found = gate.judge(case(poor, markov, present=better))
    assert gate_wording.kept(found) == "logit2 (version 1)"
    assert "no higher than that of markov" in gate_wording.reason(found)
    unknown = present(None, name="logit2 (version 1)", baseline=True)
    assert gate.judge(case(poor, markov, present=unknown)).champion == "markov"
    none = present(ahead(0.0, 0.5, seed=3), name="logit2 (version 1)", baseline=True)
    assert gate.judge(case(poor, ahead(0.0, 0.5, seed=4), present=none)).champion is None
    # One that was not in this run is not dismissed because the others do not beat climatology.
    absent = present(ahead(0.04, seed=3), name="logit2 (version 2)", baseline=True)
    for signs in ({}, {"lightgbm": LeakSigns(0.9, 0.0)}):
        found = gate.judge(case(poor, ahead(0.0, 0.5, seed=4), present=absent, signs=signs))
        assert gate_wording.kept(found) == "logit2 (version 2)"
        assert "which still beats climatology" in gate_wording.reason(found)
    person = present(None, name="logit2 (version 1)", baseline=True, override=True)
    found = gate.judge(case(poor, markov, present=person))
    assert found.keeps_champion
    assert "which a person set" in gate_wording.reason(found)


@pytest.mark.parametrize("values", [{}, {"baseline": True, "name": "logit2 (version 1)"}])
def test_a_champion_that_died_leaves_and_the_reason_says_so(values):
    gone = present(dying(0.04, seed=2), **values)
    found = gate.judge(case(ahead(0.01), ahead(0.03, seed=1), present=gone))
    assert (found.champion, found.tenure) == ("markov", None)
    assert f"the champion {gone.name} died on {found.died.date()}; markov is the simplest" in gate_wording.reason(found)
    # In the new champion's own text it comes first, with its own figures.
    own, skill = gate_wording.reason(found, "markov"), found.standings["markov"].skill
    assert own.startswith(
        f"markov is the simplest of the confidence set that beats climatology and is alive (skill {skill:+.4f}"
    )
    assert gate_wording.tags(found, "markov")["gate"] == own
    assert gate_wording.tags(found, "lightgbm")["gate"].startswith("lightgbm: skill ")
    # Nor does it keep out a candidate that passes.
    assert gate.judge(case(ahead(0.06), ahead(0.03, seed=1), present=gone)).passed


def test_a_champion_that_died_and_came_back_to_life_stays():
    """Behind climatology for ten years and far ahead since: dead at the first look, alive at the last."""
    gain = np.where(np.arange(len(WEEKS)) < 540, -0.02, 0.5)
    back = present(CLIMATOLOGY - gain, name="markov (version 1)", baseline=True, spec="m")
    found = life(CLIMATOLOGY - gain, CLIMATOLOGY)
    assert found.alive
    assert found.since > WEEKS[540]
    made = case(ahead(0.01), ahead(0.03, seed=1), present=back)
    assert gate._died(made, back) is None


def test_the_rival_named_is_the_one_that_is_hardest_to_beat():
    """A noisy model with the higher loss is not beaten beyond chance; the one with the lower loss is."""
    noisy = ahead(0.028, noise=0.6, seed=4)
    found = gate.judge(case(ahead(0.06), ahead(0.03, seed=1), losses={"logit2": noisy}))
    assert found.failure is Failure.WITHIN_CHANCE
    assert found.clauses.rival == "logit2"
    assert found.clauses.spa_p > 0.05
    assert found.clauses.rival_skill == found.standings["logit2"].skill


def test_a_former_champion_with_many_columns_has_not_passed():
    ridge = present(ahead(0.04, seed=2), name="logit-all (version 1)", passed=False)
    found = gate.judge(case(ahead(0.01), ahead(0.03, seed=1), present=ridge))
    assert (found.champion, found.died) == ("markov", None)
    assert gate.judge(case(ahead(0.06), ahead(0.03, seed=1), present=ridge)).passed


def test_a_person_is_overruled_by_what_beats_their_champion_and_told_so():
    person = present(ahead(0.01, seed=2), override=True)
    found = gate.judge(case(ahead(0.06), ahead(0.03, seed=1), present=person))
    assert found.champion == "lightgbm"
    assert "which a person had set" in gate_wording.reason(found)


def test_fewer_weeks_do_not_unseat_a_baseline():
    baseline = present(ahead(0.03, seed=1), name="markov (version 1)", baseline=True)
    short = WEEKS[-60:]
    found = gate.judge(case(ahead(0.01, weeks=short), ahead(0.03, seed=1), present=baseline))
    assert gate_wording.kept(found) == "markov (version 1)"
    assert "more weeks" in gate_wording.reason(found)


def test_a_baseline_on_other_rows_or_columns_is_a_rival_and_never_the_fallback():
    found = gate.judge(case(ahead(0.02), ahead(0.06, seed=1), eligible=("climatology",)))
    assert found.clauses.rival == "markov"
    assert (found.champion, found.keeps_champion) == (None, False)
    stays = present(ahead(0.01, seed=2), name="logit2 (version 1)", baseline=True)
    found = gate.judge(case(ahead(0.02), ahead(0.03, seed=1), eligible=(), present=stays))
    assert gate_wording.kept(found) == "logit2 (version 1)"
    assert "no baseline of the protocol was run" in gate_wording.reason(found)
    passed = gate.judge(case(ahead(0.06), ahead(0.03, seed=1), eligible=()))
    assert passed.champion == "lightgbm"


def test_models_on_other_weeks_cannot_be_compared():
    made = case(ahead(0.05), ahead(0.03, seed=1))
    made.losses["markov"] = made.losses["markov"].iloc[1:]
    with pytest.raises(ValueError, match="other weeks"):
        gate.judge(made)


def test_the_decision_is_json():
    found = gate_wording.as_json(gate.judge(case(ahead(0.06), ahead(0.03, seed=1))))
    assert found["passed"] is True
    assert set(found) >= {"skill", "p", "spa_p", "tries", "rival", "periods", "champion_p", "alive", "in_set"}
    assert set(found["periods"]) == {"1997_2011", "1997_on", "2012_on", "last_10_years"}
    assert set(found["standings"]) == {"lightgbm", "climatology", "markov"}


def test_a_run_that_was_not_judged_has_not_passed():
    found = gate.unjudged("lightgbm", "path", "no server")
    assert found.outcome is GateOutcome.UNJUDGED
    assert (found.passed, found.suspicious, found.champion, found.keeps_champion) == (False, False, None, True)
    assert gate_wording.tags(found, found.candidate) == {"gate": "not judged: no server", "gate_passed": "false"}
    assert gate_wording.as_json(found) == {
        "outcome": "unjudged",
        "failure": None,
        "passed": False,
        "suspicious": False,
        "kept": gate_wording.UNKNOWN_CHAMPION,
        "died": None,
        "standings": {},
    }


def test_monthly_decisions_are_resampled_in_blocks_of_half_a_year_and_a_year():
    """90 months are enough: with the blocks of weeks p would be 1, for want of two of the longer ones."""
    months = pd.date_range("2000-01-31", periods=90, freq="ME")
    rng = np.random.default_rng(4)
    base = pd.Series(1.0 + 0.2 * rng.standard_normal(90), months)
    own, markov = base - 0.05 + 0.1 * rng.standard_normal(90), base - 0.01 + 0.02 * rng.standard_normal(90)
    made = case(ahead(0.05), ahead(0.03, seed=1), label="stress", rows_per_year=12)
    made = replace(made, losses={"lightgbm": own, "climatology": base, "markov": markov})
    found = gate.judge(made).clauses
    assert found.p == bootstrap.p_value((base - own).to_numpy(), blocks=(6, 12)) < 1.0
    ps = {
        name: spa.adjusted_p(made.losses[name].to_numpy(), own.to_numpy()[:, None], (6, 12)) for name in made.eligible
    }
    assert found.spa_p == ps[found.rival] == max(ps.values()) < 1.0
    weekly = gate.judge(replace(made, rows_per_year=52)).clauses
    assert weekly.p == weekly.spa_p == 1.0


@pytest.mark.parametrize(
    ("skill", "auc", "week", "leak"),
    [
        (0.121, None, None, Leak.SKILL),
        (0.119, None, None, None),
        (0.01, 0.851, None, Leak.AUC),
        (0.01, 0.85, 0.40, None),
        (0.01, None, 0.401, Leak.FIRST_WEEK),
        (0.01, 0.2, -0.9, None),
    ],
)
def test_the_bounds_of_a_leak(skill, auc, week, leak):
    made = case(CLIMATOLOGY * (1.0 - skill), ahead(0.03, seed=1), signs={"lightgbm": LeakSigns(auc, week)})
    assert gate.leak_sign(made, "lightgbm") is leak
    assert gate.leak_sign(replace(made, label="stress"), "lightgbm") is None


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({}, Failure.WITHIN_CHANCE),
        ({"skill": 0.0}, Failure.NOT_ABOVE_CLIMATOLOGY),
        ({"p": 0.049}, Failure.WITHIN_CHANCE),
        ({"p": 0.05}, Failure.NOT_ABOVE_CLIMATOLOGY),
        ({"in_set": False}, Failure.OUTSIDE_THE_SET),
        ({"life": Life(False, None, -0.01, pd.DataFrame())}, Failure.NOT_ALIVE),
    ],
)
def test_each_clause_at_its_bound(change, failure):
    made = case(ahead(0.032, 0.1), ahead(0.03, seed=1))
    chosen = choose(gate._contenders(made))
    standing = replace(chosen.standings["lightgbm"], **change)
    found = gate._failure(made, replace(chosen, standings=chosen.standings | {"lightgbm": standing}), None)
    assert found is failure


@pytest.mark.parametrize(("p", "failure"), [(0.099, None), (0.10, Failure.CHAMPION_NOT_BEATEN)])
def test_the_level_that_the_champion_must_be_beaten_at(monkeypatch, p, failure):
    monkeypatch.setattr(gate, "_p_over", lambda *_: p)
    made = case(ahead(0.06), ahead(0.03, seed=1), present=present(ahead(0.04, seed=2)))
    assert gate._succession(made, "lightgbm") is failure


@pytest.mark.parametrize(
    ("change", "tenure"),
    [
        ({"override": True}, Tenure.SET_BY_A_PERSON),
        ({"baseline": False}, Tenure.PASSED_BEFORE),
        ({"baseline": False, "passed": False}, None),
        ({"baseline": False, "override": True}, Tenure.SET_BY_A_PERSON),
        ({}, Tenure.LOSS_NO_HIGHER),
        ({"losses": ahead(0.03, seed=1)}, Tenure.LOSS_NO_HIGHER),
        ({"losses": None}, None),
        ({"losses": ahead(0.04).iloc[:0]}, None),
        ({"spec": "m"}, None),
        ({"losses": pd.concat([ahead(0.02), pd.Series(1.0, WEEKS[-1:] + pd.Timedelta(weeks=1))])}, Tenure.MORE_WEEKS),
    ],
)
def test_why_the_present_champion_stays(change, tenure):
    values = {"name": "logit2 (version 1)", "spec": "other", "baseline": True, "losses": ahead(0.04, seed=2)} | change
    found = gate.judge(case(ahead(0.01), ahead(0.03, seed=1), present=Present(**values)))
    assert found.tenure is tenure
    assert found.champion == (None if tenure else "markov")
    assert gate_wording.kept(found) == ("logit2 (version 1)" if tenure else None)


def test_a_decision_of_every_kind_is_a_sentence():
    """No field of a decision is left out of its text, and no text is empty or holds `None`."""
    made = [
        gate.Decision(outcome, "lightgbm", "path", error="e")
        for outcome in (GateOutcome.BASELINE, GateOutcome.UNJUDGED)
    ]
    clauses = Clauses(0.03, 0.049, 0.9, 0.5, "markov", 0.02, 0.3, 2, {"2012_on": -0.02}, False, False, -0.01, 0.3)
    signs, holder = LeakSigns(0.9, 0.5), present(None, override=True)
    for leak in Leak:
        made.append(gate.Decision(GateOutcome.SUSPICIOUS, "lightgbm", "path", leak=leak, signs=signs, clauses=clauses))
    for failure in Failure:
        made.append(gate.Decision(GateOutcome.FAILED, "x", "path", present=holder, failure=failure, clauses=clauses))
    for tenure in Tenure:
        made.append(gate.Decision(GateOutcome.BASELINE, "x", "path", present=holder, tenure=tenure, fallback="markov"))
    died = pd.Timestamp("2020-01-03")
    made.append(gate.Decision(GateOutcome.BASELINE, "x", "path", present=holder, died=died, fallback="markov"))
    texts = [gate_wording.reason(decision) for decision in made]
    assert len(set(texts)) == len(texts)
    assert not [text for text in texts if "None" in text]
    assert "1 try)" in gate_wording.reason(
        gate.Decision(GateOutcome.PASSED, "x", "path", "x", clauses=replace(clauses, tries=1))
    )


@pytest.mark.parametrize(("gain", "tenure"), [(0.03, Tenure.BEATS_CLIMATOLOGY), (0.0, None)])
def test_without_another_baseline_one_stays_that_beats_climatology(gain, tenure):
    made = case(ahead(0.0), ahead(0.0, seed=1), present=present(ahead(gain, seed=2), baseline=True))
    found = gate.judge(made)
    assert found.outcome is GateOutcome.FAILED
    assert found.tenure is tenure


@pytest.mark.parametrize(("p", "tenure"), [(0.049, Tenure.LOSS_NO_HIGHER), (0.05, None)])
def test_the_level_that_a_baseline_stays_at(monkeypatch, p, tenure):
    monkeypatch.setattr(gate, "_p_over", lambda *_: p)
    holder = present(ahead(0.04, seed=2), name="logit2 (version 1)", baseline=True)
    made = case(ahead(0.01), ahead(0.03, seed=1), present=holder)
    assert gate._tenure(made, holder, "markov") is tenure


def test_a_baseline_that_looks_like_no_leak_is_only_a_baseline():
    made = case(ahead(0.02), ahead(0.03, seed=1), candidate="markov")
    assert gate.judge(made).outcome is GateOutcome.BASELINE
    leaky = replace(made, signs=made.signs | {"markov": LeakSigns(0.95, 0.0)})
    assert gate.judge(leaky).outcome is GateOutcome.SUSPICIOUS
