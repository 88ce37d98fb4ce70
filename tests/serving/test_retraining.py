"""Training as a part of the week: when it is due, and what its failure leaves."""

import sys

import pandas as pd
import pytest

import regime
from features.data.errors import RegimeError
from features.data.settings import WeeklySettings
from models.tracking import registry
from serving import retraining

NOW = pd.Timestamp("2026-01-10 14:00", tz="UTC")


@pytest.fixture
def trained(monkeypatch):
    """Sample data, and models last trained on a given day (None: never)."""
    regime.refresh("sample")

    def at(day):
        made = 0.0 if day is None else pd.Timestamp(day, tz="UTC").timestamp()
        monkeypatch.setattr(registry, "last_made_at", lambda _: made)

    return at


@pytest.mark.parametrize(
    ("day", "weeks", "expected"),
    [
        (None, 26, True),
        ("2026-01-03", 26, False),
        ("2025-07-12 15:00", 26, False),  # an hour short of 26 weeks
        ("2025-07-12 14:00", 26, True),
        (None, 0, False),
        ("2025-12-01", 4, True),
    ],
)
def test_when_training_is_due(trained, day, weeks, expected):
    trained(day)
    assert retraining.due(WeeklySettings(retrain_weeks=weeks), NOW) is expected


def test_the_last_line_of_a_failed_training_is_said(monkeypatch):
    regime.refresh("sample")
    with pytest.raises(RegimeError, match=r"training nonesuch ended with status 1: error: .*nonesuch"):
        retraining.retrain(("nonesuch",))
    monkeypatch.setattr(sys, "executable", "/bin/true")
    retraining.retrain(("default", "breadth-only"))
