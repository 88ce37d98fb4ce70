"""What the canaries of the groups' gate change, and what they leave."""

import numpy as np
import pytest

from features import group_panel
from training import destinations_canaries as canaries


@pytest.fixture(scope="module")
def panel(us_snapshot):
    return group_panel.build(us_snapshot, (21,))


def test_shuffling_within_weeks_keeps_each_weeks_returns(panel):
    changed = canaries.groups_shuffled(panel, 1)
    before, after = (one.rows["joined"].ahead[21] for one in (panel, changed))
    assert not np.array_equal(before, after, equal_nan=True)
    assert np.array_equal(np.sort(before, axis=1), np.sort(after, axis=1), equal_nan=True)
    assert np.array_equal(panel.rows["joined"].X, changed.rows["joined"].X, equal_nan=True)


def test_moving_weeks_keeps_the_groups_of_a_week_together(panel):
    changed = canaries.weeks_moved(panel, 1)
    before, after = (one.rows["joined"].ahead[21] for one in (panel, changed))
    assert sorted(map(bytes, before)) == sorted(map(bytes, after))
    assert not np.array_equal(before, after, equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(canaries.CANARIES))
def test_nothing_passes_in_one_shuffled_panel(panel, name):
    # One panel says that the way is shut, not how often: that is `regime train canary`.
    assert canaries.passed(name, panel, 0, {"n_estimators": 5.0}) is None
