"""A range as one more member of a blend, against a slow loop over the blend's own fits."""

import math

import numpy as np
import pytest

from features import simulated_market
from features.data import store
from features.data.errors import RegimeError
from models.fit import fit_at
from models.predictor import predict
from models.range import fit
from models.range.spec import RangeSpec
from models.spec import ModelSpec
from tests.support.ranges import earlier
from training import range_exploration, range_member
from training.inner_folds import inner_walk_forward
from training.range_walkforward import walk_forward

BLEND = ModelSpec(estimator="logit2", blend=("markov",), train_start="1968-01-01")
SPEC = RangeSpec(
    model="har",
    train_start="1968-01-01",
    first_test="1983-06-01",
    last_test="1985-12-31",
    horizons=(21,),
    families=(),
)


@pytest.fixture(scope="module")
def market():
    return earlier(simulated_market.dataset(simulated_market.market(1, 1300, simulated_market.WILD), 1))


@pytest.fixture(scope="module")
def shares(market):
    return walk_forward(fit.prepare(market, SPEC.horizons, with_garch=False), SPEC, legs=("broad",))[1]


def test_skills_and_gains_by_a_slow_loop(market, shares):
    found = range_member.measure(market, BLEND, shares)
    folds = inner_walk_forward(market, BLEND)
    ends, rows = [*folds.starts[1:], None], shares.set_index("date")
    before, mixed, base = [], [], []
    for start, end in zip(folds.starts, ends, strict=True):
        model = fit_at(folds.dataset, BLEND, start)
        for week in folds.dataset.X.index:
            if week < start or (end is not None and week >= end) or week not in rows.index:
                continue
            came = market.outcomes.index(market.outcome[week])
            blended = predict(model, folds.dataset.X.loc[[week]])[0]
            own = np.maximum(rows.loc[week].to_numpy(float), 0.001)
            before.append(-math.log(blended[came]))
            mixed.append(-math.log((2.0 * blended[came] + (own / own.sum())[came]) / 3.0))
            base.append(-math.log(model.base[came]))
    assert found["blend_weeks"] == len(before) == 135
    assert found["blend_log_loss_skill"] == pytest.approx(1.0 - sum(before) / sum(base))
    assert found["with_range_log_loss_skill"] == pytest.approx(1.0 - sum(mixed) / sum(base))
    assert found["with_range_gain"] == pytest.approx(found["with_range_log_loss_skill"] - found["blend_log_loss_skill"])
    assert found["with_range_low"] < found["with_range_gain"] < found["with_range_high"]


def test_in_the_place_of_a_member_of_two(market, shares):
    found = range_member.measure(market, BLEND, shares)
    alone = range_member.measure(market, BLEND.replace(blend=()), shares)
    # With the range for markov the blend is logit2 and the range: the range added to logit2 alone.
    assert found["range_for_markov_log_loss_skill"] == pytest.approx(alone["with_range_log_loss_skill"])
    assert found["range_alone_log_loss_skill"] == pytest.approx(alone["range_for_logit2_log_loss_skill"])
    assert found["without_markov_log_loss_skill"] == pytest.approx(alone["blend_log_loss_skill"])
    assert not any(name.startswith("without") for name in alone)
    assert len(range_member.lines(found)) == 7
    assert range_member.lines({"crps_skill_21": 0.0}) == []


@pytest.mark.parametrize(
    ("blend", "spec", "said"),
    [
        (BLEND.replace(label="return"), SPEC, "its label is 'return', the range's paths are judged by 'path'"),
        (BLEND.replace(calibration="markov"), SPEC, "its calibration is 'markov'"),
        (BLEND, SPEC.replace(horizons=(5, 63)), "paths of 21 sessions are needed"),
    ],
)
def test_what_is_no_mean_of_members_is_refused_before_any_work(monkeypatch, blend, spec, said):
    monkeypatch.setattr(store, "load", lambda: pytest.fail("computed, and lost"))
    with pytest.raises(RegimeError, match=said):
        range_exploration.run("range", spec, "", blend=blend)
