"""Every field that a command prints as JSON or CSV stands in `docs/outputs.md`."""

import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

import regime
from features import data_status
from features.data import store
from serving import journal_record, journal_table
from serving.running_evidence import Evidence
from serving.scorecard import Scorecard, make_scorecard
from serving.weekly import WeeklyResult
from tests.support.calls import make_test_call, predictions

PAGE = Path(__file__).parents[2] / "docs" / "outputs.md"


def documented(command):
    """Names in the part of a command."""
    part = next(one for one in PAGE.read_text().split("\n## ") if one.startswith(f"`{command}"))
    return set(re.findall(r"`(\w+)`", part.split("|---|---|")[1]))


def test_every_field_of_a_week():
    week = WeeklyResult(
        make_test_call(), SimpleNamespace(n=1, entry_type="live"), 1, "a", (), None, Path("r"), None, ()
    )
    object.__setattr__(week, "scores", Scorecard(None, None, {}, {}))
    told = week.to_json_object()
    assert {*told, *told["journal"]} - documented("regime weekly --json") == set()


def test_every_column_of_the_journal():
    assert {*journal_table.table().columns, *journal_record.COLUMNS} - documented("regime journal") == set()


def test_every_score():
    rows = predictions()
    rows["kind"], rows["verdict"], rows["promised"], rows["n"] = "live", "rotation", 0.02, range(len(rows))
    rows["outside"], rows["label_end"], rows["faltering"] = 0.02, rows["date"] + pd.Timedelta(days=31), False
    for name, base in (("rotation", 0.37), ("breakdown", 0.17), ("neither", 0.46)):
        rows[f"base_{name}"], rows[f"markov_{name}"] = base, rows[f"p_{name}"]
    card = make_scorecard(rows, 1, "d")
    names = {*card.to_json_object(), *card.live, *(one.name for one in fields(Evidence))}
    assert {"hit_rate", "promised_skill", "corrections"} <= names
    assert names - documented("regime call score") == set()


def test_every_field_of_the_status(sample_snapshot):
    store.write(sample_snapshot.tables, "sample", sample_snapshot.legs, sample_snapshot.last)
    told, _ = data_status.as_json()
    assert {*told, *told["series"][0], *regime.places(), "stored"} - documented("regime status") == set()
