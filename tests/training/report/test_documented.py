"""The figures of the documents are those of the stored walk-forwards."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.data.errors import RegimeError
from models.evaluation import metrics
from tests.support.logged_experiments import changed, decided
from tests.support.predictions import experiment_of
from tests.support.weekly_noise import SPEC, made
from training import run_logger
from training.report import documented, word_tables
from training.report.stored import Stored, walkforwards
from training.walkforward import walk_forward


@pytest.fixture(scope="module")
def stored():
    data = made(900)
    sessions = pd.bdate_range(data.X.index[0], data.X.index[-1] + pd.Timedelta(days=10))
    rng = np.random.default_rng(0)
    steps = pd.DataFrame(rng.normal(0.0, 0.01, (len(sessions), 3)), sessions, ["ret_broad", "ret_cap", "ret_bill"])
    data = dataclasses.replace(data, returns=steps)
    table, _ = walk_forward(data, SPEC, cached=False)
    size = pd.Series(rng.choice([-1.0, 0.0, 1.0], len(table)), pd.DatetimeIndex(table["date"]))
    scores = {"lightgbm": metrics.evaluate(table, steps)}
    return Stored(data, {"lightgbm": table}, scores, "lightgbm", size, scores)


def test_every_block_is_written_anew_and_the_rest_stays(stored):
    blocks = "\n".join(
        f"## {name}\n<!-- figures: {name} -->\nold\n<!-- end of figures -->" for name in documented.BLOCKS
    )
    once = documented.rewritten(f"before\n{blocks}\nafter\n", stored)
    assert once.startswith("before\n## periods\n")
    assert once.endswith("<!-- end of figures -->\nafter\n")
    assert "old" not in once
    assert "nan" not in once
    assert documented.rewritten(once, stored) == once
    found = stored.scores["lightgbm"]
    assert f"{found['log_loss_skill_1997_on']:+.3f} ({found['log_loss_skill_p_1997_on']:.2f})" in once
    assert "| calm |" in once
    assert "| lightgbm | `as-published` |" in once
    with pytest.raises(RegimeError, match="periods have no"):
        documented.rewritten("<!-- figures: periods -->\n", stored)


def test_shares_and_changes_of_a_year_by_hand(stored):
    rows = [line.split("|")[1:-1] for line in word_tables.replay(stored).splitlines()[2:]]
    table = stored.tables["lightgbm"]
    table = table[table["outcome"].notna()]
    known = stored.size.reindex(pd.DatetimeIndex(table["date"]))
    last = next(row for row in rows if row[0].strip() == "1997")
    part = known[known.index.year == 1997]
    assert last[5].strip() == f"{100 * (part == -1).mean():.0f} %"
    changes = (part.diff().dropna() != 0).sum() * 52.18 / len(part)
    assert last[8].strip() == f"{changes:.1f}"


@pytest.mark.usefixtures("mlruns")
def test_the_figures_are_of_the_file_as_it_is(toy):
    plain = experiment_of(toy, name="default")
    logged = run_logger.log(plain, decided("lightgbm"))
    other = run_logger.log(changed(toy, {"params": {"max_depth": 2}}), decided("lightgbm"))  # the newer one
    for one in (logged, other):
        for kind, table in plain.predictions.items():
            run_logger.keep_predictions(one[kind][0], table.assign(run=one[kind][0]))
    found = walkforwards(toy.digest)
    assert set(found) == {"lightgbm", "markov", "climatology"}
    assert set(found["lightgbm"]["run"]) == {logged["lightgbm"][0]}
    assert walkforwards("another") == {}
    assert walkforwards(toy.digest, "as-published") == {}


def test_lead_and_lag():
    said = pd.Series([False, True, True, True, False, False, True])
    assert word_tables.lead(said, 3) == "2 weeks ahead"
    assert word_tables.lead(said, 1) == "in the first week"
    assert word_tables.lead(said, 4) == "2 weeks late"
    assert word_tables.lead(said[:6], 5) == "not"
