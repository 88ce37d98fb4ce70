"""Ticks of an axis of shares say where they stand."""

import pytest

from models.figures import style


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.025, "2.5 %"), (0.1, "10 %"), (-0.075, "\N{MINUS SIGN}7.5 %"), (0.0, "0 %"), (0.30000000000000004, "30 %")],
)
def test_a_tick_is_not_rounded_to_another_place(share, said):
    assert style.PERCENT(share, 0) == said
