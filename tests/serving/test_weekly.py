"""The weekly run: idempotent, alone, and documented by files that parse."""

import configparser
import fcntl
import re
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from features.data.errors import RegimeError
from features.data.refresh import Source
from serving import journal, weekly

FILES = Path(__file__).parents[2] / "docs" / "weekly"
NOW = pd.Timestamp("2026-01-12 12:00", tz="UTC")


def test_missed_weeks_by_hand():
    lines = [{"asof": "2025-12-19"}, {"asof": "2026-01-09"}]
    # The week of Christmas ends on Friday 26 December, that of New Year on Friday 2 January.
    got = weekly.missed(lines, pd.Timestamp("2026-01-16"))
    assert [str(day.date()) for day in got] == ["2025-12-26", "2026-01-02", "2026-01-16"]
    assert weekly.missed([], pd.Timestamp("2026-01-16")) == []


def test_a_second_run_at_once_does_nothing(home):
    home.mkdir()
    with (home / "weekly.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(RegimeError, match="another weekly run"):
            weekly.weekly(Source.sample, None, 60, False)
    assert not journal.path().exists()


def test_the_time_budget_ends_it():
    with pytest.raises(RegimeError, match="time budget of 1 s"), weekly._within(1):
        time.sleep(30)


def test_without_any_data_a_failed_refresh_is_an_error(tmp_path):
    with pytest.raises(RegimeError, match="no such directory"):
        weekly.weekly(Source.folder, tmp_path / "nowhere", 60, False)


def test_the_summary_fits_a_subject():
    made = {
        "asof": "2026-01-09",
        "verdict": "no_evidence",
        "probabilities": {"rotation": 0.361, "breakdown": 0.138, "neither": 0.501},
        "leaders_faltering": {"now": True, "since": "2025-12-05"},
    }
    said = weekly.summary(made, None, "ab" * 32)
    assert said == (
        "regime 2026-01-09: no evidence (rotation 36%, breakdown 14%), leaders falter, journal abababababab"
    )
    assert len(said) < 110
    assert weekly.summary(made, "down", "ab" * 32).endswith("older data used")


def test_the_ready_files_parse():
    cron = [line for line in (FILES / "regime.cron").read_text().splitlines() if line and line[0] not in "#M"]
    assert len(cron) == 1
    assert re.fullmatch(r"(\S+ ){5}cd .* && .*regime-predict weekly .*", cron[0])
    for name, section in (("regime.service", "Service"), ("regime.timer", "Timer")):
        parser = configparser.RawConfigParser(strict=True)
        parser.optionxform = str
        parser.read(FILES / name)
        assert section in parser.sections()
    job = yaml.safe_load((FILES / "regime.yml").read_text())["jobs"]["call"]
    assert any("regime-predict weekly" in step.get("run", "") for step in job["steps"])
