"""Results that could not be sent are kept whole or not at all."""

import pandas as pd
import pytest

from features.data.errors import RegimeError
from models.tracking import outbox
from tests.support.servers import batch


def test_what_is_kept_comes_back(home):
    home.mkdir()
    made = batch(aliases={"champion": None, "challenger": "logit2"})
    made.results["logit2"].metrics["auc"] = float("nan")
    entry = outbox.write(made)
    assert outbox.entries() == [entry]
    back = outbox.read(entry)
    pd.testing.assert_frame_equal(back.data, made.data, check_names=False, check_freq=False)
    for name in ("register_as", "digest", "source", "aliases", "made"):
        assert getattr(back, name) == getattr(made, name)
    assert list(back.results) == list(made.results)
    for kind, result in made.results.items():
        found = back.results[kind]
        for name in ("name", "params", "tags", "document", "curves", "parent", "id"):
            assert getattr(found, name) == getattr(result, name)
        assert str(found.metrics) == str(result.metrics)
        assert found.files == {"notes/card.md": b"# card\n", "raw.bin": b"\x00\xff"}
        pd.testing.assert_frame_equal(found.predictions, result.predictions)
    outbox.drop(entry)
    assert outbox.entries() == []


def test_a_half_written_entry_is_no_entry(home, monkeypatch):
    home.mkdir()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "_keep_files", full)
    with pytest.raises(RegimeError, match="No space left"):
        outbox.write(batch())
    assert outbox.entries() == []


def test_a_damaged_entry_is_named(home):
    home.mkdir()
    entry = outbox.write(batch())
    (entry / "batch.json").write_text("{")
    with pytest.raises(RegimeError, match=entry.name):
        outbox.read(entry)
