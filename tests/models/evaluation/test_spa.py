"""Hansen's SPA against arch and a slow bootstrap."""

import numpy as np
import pytest
from arch.bootstrap import SPA
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation import bootstrap, spa


def by_arch(gains, block):
    """arch's test on differences divided by their deviation, with the same draws and as many of them."""
    test = SPA(np.zeros(len(gains)), -gains / spa.deviation(gains, block), block, 2000, "circular", seed=0)
    test.compute()
    return test


@pytest.fixture
def unwidened(monkeypatch):
    """arch knows nothing of the correction for long blocks."""
    monkeypatch.setattr(bootstrap, "widening", lambda *_: 1.0)


@pytest.mark.usefixtures("unwidened")
@pytest.mark.parametrize("block", [26, 52])
def test_the_best_candidate_s_p_is_arch_s(block):
    rng = np.random.default_rng(0)
    gains = rng.normal(0.0, 1.0, (520, 6)) * np.linspace(0.1, 2.0, 6) + np.array([0.01, 0.02, 0.0, -0.4, 0.0, 0.0])
    scaled = gains.mean(axis=0) / spa.deviation(gains, block)
    order = np.argsort(-scaled)
    found = spa.adjusted_p(np.zeros(520), -gains[:, order], (block,))
    assert 0.001 < found < 0.9
    assert found == pytest.approx(by_arch(gains, block).pvalues["consistent"], abs=1e-3)


@pytest.mark.usefixtures("unwidened")
def test_it_belongs_to_arch_s_better_models_from_its_p_on():
    rng = np.random.default_rng(1)
    gains = rng.normal(0.0, 1.0, (520, 8)) + np.linspace(0.12, 0.0, 8)
    test = by_arch(gains, 26)
    for model in range(4):
        order = [model, *(i for i in range(8) if i != model)]
        p = spa.adjusted_p(np.zeros(520), -gains[:, order], (26,))
        assert 0.002 < p < 0.998
        assert model in test.better_models(p + 0.002)
        assert model not in test.better_models(p - 0.002)


def test_alone_it_is_the_p_of_the_skill():
    gains = np.random.default_rng(6).normal(0.05, 0.5, 520)
    alone = spa.adjusted_p(np.zeros(520), -gains[:, None], (26, 52))
    assert alone == pytest.approx(bootstrap.p_value(gains, blocks=(26, 52)), abs=1e-9)


def test_a_good_rival_candidate_does_not_make_a_poor_one_pass():
    rng = np.random.default_rng(2)
    gains = rng.normal(0.0, 0.3, (520, 2)) + np.array([0.0, 0.3])
    assert spa.adjusted_p(np.zeros(520), -gains, (26, 52)) > 0.05
    assert spa.adjusted_p(np.zeros(520), -gains[:, ::-1], (26, 52)) < 0.01


def test_a_noisy_try_does_not_set_the_bar_for_a_quiet_one():
    """Studentised: the quiet candidate's clear gain counts beside a try a hundred times as noisy."""
    rng = np.random.default_rng(3)
    gains = np.column_stack([rng.normal(0.02, 0.05, 520), rng.normal(0.0, 5.0, 520)])
    assert spa.adjusted_p(np.zeros(520), -gains, (26,)) < 0.01


def test_the_deviation_is_that_of_the_block_bootstrap():
    rng = np.random.default_rng(4)
    gains, block = rng.normal(size=(130, 1)).cumsum(axis=0), 26
    wrapped = np.concatenate([gains[:, 0], gains[:, 0]])
    sums = [wrapped[i : i + block].sum() for i in range(130)]
    assert spa.deviation(gains, block)[0] == pytest.approx(np.std(sums) / np.sqrt(block))


def test_two_of_the_longest_blocks_are_just_enough():
    gains = np.random.default_rng(7).normal(1.0, 0.1, 104)
    assert spa.adjusted_p(gains, gains[:, None] - 1.0 - gains[:, None] * 0.1, (26, 52)) < 0.01
    assert spa.adjusted_p(gains[1:], gains[1:, None] * 0.9 - 1.0, (26, 52)) == 1.0


def test_too_short_or_equal_to_the_benchmark_is_no_evidence():
    rng = np.random.default_rng(5)
    few = rng.normal(1.0, 0.1, 60)
    assert spa.adjusted_p(few, few[:, None] - 1.0, (26, 52)) == 1.0
    many = rng.normal(size=520)
    assert spa.adjusted_p(many, np.column_stack([many, many - 1.0]), (26, 52)) == 1.0


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_another_try_never_makes_a_candidate_better(seed):
    """Up to what chance moves: the bootstrap draws the same weeks, and a maximum over more is no smaller."""
    rng = np.random.default_rng(seed)
    gains = rng.normal(0.0, 1.0, (208, 4)) + np.array([0.1, 0.0, 0.0, 0.0])
    few, more = (spa.adjusted_p(np.zeros(208), -gains[:, :k], (26,)) for k in (2, 4))
    assert more >= few


def test_a_try_drops_out_where_hansens_threshold_says():
    """Just inside the threshold a hopeless try still counts as if it were level; just beyond it, it does not."""
    rng = np.random.default_rng(8)
    size, block = 520, 26
    noise = rng.normal(size=(size, 2))
    noise -= noise.mean(axis=0)
    noise /= spa.deviation(noise, block)
    bound = np.sqrt(2.0 * np.log(np.log(size)) / size) * bootstrap.widening(size, block)
    found = []
    for share in (0.98, 1.02):
        gains = noise + np.array([0.06, -share * bound])
        found.append(spa.adjusted_p(np.zeros(size), -gains, (block,)))
    alone = spa.adjusted_p(np.zeros(size), -(noise[:, :1] + 0.06), (block,))
    assert found[0] > found[1] + 0.01
    assert found[1] == pytest.approx(alone, abs=0.02)
